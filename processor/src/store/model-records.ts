/** What is known of a model beside its file: state, origin, gates, measures. */
import { auditTable, type NewAuditEntry } from './audit.ts';
import type { Database } from './database.ts';
import type { JobGate } from './jobs.ts';
import { conditions, Listing, type Page, type PageRequest } from './listing.ts';
import { RecordTable } from './record-table.ts';

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

/** A model that changes its state. */
export interface StateChange {
  readonly version: string;
  readonly state: ModelState;
}

const table = new RecordTable<ModelRecord>('models', {
  version: 'plain',
  state: 'plain',
  createdMs: 'whole',
  changedMs: 'whole',
  fromMs: 'whole',
  toMs: 'whole',
  origin: 'plain',
  jobId: 'plain',
  gates: 'json',
  measures: 'json',
});

const listing = new Listing({
  select: `SELECT ${table.columns} FROM models`,
  sorts: { time: 'created_ms' },
  key: 'version',
  recordOf: (row) => table.recordOf(row),
});

/** Every change is on the disk when its promise resolves. */
export class ModelRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  save(model: ModelRecord): Promise<void> {
    return this.#database.commit(table.replacement(model, 'version'));
  }

  /**
   * Changes states together, such as one model to active and the one before to retired. `audit`: who did it; undefined
   * for what the service did by itself. A version without a record is passed over.
   */
  change(changes: readonly StateChange[], nowMs: number, audit?: NewAuditEntry): Promise<void> {
    const updates = changes.map(({ version, state }) => ({
      sql: 'UPDATE models SET state = ?, changed_ms = ? WHERE version = ?',
      parameters: [state, Math.round(nowMs), version],
    }));
    return this.#database.commit(...updates, ...(audit === undefined ? [] : [auditTable.insertion(audit)]));
  }

  remove(version: string, audit: NewAuditEntry): Promise<void> {
    const removal = { sql: 'DELETE FROM models WHERE version = ?', parameters: [version] };
    return this.#database.commit(removal, auditTable.insertion(audit));
  }

  get(version: string): Promise<ModelRecord | undefined> {
    return listing.one(this.#database, conditions({ 'version = ?': version }));
  }

  /** Sorted by the time they were made, the latest first. */
  list(state?: ModelState, page: PageRequest<'time'> = {}): Promise<Page<ModelRecord>> {
    return listing.page(this.#database, conditions({ 'state = ?': state }), page);
  }
}
