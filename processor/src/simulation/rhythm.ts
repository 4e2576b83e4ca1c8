import type { Random } from './random.ts';

const HOUR_MS = 3_600_000;

/** Activity by local hour, 24 values in [0, 1], and the factors of working days and of Saturday and Sunday. */
interface Pattern {
  readonly hours: readonly number[];
  readonly weekday: number;
  readonly weekend: number;
}

const PATTERNS = {
  /** Shoppers: quiet at night, a lunch-time hump, most in the evening; more at the weekend. */
  leisure: {
    hours: [
      0.18, 0.08, 0.04, 0.02, 0.02, 0.04, 0.12, 0.25, 0.38, 0.45, 0.5, 0.55, 0.65, 0.6, 0.5, 0.5, 0.55, 0.65, 0.78,
      0.92, 1, 0.95, 0.7, 0.4,
    ],
    weekday: 0.8,
    weekend: 1,
  },
  /** Staff: office hours with a dip at noon, hardly anything at night and at the weekend. */
  office: {
    hours: [
      0.004, 0.002, 0.001, 0.001, 0.001, 0.003, 0.02, 0.15, 0.55, 0.95, 1, 0.95, 0.6, 0.8, 1, 0.95, 0.85, 0.6, 0.25,
      0.1, 0.06, 0.04, 0.02, 0.01,
    ],
    weekday: 1,
    weekend: 0.08,
  },
} as const satisfies Record<string, Pattern>;

export type PatternName = keyof typeof PATTERNS;

/** Hours east of UTC where users live, with their shares. */
const TIME_ZONES: readonly (readonly [hours: number, share: number])[] = [
  [-8, 0.08],
  [-5, 0.17],
  [0, 0.15],
  [1, 0.35],
  [2, 0.1],
  [5.5, 0.09],
  [9, 0.06],
];

/** When one person tends to be active: a pattern seen through a time zone and personal habits. */
export class Rhythm {
  /** Mean activity over a week, in (0, 1]. */
  readonly mean: number;
  readonly #pattern: Pattern;
  readonly #offsetMs: number;

  /** `offsetHours`: local time minus UTC, habits of early and late risers included. */
  constructor(pattern: PatternName, offsetHours: number) {
    this.#pattern = PATTERNS[pattern];
    this.#offsetMs = offsetHours * HOUR_MS;
    const { hours, weekday, weekend } = this.#pattern;
    const hourly = hours.reduce((sum, activity) => sum + activity, 0) / 24;
    this.mean = (hourly * (5 * weekday + 2 * weekend)) / 7;
  }

  static draw(pattern: PatternName, random: Random): Rhythm {
    const zone = TIME_ZONES[random.weighted(TIME_ZONES.map(([, share]) => share))]![0];
    const earlyOrLate = pattern === 'leisure' ? 1.4 * random.normal() : 0.5 * random.normal();
    return new Rhythm(pattern, zone - Math.max(-3, Math.min(3, earlyOrLate)));
  }

  /** Activity at a time (Unix ms), in (0, 1], 1 at the person's busiest hour. */
  at(timeMs: number): number {
    const local = (timeMs + this.#offsetMs) / HOUR_MS;
    const hour = Math.floor(local);
    const { hours, weekday, weekend } = this.#pattern;
    const from = hours[((hour % 24) + 24) % 24]!;
    const to = hours[(((hour + 1) % 24) + 24) % 24]!;
    // 1970-01-01 was a Thursday: day 0 of the count is weekday 4.
    const day = (((Math.floor(hour / 24) + 4) % 7) + 7) % 7;
    return (from + (to - from) * (local - hour)) * (day === 0 || day === 6 ? weekend : weekday);
  }
}

/** When most of the shoppers are about. */
const SHOPPERS = new Rhythm('leisure', 1);

/** A time from `draw` when shoppers are about: what happens when nobody calls shows nothing. The busiest of a few at worst. */
export function drawBusyTime(draw: () => number): number {
  const times = Array.from({ length: 30 }, draw);
  const busy = times.find((timeMs) => SHOPPERS.at(timeMs) > 0.4);
  return busy ?? times.toSorted((a, b) => SHOPPERS.at(b) - SHOPPERS.at(a))[0]!;
}
