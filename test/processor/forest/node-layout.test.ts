import { IsolationForest } from '../../../processor/src/forest/isolation-forest.ts';
import { countBelow, layOutTrees } from '../../../processor/src/forest/node-layout.ts';

const stump = {
  left: [1, -1, -1],
  right: [2, -1, -1],
  feature: [0, 0, 0],
  threshold: [5, 0, 0],
  sampleCount: [3, 1, 2],
};

/** A tree that isolates one row per level, over as many columns as levels. */
function chain(levels: number) {
  const nodes = 2 * levels + 1;
  const tree = {
    left: [] as number[],
    right: [] as number[],
    feature: [] as number[],
    threshold: [] as number[],
    sampleCount: [] as number[],
  };
  for (let node = 0; node < nodes; node++) {
    const isSplit = node % 2 === 0 && node < nodes - 1;
    // The child that goes on is stored last and on the left: neither order nor sides are those of the layout.
    tree.left.push(isSplit ? node + 2 : -1);
    tree.right.push(isSplit ? node + 1 : -1);
    tree.feature.push(node / 2);
    tree.threshold.push(node / 2);
    tree.sampleCount.push(node % 2 === 0 ? levels + 1 - node / 2 : 1);
  }
  return tree;
}

describe('layOutTrees', () => {
  it('keeps the rows at the threshold on the left', () => {
    const forest = IsolationForest.fromTrees([stump], { columns: 1, sampleSize: 3 });
    expect([4, 5, 5.000001].map((value) => forest.pathLength(Float64Array.of(value)))).toEqual([1, 1, 2]);
  });

  it('holds deep trees over hundreds of columns', () => {
    const levels = 300;
    const forest = IsolationForest.fromTrees([stump, chain(levels), chain(32)], { columns: levels, sampleSize: 256 });
    for (const stop of [0, 31, 255, 299]) {
      const row = new Float64Array(levels);
      // Below every threshold of its column, but for one where it leaves the chain.
      row.fill(-1);
      row[stop] = 1000;
      const inStump = stop === 0 ? 2 : 1;
      expect(forest.pathLength(row) * 3).toBeCloseTo(inStump + stop + 1 + Math.min(stop + 1, 32), 10);
    }
  });

  it('stores a threshold once however many trees use it', () => {
    const other = { ...stump, threshold: [7, 0, 0] };
    expect([...layOutTrees([stump, other, stump], { columns: 1, sampleSize: 3 }).threshold]).toEqual([5, 7]);
  });

  it.each([
    ['a feature beyond the columns', { ...stump, feature: [1, 0, 0] }, /feature 1 at 5; use a feature from 0 to 0/],
    ['a threshold that is no number', { ...stump, threshold: [NaN, 0, 0] }, /feature 0 at NaN/],
    ['a child that does not exist', { ...stump, right: [3, -1, -1] }, /Tree 0 is no tree: node 3/],
    ['a node that is its own ancestor', { ...stump, right: [0, -1, -1] }, /Tree 0 is no tree/],
  ])('refuses %s', (_, tree, message) => {
    expect(() => layOutTrees([tree], { columns: 1, sampleSize: 3 })).toThrow(message);
  });

  it('refuses a forest without trees or columns', () => {
    expect(() => layOutTrees([], { columns: 1, sampleSize: 3 })).toThrow('number of trees is 0; use an integer from 1');
    expect(() => layOutTrees([stump], { columns: 0, sampleSize: 3 })).toThrow('columns is 0; use an integer from 1');
  });
});

describe('countBelow', () => {
  it('counts what is strictly below, within the given part', () => {
    const sorted = Float64Array.of(9, 1, 2, 2, 4, 0);
    expect([0, 1, 2, 3, 4, 5].map((value) => countBelow(sorted, 1, 5, value))).toEqual([0, 0, 1, 3, 3, 4]);
    expect(countBelow(sorted, 1, 1, 5)).toBe(0);
  });
});
