import { Random } from '../forest/random.ts';
import { type Measure, MEASURE_NAMES, Ranking } from './ranking.ts';

/** A number with its 95 % bootstrap interval; null for what does not exist or has no bound. */
export interface Estimate {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export interface BootstrapOptions {
  /** How often the users are drawn anew. */
  readonly resamples: number;
  /** An unsigned 32-bit integer; the same seed draws the same users. */
  readonly seed: number;
}

/** What is true of the windows that detectors are compared on. */
export interface Truth {
  /** NEGATIVE or POSITIVE, a window. */
  readonly roles: Uint8Array;
  /** Any number that stands for its user, a window. */
  readonly users: Uint32Array;
}

/** Share of the resamples that lie below the interval, and above it. */
const OUTSIDE = 0.025;

interface Measured {
  readonly ranking: Ranking;
  /** All measures of the data as they are. */
  readonly whole: Float64Array;
  /** All measures of every resample, one after the other. */
  readonly resampled: Float64Array;
}

/**
 * How well detectors tell positive windows from negative ones, and how sure that is.
 *
 * The bootstrap draws whole users with all their windows (a cluster bootstrap: windows of one user are alike, so drawing
 * windows would make the intervals too narrow) and measures every detector on the same draw, so that differences are
 * paired. Draws without any positive or negative window are passed over. With very few positive users no interval says
 * much, whatever its width; nor does that of a count of 0, of which every draw has 0.
 */
export class DetectionQuality {
  readonly #measured = new Map<string, Measured>();
  readonly #resamples: number;

  /** `detectors`: by name, their value in each window; the higher, the more there is. */
  constructor(detectors: ReadonlyMap<string, Float64Array>, truth: Truth, { resamples, seed }: BootstrapOptions) {
    this.#resamples = resamples;
    const { users, userCount } = numbered(truth.users);
    const measures = MEASURE_NAMES.length;
    for (const [name, values] of detectors) {
      const ranking = Ranking.of(values, truth.roles, users);
      const whole = ranking.measure(new Float64Array(measures));
      this.#measured.set(name, { ranking, whole, resampled: new Float64Array(resamples * measures) });
    }
    const weights = new Uint32Array(userCount);
    for (let resample = 0; resample < resamples; resample++) {
      drawUsers(weights, new Random(seed, resample));
      for (const { ranking, resampled } of this.#measured.values()) {
        ranking.measure(resampled.subarray(resample * measures, (resample + 1) * measures), weights);
      }
    }
  }

  /** A measure of a detector. */
  estimate(detector: string, measure: Measure): Estimate {
    const column = MEASURE_NAMES.indexOf(measure);
    const { whole, resampled } = this.#of(detector);
    return this.#estimate(whole[column]!, (offset) => resampled[offset + column]!);
  }

  /** A measure of a detector minus that of another one. */
  difference(detector: string, other: string, measure: Measure): Estimate {
    return this.#compare(detector, other, measure, (ours, theirs) => ours - theirs);
  }

  /**
   * By how many per cent a measure of a detector is lower than that of another one; 0 where both are 0, null where only
   * the other one is.
   */
  reduction(detector: string, other: string, measure: Measure): Estimate {
    return this.#compare(detector, other, measure, (ours, theirs) => {
      return ours === theirs ? 0 : 100 * (1 - ours / theirs);
    });
  }

  /** The measures of a detector under other roles, for a part of the windows. NaN for what does not exist. */
  measuresOf(detector: string, roles: Uint8Array): Record<Measure, number> {
    const measures = this.#of(detector).ranking.withRoles(roles).measure(new Float64Array(MEASURE_NAMES.length));
    return Object.fromEntries(MEASURE_NAMES.map((name, column) => [name, measures[column]!])) as Record<
      Measure,
      number
    >;
  }

  #compare(one: string, two: string, measure: Measure, compare: (one: number, two: number) => number): Estimate {
    const column = MEASURE_NAMES.indexOf(measure);
    const first = this.#of(one);
    const second = this.#of(two);
    const whole = compare(first.whole[column]!, second.whole[column]!);
    return this.#estimate(whole, (offset) =>
      compare(first.resampled[offset + column]!, second.resampled[offset + column]!),
    );
  }

  /** `resampledAt`: the number in the resample whose measures begin at an offset. */
  #estimate(value: number, resampledAt: (offset: number) => number): Estimate {
    const drawn = Float64Array.from({ length: this.#resamples }, (_, n) => resampledAt(n * MEASURE_NAMES.length))
      .filter((number) => !Number.isNaN(number))
      .toSorted();
    return {
      value: finite(value),
      low: finite(quantile(drawn, OUTSIDE)),
      high: finite(quantile(drawn, 1 - OUTSIDE)),
    };
  }

  #of(detector: string): Measured {
    const measured = this.#measured.get(detector);
    if (measured !== undefined) return measured;
    const known = [...this.#measured.keys()].join(', ');
    throw new RangeError(`The detector is ${detector}; use one of ${known}.`);
  }
}

/** Users numbered from 0 on in the order of their first window. */
function numbered(users: Uint32Array): { users: Uint32Array; userCount: number } {
  const numbers = new Map<number, number>();
  const compact = users.map((user) => {
    const number = numbers.get(user) ?? numbers.size;
    numbers.set(user, number);
    return number;
  });
  return { users: compact, userCount: numbers.size };
}

/** As many users as there are, drawn with replacement: how often each was drawn. */
function drawUsers(weights: Uint32Array, random: Random): void {
  weights.fill(0);
  for (let n = 0; n < weights.length; n++) weights[random.below(weights.length)]!++;
}

/** By nearest rank; NaN of nothing. */
function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const finite = (number: number): number | null => (Number.isFinite(number) ? number : null);
