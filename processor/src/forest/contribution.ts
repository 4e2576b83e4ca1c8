import { type ForestArrays, nodeAt } from './serialise.ts';

/**
 * Walks trees with a row that may lack values: where a split asks for one, the walk takes both sides, each with its
 * share of the weight. Slower than the plain walk, and at worst visits every node; needed for rows with missing values
 * and to tell what each column contributed. Reuses its arrays: one walk at a time.
 */
export class WeightedWalk {
  readonly #forest: ForestArrays;
  /** Nodes still to visit, with their weights. A depth-first walk has at most one open sibling per level. */
  readonly #openNode: Int32Array;
  readonly #openWeight: Float64Array;
  #open = 0;

  constructor(forest: ForestArrays) {
    this.#forest = forest;
    this.#openNode = new Int32Array(forest.depth + 2);
    this.#openWeight = new Float64Array(forest.depth + 2);
  }

  /**
   * The sum of the path lengths of all trees. Adds to `contributions`, if given, what the splits of each column changed
   * in the expected path length; the changes along a path add up to its length less that expected at the root.
   */
  walk(row: Float64Array, contributions: Float64Array | undefined): number {
    const { link, threshold, pathLength, leftShare, root } = this.#forest;
    let sum = 0;
    for (let tree = 0; tree < root.length; tree++) {
      this.#push(nodeAt(root[tree]!), 1);
      while (this.#open > 0) {
        const node = this.#openNode[--this.#open]!;
        const weight = this.#openWeight[this.#open]!;
        const left = nodeAt(link[4 * node]!);
        if (left === node) {
          sum += weight * pathLength[node]!;
          continue;
        }
        const column = link[4 * node + 1]! >>> 3;
        const value = row[column]!;
        const split = threshold[2 * node + 1]!;
        const leftWeight = value <= split ? weight : value > split ? 0 : weight * leftShare[node]!;
        const rightWeight = weight - leftWeight;
        if (leftWeight > 0) this.#push(left, leftWeight);
        if (rightWeight > 0) this.#push(left + 1, rightWeight);
        if (contributions !== undefined) {
          const expected = leftWeight * pathLength[left]! + rightWeight * pathLength[left + 1]!;
          contributions[column]! += expected - weight * pathLength[node]!;
        }
      }
    }
    return sum;
  }

  #push(node: number, weight: number): void {
    this.#openNode[this.#open] = node;
    this.#openWeight[this.#open++] = weight;
  }
}
