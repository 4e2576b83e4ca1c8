/** One training run: from samples of rows to a serialised model and what the gates say of it. Runs in the training worker; pure. */
import type { EntityKind } from '../features/features.ts';
import { type Approved, type CandidateMeasures, countEntities, measureCandidate } from './candidate-measures.ts';
import { type ForestSettings, trainDetector, type TrainingRows } from './detector-training.ts';
import type { EntityDetector } from './entity-detector.ts';
import { checkGates, type GateContext, type GateResult } from './gates.ts';
import { Model } from './model.ts';
import { trustedRows } from './trusted-rows.ts';

export interface TrainingInput extends GateContext {
  readonly version: string;
  readonly trainedAtSeconds: number;
  readonly settings: ForestSettings;
  readonly kinds: readonly TrainingRows[];
  /** p from which the budget flags. */
  readonly thresholds: Readonly<Record<EntityKind, number>>;
  /** The approved model, serialised: what it finds suspect is not learned from. Undefined before the first model. */
  readonly approved: ArrayBuffer | undefined;
}

export interface TrainingResult {
  /** The serialised model. */
  readonly model: ArrayBuffer;
  readonly version: string;
  readonly gates: readonly GateResult[];
  /** Share of the rows trained on whose score is in each tenth of 0..1, lowest first. */
  readonly scores: Readonly<Partial<Record<EntityKind, readonly number[]>>>;
}

/** `onProgress` is told the share that is done, 0..1, after every entity kind. */
export function train(input: TrainingInput, onProgress: (share: number) => void = () => {}): TrainingResult {
  const approvedModel = input.approved && Model.from(new Uint8Array(input.approved));
  const detectors: Partial<Record<EntityKind, EntityDetector>> = {};
  const rows: Record<EntityKind, number> = { user: 0, address: 0, endpoint: 0 };
  const entities: Record<EntityKind, number> = { user: 0, address: 0, endpoint: 0 };
  const measures: CandidateMeasures[] = [];
  for (const [index, offered] of input.kinds.entries()) {
    onProgress(index / input.kinds.length);
    const { kind } = offered;
    const approved = approvedOf(approvedModel, kind);
    const training = trustedRows(offered, approved?.detector);
    rows[kind] = training.size;
    entities[kind] = countEntities(training);
    const detector = trainDetector(training, input.settings);
    if (detector === undefined) continue;
    detectors[kind] = detector;
    measures.push(measureCandidate(detector, training, offered.size - training.size, input.thresholds[kind], approved));
  }
  const { version, trainedAtSeconds, settings } = input;
  const model = new Model({ version, trainedAtSeconds, rows, entities, seed: settings.seed }, detectors);
  const scores = Object.fromEntries(measures.map((measure) => [measure.kind, measure.scores]));
  return { model: model.serialise(), version, gates: checkGates(measures, input), scores };
}

function approvedOf(model: Model | undefined, kind: EntityKind): Approved | undefined {
  const detector = model?.detectors[kind];
  return model && detector && { detector, rows: model.provenance.rows[kind] };
}
