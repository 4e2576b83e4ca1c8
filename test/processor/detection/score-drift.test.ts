import { ScoreDrift } from '../../../processor/src/detection/score-drift.ts';
import { Random } from '../../../processor/src/forest/random.ts';

/** Notes windows whose p are the given ones. */
function driftOf(shares: readonly number[]): ScoreDrift {
  const drift = new ScoreDrift();
  for (const p of shares) drift.note(-Math.log(p));
  return drift;
}

/** `count` values of p, evenly spread over `from` to `to`. */
const even = (count: number, from = 0, to = 1): number[] =>
  Array.from({ length: count }, (_, index) => from + ((index + 0.5) / count) * (to - from));

/** Above this a population has shifted, by the usual rule for the index. */
const SHIFT = 0.25;

test('the index is 0 when p is spread evenly, as calibration makes it', () => {
  expect(driftOf(even(1000)).index).toBeCloseTo(0, 12);
});

test('the index is the sum of (share - 1/10) ln(10 x share)', () => {
  // Shares of 0.37 in the first tenth of p and of 0.07 in each of the others.
  const drift = driftOf([...even(370, 0, 0.1), ...even(630, 0.1, 1)]);
  expect(drift.index).toBeCloseTo(0.27 * Math.log(3.7) - 9 * 0.03 * Math.log(0.7), 10);
});

test('a shift to rare windows shows, and so does one to common ones', () => {
  expect(driftOf(even(1000).map((p) => p ** 3)).index).toBeGreaterThan(SHIFT);
  expect(driftOf(even(1000).map((p) => p ** (1 / 3))).index).toBeGreaterThan(SHIFT);
});

test('tenths that nothing falls into keep it finite', () => {
  const drift = driftOf(Array.from({ length: 1000 }, () => 0.001));
  expect(drift.index).toBeGreaterThan(SHIFT);
  expect(drift.index).toBeLessThan(Number.POSITIVE_INFINITY);
});

test('windows that are rarer or commoner than anything count too', () => {
  const drift = new ScoreDrift();
  for (let window = 0; window < 500; window++) drift.note(window % 2 === 0 ? 0 : 1e6);
  // Half in the last tenth and half in the first.
  expect(drift.index).toBeGreaterThan(2 * 0.4 * Math.log(5));
});

test('few windows say nothing: NaN', () => {
  expect(new ScoreDrift().index).toBeNaN();
  expect(driftOf(even(50)).index).toBeNaN();
});

test('chance alone is no shift', () => {
  const random = new Random(7, 0);
  const drift = driftOf(Array.from({ length: 600 }, () => 1 - random.fraction()));
  expect(drift.index).toBeLessThan(SHIFT / 2);
});

test('old windows fade: what came to stay is soon all that counts', () => {
  const random = new Random(8, 0);
  const drift = driftOf(Array.from({ length: 3000 }, () => 0.01));
  // A third of all windows ever: counted alike, they would still be a shift.
  expect(drift.index).toBeGreaterThan(SHIFT);
  for (let window = 0; window < 6000; window++) drift.note(-Math.log(1 - random.fraction()));
  expect(drift.index).toBeLessThan(SHIFT);
});

test('another model begins anew', () => {
  const drift = driftOf(even(1000).map((p) => p / 10));
  drift.restart();
  expect(drift.index).toBeNaN();
  for (const p of even(1000)) drift.note(-Math.log(p));
  expect(drift.index).toBeCloseTo(0, 12);
});
