/** How evidence, in nats, is put together. Pure functions over arrays that the caller owns. */

/**
 * The ordered sum: the strongest plus half the second. A maximum alone cannot tell one odd theme from two, a full sum
 * drowns one loud theme in the noise of many (false positives at recall 0.8: maximum 9.8, full sum 56, this 4.8).
 */
export function orderedSum(values: Float64Array, from: number, to: number): number {
  let strongest = 0;
  let second = 0;
  for (let index = from; index < to; index++) {
    const value = values[index]!;
    if (value > strongest) {
      second = strongest;
      strongest = value;
    } else if (value > second) second = value;
  }
  return strongest + second / 2;
}

/** Rarity above this many nats is carried on: one window in twenty is as rare. */
const CARRY_ABOVE = 3;
/** Share of it that is left a window later. */
const CARRY_SHARE = 0.6;
/** Windows after which nothing of it is left. */
const CARRY_WINDOWS = 12;

/**
 * Persistence: what an entity's earlier windows add to the evidence of this one, so that staying odd weighs more than
 * being odd once. The excess over 3 nats, fading by the window and gone after an hour of silence.
 *
 * @param carried what was carried into the earlier window, nats
 * @param peak highest rarity of the earlier window without it, nats
 * @param windowsSince windows from the earlier one to this one, at least 1
 */
export function carryEvidence(carried: number, peak: number, windowsSince: number): number {
  if (windowsSince > CARRY_WINDOWS) return 0;
  return (carried + Math.max(0, peak - CARRY_ABOVE)) * CARRY_SHARE ** windowsSince;
}

/** Score in 0..1 of a rarity: min(1, -log10(p) / 6), where `nats` is -ln p. */
export const scoreOf = (nats: number): number => Math.max(0, Math.min(1, nats / Math.LN10 / 6));

/** The other way round: -ln p in nats of a score in 0..1; the least that it stands for where that is 1. */
export const rarityOf = (score: number): number => score * 6 * Math.LN10;
