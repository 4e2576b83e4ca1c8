import { columnBits, type ForestArrays } from './serialise.ts';

/** Rank of a value that is not there. */
export const MISSING = -1;

/**
 * Walks trees with a row that may lack values: where a split asks for one, the walk takes both sides, each with its
 * share of the weight. Slower than the plain walk, and at worst visits every node; needed for rows with missing values
 * and to tell what each column contributed. Reuses its arrays: one walk at a time.
 */
export class WeightedWalk {
  readonly #forest: ForestArrays;
  readonly #columnBits: number;
  /** Nodes still to visit, with their weights. A depth-first walk has at most one open sibling per level. */
  readonly #openNode: Int32Array;
  readonly #openWeight: Float64Array;

  constructor(forest: ForestArrays) {
    this.#forest = forest;
    this.#columnBits = columnBits(forest.columns);
    this.#openNode = new Int32Array(forest.depth + 2);
    this.#openWeight = new Float64Array(forest.depth + 2);
  }

  /**
   * The sum of the path lengths of all trees. `ranks`: per column, the number of its thresholds below the row's value,
   * or MISSING. Adds to `contributions`, if given, what the splits of each column changed in the expected path length;
   * the changes along a path add up to its length less that expected at the root.
   */
  walk(ranks: Int32Array, contributions: Float64Array | undefined): number {
    const { node, pathLength, leftShare, root } = this.#forest;
    const bits = this.#columnBits;
    const mask = (1 << bits) - 1;
    let sum = 0;
    for (let tree = 0; tree < root.length; tree++) {
      this.#openNode[0] = root[tree]!;
      this.#openWeight[0] = 1;
      let open = 1;
      while (open > 0) {
        open--;
        const at = this.#openNode[open]!;
        const weight = this.#openWeight[open]!;
        const left = node[at]!;
        if (left === at) {
          sum += weight * pathLength[at >>> 1]!;
          continue;
        }
        const column = node[at + 1]! & mask;
        const rank = ranks[column]!;
        const share = rank === MISSING ? leftShare[at >>> 1]! : rank <= node[at + 1]! >>> bits ? 1 : 0;
        const before = pathLength[at >>> 1]!;
        for (const [child, childWeight] of [
          [left, weight * share],
          [left + 2, weight * (1 - share)],
        ] as const) {
          if (childWeight === 0) continue;
          if (contributions !== undefined) contributions[column]! += childWeight * (pathLength[child >>> 1]! - before);
          this.#openNode[open] = child;
          this.#openWeight[open++] = childWeight;
        }
      }
    }
    return sum;
  }
}
