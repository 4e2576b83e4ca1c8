import { WeightedWalk } from './contribution.ts';
import { type IsolationTree, TreeGrower } from './isolation-tree.ts';
import { type ForestShape, layOutTrees } from './node-layout.ts';
import { averagePathLength, isolationScore } from './path-length.ts';
import { memoryFor, PlainWalk } from './plain-walk.ts';
import { Random } from './random.ts';
import { byteLengthOf, columnsIn, type ForestArrays, MAX_TREES, nodeAt, openForest } from './serialise.ts';

/** Liu et al. 2008 use 100. With 200 a score spreads less between seeds: 0.005 instead of 0.007, for under 1 µs more a row. */
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
  readonly #forest: ForestArrays;
  readonly #normalPathLength: number;
  /** 1 for columns that some tree splits; a value missing elsewhere changes nothing. */
  readonly #isSplit: Uint8Array;
  readonly #weightedWalk: WeightedWalk;
  /** Made for the first score: a forest that was only trained, or only saved, needs none. */
  #plainWalk: PlainWalk | undefined;

  private constructor(forest: ForestArrays, plainWalk?: PlainWalk) {
    const { columns, trees, sampleSize, nodes, link, root, pathLength } = forest;
    this.columns = columns;
    this.trees = trees;
    this.sampleSize = sampleSize;
    this.nodes = nodes;
    this.#plainWalk = plainWalk;
    this.#forest = forest;
    this.#normalPathLength = averagePathLength(sampleSize);
    this.#weightedWalk = new WeightedWalk(forest);
    this.#isSplit = new Uint8Array(columns);
    for (let node = 0; node < nodes; node++) {
      if (nodeAt(link[4 * node]!) !== node) this.#isSplit[link[4 * node + 1]! >>> 3] = 1;
    }
    this.expectedPathLength = root.reduce((sum, address) => sum + pathLength[nodeAt(address)]!, 0) / trees;
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

  /**
   * A copy of a forest's bytes, ready to score and in no more memory than that takes. Throws an Error as `from` does.
   */
  static copyOf(bytes: Uint8Array): IsolationForest {
    const memory = memoryFor(bytes.byteLength, columnsIn(bytes));
    new Uint8Array(memory.buffer).set(bytes);
    const forest = openForest(memory.buffer, bytes.byteLength);
    return new IsolationForest(forest, new PlainWalk(forest, memory));
  }

  /** The whole forest as bytes; `IsolationForest.from` reads them. A copy where the forest lies in a larger memory. */
  get buffer(): ArrayBufferLike {
    const { buffer } = this.#forest;
    const byteLength = byteLengthOf(this.#forest);
    return buffer.byteLength === byteLength ? buffer : buffer.slice(0, byteLength);
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
    const plainWalk = (this.#plainWalk ??= new PlainWalk(this.#forest));
    const isComplete = this.#copyRow(row, offset, plainWalk.row);
    return (isComplete ? plainWalk.walk() : this.#weightedWalk.walk(plainWalk.row, undefined)) / this.trees;
  }

  /**
   * Writes to `out`, per column, by how much its splits made the row's path longer (positive, more usual) or shorter
   * (negative, more anomalous) than expected. They add up to `pathLength - expectedPathLength`. Returns the path length.
   */
  contributions(row: Float32Array | Float64Array, offset: number, out: Float64Array): number {
    const plainWalk = (this.#plainWalk ??= new PlainWalk(this.#forest));
    this.#copyRow(row, offset, plainWalk.row);
    out.fill(0, 0, this.columns);
    const sum = this.#weightedWalk.walk(plainWalk.row, out);
    for (let column = 0; column < this.columns; column++) out[column]! /= this.trees;
    return sum / this.trees;
  }

  /** Copies a row to where the walks read it; false when a value is missing that a split asks for. */
  #copyRow(row: Float32Array | Float64Array, offset: number, copy: Float64Array): boolean {
    const isSplit = this.#isSplit;
    if (!(offset >= 0 && offset + copy.length <= row.length)) {
      throw new RangeError(`A row of ${copy.length} values at ${offset} does not fit in ${row.length} values.`);
    }
    let isComplete = true;
    for (let column = 0; column < copy.length; column++) {
      const value = row[offset + column]!;
      copy[column] = value;
      if (Number.isNaN(value) && isSplit[column] === 1) isComplete = false;
    }
    return isComplete;
  }
}

function checkOption(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`forest.${name} is ${value}; use an integer from ${least} to ${most}.`);
}
