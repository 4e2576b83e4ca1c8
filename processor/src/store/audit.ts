/** The audit trail: who did what, append only. Erasing a user blanks the pseudonym in it and nothing else. */
import type { Database } from './database.ts';
import { conditions, Listing, type Page, type PageRequest } from './listing.ts';
import { RecordTable } from './record-table.ts';

export interface NewAuditEntry {
  readonly timeMs: number;
  /** Name of the token, or of the Grafana user where the token is trusted to say. */
  readonly actor: string;
  readonly role: string;
  /** Verb and noun: `model.activate`, `feedback.add`, `user.erase`. */
  readonly action: string;
  /** Id of what it was done to; undefined for what has none, and for an erasure. */
  readonly target: string | undefined;
  /** What was asked for; never a secret, never a raw id. */
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface AuditEntry extends NewAuditEntry {
  /** Given by the store, ascending: decimal digits. */
  readonly id: string;
}

export interface AuditFilter {
  /** From this time on. */
  readonly fromMs?: number | undefined;
  /** Before this time. */
  readonly toMs?: number | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly target?: string | undefined;
}

/** What others write together with the change it tells of. */
export const auditTable = new RecordTable<NewAuditEntry>('audit', {
  timeMs: 'whole',
  actor: 'plain',
  role: 'plain',
  action: 'plain',
  target: 'plain',
  detail: 'json',
});

const listing = new Listing({
  select: `SELECT audit.id, ${auditTable.columns} FROM audit`,
  sorts: { time: 'time_ms' },
  key: 'id',
  recordOf: (row): AuditEntry => ({ ...auditTable.recordOf(row), id: String(row['id']) }),
});

export class Audit {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** For what changes no record here; other changes come with their entry. On the disk when it resolves. */
  append(entry: NewAuditEntry): Promise<void> {
    return this.#database.commit(auditTable.insertion(entry));
  }

  /** Sorted by time, the latest first. */
  list(filter: AuditFilter = {}, page: PageRequest<'time'> = {}): Promise<Page<AuditEntry>> {
    const narrowed = conditions({
      'time_ms >= ?': filter.fromMs,
      'time_ms < ?': filter.toMs,
      'actor = ?': filter.actor,
      'action = ?': filter.action,
      'target = ?': filter.target,
    });
    return listing.page(this.#database, narrowed, page);
  }
}
