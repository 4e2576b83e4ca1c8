import { IsolationForest } from '../../../processor/src/forest/isolation-forest.ts';

// x <= 5 holds one row of four; the others are parted by y <= 2 into one and two.
const tree = {
  left: [1, -1, 3, -1, -1],
  right: [2, -1, 4, -1, -1],
  feature: [0, 0, 1, 0, 0],
  threshold: [5, 0, 2, 0, 0],
  sampleCount: [4, 1, 3, 1, 2],
};
const forest = IsolationForest.fromTrees([tree], { columns: 2, sampleSize: 4 });

// c(4) and c(3), Liu et al. 2008, eq. 1.
const c4 = 2 * (Math.log(3) + 0.5772156649015329) - 6 / 4;
const c3 = 2 * (Math.log(2) + 0.5772156649015329) - 4 / 3;

function contributions(row: readonly number[]): { readonly path: number; readonly deltas: number[] } {
  const out = new Float64Array(2);
  const path = forest.contributions(Float64Array.from(row), 0, out);
  return { path, deltas: [...out] };
}

describe('contributions', () => {
  it('are the changes of the expected path length at each split', () => {
    const { path, deltas } = contributions([6, 3]);
    // Two splits and a leaf of two rows, c(2) = 1.
    expect(path).toBe(3);
    expect(deltas[0]).toBeCloseTo(1 + c3 - c4, 12);
    expect(deltas[1]).toBeCloseTo(3 - (1 + c3), 12);
  });

  it('leave a feature alone that was not asked for', () => {
    const { path, deltas } = contributions([1, 3]);
    expect(path).toBe(1);
    expect(deltas[0]).toBeCloseTo(1 - c4, 12);
    expect(deltas[1]).toBe(0);
  });

  it('average both sides of a split whose feature is missing, by their training rows', () => {
    const { path, deltas } = contributions([NaN, 1]);
    // A quarter of the weight ends at depth 1, three quarters at depth 2.
    expect(path).toBeCloseTo(0.25 * 1 + 0.75 * 2, 12);
    expect(deltas[0]).toBeCloseTo(0.25 * 1 + 0.75 * (1 + c3) - c4, 12);
    expect(deltas[1]).toBeCloseTo(0.75 * (2 - (1 + c3)), 12);
    expect(forest.pathLength(Float64Array.of(NaN, 1))).toBe(path);
  });

  it('follow the side that a tree prescribes for a missing value', () => {
    const prescribed = { ...tree, missingGoesLeft: [0, 0, 1, 0, 0] };
    const row = Float64Array.of(NaN, NaN);
    expect(IsolationForest.fromTrees([prescribed], { columns: 2, sampleSize: 4 }).pathLength(row)).toBe(2);
  });
});
