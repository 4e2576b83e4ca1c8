/** One training run: from samples of rows to a serialised model. Runs in the training worker; pure. */
import type { EntityKind } from '../features/features.ts';
import { type ForestSettings, trainDetector, type TrainingRows } from './detector-training.ts';
import type { EntityDetector } from './entity-detector.ts';
import { rareShare, type RareShares } from './gates.ts';
import { Model } from './model.ts';

export interface TrainingInput {
  version: string;
  trainedAtSeconds: number;
  settings: ForestSettings;
  kinds: TrainingRows[];
}

export interface TrainingResult {
  /** The serialised model. */
  model: ArrayBuffer;
  version: string;
  /** For the gate on the alert rate. */
  rareShares: RareShares;
}

export function train(input: TrainingInput): TrainingResult {
  const detectors: Partial<Record<EntityKind, EntityDetector>> = {};
  const rows: Record<EntityKind, number> = { user: 0, address: 0, endpoint: 0 };
  const entities: Record<EntityKind, number> = { user: 0, address: 0, endpoint: 0 };
  const rareShares: RareShares = {};
  for (const training of input.kinds) {
    rows[training.kind] = training.size;
    entities[training.kind] = countEntities(training);
    const detector = trainDetector(training, input.settings);
    if (detector === undefined) continue;
    detectors[training.kind] = detector;
    rareShares[training.kind] = rareShare(detector, training);
  }
  const { version, trainedAtSeconds, settings } = input;
  const model = new Model({ version, trainedAtSeconds, rows, entities, seed: settings.seed }, detectors);
  return { model: model.serialise(), version, rareShares };
}

function countEntities({ size, entityHigh, entityLow }: TrainingRows): number {
  const keys = new Set<string>();
  for (let row = 0; row < size; row++) keys.add(`${entityHigh[row]}:${entityLow[row]}`);
  return keys.size;
}
