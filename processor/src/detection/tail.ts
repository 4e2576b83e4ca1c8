/** Most knots of the body: with these, a value between two knots is off by less than 0.1 nats. */
const MAX_KNOTS = 64;
/** Where the tail begins: rarer than one in twenty the counts themselves are too few to go by. */
const TAIL_SHARE = 0.05;
/** With few observations the tail begins earlier, so that so many lie in it (but never below the median). */
const MIN_TAIL_OBSERVATIONS = 10;
/** The spread of a fitted shape is about 1 / sqrt(observations): with fewer it says nothing, and the tail is exponential. */
const MIN_SHAPE_OBSERVATIONS = 30;
/**
 * A negative shape would put an end to what is possible, infinitely surprising beyond it; so none is allowed. And with a
 * larger one a few anomalies among the observations would make everything beyond them look usual.
 */
const MAX_SHAPE = 0.3;
/** Keeps values and their differences finite. */
const LARGEST_VALUE = 1e300;
/** Keeps evidence and sums of it finite. */
const MAX_EVIDENCE = 1e6;

// Places in the parameters.
const KNOT_COUNT = 0;
const SCALE = 1;
const SHAPE = 2;
const LIMIT = 3;
const KNOT_VALUES = 4;
const KNOT_EVIDENCE = KNOT_VALUES + MAX_KNOTS;

export interface TailOptions {
  /** Smallest difference that means anything, in the unit of the values; 0 by default. */
  readonly resolution?: number;
  /**
   * Whether what lies above a constant is as rare as the rule of succession says, from two resolutions on; false by
   * default. For things that are counted: one where there never was any.
   */
  readonly isCount?: boolean;
  /** Largest shape of the tail, 0 to 0.3: 0 for values whose tail is known to be exponential. */
  readonly maxShape?: number;
  /** A tail whose scale and shape are taken over, for values whose largest ones are not to be extrapolated from. */
  readonly scaledLike?: Tail;
}

/** Distinct values ascending, the total weight of each, and the weight of each value and all above it. */
interface Distribution {
  readonly value: Float64Array;
  readonly weight: Float64Array;
  readonly weightFrom: Float64Array;
  /** Sum of the squared weights of the observations at each value and above. */
  readonly squaresFrom: Float64Array;
}

/**
 * How rare a value as high as `x` is, from a weighted sample: an empirical distribution up to its upper twentieth, and
 * above a generalised Pareto distribution fitted by probability-weighted moments (Hosking and Wallis 1987).
 *
 * For discrete values too: evidence is that of "x or more", so a common value is never surprising, however far above
 * the rest it lies.
 */
export class Tail {
  /** Numbers that `parameters` holds. */
  static readonly LENGTH = KNOT_EVIDENCE + MAX_KNOTS;

  /** All there is to it: store these numbers, and give them to the constructor again. */
  readonly parameters: Float64Array;

  constructor(parameters: Float64Array) {
    const knots = parameters[KNOT_COUNT]!;
    if (parameters.length !== Tail.LENGTH || !Number.isInteger(knots) || knots < 0 || knots > MAX_KNOTS) {
      throw new RangeError(
        `A tail of ${knots} knots in ${parameters.length} numbers; use ${Tail.LENGTH} numbers that a tail was stored in.`,
      );
    }
    this.parameters = parameters;
  }

  /**
   * Fits to values in any order. NaN is left out, an infinity counts as the largest value. `weights` run parallel, are
   * finite and not negative, and matter only relative to each other; without them all observations count the same.
   * Without any observation nothing is surprising. Throws a RangeError for other weights.
   */
  static fit(values: Float64Array, weights?: Float64Array, options: TailOptions = {}): Tail {
    const { resolution = 0, isCount = false, maxShape = MAX_SHAPE } = options;
    const parameters = new Float64Array(Tail.LENGTH);
    const distribution = distributionOf(values, weights);
    const { value, weightFrom, squaresFrom } = distribution;
    const total = weightFrom[0];
    if (total === undefined) return new Tail(parameters);

    const observations = total ** 2 / squaresFrom[0]!;
    const tailShare = Math.min(0.5, Math.max(TAIL_SHARE, MIN_TAIL_OBSERVATIONS / observations));
    const firstOfTail = weightFrom.findIndex((weight) => weight <= tailShare * total);
    const lastKnot = firstOfTail < 0 ? value.length - 1 : firstOfTail;
    const evidence = weightFrom.map((weight) => Math.log(total / weight));
    writeKnots(parameters, value, evidence, lastKnot);

    if (lastKnot === value.length - 1) {
      // One value, maybe the only one there is, and none above it: no scale to extrapolate by. That none of n
      // observations was higher makes the next one higher with probability 1 / (n + 1), Laplace's rule of succession.
      const limit = Math.max(evidence[lastKnot]!, Math.log(observations + 1));
      parameters[LIMIT] = resolution > 0 ? MAX_EVIDENCE : limit;
      parameters[SCALE] = resolution;
      parameters[SHAPE] = 0;
      // With a resolution there is a scale after all: one nat for each. What is counted is there two steps on.
      if (resolution > 0 && isCount) addKnot(parameters, value[lastKnot]! + 2 * resolution, limit);
    } else {
      const { scale, shape } = fitPareto(distribution, lastKnot, maxShape);
      parameters[LIMIT] = MAX_EVIDENCE;
      parameters[SCALE] = Math.max(scale, resolution);
      parameters[SHAPE] = shape;
    }
    if (options.scaledLike !== undefined) {
      parameters[SCALE] = options.scaledLike.parameters[SCALE]!;
      parameters[SHAPE] = options.scaledLike.parameters[SHAPE]!;
    }
    return new Tail(parameters);
  }

  /** -ln P(X >= x) in nats: at least 0, finite, never falling as `x` rises. NaN, a missing value, is no evidence: 0. */
  evidence(x: number): number {
    const parameters = this.parameters;
    // The number of knots at or below x; none for NaN.
    let low = 0;
    let high = parameters[KNOT_COUNT]!;
    const knots = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (parameters[KNOT_VALUES + middle]! <= x) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return 0;
    const knot = parameters[KNOT_VALUES + low - 1]!;
    const knotEvidence = parameters[KNOT_EVIDENCE + low - 1]!;
    const above = x - knot;
    if (above === 0) return knotEvidence;

    if (low < knots) {
      const width = parameters[KNOT_VALUES + low]! - knot;
      return knotEvidence + (above / width) * (parameters[KNOT_EVIDENCE + low]! - knotEvidence);
    }
    const shape = parameters[SHAPE]!;
    const scaled = above / parameters[SCALE]!;
    const evidence = knotEvidence + (shape === 0 ? scaled : Math.log1p(shape * scaled) / shape);
    const limit = parameters[LIMIT]!;
    return evidence < limit ? evidence : limit;
  }
}

function distributionOf(values: Float64Array, weights: Float64Array | undefined): Distribution {
  const present = values.filter((x, i) => weightOf(weights, i) > 0 && !Number.isNaN(x));
  const sorted = present.map(clampInfinity).toSorted();
  const value = sorted.filter((x, i) => i === 0 || x !== sorted[i - 1]);
  const weight = new Float64Array(value.length);
  const squares = new Float64Array(value.length);
  for (let i = 0; i < values.length; i++) {
    const share = weightOf(weights, i);
    if (share === 0 || Number.isNaN(values[i])) continue;
    const place = countBelow(value, clampInfinity(values[i]!));
    weight[place]! += share;
    squares[place]! += share ** 2;
  }
  return { value, weight, weightFrom: sumsFrom(weight), squaresFrom: sumsFrom(squares) };
}

function clampInfinity(value: number): number {
  return Math.min(Math.max(value, -LARGEST_VALUE), LARGEST_VALUE);
}

function countBelow(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function weightOf(weights: Float64Array | undefined, i: number): number {
  const weight = weights === undefined ? 1 : weights[i];
  if (weight === undefined || !(weight >= 0 && weight < Infinity)) {
    throw new RangeError(`The weight of observation ${i} is ${weight}; use a finite number that is not negative.`);
  }
  return weight;
}

/** Of each place, the sum of its value and all after it. */
function sumsFrom(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length);
  let sum = 0;
  for (let i = values.length - 1; i >= 0; i--) sums[i] = sum += values[i]!;
  return sums;
}

/**
 * Picks the values that become knots, so that two neighbours either differ by less than a step of evidence or have no
 * value between them: an interpolation never reaches across a common value.
 */
function writeKnots(parameters: Float64Array, value: Float64Array, evidence: Float64Array, last: number): void {
  // Any two steps in a row make more than one step of evidence, so the knots suffice.
  const step = evidence[last]! / (MAX_KNOTS / 2 - 1);
  let knots = 0;
  let previous = -Infinity;
  for (let i = 0; i <= last; i++) {
    if (i < last && evidence[i + 1]! - previous <= step) continue;
    parameters[KNOT_VALUES + knots] = value[i]!;
    parameters[KNOT_EVIDENCE + knots] = previous = evidence[i]!;
    knots++;
  }
  parameters[KNOT_COUNT] = knots;
}

function addKnot(parameters: Float64Array, value: number, evidence: number): void {
  const knots = parameters[KNOT_COUNT]!;
  if (knots === MAX_KNOTS) return;
  parameters[KNOT_VALUES + knots] = value;
  parameters[KNOT_EVIDENCE + knots] = evidence;
  parameters[KNOT_COUNT] = knots + 1;
}

/** A generalised Pareto distribution of what lies above the value at `first`, which is not the last one. */
function fitPareto(distribution: Distribution, first: number, maxShape: number): { scale: number; shape: number } {
  const { value, weight, weightFrom, squaresFrom } = distribution;
  const total = weightFrom[first]!;
  // Whole numbers stand for all up to the next: without half a step the mean excess of discrete values is too small.
  let spacing = Infinity;
  for (let i = first; i < value.length; i++) spacing = Math.min(spacing, value[i]! - value[i - 1]!);

  // a0 = E[Y] and a1 = E[Y (1 - F(Y))], each value in the middle of its share of the probability.
  let a0 = 0;
  let a1 = 0;
  for (let i = first; i < value.length; i++) {
    const excess = value[i]! - value[first]! + spacing / 2;
    const exceeded = (weightFrom[i]! - weight[i]! / 2) / total;
    a0 += (weight[i]! / total) * excess;
    a1 += (weight[i]! / total) * excess * exceeded;
  }
  const observations = total ** 2 / squaresFrom[first]!;
  const momentShape = observations < MIN_SHAPE_OBSERVATIONS ? 0 : 2 - a0 / (a0 - 2 * a1);
  const fittedShape = Math.min(Math.max(momentShape, 0), maxShape);
  // An exponential tail whose scale is known from n observations only predicts a Pareto one with shape 1 / n.
  const shape = Math.min(Math.max(fittedShape, 1 / observations), maxShape);
  return { scale: a0 * (1 - fittedShape), shape };
}
