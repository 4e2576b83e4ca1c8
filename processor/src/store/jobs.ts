/** Jobs: trainings, backtests and imports, which outlive a restart. */
import type { Database } from './database.ts';
import { conditions, Listing, type Page, type PageRequest } from './listing.ts';
import { RecordTable } from './record-table.ts';

/** `interrupted`: it ran when the process died. `rejected`: trained, and did not pass the gates. */
export type JobState = 'running' | 'succeeded' | 'rejected' | 'failed' | 'cancelled' | 'interrupted';

export interface JobGate {
  readonly gate: string;
  readonly passed: boolean;
  readonly detail: string;
}

export interface Job {
  readonly id: string;
  readonly kind: 'training' | 'backtest' | 'import';
  readonly state: JobState;
  /** What it is doing, or did last: `collect`, `train`, `check`. */
  readonly stage: string;
  /** 0..1. */
  readonly progress: number;
  readonly startedMs: number;
  readonly updatedMs: number;
  readonly endedMs: number | undefined;
  /** Name of the token or `schedule`. */
  readonly requestedBy: string;
  /** What was asked for, as the API took it. */
  readonly request: unknown;
  readonly modelVersion: string | undefined;
  readonly gates: readonly JobGate[];
  /** What came of it, such as a backtest's report; undefined where nothing did. */
  readonly result: unknown;
  /** Why it failed and what to do. */
  readonly error: string | undefined;
}

export interface JobFilter {
  readonly kind?: Job['kind'] | undefined;
  readonly state?: JobState | undefined;
}

const table = new RecordTable<Job>('jobs', {
  id: 'plain',
  kind: 'plain',
  state: 'plain',
  stage: 'plain',
  progress: 'plain',
  startedMs: 'whole',
  updatedMs: 'whole',
  endedMs: 'whole',
  requestedBy: 'plain',
  request: 'json',
  modelVersion: 'plain',
  gates: 'json',
  result: 'json',
  error: 'plain',
});

const listing = new Listing({
  select: `SELECT ${table.columns} FROM jobs`,
  sorts: { time: 'started_ms' },
  key: 'id',
  recordOf: (row) => table.recordOf(row),
});

/** A later report of a job never undoes an earlier one: reports and commits go different ways. */
const LATEST = 'WHERE excluded.updated_ms >= jobs.updated_ms';

export class Jobs {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Its beginning or its end: on the disk when it resolves. */
  save(job: Job): Promise<void> {
    return this.#database.commit(table.replacement(job, 'id', LATEST));
  }

  /** Its progress, and an end that nobody waits for: is written with the next batch. */
  report(job: Job): void {
    this.#database.defer({
      ...table.replacement(job, 'id', LATEST),
      table: table.name,
      key: job.id,
      isExpendable: false,
    });
  }

  get(id: string): Promise<Job | undefined> {
    return listing.one(this.#database, conditions({ 'id = ?': id }));
  }

  /** Sorted by the time they started, the latest first. */
  list(filter: JobFilter = {}, page: PageRequest<'time'> = {}): Promise<Page<Job>> {
    return listing.page(this.#database, conditions({ 'kind = ?': filter.kind, 'state = ?': filter.state }), page);
  }
}
