import { MISSING, WeightedWalk } from './contribution.ts';
import { type IsolationTree, TreeGrower } from './isolation-tree.ts';
import { countBelow, type ForestShape, layOutTrees } from './node-layout.ts';
import { averagePathLength, isolationScore } from './path-length.ts';
import { Random } from './random.ts';
import { columnBits, type ForestArrays, MAX_TREES, openForest } from './serialise.ts';

/** Liu et al. 2008 use 100; 200 halve the spread of scores between seeds' variance for 2 µs a row. */
const DEFAULT_TREES = 200;
/** Small samples keep anomalies from hiding each other (swamping and masking); 256 as in Liu et al. 2008. */
const DEFAULT_SAMPLE_SIZE = 256;
/** Depth 16. Deeper trees isolate no better and cost a cache miss a level. */
const MAX_SAMPLE_SIZE = 65_536;

export interface TrainingOptions {
  /** Number of trees, from 1 to 65536. */
  readonly trees?: number;
  /** Rows per tree, drawn without replacement, from 1 to 65536; at most all rows are drawn. */
  readonly sampleSize?: number;
  /** An unsigned 32-bit integer. The same seed and rows give the same forest, byte for byte, on every platform. */
  readonly seed: number;
  /** Rows to use from the start of the array; all by default. */
  readonly rowCount?: number;
}

/**
 * An isolation forest (Liu, Ting and Zhou 2008) in one buffer.
 *
 * A row is `columns` numbers. NaN is a value that is not there: such a split tells nothing, so the path lengths of both
 * its sides are averaged in proportion to the training rows (a forest from another implementation may prescribe one
 * side). A missing value is thereby neither zero nor normal; where its absence itself should count, give it a column.
 * An infinity acts as the largest finite number.
 */
export class IsolationForest {
  readonly columns: number;
  readonly trees: number;
  readonly sampleSize: number;
  /** Nodes of all trees. */
  readonly nodes: number;
  /** The mean over the trees of c(rows it was grown on): the path length that scores 0.5, where the trees' samples are whole. */
  readonly expectedPathLength: number;
  /** The whole forest as bytes; `IsolationForest.from` reads them. */
  readonly buffer: ArrayBufferLike;

  readonly #forest: ForestArrays;
  readonly #columnBits: number;
  readonly #normalPathLength: number;
  readonly #weightedWalk: WeightedWalk;
  /** Per column, the number of thresholds below the value of the row being scored. */
  readonly #ranks: Int32Array;

  private constructor(forest: ForestArrays) {
    this.columns = forest.columns;
    this.trees = forest.trees;
    this.sampleSize = forest.sampleSize;
    this.nodes = forest.nodes;
    this.buffer = forest.buffer;
    this.#forest = forest;
    this.#columnBits = columnBits(forest.columns);
    this.#normalPathLength = averagePathLength(forest.sampleSize);
    this.#weightedWalk = new WeightedWalk(forest);
    this.#ranks = new Int32Array(forest.columns);
    this.expectedPathLength = forest.root.reduce((sum, root) => sum + forest.pathLength[root >>> 1]!, 0) / forest.trees;
  }

  /**
   * Trains on row-major rows. Costs a few milliseconds whatever their number, as each tree sees only its sample.
   * Throws a RangeError that tells which argument to change.
   */
  static train(rows: Float32Array | Float64Array, columns: number, options: TrainingOptions): IsolationForest {
    const { trees = DEFAULT_TREES, sampleSize = DEFAULT_SAMPLE_SIZE, seed } = options;
    const count = options.rowCount ?? Math.floor(rows.length / columns);
    checkOption('trees', trees, 1, MAX_TREES);
    checkOption('sampleSize', sampleSize, 1, MAX_SAMPLE_SIZE);
    checkOption('seed', seed, 0, 0xffff_ffff);
    if (!(count >= 1 && count * columns <= rows.length)) {
      throw new RangeError(`${rows.length} values are not ${count} rows of ${columns}; pass at least one whole row.`);
    }
    const drawn = Math.min(sampleSize, count);
    const grower = new TreeGrower({ values: rows, columns, count }, drawn);
    const grown = Array.from({ length: trees }, (_, tree) => grower.grow(new Random(seed, tree)));
    return IsolationForest.fromTrees(grown, { columns, sampleSize: drawn });
  }

  /** A forest of given trees. Throws a RangeError when they are no trees over so many columns. */
  static fromTrees(trees: readonly IsolationTree[], shape: ForestShape): IsolationForest {
    return new IsolationForest(layOutTrees(trees, shape));
  }

  /** The forest whose `buffer` this is, without copying. Throws an Error when it is damaged or of another version. */
  static from(buffer: ArrayBufferLike): IsolationForest {
    return new IsolationForest(openForest(buffer));
  }

  /** Anomaly score in (0, 1], Liu et al. 2008, eq. 2. `row` holds one value per column from `offset` on. */
  score(row: Float32Array | Float64Array, offset = 0): number {
    return isolationScore(this.pathLength(row, offset), this.#normalPathLength);
  }

  /** Scores the row-major rows, as many as `scores` has places. */
  scoreBatch(rows: Float32Array | Float64Array, scores: Float64Array): void {
    for (let row = 0; row < scores.length; row++) scores[row] = this.score(rows, row * this.columns);
  }

  /** Mean path length of the row over the trees, E(h(x)) of Liu et al. 2008. */
  pathLength(row: Float32Array | Float64Array, offset = 0): number {
    const complete = this.#rank(row, offset);
    return (complete ? this.#walk() : this.#weightedWalk.walk(this.#ranks, undefined)) / this.trees;
  }

  /**
   * Writes to `out`, per column, by how much its splits made the row's path longer (positive, more usual) or shorter
   * (negative, more anomalous) than expected. They add up to `pathLength - expectedPathLength`. Returns the path length.
   */
  contributions(row: Float32Array | Float64Array, offset: number, out: Float64Array): number {
    this.#rank(row, offset);
    out.fill(0, 0, this.columns);
    const sum = this.#weightedWalk.walk(this.#ranks, out);
    for (let column = 0; column < this.columns; column++) out[column]! /= this.trees;
    return sum / this.trees;
  }

  /** Ranks the row's values among the thresholds; false when one that is asked for is missing. */
  #rank(row: Float32Array | Float64Array, offset: number): boolean {
    const { threshold, thresholdStart } = this.#forest;
    const ranks = this.#ranks;
    if (!(offset >= 0 && offset + ranks.length <= row.length)) {
      throw new RangeError(`A row of ${ranks.length} values at ${offset} does not fit in ${row.length} values.`);
    }
    let complete = true;
    for (let column = 0; column < ranks.length; column++) {
      const start = thresholdStart[column]!;
      const end = thresholdStart[column + 1]!;
      const value = row[offset + column]!;
      if (Number.isNaN(value) && start < end) {
        complete = false;
        ranks[column] = MISSING;
      } else {
        ranks[column] = countBelow(threshold, start, end, value);
      }
    }
    return complete;
  }

  /** The sum of the path lengths of all trees, for a row without missing values. */
  #walk(): number {
    const { node, pathLength, root, depth } = this.#forest;
    const ranks = this.#ranks;
    const bits = this.#columnBits;
    const mask = (1 << bits) - 1;
    let sum = 0;
    let tree = 0;
    // Four trees at a time: a step waits for memory, and four independent walks wait together.
    for (; tree + 3 < root.length; tree += 4) {
      let a = root[tree]!;
      let b = root[tree + 1]!;
      let c = root[tree + 2]!;
      let d = root[tree + 3]!;
      for (let level = 0; level < depth; level++) {
        const splitA = node[a + 1]!;
        const splitB = node[b + 1]!;
        const splitC = node[c + 1]!;
        const splitD = node[d + 1]!;
        // The sign bit of (threshold's rank - value's rank) is 1 when the value is above the threshold; a node is 2 words.
        a = (node[a]! + ((((splitA >>> bits) - ranks[splitA & mask]!) >>> 31) << 1)) | 0;
        b = (node[b]! + ((((splitB >>> bits) - ranks[splitB & mask]!) >>> 31) << 1)) | 0;
        c = (node[c]! + ((((splitC >>> bits) - ranks[splitC & mask]!) >>> 31) << 1)) | 0;
        d = (node[d]! + ((((splitD >>> bits) - ranks[splitD & mask]!) >>> 31) << 1)) | 0;
      }
      sum += pathLength[a >>> 1]! + pathLength[b >>> 1]! + pathLength[c >>> 1]! + pathLength[d >>> 1]!;
    }
    for (; tree < root.length; tree++) {
      let at = root[tree]!;
      for (let level = 0; level < depth; level++) {
        const split = node[at + 1]!;
        at = (node[at]! + ((((split >>> bits) - ranks[split & mask]!) >>> 31) << 1)) | 0;
      }
      sum += pathLength[at >>> 1]!;
    }
    return sum;
  }
}

function checkOption(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`forest.${name} is ${value}; use an integer from ${least} to ${most}.`);
}
