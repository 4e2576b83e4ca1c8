import { array, assert, double, property } from 'fast-check';
import { copyBaseline, updateBaseline } from '../../../processor/src/features/baseline.ts';

/** Weight of a new window where half of all weight lies on the last sixty. */
const DECAY = 1 - 0.5 ** (1 / 60);

/** Mean and variance of one feature after windows with these values. */
function baselineOf(values: readonly number[]): { mean: number; variance: number } {
  const state = new Float32Array(4);
  for (const [windows, value] of values.entries()) updateBaseline(state, 1, Float32Array.of(value), 1, windows);
  expect([state[0], state[3]]).toEqual([0, 0]);
  return { mean: state[1]!, variance: state[2]! };
}

test('the first windows have their plain mean and variance', () => {
  expect(baselineOf([2])).toEqual({ mean: 2, variance: 0 });
  // Mean 3, deviations of 1; then mean 4 of 2, 4 and 6: (4 + 0 + 4) / 3.
  expect(baselineOf([2, 4])).toEqual({ mean: 3, variance: 1 });
  const three = baselineOf([2, 4, 6]);
  expect(three.mean).toBeCloseTo(4, 6);
  expect(three.variance).toBeCloseTo(8 / 3, 6);
});

test('a window moves a mean by three standard deviations at most, from the fourth on', () => {
  // Two windows of 1 and one of 1: variance 0, counted as 0.04. The fourth weighs a quarter.
  const { mean, variance } = baselineOf([1, 1, 1, 1000]);
  expect(mean).toBeCloseTo(1 + (3 * 0.2) / 4, 6);
  expect(variance).toBeCloseTo((3 / 4) * (1 / 4) * 0.36, 6);
  expect(baselineOf([1, 1, 1, -1000]).mean).toBeCloseTo(1 - (3 * 0.2) / 4, 6);
});

test('after a long time half of the weight lies on the last sixty windows', () => {
  // A step that is within three standard deviations, so that nothing is clipped.
  const before = Array.from({ length: 1000 }, (_, n) => (n % 2 === 0 ? 9 : 11));
  const { mean } = baselineOf([...before, ...Array<number>(60).fill(11)]);
  // The alternating past leaves a remainder of half a weight.
  expect(Math.abs(mean - 10.5)).toBeLessThan(DECAY);
});

test('it is a weighted mean and variance: an independent model with all windows kept', () => {
  assert(
    property(array(double({ min: 5, max: 5.5, noNaN: true }), { minLength: 1, maxLength: 200 }), (values) => {
      // A range of 0.5 is never clipped: three standard deviations are 0.6 at least.
      let weights: number[] = [];
      for (const windows of values.keys()) {
        const weight = Math.max(1 / (windows + 1), DECAY);
        weights = [...weights.map((other) => other * (1 - weight)), weight];
      }
      const mean = values.reduce((sum, value, n) => sum + weights[n]! * value, 0);
      const variance = values.reduce((sum, value, n) => sum + weights[n]! * (value - mean) ** 2, 0);
      const found = baselineOf(values);
      expect(found.mean).toBeCloseTo(mean, 4);
      expect(found.variance).toBeCloseTo(variance, 4);
    }),
  );
});

test('features do not mix', () => {
  const state = new Float32Array(6);
  updateBaseline(state, 0, Float32Array.of(1, 2, 3), 3, 0);
  updateBaseline(state, 0, Float32Array.of(3, 2, 9), 3, 1);
  expect([...state]).toEqual([2, 2, 6, 1, 0, 9]);
});

test('a row holds means, variances and the number of windows behind its values', () => {
  const row = Float32Array.of(7, 8, 0, 0, 0, 0, 0);
  copyBaseline(Float32Array.of(99, 1, 2, 3, 4), 1, 2, 12, row);
  expect([...row]).toEqual([7, 8, 1, 2, 3, 4, 12]);
});
