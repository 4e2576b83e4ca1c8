import { FeatureQuantiles } from '../../../processor/src/model/feature-quantiles.ts';
import type { TrainingRows } from '../../../processor/src/model/detector-training.ts';

/** Rows of one feature and of something else that is no feature. */
function rowsOf(values: readonly number[]): TrainingRows {
  return {
    kind: 'user',
    size: values.length,
    width: 2,
    rows: Float32Array.from(values.flatMap((value) => [value, 1e9])),
    entityHigh: new Uint32Array(values.length),
    entityLow: new Uint32Array(values.length),
    windowsPerDay: 1,
  };
}

const quantilesOf = (values: readonly number[], weights = values.map(() => 1)): FeatureQuantiles =>
  FeatureQuantiles.of(rowsOf(values), 1, Float64Array.from(weights));

/** 1 to 1000 in a mixed order. */
const thousand = Array.from({ length: 1000 }, (_, index) => ((index * 379) % 1000) + 1);

test('quantiles are values that the share of the rows is at or below', () => {
  const quantiles = quantilesOf(thousand);
  expect(([0, 0.05, 0.5, 0.95, 0.999, 1] as const).map((level) => quantiles.quantile(0, level))).toEqual([
    1, 50, 500, 950, 999, 1000,
  ]);
});

test('a row counts as much as its weight', () => {
  // The ones weigh 30, the twos 10 in all.
  const quantiles = quantilesOf(
    [1, 1, 1, ...Array.from({ length: 100 }, () => 2)],
    [10, 10, 10, ...Array.from({ length: 100 }, () => 0.1)],
  );
  expect([quantiles.quantile(0, 0.7), quantiles.quantile(0, 0.8)]).toEqual([1, 2]);
});

test.each([
  ['below all', 0.5, 0],
  ['at the lowest', 1, 0],
  ['in the middle', 500, 50],
  ['between two quantiles', 970, 97],
  ['high', 999, 99.9],
  ['at the highest', 1000, 100],
  ['above all', 5000, 100],
])('the percentile of a value %s', (_, value, percentile) => {
  expect(quantilesOf(thousand).percentile(0, value)).toBeCloseTo(percentile, 3);
});

test('a value that most rows have is as high as all of them', () => {
  const quantiles = quantilesOf([
    ...Array.from({ length: 80 }, () => 0),
    ...Array.from({ length: 20 }, (_, index) => index + 1),
  ]);
  expect(quantiles.percentile(0, 0)).toBeCloseTo(80);
  expect(quantiles.quantile(0, 0.5)).toBe(0);
});

test('missing values do not count, and without any value there are no quantiles', () => {
  expect(quantilesOf([NaN, 3, NaN, 5]).quantile(0, 0.5)).toBe(3);
  expect(quantilesOf([NaN]).quantile(0, 0.5)).toBeNaN();
});
