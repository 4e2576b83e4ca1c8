import type { IsolationTree } from './isolation-tree.ts';
import { averagePathLength } from './path-length.ts';
import { addressOf, allocateForest, type ForestArrays, MAX_COLUMNS, MAX_TREES } from './serialise.ts';

/** What the trees of a forest have in common. */
export interface ForestShape {
  /** Values per row, from 1 to 65536. */
  readonly columns: number;
  /** Rows each tree was grown on, at least 1: what its path lengths are measured against. */
  readonly sampleSize: number;
}

/** Nodes of all trees together, so that an address fits a word. */
const MAX_NODES = 2 ** 26;

/**
 * Lays trees out for scoring, breadth first and children in pairs, see ForestArrays. Throws a RangeError that names the
 * tree when one does not fit the shape.
 */
export function layOutTrees(trees: readonly IsolationTree[], { columns, sampleSize }: ForestShape): ForestArrays {
  checkInteger('columns', columns, 1, MAX_COLUMNS);
  checkInteger('sampleSize', sampleSize, 1, 0x7fff_ffff);
  checkInteger('number of trees', trees.length, 1, MAX_TREES);
  const placements = trees.map((tree, index) => placeNodes(tree, index, columns));
  const nodes = placements.reduce((sum, { order }) => sum + order.length, 0);
  checkInteger('number of nodes', nodes, 1, MAX_NODES);
  const depth = placements.reduce((deepest, placement) => Math.max(deepest, placement.depth.at(-1)!), 0);
  const forest = allocateForest({ columns, sampleSize, trees: trees.length, depth, nodes });
  let start = 0;
  for (const [index, placement] of placements.entries()) {
    forest.root[index] = addressOf(start);
    writeTree(trees[index]!, placement, forest, start);
    start += placement.order.length;
  }
  writeLeaf(forest, nodes, 0);
  forest.root.fill(addressOf(nodes), trees.length);
  return forest;
}

/** The nodes of a tree breadth first, children in pairs. */
interface Placement {
  readonly order: number[];
  /** Per place, the node's depth; the last is the greatest. */
  readonly depth: number[];
  /** Per place, where the left child went; 0 at a leaf. */
  readonly leftPlace: number[];
}

function placeNodes(tree: IsolationTree, index: number, columns: number): Placement {
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
    const feature = tree.feature[node]!;
    const threshold = tree.threshold[node]!;
    if (!(Number.isInteger(feature) && feature >= 0 && feature < columns && Number.isFinite(threshold))) {
      throw new RangeError(
        `Tree ${index} splits feature ${feature} at ${threshold}; use a feature from 0 to ${columns - 1} and a finite threshold.`,
      );
    }
  }
  return { order, depth, leftPlace };
}

function writeTree(tree: IsolationTree, placement: Placement, forest: ForestArrays, start: number): void {
  const { order, depth, leftPlace } = placement;
  for (let place = 0; place < order.length; place++) {
    const node = order[place]!;
    const at = start + place;
    const pathLength = depth[place]! + averagePathLength(tree.sampleCount[node]!);
    if (leftPlace[place] === 0) {
      writeLeaf(forest, at, pathLength);
      continue;
    }
    forest.link[4 * at] = addressOf(start + leftPlace[place]!);
    forest.link[4 * at + 1] = 8 * tree.feature[node]!;
    forest.threshold[2 * at + 1] = tree.threshold[node]!;
    forest.pathLength[at] = pathLength;
    forest.leftShare[at] = leftShareOf(tree, node);
  }
}

function writeLeaf(forest: ForestArrays, at: number, pathLength: number): void {
  forest.link[4 * at] = addressOf(at);
  forest.threshold[2 * at + 1] = Infinity;
  forest.pathLength[at] = pathLength;
}

function leftShareOf(tree: IsolationTree, node: number): number {
  if (tree.missingGoesLeft !== undefined) return tree.missingGoesLeft[node]!;
  const left = tree.sampleCount[tree.left[node]!]!;
  const right = tree.sampleCount[tree.right[node]!]!;
  return left / (left + right);
}

function checkInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`The forest's ${name} is ${value}; use an integer from ${least} to ${most}.`);
}
