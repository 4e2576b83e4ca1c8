import { DetectionQuality } from '../../../processor/src/evaluation/detection-quality.ts';
import { NEGATIVE, POSITIVE } from '../../../processor/src/evaluation/ranking.ts';

const [n, p] = [NEGATIVE, POSITIVE];
const options = { resamples: 200, seed: 1 };

function quality(detectors: Record<string, number[]>, roles: number[], users: number[], seed = 1): DetectionQuality {
  const values = Object.entries(detectors).map(([name, list]): [string, Float64Array] => [
    name,
    Float64Array.from(list),
  ]);
  return new DetectionQuality(
    new Map(values),
    { roles: Uint8Array.from(roles), users: Uint32Array.from(users) },
    { ...options, seed },
  );
}

/** A value and an interval without width. */
const same = (value: number) => ({ value, low: value, high: value });

/** User 40's positive is on top; user 50's is below the negative of that user. */
const roles = [p, n, n, p];
const users = [40, 40, 50, 50];
const values = [9, 1, 8, 5];

test('an interval comes from drawing whole users', () => {
  // Drawn are 40 40, 40 50, 50 40 or 50 50, each in a quarter of the cases; only the last has a false positive first.
  const estimate = quality({ ours: values }, roles, users).estimate('ours', 'falsePositivesAtRecall50');
  expect(estimate).toEqual({ value: 0, low: 0, high: 10_000 });
});

test('with one user there is nothing to draw: the interval is the value', () => {
  const one = quality({ ours: values }, roles, [0, 0, 0, 0]);
  expect(one.estimate('ours', 'falsePositivesAtRecall80')).toEqual({ value: 5000, low: 5000, high: 5000 });
});

test('differences are paired: two detectors that rank alike do not differ, however wide their intervals are', () => {
  const both = quality({ ours: values, theirs: values.map((value) => value * 2) }, roles, users);
  expect(both.difference('ours', 'theirs', 'falsePositivesAtRecall50')).toEqual({ value: 0, low: 0, high: 0 });
  expect(both.reduction('ours', 'theirs', 'falsePositivesAtRecall50')).toEqual({ value: 0, low: 0, high: 0 });
});

test('a difference is ours minus theirs, a reduction its share of theirs', () => {
  // One user; at recall 0.5 we have 1 of 4 negatives above the positive, they have all 4.
  const both = quality({ ours: [5, 9, 1, 1, 1], theirs: [1, 2, 2, 2, 2] }, [p, n, n, n, n], [0, 0, 0, 0, 0]);
  expect(both.difference('ours', 'theirs', 'falsePositivesAtRecall50')).toEqual(same(-7500));
  expect(both.difference('theirs', 'ours', 'falsePositivesAtRecall50')).toEqual(same(7500));
  expect(both.reduction('ours', 'theirs', 'falsePositivesAtRecall50')).toEqual(same(75));
  expect(both.reduction('theirs', 'ours', 'falsePositivesAtRecall50')).toEqual(same(-300));
});

test('there is no reduction of nothing', () => {
  const both = quality({ ours: [5, 9], theirs: [9, 5] }, [p, n], [0, 0]);
  expect(both.reduction('ours', 'theirs', 'falsePositivesAtRecall50')).toEqual({ value: null, low: null, high: null });
});

test('draws without positive or negative windows are passed over', () => {
  // Only draws with both users have a measure, and then it is always the same.
  const apart = quality({ ours: [5, 9] }, [p, n], [0, 1]);
  expect(apart.estimate('ours', 'falsePositivesAtRecall50')).toEqual({ value: 10_000, low: 10_000, high: 10_000 });
});

test('what does not exist is null', () => {
  const nothing = quality({ ours: [5, 9] }, [n, n], [0, 1]);
  expect(nothing.estimate('ours', 'averagePrecision')).toEqual({ value: null, low: null, high: null });
});

test('the interval of a share has about the width that theory gives it', () => {
  // 400 users with one positive each, 320 of them found: the standard error is sqrt(0.8 * 0.2 / 400) = 0.02.
  const count = 400;
  const found = Array.from({ length: count }, (_, user) => (user % 5 === 0 ? 0 : 1));
  const many = quality(
    { ours: [...found, ...found.map(() => 0)] },
    [...found.map(() => p), ...found.map(() => n)],
    [...found.keys(), ...found.keys()],
  );
  const { value, low, high } = many.estimate('ours', 'recallAtPercent');
  expect(value).toBeCloseTo(0.8, 12);
  expect(Math.abs(low! - (0.8 - 1.96 * 0.02))).toBeLessThan(0.012);
  expect(Math.abs(high! - (0.8 + 1.96 * 0.02))).toBeLessThan(0.012);
});

test('the same seed gives the same intervals, another seed others', () => {
  const count = 100;
  const noisy = Array.from({ length: count }, (_, index) => (index * 37) % 101);
  const some = (seed: number) =>
    quality(
      { ours: noisy },
      noisy.map((_, index) => (index % 3 === 0 ? p : n)),
      [...noisy.keys()],
      seed,
    );
  expect(some(1).estimate('ours', 'averagePrecision')).toEqual(some(1).estimate('ours', 'averagePrecision'));
  expect(some(2).estimate('ours', 'averagePrecision')).not.toEqual(some(1).estimate('ours', 'averagePrecision'));
});

test('a part of the windows can be measured by itself', () => {
  const part = quality({ ours: values }, roles, users).measuresOf('ours', Uint8Array.of(2, n, n, p));
  expect(part).toMatchObject({ falsePositivesAtRecall50: 5000, recallAtPercent: 0, averagePrecision: 0.5 });
});

test('an unknown detector is an error that names the known ones', () => {
  expect(() => quality({ ours: values, rules: values }, roles, users).estimate('peer', 'averagePrecision')).toThrow(
    'The detector is peer; use one of ours, rules.',
  );
});
