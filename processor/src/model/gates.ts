/** Checks a candidate must pass before it may judge anyone. */
import { ENTITY_KINDS } from '../features/entity-states.ts';
import type { EntityKind } from '../features/features.ts';
import type { TrainingRows } from './detector-training.ts';
import type { EntityDetector } from './entity-detector.ts';
import type { Model } from './model.ts';

export interface GateResult {
  readonly gate: 'kinds' | 'alert_rate';
  readonly passed: boolean;
  /** What was measured and what was allowed. */
  readonly detail: string;
}

/** Share of the rows it was trained on that a candidate finds rarer than one in ten thousand, per kind. */
export type RareShares = Partial<Record<EntityKind, number>>;

/** Above this share a model would alert on what it was told is normal. */
const MOST_RARE_ROWS = 0.01;
const RARE_NATS = Math.log(10_000);
/** Rows looked at per kind. */
const ROWS_CHECKED = 5000;

/** `active`: the model in use, undefined for the first candidate. */
export function checkGates(candidate: Model, active: Model | undefined, rareShares: RareShares): GateResult[] {
  const judged = ENTITY_KINDS.filter((kind) => candidate.detectors[kind]);
  const lost = ENTITY_KINDS.filter((kind) => active?.detectors[kind] && !candidate.detectors[kind]);
  const shares = ENTITY_KINDS.map((kind) => `${kind} ${((rareShares[kind] ?? 0) * 100).toFixed(2)} %`);
  return [
    {
      gate: 'kinds',
      passed: lost.length === 0 && judged.length > 0,
      detail: lost.length > 0 ? `no longer judges ${lost.join(', ')}` : `judges ${judged.join(', ') || 'nobody'}`,
    },
    {
      gate: 'alert_rate',
      passed: ENTITY_KINDS.every((kind) => (rareShares[kind] ?? 0) <= MOST_RARE_ROWS),
      detail: `${shares.join(', ')} of training rows rarer than 1 in 10 000; at most ${MOST_RARE_ROWS * 100} %`,
    },
  ];
}

/** Share of the rows that a detector finds rarer than one in ten thousand. */
export function rareShare(detector: EntityDetector, { size, width, rows }: TrainingRows): number {
  const step = Math.max(1, Math.floor(size / ROWS_CHECKED));
  let rare = 0;
  let checked = 0;
  for (let row = 0; row < size; row += step) {
    const values = rows.subarray(row * width, (row + 1) * width);
    if (detector.rarity(detector.evaluate(values), values[width - 1]!) > RARE_NATS) rare++;
    checked++;
  }
  return rare / checked;
}
