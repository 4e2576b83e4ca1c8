/** What a window is to a detector: nothing there, something there, or not of this comparison. */
export const NEGATIVE = 0;
export const POSITIVE = 1;
export const LEFT_OUT = 2;

/**
 * The measures of a detector, in the order in which `Ranking.measure` writes them. Windows mean: windows in which nothing
 * is. A recall that no value above 0 reaches counts all of them.
 */
export const MEASURES = {
  falsePositivesAtRecall50: 'false positives per 10,000 windows at recall 0.5',
  falsePositivesAtRecall80: 'false positives per 10,000 windows at recall 0.8',
  falsePositivesAtRecall95: 'false positives per 10,000 windows at recall 0.95',
  recallAtPerMille: 'recall at 0.1 % false windows',
  recallAtPercent: 'recall at 1 % false windows',
  averagePrecision: 'average precision',
} as const;
export type Measure = keyof typeof MEASURES;
export const MEASURE_NAMES = Object.keys(MEASURES) as Measure[];

const RECALLS = [0.5, 0.8, 0.95] as const;
const FALSE_SHARES = [0.001, 0.01] as const;
const AVERAGE_PRECISION = RECALLS.length + FALSE_SHARES.length;
export const PER_WINDOWS = 10_000;

/** Shares of whole numbers are compared with this much room for rounding. */
const ROUNDING = 1e-9;

/**
 * Windows from the highest value down, sorted once and measured often. Windows of the same value are taken together,
 * so that a detector gains nothing by telling nothing apart.
 */
export class Ranking {
  /** Numbers of the windows that take part, best first. */
  readonly #order: Uint32Array;
  readonly #values: Float64Array;
  readonly #users: Uint32Array;
  /** In the order of the ranking. */
  readonly #isPositive: Uint8Array;
  readonly #userAt: Uint32Array;
  /** Where each group of equal values ends, and how many of these groups have a value above 0. */
  readonly #groupEnds: Uint32Array;
  readonly #groupsAboveZero: number;
  /** Per user: its windows with something there and with nothing there. */
  readonly #positives: Uint32Array;
  readonly #negatives: Uint32Array;

  private constructor(values: Float64Array, roles: Uint8Array, users: Uint32Array, order: Uint32Array) {
    this.#values = values;
    this.#users = users;
    this.#order = order.filter((window) => roles[window] !== LEFT_OUT);
    const count = this.#order.length;
    this.#isPositive = new Uint8Array(count);
    this.#userAt = new Uint32Array(count);
    const userCount = users.reduce((most, user) => Math.max(most, user + 1), 0);
    this.#positives = new Uint32Array(userCount);
    this.#negatives = new Uint32Array(userCount);
    const groupEnds = new Uint32Array(count);
    let groups = 0;
    let aboveZero = 0;
    for (let n = 0; n < count; n++) {
      const window = this.#order[n]!;
      const user = users[window]!;
      const isPositive = roles[window] === POSITIVE;
      this.#userAt[n] = user;
      this.#isPositive[n] = isPositive ? 1 : 0;
      if (isPositive) this.#positives[user]!++;
      else this.#negatives[user]!++;
      if (n + 1 < count && values[this.#order[n + 1]!] === values[window]) continue;
      groupEnds[groups++] = n + 1;
      if (values[window]! > 0) aboveZero = groups;
    }
    this.#groupEnds = groupEnds.slice(0, groups);
    this.#groupsAboveZero = aboveZero;
  }

  /**
   * Ranks windows. `values`: the higher, the more there is; not NaN. `roles`: NEGATIVE, POSITIVE or LEFT_OUT. `users`:
   * number of the user each window belongs to, from 0 on without large gaps.
   */
  static of(values: Float64Array, roles: Uint8Array, users: Uint32Array): Ranking {
    const order = Uint32Array.from(values.keys()).toSorted((a, b) => values[b]! - values[a]!);
    return new Ranking(values, roles, users, order);
  }

  /** The same ranking of the windows that take part here, with other roles. */
  withRoles(roles: Uint8Array): Ranking {
    return new Ranking(this.#values, roles, this.#users, this.#order);
  }

  /**
   * Writes the measures in the order of MEASURE_NAMES. `weights`: how often each user's windows count; once without
   * them. A measure that does not exist, for want of positive or of negative windows, is NaN.
   */
  measure(out: Float64Array, weights?: Uint32Array): Float64Array {
    const positives = total(this.#positives, weights);
    const negatives = total(this.#negatives, weights);
    out.fill(Number.NaN);
    if (positives === 0 || negatives === 0) return out;
    out.fill(PER_WINDOWS, 0, RECALLS.length);
    out.fill(0, RECALLS.length);

    const isPositive = this.#isPositive;
    const userAt = this.#userAt;
    let truePositives = 0;
    let falsePositives = 0;
    let reached = 0;
    let n = 0;
    for (let group = 0; group < this.#groupEnds.length; group++) {
      const end = this.#groupEnds[group]!;
      const before = truePositives;
      for (; n < end; n++) {
        const weight = weights === undefined ? 1 : weights[userAt[n]!]!;
        if (isPositive[n] === 1) truePositives += weight;
        else falsePositives += weight;
      }
      if (truePositives > before) {
        const precision = truePositives / (truePositives + falsePositives);
        out[AVERAGE_PRECISION]! += ((truePositives - before) / positives) * precision;
      }
      if (group >= this.#groupsAboveZero) continue;
      while (reached < RECALLS.length && truePositives >= RECALLS[reached]! * positives - ROUNDING) {
        out[reached++] = (falsePositives / negatives) * PER_WINDOWS;
      }
      for (let share = 0; share < FALSE_SHARES.length; share++) {
        if (falsePositives > FALSE_SHARES[share]! * negatives + ROUNDING) continue;
        out[RECALLS.length + share] = truePositives / positives;
      }
    }
    return out;
  }
}

function total(counts: Uint32Array, weights: Uint32Array | undefined): number {
  let sum = 0;
  for (let user = 0; user < counts.length; user++) {
    sum += weights === undefined ? counts[user]! : counts[user]! * weights[user]!;
  }
  return sum;
}
