/** Which rows a candidate may learn from: those in which the approved model sees no sign of an attack. */
import { BehaviorNaming } from '../detection/naming.ts';
import { FEATURE_NAMES, rowWidth } from '../features/features.ts';
import type { TrainingRows } from './detector-training.ts';
import { definitionsOf, type EntityDetector } from './entity-detector.ts';

/**
 * Rarity from which a row whose effect is material is not learned from: one in a thousand, as for windows that are being
 * judged. A row without a material effect is left out from one in a million only: rare is not suspect, and whoever
 * cuts off every tail teaches each model to find more rows rare than the one before.
 */
const SUSPECT_NATS = Math.log(1000);
const UNNAMED_SUSPECT_NATS = Math.log(1e6);

/** The rows that `approved` finds nothing wrong with, in their order. Undefined, it finds nothing wrong with any. */
export function trustedRows(training: TrainingRows, approved: EntityDetector | undefined): TrainingRows {
  if (approved === undefined) return training;
  const isSuspect = suspicionOf(approved);
  const { size, width, rows } = training;
  const trusted: number[] = [];
  for (let row = 0; row < size; row++) {
    if (!isSuspect(rows.subarray(row * width, (row + 1) * width))) trusted.push(row);
  }
  if (trusted.length === size) return training;
  const kept = new Float32Array(trusted.length * width);
  trusted.forEach((row, index) => kept.set(rows.subarray(row * width, (row + 1) * width), index * width));
  return {
    ...training,
    size: trusted.length,
    rows: kept,
    entityHigh: Uint32Array.from(trusted, (row) => training.entityHigh[row]!),
    entityLow: Uint32Array.from(trusted, (row) => training.entityLow[row]!),
  };
}

/**
 * Tells whether a detector finds a row so rare that it must not be learned from. Users and addresses are compared with
 * everybody, whatever they did before: whoever poisons a model has made a habit of it first.
 */
function suspicionOf(detector: EntityDetector): (row: Float32Array) => boolean {
  const { kind, means, variances } = detector.parts;
  const definitions = definitionsOf(kind);
  const features = FEATURE_NAMES[kind].map((name, column) => ({ name, scale: definitions[column]!.scale }));
  const naming = new BehaviorNaming(kind, features, new Set());
  const stranger = new Float32Array(rowWidth(kind));
  return (row) => {
    stranger.set(row);
    if (kind !== 'endpoint') {
      stranger.set(means, features.length);
      stranger.set(variances, 2 * features.length);
      stranger.fill(0, 3 * features.length + 1);
    }
    const rarity = detector.rarityOf(stranger);
    if (rarity < SUSPECT_NATS) return false;
    return rarity >= UNNAMED_SUSPECT_NATS || naming.name(stranger, detector.featureEvidence).isMaterial;
  };
}
