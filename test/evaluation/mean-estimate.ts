import { Random } from '../../processor/src/forest/random.ts';

/** A number over several worlds with its 95 % bootstrap interval; NaN where there is none. */
export interface MeanEstimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;
const SEED = 1;
/** Share of the resamples that lie below the interval, and above it. */
const OUTSIDE = 0.025;

/** The mean over worlds. Those that have no such number, NaN, do not count. */
export function meanOf(values: readonly number[]): MeanEstimate {
  const present = values.filter((value) => !Number.isNaN(value));
  return bootstrap(present.length, (worlds) => mean(worlds.map((world) => present[world]!)));
}

/** By how many per cent the mean of `ours` is lower than that of `theirs`, world by world the same; 0 where both are 0. */
export function reductionOf(ours: readonly number[], theirs: readonly number[]): MeanEstimate {
  const both = [...ours.keys()].filter((world) => !Number.isNaN(ours[world]! + theirs[world]!));
  return bootstrap(both.length, (worlds) => {
    const one = mean(worlds.map((world) => ours[both[world]!]!));
    const other = mean(worlds.map((world) => theirs[both[world]!]!));
    return one === other ? 0 : 100 * (1 - one / other);
  });
}

/** The lower of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length / 2) - 1] ?? Number.NaN;
}

/** NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Draws whole worlds with replacement: what one world says hangs together. */
function bootstrap(count: number, statistic: (worlds: readonly number[]) => number): MeanEstimate {
  const worlds = Array.from({ length: count }, (_, world) => world);
  const value = statistic(worlds);
  const drawn = Array.from({ length: RESAMPLES }, (_, resample) => {
    const random = new Random(SEED, resample);
    return statistic(worlds.map(() => random.below(count)));
  }).toSorted((a, b) => a - b);
  const quantile = (share: number) => drawn[Math.max(0, Math.ceil(share * RESAMPLES) - 1)] ?? Number.NaN;
  return { value, low: quantile(OUTSIDE), high: quantile(1 - OUTSIDE) };
}
