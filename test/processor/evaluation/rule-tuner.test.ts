import { fitThreshold, tuneRules } from '../../../processor/src/evaluation/rule-tuner.ts';
import type { StaticRule } from '../../../processor/src/evaluation/static-rules.ts';
import { filled, repeat } from './filled-windows.ts';

/** Windows as value and whether they carry the label. */
function fit(...windows: readonly [value: number, isPositive: number][]): number {
  return fitThreshold(
    Float64Array.from(windows, ([value]) => value),
    Uint8Array.from(windows, ([, isPositive]) => isPositive),
  );
}

/** Windows without label whose values are 1 to `count`. */
const quiet = (count: number) => Array.from({ length: count }, (_, n): [number, number] => [n + 1, 0]);

test('the threshold is the observed value with the best F1', () => {
  // F1 from the top: 2/4, 4/6 (both sevens), 6/7, 6/8, 6/9.
  expect(fit([3, 0], [7, 1], [9, 1], [1, 0], [7, 0], [5, 1])).toBe(5);
});

test('of two with the same F1 it is the higher one', () => {
  // F1 from the top: 2/3, 2/4, 2/5, 4/6; always firing has 4/7.
  expect(fit([8, 1], [6, 0], [4, 0], [2, 1], [0, 0])).toBe(8);
});

test('windows of one value fire together', () => {
  // Separating the sixes would give F1 = 1 at 6; together they have 2/3, and 9 is not positive.
  expect(fit([6, 1], [6, 0], [0, 0], [0, 0])).toBe(6);
  expect(fit([6, 0], [6, 1], [9, 1], [9, 1], [9, 1], [0, 0])).toBe(6);
  expect(fit([6, 0], [6, 0], [6, 0], [6, 1], [9, 1], [9, 1], [0, 0])).toBe(9);
});

test('without labels at most 0.1 % of the windows reach it', () => {
  expect(fit(...quiet(2000))).toBe(1999);
  expect(fit(...quiet(1000))).toBe(1000);
});

test('without labels and with fewer windows it is just above what was seen', () => {
  expect(fit(...quiet(500))).toBeCloseTo(505, 9);
});

test('without labels a quantity that hardly ever occurs counts from the first time on', () => {
  expect(fit([7, 0], ...quiet(1999).map((): [number, number] => [0, 0]))).toBe(7);
});

test('a quantity that says no more than firing always is treated as if there were no labels', () => {
  expect(fit([3, 1], [3, 0], [3, 0])).toBeCloseTo(3.03, 9);
  expect(fit([0, 1], [4, 0], [2, 0])).toBeCloseTo(4.04, 9);
});

test('a quantity that never occurs switches its rule off', () => {
  expect(fit([0, 1], [0, 0])).toBe(Infinity);
  expect(fit()).toBe(Infinity);
});

test('rules are tuned one by one and on the training part only', () => {
  const rules: StaticRule[] = [
    { name: 'rate', quantity: 'requests', threshold: 300 },
    { name: 'misses', quantity: 'not_found', threshold: 20 },
    { name: 'faults', quantity: 'server_errors', threshold: 5 },
  ];
  const windows = filled([
    ...repeat(2, { user: 1, isTest: false }),
    ...repeat(4, { user: 2, isTest: false, status: 404, label: 'a' }),
    ...repeat(9, { user: 3, isTest: false }),
    ...repeat(99, { user: 4, status: 500, label: 'a' }),
  ]);
  // Requests 9 (no), 4 (yes), 2 (no): F1 0, 2/3, 2/4. Of 404 only the labelled window has any.
  expect(tuneRules(rules, windows)).toEqual([
    { name: 'rate', quantity: 'requests', threshold: 4 },
    { name: 'misses', quantity: 'not_found', threshold: 4 },
    // Nothing failed in the training part: the rule stays as it was written.
    { name: 'faults', quantity: 'server_errors', threshold: 5 },
  ]);
});
