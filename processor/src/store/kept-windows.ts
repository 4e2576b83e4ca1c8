/** Kept windows: the highest one in a hundred of the entity-windows, for backtests. */
import type { Database } from './database.ts';
import type { Entity, EntityKind } from './entity.ts';
import { conditions, Listing, type Page, type PageRequest } from './listing.ts';
import { RecordTable } from './record-table.ts';

export interface KeptWindow extends Entity {
  /** Start of the window, a multiple of 5 min. */
  readonly startMs: number;
  /** Highest evidence in the window, -ln p with what was carried, nats. */
  readonly evidence: number;
  /** Share of normal entity-windows whose highest evidence is as high, 0..1. */
  readonly p: number;
  readonly behavior: string;
  /** Whether a named behaviour reached its minimum effect. */
  readonly isMaterial: boolean;
  readonly service: string;
  /** Endpoint of the call with the highest evidence: template, never a path. */
  readonly endpoint: string;
  /** Top contributing features, strongest first. */
  readonly features: readonly string[];
  readonly modelVersion: string;
  /** When the highest evidence was found. */
  readonly timeMs: number;
  /** Of the evidence, what earlier windows carried as it counts for verdicts, nats. */
  readonly carried: number;
  /** The entity's row at that time, for other models to judge: values, own means and variances, windows. */
  readonly entityRow: readonly number[];
}

const table = new RecordTable<KeptWindow>('kept_windows', {
  startMs: 'whole',
  kind: 'plain',
  entity: 'plain',
  evidence: 'plain',
  p: 'plain',
  behavior: 'plain',
  isMaterial: 'flag',
  service: 'plain',
  endpoint: 'plain',
  features: 'json',
  modelVersion: 'plain',
  timeMs: 'whole',
  carried: 'plain',
  entityRow: 'json',
});

export interface KeptWindowFilter {
  /** From this time on. */
  readonly fromMs?: number | undefined;
  /** Before this time. */
  readonly toMs?: number | undefined;
  readonly kind?: EntityKind | undefined;
  readonly entity?: string | undefined;
  readonly behavior?: string | undefined;
  /** Nats. */
  readonly minEvidence?: number | undefined;
}

const listing = new Listing({
  select: `SELECT ${table.columns}, kind || ' ' || entity AS id FROM kept_windows`,
  sorts: { time: 'start_ms' },
  key: `(kind || ' ' || entity)`,
  recordOf: (row) => table.recordOf(row),
});

/** Rows that a scan holds in memory. */
const SCAN_PAGE = 1000;

export class KeptWindows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Is written with the next batch; of two for the same window the higher evidence stays. Dropped first when the disk fails. */
  add(window: KeptWindow): void {
    const write = table.replacement(
      window,
      'start_ms, kind, entity',
      'WHERE excluded.evidence > kept_windows.evidence',
    );
    this.#database.defer({ ...write, table: table.name, isExpendable: true });
  }

  /** Sorted by time, the earliest first unless said otherwise. */
  list(filter: KeptWindowFilter = {}, page: PageRequest<'time'> = {}): Promise<Page<KeptWindow>> {
    const narrowed = conditions({
      'start_ms >= ?': filter.fromMs,
      'start_ms < ?': filter.toMs,
      'kind = ?': filter.kind,
      'entity = ?': filter.entity,
      'behavior = ?': filter.behavior,
      'evidence >= ?': filter.minEvidence,
    });
    return listing.page(this.#database, narrowed, { order: 'asc', ...page });
  }

  /** All of them in order of time, a page at a time. */
  async *scan(filter: KeptWindowFilter = {}): AsyncGenerator<readonly KeptWindow[]> {
    let cursor: string | undefined;
    do {
      const page: Page<KeptWindow> = await this.list(filter, { cursor, limit: SCAN_PAGE });
      yield page.items;
      cursor = page.next;
    } while (cursor !== undefined);
  }
}
