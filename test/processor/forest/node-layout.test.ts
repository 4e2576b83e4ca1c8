import { IsolationForest } from '../../../processor/src/forest/isolation-forest.ts';
import { layOutTrees } from '../../../processor/src/forest/node-layout.ts';

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

  it('scores any number of trees, whether or not it fills the last group of interleaved ones', () => {
    for (const trees of [1, 19, 20, 21, 40]) {
      const forest = IsolationForest.fromTrees(
        Array.from({ length: trees }, (_, tree) => ({ ...stump, threshold: [tree, 0, 0] })),
        { columns: 1, sampleSize: 3 },
      );
      // Above the thresholds of the first ten trees, a path of 2; else of 1.
      const above = Math.min(trees, 10);
      expect(forest.pathLength(Float64Array.of(9.5)) * trees).toBeCloseTo(2 * above + (trees - above), 10);
    }
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
