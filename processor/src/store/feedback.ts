/** Feedback: what a person said of an incident. */
import { auditTable, type NewAuditEntry } from './audit.ts';
import type { Database } from './database.ts';
import { type Exclusion, exclusionInsertion, exclusionRemoval, type Scope } from './exclusions.ts';
import { conditions, Listing, type Page, type PageRequest } from './listing.ts';
import { RecordTable } from './record-table.ts';

export interface Feedback extends Scope {
  readonly id: string;
  readonly incidentId: string;
  readonly timeMs: number;
  /** Name of the token, or of the Grafana user where the token is trusted to say. */
  readonly actor: string;
  readonly verdict: 'false_positive' | 'confirmed';
  readonly note: string;
  /** The exclusion that came of it. */
  readonly exclusionId: string | undefined;
  /** When it was taken back; undefined while it holds. */
  readonly withdrawnMs: number | undefined;
}

export interface FeedbackFilter {
  /** From this time on. */
  readonly fromMs?: number | undefined;
  /** Before this time. */
  readonly toMs?: number | undefined;
  readonly incidentId?: string | undefined;
  readonly verdict?: Feedback['verdict'] | undefined;
  /** Whether it was not taken back. */
  readonly holds?: boolean | undefined;
}

const table = new RecordTable<Feedback>('feedback', {
  id: 'plain',
  incidentId: 'plain',
  timeMs: 'whole',
  actor: 'plain',
  verdict: 'plain',
  entity: 'plain',
  endpoint: 'plain',
  behavior: 'plain',
  note: 'plain',
  exclusionId: 'plain',
  withdrawnMs: 'whole',
});

const listing = new Listing({
  select: `SELECT ${table.columns} FROM feedback`,
  sorts: { time: 'time_ms' },
  key: 'id',
  recordOf: (row) => table.recordOf(row),
});

/** Every change is on the disk, with its audit entry, when its promise resolves. */
export class FeedbackBook {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Feedback, and the exclusion that came of it where there is one: all or nothing. */
  add(feedback: Feedback, audit: NewAuditEntry, exclusion?: Exclusion): Promise<void> {
    const extra = exclusion === undefined ? [] : [exclusionInsertion(exclusion)];
    return this.#database.commit(table.insertion(feedback), ...extra, auditTable.insertion(audit));
  }

  /** Takes feedback back, and the exclusion that came of it. */
  withdraw({ id, exclusionId }: Feedback, nowMs: number, audit: NewAuditEntry): Promise<void> {
    const withdrawal = {
      sql: 'UPDATE feedback SET withdrawn_ms = ? WHERE id = ? AND withdrawn_ms IS NULL',
      parameters: [Math.round(nowMs), id],
    };
    const extra = exclusionId === undefined ? [] : [exclusionRemoval(exclusionId)];
    return this.#database.commit(withdrawal, ...extra, auditTable.insertion(audit));
  }

  get(id: string): Promise<Feedback | undefined> {
    return listing.one(this.#database, conditions({ 'id = ?': id }));
  }

  /** Sorted by time, the latest first. */
  list(filter: FeedbackFilter = {}, page: PageRequest<'time'> = {}): Promise<Page<Feedback>> {
    const narrowed = conditions({
      'time_ms >= ?': filter.fromMs,
      'time_ms < ?': filter.toMs,
      'incident_id = ?': filter.incidentId,
      'verdict = ?': filter.verdict,
      '(withdrawn_ms IS NULL) = ?': filter.holds === undefined ? undefined : Number(filter.holds),
    });
    return listing.page(this.#database, narrowed, page);
  }
}
