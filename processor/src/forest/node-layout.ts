import type { IsolationTree } from './isolation-tree.ts';
import { averagePathLength } from './path-length.ts';
import { allocateForest, columnBits, type ForestArrays, MAX_COLUMNS, MAX_TREES } from './serialise.ts';

/** What the trees of a forest have in common. */
export interface ForestShape {
  /** Values per row, from 1 to 65536. */
  readonly columns: number;
  /** Rows each tree was grown on, at least 1: what its path lengths are measured against. */
  readonly sampleSize: number;
}

/** Larger than every rank, so that a leaf never sends a walk to the right of itself. */
const LEAF_SPLIT = -1;

/**
 * Lays trees out for scoring:
 *
 * - The two children of a node lie side by side, so that one index leads to both: `left` or `left + 1`.
 * - A split names its threshold by rank among its column's distinct thresholds. With the number of thresholds below each
 *   value of a row at hand, `value <= threshold` is an integer comparison, whose sign bit is the step to the right:
 *   no branch to mispredict.
 * - A leaf leads to itself, so that every walk may take the same number of steps.
 *
 * Throws a RangeError that names the tree when one does not fit the shape.
 */
export function layOutTrees(trees: readonly IsolationTree[], { columns, sampleSize }: ForestShape): ForestArrays {
  checkInteger('columns', columns, 1, MAX_COLUMNS);
  checkInteger('sampleSize', sampleSize, 1, 0x7fff_ffff);
  checkInteger('number of trees', trees.length, 1, MAX_TREES);
  const thresholds = distinctThresholds(trees, columns);
  const placed = trees.map(placeNodes);
  const forest = allocateForest({
    columns,
    sampleSize,
    trees: trees.length,
    depth: placed.reduce((deepest, { depth }) => Math.max(deepest, depth.at(-1)!), 0),
    nodes: placed.reduce((sum, { order }) => sum + order.length, 0),
    thresholds: thresholds.reduce((sum, { length }) => sum + length, 0),
  });
  thresholds.forEach((sorted, column) => {
    forest.threshold.set(sorted, forest.thresholdStart[column]);
    forest.thresholdStart[column + 1] = forest.thresholdStart[column]! + sorted.length;
  });
  let start = 0;
  trees.forEach((tree, index) => {
    forest.root[index] = 2 * start;
    writeTree(tree, placed[index]!, thresholds, forest, start);
    start += placed[index]!.order.length;
  });
  return forest;
}

/** The nodes of a tree breadth first, children in pairs; `depth` runs parallel and ends with the greatest. */
interface Placement {
  readonly order: number[];
  readonly depth: number[];
  /** Where the left child went, per place; 0 at a leaf. */
  readonly leftPlace: number[];
}

function placeNodes(tree: IsolationTree, index: number): Placement {
  const order = [0];
  const depth = [0];
  const leftPlace = [];
  for (let place = 0; place < order.length; place++) {
    const node = order[place]!;
    const left = tree.left[node];
    const right = tree.right[node];
    if (left === undefined || right === undefined || order.length > tree.left.length) {
      throw new RangeError(`Tree ${index} is no tree: node ${node} is missing or has two parents.`);
    }
    leftPlace.push(left < 0 ? 0 : order.length);
    if (left < 0) continue;
    order.push(left, right);
    depth.push(depth[place]! + 1, depth[place]! + 1);
  }
  return { order, depth, leftPlace };
}

/** Per column, the thresholds of all trees, ascending and without repetition. */
function distinctThresholds(trees: readonly IsolationTree[], columns: number): Float64Array[] {
  const found: number[][] = Array.from({ length: columns }, () => []);
  trees.forEach((tree, index) => {
    for (let node = 0; node < tree.left.length; node++) {
      if (tree.left[node]! < 0) continue;
      const column = found[tree.feature[node]!];
      const threshold = tree.threshold[node]!;
      if (column === undefined || !Number.isFinite(threshold)) {
        throw new RangeError(
          `Tree ${index} splits feature ${tree.feature[node]} at ${threshold}; ` +
            `use a feature from 0 to ${columns - 1} and a finite threshold.`,
        );
      }
      column.push(threshold);
    }
  });
  const limit = 2 ** (32 - columnBits(columns)) - 1;
  return found.map((values) => {
    const sorted = Float64Array.from(values).toSorted();
    const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
    if (distinct.length > limit) {
      throw new RangeError(
        `${distinct.length} distinct thresholds of one feature; use fewer trees, for at most ${limit}.`,
      );
    }
    return distinct;
  });
}

function writeTree(
  tree: IsolationTree,
  { order, depth, leftPlace }: Placement,
  thresholds: readonly Float64Array[],
  { columns, node: words, pathLength, leftShare }: ForestArrays,
  start: number,
): void {
  const bits = columnBits(columns);
  order.forEach((node, place) => {
    const at = start + place;
    pathLength[at] = depth[place]! + averagePathLength(tree.sampleCount[node]!);
    if (leftPlace[place] === 0) {
      words[2 * at] = 2 * at;
      words[2 * at + 1] = LEAF_SPLIT << bits;
      return;
    }
    const column = tree.feature[node]!;
    words[2 * at] = 2 * (start + leftPlace[place]!);
    words[2 * at + 1] =
      (countBelow(thresholds[column]!, 0, thresholds[column]!.length, tree.threshold[node]!) << bits) | column;
    leftShare[at] = leftShareOf(tree, node);
  });
}

function leftShareOf(tree: IsolationTree, node: number): number {
  if (tree.missingGoesLeft !== undefined) return tree.missingGoesLeft[node]!;
  const left = tree.sampleCount[tree.left[node]!]!;
  const right = tree.sampleCount[tree.right[node]!]!;
  return left / (left + right);
}

/** How many of `sorted[start..end)` are less than `value`. */
export function countBelow(sorted: Float64Array, start: number, end: number, value: number): number {
  let low = start;
  let remaining = end - start;
  while (remaining > 0) {
    const half = remaining >>> 1;
    if (sorted[low + half]! < value) {
      low += half + 1;
      remaining -= half + 1;
    } else {
      remaining = half;
    }
  }
  return low - start;
}

function checkInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`The forest's ${name} is ${value}; use an integer from ${least} to ${most}.`);
}
