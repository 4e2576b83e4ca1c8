/** What is known of a model when it is made, and never changes: kept with its bytes. */
import type { EntityKind } from '../features/features.ts';
import type { ModelFile } from '../store/files.ts';
import type { ModelRecord } from '../store/model-records.ts';
import type { GateResult } from './gates.ts';
import type { Provenance } from './model.ts';

/** `rejected`: a gate was not passed; the model is kept and never promotes itself. */
export type ModelOutcome = 'promoted' | 'candidate' | 'rejected';

export interface ModelHeader
  extends Provenance, Pick<ModelRecord, 'createdMs' | 'fromMs' | 'toMs' | 'origin' | 'jobId'> {
  readonly outcome: ModelOutcome;
  readonly gates: readonly GateResult[];
  /** Share of the training rows whose score is in each tenth of 0..1, lowest first. */
  readonly scores: Readonly<Partial<Record<EntityKind, readonly number[]>>>;
}

const NONE: Readonly<Record<EntityKind, number>> = { user: 0, address: 0, endpoint: 0 };

/** The header of a kept model; what an older version did not write is unknown. */
export function modelHeaderOf({ version, header, isRejected }: ModelFile): ModelHeader {
  const written = header as Partial<ModelHeader>;
  const trainedAtSeconds = written.trainedAtSeconds ?? 0;
  return {
    version,
    trainedAtSeconds,
    rows: written.rows ?? NONE,
    entities: written.entities ?? NONE,
    seed: written.seed ?? 0,
    createdMs: written.createdMs ?? 1000 * trainedAtSeconds,
    fromMs: written.fromMs,
    toMs: written.toMs,
    origin: written.origin ?? 'schedule',
    jobId: written.jobId,
    outcome: isRejected ? 'rejected' : written.outcome === 'promoted' ? 'promoted' : 'candidate',
    gates: written.gates ?? [],
    scores: written.scores ?? {},
  };
}
