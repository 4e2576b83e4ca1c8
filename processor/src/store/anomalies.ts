/** Anomalies: spans whose verdict was true. */
import type { Database } from './database.ts';
import type { Entity, EntityKind, Severity } from './entity.ts';
import { conditions, Listing, type Page, type PageRequest } from './listing.ts';
import { RecordTable } from './record-table.ts';

export interface NewAnomaly extends Entity {
  /** Start of the span. */
  readonly timeMs: number;
  /** Pseudonyms of who called, whichever entity was judged; undefined where unknown. */
  readonly user: string | undefined;
  readonly address: string | undefined;
  readonly service: string;
  /** Template, never a path. */
  readonly endpoint: string;
  readonly behavior: string;
  readonly severity: Severity;
  /** 0..1. */
  readonly score: number;
  /** Nats. */
  readonly evidence: number;
  readonly reason: string;
  /** Top contributing features, strongest first. */
  readonly features: readonly string[];
  /** Hex; empty where the span had none. */
  readonly traceId: string;
  readonly spanId: string;
  /** HTTP status or gRPC code; undefined where unknown. */
  readonly statusCode: number | undefined;
  readonly durationMs: number;
  readonly incidentId: string | undefined;
  readonly modelVersion: string;
}

export interface Anomaly extends NewAnomaly {
  /** Given by the store, ascending in the order of writing: decimal digits. */
  readonly id: string;
  /** Of its incident: highest score per 5-minute window, oldest first; empty where that is not on record. */
  readonly series: readonly number[];
}

/** What a list is narrowed to; what is left out does not narrow it. */
export interface AnomalyFilter {
  /** From this time on. */
  readonly fromMs?: number | undefined;
  /** Before this time. */
  readonly toMs?: number | undefined;
  readonly kind?: EntityKind | undefined;
  readonly entity?: string | undefined;
  readonly service?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly behavior?: string | undefined;
  readonly severity?: Severity | undefined;
  readonly minScore?: number | undefined;
  readonly incidentId?: string | undefined;
}

const table = new RecordTable<NewAnomaly>('anomalies', {
  timeMs: 'whole',
  kind: 'plain',
  entity: 'plain',
  user: 'plain',
  address: 'plain',
  service: 'plain',
  endpoint: 'plain',
  behavior: 'plain',
  severity: 'plain',
  score: 'plain',
  evidence: 'plain',
  reason: 'plain',
  features: 'json',
  traceId: 'plain',
  spanId: 'plain',
  statusCode: 'whole',
  durationMs: 'plain',
  incidentId: 'plain',
  modelVersion: 'plain',
});

const SERIES = '(SELECT series FROM incidents WHERE incidents.id = anomalies.incident_id)';

const listing = new Listing({
  select: `SELECT anomalies.id, ${table.columns}, ${SERIES} AS series FROM anomalies`,
  sorts: { time: 'time_ms', score: 'score' },
  key: 'id',
  recordOf: (row): Anomaly => ({
    ...table.recordOf(row),
    id: String(row['id']),
    series: JSON.parse(String(row['series'] ?? '[]')) as number[],
  }),
});

/** Ids are row numbers. */
const ID = /^[1-9]\d{0,14}$/;

export class Anomalies {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Is written with the next batch, and dropped first when the disk fails for long. */
  add(anomaly: NewAnomaly): void {
    this.#database.defer({ ...table.insertion(anomaly), table: table.name, isExpendable: true });
  }

  async get(id: string): Promise<Anomaly | undefined> {
    return ID.test(id) ? listing.one(this.#database, conditions({ 'id = ?': Number(id) })) : undefined;
  }

  /** Sorted by `time` (the default) or `score`, the latest or highest first. */
  list(filter: AnomalyFilter = {}, page: PageRequest<'time' | 'score'> = {}): Promise<Page<Anomaly>> {
    const narrowed = conditions({
      'time_ms >= ?': filter.fromMs,
      'time_ms < ?': filter.toMs,
      'kind = ?': filter.kind,
      'entity = ?': filter.entity,
      'service = ?': filter.service,
      'endpoint = ?': filter.endpoint,
      'behavior = ?': filter.behavior,
      'severity = ?': filter.severity,
      'score >= ?': filter.minScore,
      'incident_id = ?': filter.incidentId,
    });
    return listing.page(this.#database, narrowed, page);
  }
}
