/** What is known of a model beside its file: state, origin, gates, measures. */
import type { JobGate } from './jobs.ts';

export type ModelState = 'candidate' | 'shadow' | 'active' | 'retired' | 'rejected';

export interface ModelRecord {
  readonly version: string;
  readonly state: ModelState;
  readonly createdMs: number;
  /** Last change of state. */
  readonly changedMs: number;
  /** Event time of the data it was trained on; undefined where unknown (an import). */
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly origin: 'schedule' | 'request' | 'upload' | 'import' | 'offline';
  readonly jobId: string | undefined;
  readonly gates: readonly JobGate[];
  /** Rows, entities, score distribution, a shadow's agreement: as the API shows them. */
  readonly measures: Readonly<Record<string, unknown>>;
}
