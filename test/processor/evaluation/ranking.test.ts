import { array, assert, integer, property, tuple } from 'fast-check';
import { LEFT_OUT, MEASURE_NAMES, NEGATIVE, POSITIVE, Ranking } from '../../../processor/src/evaluation/ranking.ts';

type Window = readonly [value: number, role: number, user?: number];

function ranking(windows: readonly Window[]): Ranking {
  return Ranking.of(
    Float64Array.from(windows, ([value]) => value),
    Uint8Array.from(windows, ([, role]) => role),
    Uint32Array.from(windows, ([, , user = 0]) => user),
  );
}

function measure(windows: readonly Window[], weights?: readonly number[]) {
  const numbers = ranking(windows).measure(new Float64Array(6), weights && Uint32Array.from(weights));
  return Object.fromEntries(MEASURE_NAMES.map((name, column) => [name, numbers[column]!]));
}

const [n, p] = [NEGATIVE, POSITIVE];

test('all measures of a ranking worked out by hand', () => {
  // From the top: p | n | p p n (equal) | n | p | n (at 0).
  const windows: Window[] = [
    [7, p],
    [0, n],
    [9, p],
    [7, n],
    [4, p],
    [8, n],
    [7, p],
    [5, n],
  ];
  expect(measure(windows)).toEqual({
    falsePositivesAtRecall50: 5000,
    falsePositivesAtRecall80: 7500,
    falsePositivesAtRecall95: 7500,
    recallAtPerMille: 0.25,
    recallAtPercent: 0.25,
    averagePrecision: expect.closeTo(1 / 4 + (2 / 4) * (3 / 5) + (1 / 4) * (4 / 7), 12),
  });
});

test('average precision is that of scikit-learn', () => {
  // The example of sklearn.metrics.average_precision_score, 0.83 there.
  const windows: Window[] = [
    [0.1, n],
    [0.4, n],
    [0.35, p],
    [0.8, p],
  ];
  expect(measure(windows)['averagePrecision']).toBeCloseTo(5 / 6, 12);
});

test('recall at a share of false windows counts as many of them as the share allows', () => {
  // Every tenth positive is followed by five of 5000 negatives: 0.1 % are 5, 1 % are 50.
  const windows: Window[] = [];
  for (let step = 0; step < 100; step++) {
    windows.push([1000 - step, p]);
    if (step % 10 === 9) for (let extra = 0; extra < 5; extra++) windows.push([1000 - step - 0.5, n]);
  }
  while (windows.length < 5100) windows.push([1, n]);
  expect(measure(windows)).toMatchObject({ recallAtPerMille: 0.2, recallAtPercent: 1, falsePositivesAtRecall50: 40 });
});

test("windows of equal value are taken together, to the detector's cost", () => {
  expect(
    measure([
      [5, p],
      [5, p],
      [5, n],
      [1, n],
    ]),
  ).toMatchObject({
    falsePositivesAtRecall50: 5000,
    recallAtPerMille: 0,
    averagePrecision: 2 / 3,
  });
});

test('a recall that no value above 0 reaches counts all windows', () => {
  expect(
    measure([
      [5, p],
      [0, p],
      [0, n],
      [0, n],
    ]),
  ).toMatchObject({
    falsePositivesAtRecall50: 0,
    falsePositivesAtRecall80: 10_000,
    falsePositivesAtRecall95: 10_000,
    recallAtPercent: 0.5,
  });
});

test('a detector that says nothing gets the worst of all', () => {
  expect(
    measure([
      [0, p],
      [0, n],
      [0, n],
      [0, n],
    ]),
  ).toEqual({
    falsePositivesAtRecall50: 10_000,
    falsePositivesAtRecall80: 10_000,
    falsePositivesAtRecall95: 10_000,
    recallAtPerMille: 0,
    recallAtPercent: 0,
    averagePrecision: 0.25,
  });
});

test('recalls are met exactly where a whole number of windows makes them', () => {
  // 57 of 60 are 0.95, although 0.95 * 60 need not be 57 in binary.
  const windows: Window[] = Array.from({ length: 60 }, (_, index): Window => [100 - index, p]);
  windows.push([100 - 56.5, n], [1, n]);
  expect(measure(windows)['falsePositivesAtRecall95']).toBe(0);
});

test.each<[string, Window[], number[]]>([
  ['positive', [[1, n]], [1]],
  ['negative', [[1, p]], [1]],
  [
    'weighted',
    [
      [1, n, 0],
      [2, p, 1],
    ],
    [1, 0],
  ],
])('without any %s window no measure exists', (_, windows, weights) => {
  for (const value of Object.values(measure(windows, weights))) expect(value).toBeNaN();
});

test('windows can be left out, then and later', () => {
  const windows: Window[] = [
    [9, n],
    [8, p],
    [7, LEFT_OUT],
    [6, n],
  ];
  expect(measure(windows)['falsePositivesAtRecall50']).toBe(5000);
  const later = ranking(windows)
    .withRoles(Uint8Array.of(LEFT_OUT, p, LEFT_OUT, n))
    .measure(new Float64Array(6));
  expect(later[0]).toBe(0);
});

test('a weight of n measures the same as the windows of the user n times', () => {
  const window = tuple(integer({ min: 0, max: 5 }), integer({ min: 0, max: 1 }), integer({ min: 0, max: 3 }));
  const weights = array(integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 });
  assert(
    property(array(window, { minLength: 4, maxLength: 40 }), weights, (windows, counts) => {
      // Every user must be there, for the weights to fit.
      const all: Window[] = [...windows, ...[0, 1, 2, 3].map((user): Window => [0, n, user])];
      const copies = all.flatMap((one) => Array.from({ length: counts[one[2]!]! }, () => one));
      const weighted = Object.values(measure(all, counts));
      for (const [index, value] of Object.values(measure(copies)).entries()) {
        expect(weighted[index]).toEqual(Number.isNaN(value) ? NaN : expect.closeTo(value, 9));
      }
    }),
  );
});
