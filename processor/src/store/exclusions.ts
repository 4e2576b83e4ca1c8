/** Exclusions: what is not to alert, for a time. */
import { auditTable, type NewAuditEntry } from './audit.ts';
import type { Database } from './database.ts';
import { conditions, Listing, type Page, type PageRequest } from './listing.ts';
import { RecordTable, type Statement } from './record-table.ts';

/** What feedback or an exclusion is about; a part left out stands for all. */
export interface Scope {
  /** Pseudonym, or `{service} {endpoint}`. */
  readonly entity: string | undefined;
  readonly endpoint: string | undefined;
  readonly behavior: string | undefined;
}

export interface Exclusion extends Scope {
  readonly id: string;
  readonly createdMs: number;
  /** Every exclusion ends. */
  readonly expiresMs: number;
  /** `operator`: set by hand; `feedback`: came of a false positive. */
  readonly source: 'operator' | 'feedback';
  readonly feedbackId: string | undefined;
  readonly actor: string;
  readonly note: string;
}

export interface ExclusionFilter {
  /** Only those in force at this time. */
  readonly atMs?: number | undefined;
  readonly source?: Exclusion['source'] | undefined;
}

const table = new RecordTable<Exclusion>('exclusions', {
  id: 'plain',
  entity: 'plain',
  endpoint: 'plain',
  behavior: 'plain',
  createdMs: 'whole',
  expiresMs: 'whole',
  source: 'plain',
  feedbackId: 'plain',
  actor: 'plain',
  note: 'plain',
});

const listing = new Listing({
  select: `SELECT ${table.columns} FROM exclusions`,
  sorts: { time: 'created_ms' },
  key: 'id',
  recordOf: (row) => table.recordOf(row),
});

export const exclusionInsertion = (exclusion: Exclusion): Statement => table.insertion(exclusion);

export const exclusionRemoval = (id: string): Statement => ({
  sql: 'DELETE FROM exclusions WHERE id = ?',
  parameters: [id],
});

/** Every change is on the disk, with its audit entry, when its promise resolves. */
export class Exclusions {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add(exclusion: Exclusion, audit: NewAuditEntry): Promise<void> {
    return this.#database.commit(exclusionInsertion(exclusion), auditTable.insertion(audit));
  }

  remove(id: string, audit: NewAuditEntry): Promise<void> {
    return this.#database.commit(exclusionRemoval(id), auditTable.insertion(audit));
  }

  get(id: string): Promise<Exclusion | undefined> {
    return listing.one(this.#database, conditions({ 'id = ?': id }));
  }

  /** Sorted by the time they were made, the latest first. */
  list(filter: ExclusionFilter = {}, page: PageRequest<'time'> = {}): Promise<Page<Exclusion>> {
    const narrowed = conditions({
      'created_ms <= ?': filter.atMs,
      'expires_ms > ?': filter.atMs,
      'source = ?': filter.source,
    });
    return listing.page(this.#database, narrowed, page);
  }
}
