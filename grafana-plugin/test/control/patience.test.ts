import { patiently } from '../../src/control/patience';

const never = () => new Promise<never>(() => {});
const call = 'GET /api/v1/status';

test('what never answers is given up, and told to stop', async () => {
  const asked: AbortSignal[] = [];
  const ask = (signal: AbortSignal) => {
    asked.push(signal);
    return never();
  };
  const answer = patiently(20, { call, signal: undefined }, ask);
  await expect(answer).rejects.toMatchObject({
    kind: 'unreachable',
    call,
    message: 'Nothing came back within 0.02 s.',
  });
  expect(asked[0]!.aborted).toBe(true);
});

test('who asked can stop it before', () => {
  const control = new AbortController();
  let told: AbortSignal | undefined;
  void patiently(60_000, { call, signal: control.signal }, (signal) => {
    told = signal;
    return Promise.resolve(1);
  });
  control.abort();
  expect(told?.aborted).toBe(true);
});

test('an answer in time is the answer', async () => {
  await expect(patiently(1000, { call, signal: undefined }, () => Promise.resolve(7))).resolves.toBe(7);
});
