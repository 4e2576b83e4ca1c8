import { RunningQuantile } from '../../../processor/src/detection/running-quantile.ts';
import { Random } from '../../../processor/src/forest/random.ts';

/** Evidence as calibration has it: P(nats >= x) = e^-x. */
function exponential(count: number, quantile: RunningQuantile, scale = 1): number {
  const random = new Random(1, 0);
  let above = 0;
  for (let index = 0; index < count; index++) {
    const nats = -Math.log(1 - random.fraction()) * scale;
    if (nats >= quantile.value) above++;
    quantile.note(nats);
  }
  return above / count;
}

test('until enough values are known it is what was expected', () => {
  const quantile = new RunningQuantile(0.01, 4.6);
  exponential(499, quantile);
  expect(quantile.value).toBe(4.6);
});

test('of calibrated evidence the share asked for is above it, or somewhat less', () => {
  const quantile = new RunningQuantile(0.01, 4.6);
  exponential(20_000, quantile);
  // -ln 0.01 is 4.6: one of the next quarters above.
  expect([4.75, 5]).toContain(quantile.value);
  const share = exponential(5000, quantile);
  expect(share).toBeLessThan(0.0115);
});

test('of evidence that is not calibrated the same share is above it', () => {
  const quantile = new RunningQuantile(0.01, 4.6);
  exponential(50_000, quantile, 3);
  const share = exponential(50_000, quantile, 3);
  expect(share).toBeGreaterThan(0.007);
  expect(share).toBeLessThanOrEqual(0.0105);
});

test('it follows what comes in: old values fade', () => {
  const quantile = new RunningQuantile(0.01, 4.6);
  exponential(100_000, quantile, 3);
  exponential(500_000, quantile);
  expect(quantile.value).toBeLessThan(6);
});

test('values of any size are taken', () => {
  const quantile = new RunningQuantile(0.5, 1);
  for (const nats of [-5, 0, 1e6, Infinity]) for (let index = 0; index < 250; index++) quantile.note(nats);
  expect(quantile.value).toBeGreaterThan(0);
  expect(quantile.value).toBeLessThanOrEqual(50.25);
});
