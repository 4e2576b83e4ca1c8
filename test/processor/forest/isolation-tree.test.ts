import { type IsolationTree, TreeGrower } from '../../../processor/src/forest/isolation-tree.ts';
import { Random } from '../../../processor/src/forest/random.ts';

function grow(values: readonly number[], columns: number, sampleSize: number, stream = 0): IsolationTree {
  const rows = { values: Float64Array.from(values), columns, count: values.length / columns };
  return new TreeGrower(rows, sampleSize).grow(new Random(11, stream));
}

const TREES = 4000;

/** The root of each of many trees over the same rows. */
function* roots(values: readonly number[], columns: number, sampleSize: number): Generator<IsolationTree> {
  for (let stream = 0; stream < TREES; stream++) yield grow(values, columns, sampleSize, stream);
}

function depthOf(tree: IsolationTree, node = 0): number {
  if (tree.left[node]! < 0) return 0;
  return 1 + Math.max(depthOf(tree, tree.left[node]), depthOf(tree, tree.right[node]));
}

describe('TreeGrower', () => {
  it('gives every row of the sample to one side of each split, and neither side is empty', () => {
    const values = Array.from({ length: 600 }, (_, i) => Math.sin(i) * 10);
    const tree = grow(values, 3, 128);
    expect(tree.sampleCount[0]).toBe(128);
    for (let node = 0; node < tree.left.length; node++) {
      if (tree.left[node]! < 0) continue;
      const [left, right] = [tree.sampleCount[tree.left[node]!]!, tree.sampleCount[tree.right[node]!]!];
      expect(left + right).toBe(tree.sampleCount[node]);
      expect(Math.min(left, right)).toBeGreaterThan(0);
    }
  });

  it.each([
    [2, 1],
    [3, 2],
    [128, 7],
    [129, 8],
    [256, 8],
    [257, 9],
  ])('limits the depth of a tree of %i rows to %i', (sampleSize, limit) => {
    // Each value is three times the one before: trees on such rows degenerate unless something stops them.
    const values = Array.from({ length: sampleSize }, (_, i) => 3 ** i);
    expect(depthOf(grow(values, 1, sampleSize))).toBe(limit);
  });

  it('makes a leaf of rows that are all alike', () => {
    expect(grow([4, 2, 4, 2, 4, 2], 2, 3).left).toEqual(Int32Array.of(-1));
  });

  it('never splits on a constant feature, and chooses evenly among the others', () => {
    const values = Array.from({ length: 50 }, (_, i) => [7, i, -i, 7, i * i]).flat();
    const counts = [0, 0, 0, 0, 0];
    for (const tree of roots(values, 5, 16)) counts[tree.feature[0]!]!++;
    expect([counts[0], counts[3]]).toEqual([0, 0]);
    const expected = TREES / 3;
    const chiSquare = [1, 2, 4].reduce((sum, column) => sum + (counts[column]! - expected) ** 2 / expected, 0);
    // 99.9 % quantile of chi-square with 2 degrees of freedom.
    expect(chiSquare).toBeLessThan(13.82);
  });

  it('draws the threshold uniformly between the extremes', () => {
    const thresholds = Float64Array.from(roots([10, 30], 1, 2), (tree) => tree.threshold[0]!).toSorted();
    const gap = thresholds.reduce((most, t, i) => Math.max(most, Math.abs((t - 10) / 20 - (i + 0.5) / TREES)), 0);
    // Kolmogorov-Smirnov, 99.9 %.
    expect(gap).toBeLessThan(1.95 / Math.sqrt(TREES));
  });

  it('draws rows without replacement, each as likely as the other', () => {
    // Half of twelve rows are marked. How many of four drawn ones are is hypergeometric: C(6,k) C(6,4-k) / C(12,4).
    const marks = Array.from({ length: 12 }, (_, row) => (row < 6 ? 1 : 0));
    const counts = [0, 0, 0, 0];
    for (const tree of roots(marks, 1, 4)) {
      // Samples of one kind only, k = 0 and k = 4, cannot be split; they are counted together.
      counts[tree.left[0]! < 0 ? 0 : tree.sampleCount[tree.right[0]!]!]!++;
    }
    const expected = [30 / 495, 120 / 495, 225 / 495, 120 / 495].map((share) => share * TREES);
    const chiSquare = expected.reduce((sum, count, k) => sum + (counts[k]! - count) ** 2 / count, 0);
    // 99.9 % quantile of chi-square with 3 degrees of freedom.
    expect(chiSquare).toBeLessThan(16.27);
  });

  it('draws from all rows when there are many', () => {
    const values = Array.from({ length: 100_000 }, (_, row) => row);
    const splits = Float64Array.from(
      { length: 300 },
      (_, stream) => grow(values, 1, 2, stream).threshold[0]!,
    ).toSorted();
    expect(splits[0]).toBeLessThan(10_000);
    expect(splits.at(-1)).toBeGreaterThan(90_000);
    expect(splits[150]! / 100_000).toBeCloseTo(0.5, 0);
  });

  it('splits ranges wider than the largest number', () => {
    const thresholds = Array.from(roots([-1.7e308, 1.7e308], 1, 2), (tree) => tree.threshold[0]!);
    expect(thresholds.every(Number.isFinite)).toBe(true);
    const share = thresholds.filter((threshold) => threshold < 0).length / TREES;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.03);
  });

  it('splits neighbouring numbers, even the smallest, with the upper one to the right', () => {
    for (const [low, high] of [
      [0, Number.MIN_VALUE],
      [Number.MIN_VALUE, 2 * Number.MIN_VALUE],
      [1, 1 + Number.EPSILON],
      [-Number.MIN_VALUE, 0],
    ] as const) {
      for (let stream = 0; stream < 50; stream++) {
        const tree = grow([low, high], 1, 2, stream);
        expect(tree.threshold[0] === low).toBe(true);
        expect(Array.from(tree.sampleCount)).toEqual([2, 1, 1]);
      }
    }
  });

  it('takes an infinity for the largest number', () => {
    const infinite = grow([1, Infinity, -Infinity, 2, 3, 4], 1, 6);
    const largest = grow([1, Number.MAX_VALUE, -Number.MAX_VALUE, 2, 3, 4], 1, 6);
    expect(infinite).toEqual(largest);
  });

  it('sends rows without the feature left as often as rows that have it', () => {
    // Three rows at 0, one at 1, and sixteen without: the only split parts 0 from 1, so three in four go left.
    const values = [0, 0, 0, 1, ...Array.from({ length: 16 }, () => NaN)];
    let left = 0;
    for (const tree of roots(values, 1, 20)) left += tree.sampleCount[tree.left[0]!]! - 3;
    const sd = Math.sqrt(0.75 * 0.25 * 16 * TREES);
    expect(Math.abs(left - 0.75 * 16 * TREES)).toBeLessThan(4 * sd);
  });

  it('takes a feature that no row has for constant', () => {
    expect(grow([NaN, NaN, NaN], 1, 3).left).toEqual(Int32Array.of(-1));
  });
});
