/**
 * An entity's own history: the decayed mean and variance of every feature over its closed windows, kept in its state row.
 * Half-life 60 windows; a window moves a mean by at most three standard deviations, so one bad window cannot teach much.
 */
const HALF_LIFE_WINDOWS = 60;
const DECAY = 1 - 2 ** (-1 / HALF_LIFE_WINDOWS);
const CLIP_SIGMAS = 3;
/** Windows before clipping starts: the first few must be allowed to find the level. */
const CLIP_FROM = 3;
/** Spread below which a history counts as this spread: one call more or less is never three sigmas. */
const VARIANCE_FLOOR = 0.04;

/** Takes the values of a closed window into means and variances, which lie behind each other at `offset`. */
export function updateBaseline(
  state: Float32Array,
  offset: number,
  values: Float32Array,
  features: number,
  windows: number,
): void {
  const weight = Math.max(1 / (windows + 1), DECAY);
  for (let feature = 0; feature < features; feature++) {
    const meanAt = offset + feature;
    const varianceAt = meanAt + features;
    const mean = state[meanAt]!;
    let delta = values[feature]! - mean;
    if (windows >= CLIP_FROM) {
      const limit = CLIP_SIGMAS * Math.sqrt(state[varianceAt]! + VARIANCE_FLOOR);
      delta = Math.max(-limit, Math.min(limit, delta));
    }
    state[meanAt] = mean + weight * delta;
    // West 1979: the incremental form of an exponentially weighted variance.
    state[varianceAt] = windows === 0 ? 0 : (1 - weight) * (state[varianceAt]! + weight * delta * delta);
  }
}

/** Copies means, variances and the number of windows behind the values of a row. */
export function copyBaseline(
  state: Float32Array,
  offset: number,
  features: number,
  windows: number,
  row: Float32Array,
): void {
  for (let index = 0; index < 2 * features; index++) row[features + index] = state[offset + index]!;
  row[3 * features] = windows;
}
