import type { Random } from './random.ts';

const LARGEST = Number.MAX_VALUE;

/** An isolation tree: one entry per node, the root first. Rows with `value <= threshold` go left. */
export interface IsolationTree {
  /** Index of the left child; -1 marks a leaf, whose `right`, `feature` and `threshold` mean nothing. */
  readonly left: ArrayLike<number>;
  readonly right: ArrayLike<number>;
  readonly feature: ArrayLike<number>;
  readonly threshold: ArrayLike<number>;
  /** Training rows that reached the node. */
  readonly sampleCount: ArrayLike<number>;
  /** Where a row goes that lacks the feature: 1 left, 0 right. Without it such a row takes both sides, in proportion to `sampleCount`. */
  readonly missingGoesLeft?: ArrayLike<number>;
}

/** Training rows: row-major, `columns` values a row. NaN is a missing value, an infinity the largest finite number. */
export interface TrainingRows {
  readonly values: Float32Array | Float64Array;
  readonly columns: number;
  readonly count: number;
}

/**
 * Grows isolation trees on subsamples of one set of rows, Liu et al. 2008, algorithm 2, in scikit-learn's dialect: a
 * constant feature is not a split but another draw, and the depth is limited to that of a balanced tree.
 *
 * A row that lacks the split's feature takes a side at random, in proportion to the rows that have it; where none has
 * it, or all have the same value, the feature is constant.
 */
export class TreeGrower {
  readonly #rows: TrainingRows;
  readonly #sampleSize: number;
  readonly #depthLimit: number;

  /** The subsample of the tree being grown, column-major: a split reads one column. */
  readonly #sample: Float64Array;
  /** Rows of the subsample, ordered so that every node owns one run of them. */
  readonly #members: Int32Array;
  readonly #start: Int32Array;
  readonly #end: Int32Array;
  readonly #depth: Uint8Array;
  /** Features in the order in which a node tries them. */
  readonly #candidates: Int32Array;
  /** Row numbers moved by the shuffle, so that it costs the size of the sample and not that of the training set. */
  readonly #moved = new Map<number, number>();

  #minimum = 0;
  #maximum = 0;

  /** `sampleSize`: rows drawn per tree without replacement, from 1 to `rows.count`. */
  constructor(rows: TrainingRows, sampleSize: number) {
    this.#rows = rows;
    this.#sampleSize = sampleSize;
    // ceil(log2(sampleSize)), in integers: exact on every platform.
    this.#depthLimit = Math.max(1, 32 - Math.clz32(sampleSize - 1));
    this.#sample = new Float64Array(sampleSize * rows.columns);
    this.#members = new Int32Array(sampleSize);
    const nodes = 2 * sampleSize - 1;
    this.#start = new Int32Array(nodes);
    this.#end = new Int32Array(nodes);
    this.#depth = new Uint8Array(nodes);
    this.#candidates = new Int32Array(rows.columns);
  }

  /** Grows one tree; `random` decides everything about it. */
  grow(random: Random): IsolationTree {
    this.#drawSample(random);
    const capacity = this.#start.length;
    const left = new Int32Array(capacity).fill(-1);
    const right = new Int32Array(capacity).fill(-1);
    const feature = new Int32Array(capacity);
    const threshold = new Float64Array(capacity);
    const sampleCount = new Int32Array(capacity);
    this.#start[0] = 0;
    this.#end[0] = this.#sampleSize;
    this.#depth[0] = 0;
    let nodeCount = 1;

    // Breadth first: a tree's upper nodes, which every walk visits, lie side by side.
    for (let node = 0; node < nodeCount; node++) {
      const start = this.#start[node]!;
      const end = this.#end[node]!;
      const depth = this.#depth[node]!;
      sampleCount[node] = end - start;
      if (end - start < 2 || depth === this.#depthLimit) continue;
      const chosen = this.#chooseFeature(start, end, random);
      if (chosen < 0) continue;
      feature[node] = chosen;
      threshold[node] = drawThreshold(this.#minimum, this.#maximum, random);
      const middle = this.#partition(start, end, chosen, threshold[node]!, random);
      left[node] = this.#addNode(nodeCount++, start, middle, depth + 1);
      right[node] = this.#addNode(nodeCount++, middle, end, depth + 1);
    }
    return {
      left: left.subarray(0, nodeCount),
      right: right.subarray(0, nodeCount),
      feature: feature.subarray(0, nodeCount),
      threshold: threshold.subarray(0, nodeCount),
      sampleCount: sampleCount.subarray(0, nodeCount),
    };
  }

  /** The first steps of a Fisher-Yates shuffle of all row numbers; only the ones it moved are written down. */
  #drawSample(random: Random): void {
    const { values, columns, count } = this.#rows;
    const sampleSize = this.#sampleSize;
    const drawn = this.#members;
    const moved = this.#moved;
    moved.clear();
    for (let i = 0; i < sampleSize; i++) {
      const j = i + random.below(count - i);
      drawn[i] = moved.get(j) ?? j;
      moved.set(j, moved.get(i) ?? i);
    }
    // A loop of its own, so that the reads of far-apart rows overlap.
    for (let i = 0; i < sampleSize; i++) {
      const row = drawn[i]! * columns;
      for (let column = 0; column < columns; column++) {
        this.#sample[column * sampleSize + i] = clampInfinity(values[row + column]!);
      }
    }
    for (let i = 0; i < sampleSize; i++) this.#members[i] = i;
  }

  /** A feature drawn uniformly among those that are not constant in the node, or -1. Leaves its range behind. */
  #chooseFeature(start: number, end: number, random: Random): number {
    const candidates = this.#candidates;
    for (let column = 0; column < candidates.length; column++) candidates[column] = column;
    for (let remaining = candidates.length; remaining > 0; remaining--) {
      const draw = random.below(remaining);
      const column = candidates[draw]!;
      this.#measureRange(start, end, column);
      if (this.#maximum > this.#minimum) return column;
      candidates[draw] = candidates[remaining - 1]!;
    }
    return -1;
  }

  #measureRange(start: number, end: number, column: number): void {
    const members = this.#members;
    const sample = this.#sample;
    const base = column * this.#sampleSize;
    let minimum = Infinity;
    let maximum = -Infinity;
    for (let i = start; i < end; i++) {
      const value = sample[base + members[i]!]!;
      if (value < minimum) minimum = value;
      if (value > maximum) maximum = value;
    }
    this.#minimum = minimum;
    this.#maximum = maximum;
  }

  /** Reorders the node's rows into those that go left and those that go right; returns where the latter begin. */
  #partition(start: number, end: number, column: number, threshold: number, random: Random): number {
    const members = this.#members;
    const sample = this.#sample;
    const base = column * this.#sampleSize;
    let leftShare: number | undefined;
    let low = start;
    let high = end;
    while (low < high) {
      const row = members[low]!;
      const value = sample[base + row]!;
      let goesLeft = value <= threshold;
      const isMissing = !goesLeft && !(value > threshold);
      if (isMissing) {
        leftShare ??= this.#leftShare(start, end, base, threshold);
        goesLeft = random.fraction() < leftShare;
      }
      if (goesLeft) {
        low++;
      } else {
        members[low] = members[--high]!;
        members[high] = row;
      }
    }
    return low;
  }

  /** The share of the rows that go left among those that have the feature. */
  #leftShare(start: number, end: number, base: number, threshold: number): number {
    let left = 0;
    let present = 0;
    for (let i = start; i < end; i++) {
      const value = this.#sample[base + this.#members[i]!]!;
      if (value <= threshold) left++;
      if (!Number.isNaN(value)) present++;
    }
    return left / present;
  }

  #addNode(node: number, start: number, end: number, depth: number): number {
    this.#start[node] = start;
    this.#end[node] = end;
    this.#depth[node] = depth;
    return node;
  }
}

/** Uniform in [minimum, maximum): the largest value must go right, or a child would be empty. */
function drawThreshold(minimum: number, maximum: number, random: Random): number {
  // Half the width at a time, as the width of the widest range is beyond the largest number.
  const step = random.fraction() * (maximum / 2 - minimum / 2);
  const threshold = minimum + step + step;
  return threshold >= minimum && threshold < maximum ? threshold : minimum;
}

/** Lets NaN through. */
function clampInfinity(value: number): number {
  if (value > LARGEST) return LARGEST;
  return value < -LARGEST ? -LARGEST : value;
}
