/** The features that say most about an entity, as its scores keep them: columns, strongest first. */
import { type EntityKind, FEATURE_NAMES } from '../features/features.ts';
import { type EntityScores, TOP_FEATURES } from './entity-scores.ts';

/** Fills the places of top features where fewer features say anything. */
const NO_COLUMN = 255;

/** Names of a slot's top features, strongest first. */
export function topFeaturesOf(kind: EntityKind, { topFeatures }: EntityScores, slot: number): string[] {
  const from = slot * TOP_FEATURES;
  return Array.from(topFeatures.subarray(from, from + TOP_FEATURES))
    .filter((column) => column !== NO_COLUMN)
    .map((column) => FEATURE_NAMES[kind][column]!);
}

/** The column with the most evidence. */
export function strongest(evidence: Float64Array): number {
  let best = 0;
  for (let column = 1; column < evidence.length; column++) if (evidence[column]! > evidence[best]!) best = column;
  return best;
}

/** Columns of the TOP_FEATURES largest evidences that are above zero. */
export function noteTop(evidence: Float64Array, out: Uint8Array, offset: number): void {
  let ceiling = Number.POSITIVE_INFINITY;
  let ceilingColumn = -1;
  for (let place = 0; place < TOP_FEATURES; place++) {
    let best = NO_COLUMN;
    let bestNats = 0;
    for (let column = 0; column < evidence.length; column++) {
      const nats = evidence[column]!;
      const isTaken = nats > ceiling || (nats === ceiling && column <= ceilingColumn);
      if (!isTaken && nats > bestNats) {
        best = column;
        bestNats = nats;
      }
    }
    out[offset + place] = best;
    if (best === NO_COLUMN) {
      out.fill(NO_COLUMN, offset + place, offset + TOP_FEATURES);
      return;
    }
    ceiling = bestNats;
    ceilingColumn = best;
  }
}
