/**
 * What each feature contributes to the evidence of a row. Evidence is put together in steps (features to themes, themes
 * with their forests, two themes to a sum, the sum to its rarity), and each step shares its result among its parts in
 * proportion to what they put in. What was carried adds to the rarity; so the contributions add up to the evidence.
 */
import { type EntityDetector, themesOf } from './entity-detector.ts';

export interface Contributions {
  /** Per column, nats. */
  readonly features: Float64Array;
  /** Of what earlier windows carried, nats. */
  readonly carried: number;
}

/**
 * Of the row that `detector` evaluated last.
 *
 * @param nats the entity's evidence, with what was carried: what is shared out
 * @param carried what earlier windows added to it, nats
 */
export function contributionsOf(
  detector: EntityDetector,
  row: Float32Array,
  nats: number,
  carried: number,
): Contributions {
  const { featureEvidence, themeEvidence, forestNats, parts } = detector;
  const features = new Float64Array(featureEvidence.length);
  const [strongest, second] = twoLargest(themeEvidence);
  const fused = evidenceAt(themeEvidence, strongest) + evidenceAt(themeEvidence, second) / 2;
  // Nothing was found in the row itself: whatever evidence there is came with it.
  if (fused === 0) return { features, carried: nats };
  const scale = (nats - carried) / fused;
  const themes = themesOf(parts.kind);
  for (const [theme, weight] of [
    [strongest, scale],
    [second, scale / 2],
  ] as const) {
    if (theme < 0) continue;
    const { columns } = themes[theme]!;
    const tails = tailShares(columns, featureEvidence);
    const forest = forestNats[theme]! > 0 ? forestShares(detector, theme, columns, row) : undefined;
    columns.forEach((column, index) => {
      const byTails = (themeEvidence[theme]! - forestNats[theme]!) * tails[index]!;
      const byForest = forestNats[theme]! * (forest ?? tails)[index]!;
      features[column]! += weight * (byTails + byForest);
    });
  }
  return { features, carried };
}

/** Places of the two largest evidences above zero, -1 where there is none. */
function twoLargest(evidence: Float64Array): [number, number] {
  let first = -1;
  let second = -1;
  evidence.forEach((nats, place) => {
    if (nats > evidenceAt(evidence, first)) {
      second = first;
      first = place;
    } else if (nats > evidenceAt(evidence, second)) second = place;
  });
  return [first, second];
}

const evidenceAt = (evidence: Float64Array, place: number): number => (place < 0 ? 0 : evidence[place]!);

/** Shares of a theme's features in their ordered sum: of the strongest one, and of half of the second. */
function tailShares(columns: readonly number[], evidence: Float64Array): Float64Array {
  const ofTheme = Float64Array.from(columns, (column) => evidence[column]!);
  const [first, second] = twoLargest(ofTheme);
  const sum = evidenceAt(ofTheme, first) + evidenceAt(ofTheme, second) / 2;
  return ofTheme.map((nats, index) => {
    if (index === first) return nats / sum;
    return index === second ? nats / 2 / sum : 0;
  });
}

/** Shares by how much the splits of each feature, by its value and its distance, shortened the paths in the theme's forest. */
function forestShares(
  detector: EntityDetector,
  theme: number,
  columns: readonly number[],
  row: Float32Array,
): Float64Array | undefined {
  const forest = detector.parts.forests[theme]!;
  const distances = new Float32Array(detector.featureEvidence.length);
  detector.measureDistances(row, distances);
  const seen = new Float64Array(forest.columns);
  detector.themeRow(theme, row, distances, seen, 0);
  const lengths = new Float64Array(forest.columns);
  forest.contributions(seen, 0, lengths);
  let place = 0;
  const shortened = Float64Array.from(columns, (column) => {
    let shorter = -lengths[place++]!;
    if (detector.isRelative(column)) shorter -= lengths[place++]!;
    return Math.max(0, shorter);
  });
  const sum = shortened.reduce((total, shorter) => total + shorter, 0);
  return sum === 0 ? undefined : shortened.map((shorter) => shorter / sum);
}
