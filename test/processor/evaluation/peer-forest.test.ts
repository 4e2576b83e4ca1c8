import { ApiCall } from '../../../processor/src/call/api-call.ts';
import { nameFraction, PeerForest } from '../../../processor/src/evaluation/peer-forest.ts';

const endpoints = { describe: (id: number) => ({ service: 'shop', endpoint: `GET /page/${id}` }) };

const FAILED = { statusCode: 503, isServerError: true };

function call(fields: Partial<ApiCall> = {}): ApiCall {
  return Object.assign(new ApiCall(), { statusCode: 200, durationSeconds: 0.02, endpoint: 1, ...fields });
}

/** A forest that has seen 1000 calls of two endpoints, 10 to 30 ms long: one in a hundred fails, another one takes 5 s. */
function trained(seed = 1): PeerForest {
  const peer = new PeerForest(endpoints, seed);
  for (let n = 0; n < 1000; n++) {
    const durationSeconds = n % 100 === 1 ? 5 : 0.01 + (n % 21) / 1000;
    peer.learn(call({ endpoint: n % 2, durationSeconds, ...(n % 100 === 0 ? FAILED : {}) }));
  }
  return peer;
}

const scores = (peer: PeerForest) =>
  [0.01, 0.02, 0.4, 5].map((seconds) => peer.score(call({ durationSeconds: seconds })));

// http://www.isthe.com/chongo/src/fnv/test_fnv.c
test.each([
  ['', 0xcbf29ce484222325n],
  ['a', 0xaf63dc4c8601ec8cn],
  ['foobar', 0x85944171f73967e8n],
])('the number of the name %j is its 64-bit FNV-1a over 2^64', (name, hash) => {
  expect(nameFraction(name)).toBeCloseTo(Number(hash) / 2 ** 64, 15);
});

test.each([
  ['that is slow', { durationSeconds: 6 }],
  ['that fails', FAILED],
])('a span %s is more anomalous than all the usual ones', (_, fields) => {
  const peer = trained();
  const usual = Array.from({ length: 21 }, (__, n) => peer.score(call({ durationSeconds: 0.01 + n / 1000 })));
  expect(Math.min(...usual)).toBeGreaterThan(0);
  expect(peer.score(call(fields))).toBeGreaterThan(Math.max(...usual));
});

test('without anything learnt every score is 0', () => {
  expect(new PeerForest(endpoints, 1).score(call())).toBe(0);
});

test('it is frozen by the first score', () => {
  const peer = trained();
  const before = peer.score(call({ durationSeconds: 5 }));
  for (let n = 0; n < 1000; n++) peer.learn(call({ durationSeconds: 5 }));
  expect(peer.score(call({ durationSeconds: 5 }))).toBe(before);
});

test('the same seed and spans give the same scores, another seed others', () => {
  expect(scores(trained(1))).toEqual(scores(trained(1)));
  expect(scores(trained(2))).not.toEqual(scores(trained(1)));
});

test('a span without duration and status is scored by what it has', () => {
  const score = trained().score(call({ durationSeconds: NaN, statusCode: 0 }));
  expect(score > 0 && score < 0.6).toBe(true);
});

test('more spans than it keeps are sampled evenly', () => {
  const peer = new PeerForest(endpoints, 1);
  // Had it kept the first or the last 50,000 only, one of the two durations would be new to it.
  for (let n = 0; n < 150_000; n++) peer.learn(call({ durationSeconds: n < 75_000 ? 0.1 : 0.2 }));
  const [early, late, other] = [0.1, 0.2, 9].map((seconds) => peer.score(call({ durationSeconds: seconds })));
  expect(Math.abs(early! - late!)).toBeLessThan(0.1);
  expect(other).toBeGreaterThanOrEqual(late!);
});
