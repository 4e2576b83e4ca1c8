/** Incidents: consecutive anomalies of one entity, with what a person needs to judge them. */
import type { Database } from './database.ts';
import type { Entity, EntityKind, Severity } from './entity.ts';
import type { Feedback } from './feedback.ts';
import { type Conditions, conditions, Listing, type Page, type PageRequest } from './listing.ts';
import { RecordTable, type Row } from './record-table.ts';

/** Requests kept of one incident at most. */
export const MOST_REQUESTS = 100;

export interface IncidentRequest {
  readonly timeMs: number;
  readonly service: string;
  /** Template, never a path. */
  readonly endpoint: string;
  /** Hex. */
  readonly traceId: string;
  readonly spanId: string;
  /** HTTP status or gRPC code; undefined where unknown. */
  readonly statusCode?: number;
  readonly durationMs: number;
  /** 0..1. */
  readonly score: number;
  /** Pseudonym of the caller, by which the request is found when the user is erased; undefined where unknown. */
  readonly user?: string;
}

/** Where a value lies among values of the same feature, all in the feature's unit. */
export interface FeatureRange {
  readonly p5: number;
  readonly p50: number;
  readonly p95: number;
  /** Of the observed value, 0..100. */
  readonly percentile: number;
}

export interface FeatureExplanation {
  readonly name: string;
  readonly unit: string;
  readonly direction: 'above' | 'below';
  readonly observed: number;
  readonly expected: number;
  /** Of the entity's own history; undefined where there is too little. */
  readonly own?: FeatureRange;
  /** Of entities of its kind. */
  readonly peers?: FeatureRange;
  /** What it contributes to the evidence, nats. */
  readonly nats: number;
  /** The same as a share of the evidence, 0..1; what is missing to 1 was carried over from earlier windows. */
  readonly share: number;
}

export interface Incident extends Entity {
  readonly id: string;
  readonly startMs: number;
  /** Latest anomaly. */
  readonly lastMs: number;
  /** Undefined while it is open. */
  readonly closedMs: number | undefined;
  /** Dominant behaviour. */
  readonly behavior: string;
  /** Anomalies per behaviour. */
  readonly behaviors: Readonly<Record<string, number>>;
  readonly severity: Severity;
  /** Highest so far, 0..1. */
  readonly score: number;
  /** Highest so far, nats. */
  readonly evidence: number;
  /** Sentence of the most unusual anomaly. */
  readonly reason: string;
  readonly anomalies: number;
  /** Of the most unusual anomaly. */
  readonly service: string;
  readonly endpoint: string;
  readonly modelVersion: string;
  /** Highest score per 5-minute window, oldest first, at most 48; for a sparkline. */
  readonly series: readonly number[];
}

/** What is read of one incident alone, and not in lists. */
export interface IncidentDetail {
  /** In order of time, at most `MOST_REQUESTS`: the first and the most unusual. */
  readonly requests: readonly IncidentRequest[];
  /** Of the most unusual anomaly, strongest first. */
  readonly features: readonly FeatureExplanation[];
}

export type FullIncident = Incident & IncidentDetail;

/** An incident as lists show it. */
export interface ListedIncident extends Incident {
  /** What was said of it last and not taken back. */
  readonly verdict: Feedback['verdict'] | undefined;
}

export type ReadIncident = ListedIncident & IncidentDetail;

/** What a list is narrowed to; what is left out does not narrow it. */
export interface IncidentFilter {
  /** Still going on at this time or after. */
  readonly fromMs?: number | undefined;
  /** Begun before this time. */
  readonly toMs?: number | undefined;
  readonly kind?: EntityKind | undefined;
  readonly entity?: string | undefined;
  readonly service?: string | undefined;
  readonly endpoint?: string | undefined;
  /** Dominant behaviour. */
  readonly behavior?: string | undefined;
  readonly severity?: Severity | undefined;
  readonly minScore?: number | undefined;
  readonly isOpen?: boolean | undefined;
  /** `none`: nothing was said of it. */
  readonly verdict?: Feedback['verdict'] | 'none' | undefined;
}

const table = new RecordTable<Incident>('incidents', {
  id: 'plain',
  kind: 'plain',
  entity: 'plain',
  startMs: 'whole',
  lastMs: 'whole',
  closedMs: 'whole',
  behavior: 'plain',
  behaviors: 'json',
  severity: 'plain',
  score: 'plain',
  evidence: 'plain',
  reason: 'plain',
  anomalies: 'whole',
  service: 'plain',
  endpoint: 'plain',
  modelVersion: 'plain',
  series: 'json',
});

const VERDICT = `(SELECT verdict FROM feedback WHERE incident_id = incidents.id AND withdrawn_ms IS NULL
  ORDER BY time_ms DESC, feedback.id DESC LIMIT 1)`;

const readOf = (row: Row): ListedIncident => ({
  ...table.recordOf(row),
  verdict: (row['verdict'] ?? undefined) as ListedIncident['verdict'],
});

const listing = new Listing({
  select: `SELECT ${table.columns}, ${VERDICT} AS verdict FROM incidents`,
  sorts: { time: 'start_ms', score: 'score' },
  key: 'id',
  recordOf: readOf,
});

const whole = new Listing({
  select: `SELECT ${table.columns}, requests, features, ${VERDICT} AS verdict FROM incidents`,
  sorts: { time: 'start_ms' },
  key: 'id',
  recordOf: (row): ReadIncident => ({
    ...readOf(row),
    requests: JSON.parse(String(row['requests'])) as IncidentRequest[],
    features: JSON.parse(String(row['features'])) as FeatureExplanation[],
  }),
});

const full = new RecordTable<FullIncident>('incidents', { ...table.codecs, requests: 'json', features: 'json' });

export class Incidents {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Is written with the next batch, whole: it takes the place of what was saved of the incident before. Of more than
   * `MOST_REQUESTS` requests the first half of that and the most unusual of the others are kept.
   */
  save(incident: FullIncident): void {
    const bounded = { ...incident, requests: boundedRequests(incident.requests) };
    const write = full.replacement(bounded, 'id');
    this.#database.defer({ ...write, table: table.name, key: incident.id, isExpendable: false });
  }

  get(id: string): Promise<ReadIncident | undefined> {
    return whole.one(this.#database, conditions({ 'id = ?': id }));
  }

  /** Sorted by `time` (of their start, the default) or `score`, the latest or highest first. */
  list(filter: IncidentFilter = {}, page: PageRequest<'time' | 'score'> = {}): Promise<Page<ListedIncident>> {
    return listing.page(this.#database, narrowed(filter), page);
  }

  /** As `list`, with requests and features: for restoring the open ones after a restart, and for previews. */
  listWhole(filter: IncidentFilter = {}, page: PageRequest<'time'> = {}): Promise<Page<ReadIncident>> {
    return whole.page(this.#database, narrowed(filter), page);
  }

  /** How many there are. */
  async count(filter: IncidentFilter = {}): Promise<number> {
    const { where, parameters } = narrowed(filter);
    const [row] = await this.#database.read({ sql: `SELECT count(*) AS count FROM incidents${where}`, parameters });
    return Number(row?.['count']);
  }
}

function narrowed(filter: IncidentFilter): Conditions {
  const { verdict, isOpen } = filter;
  return conditions({
    'last_ms >= ?': filter.fromMs,
    'start_ms < ?': filter.toMs,
    'kind = ?': filter.kind,
    'entity = ?': filter.entity,
    'service = ?': filter.service,
    'endpoint = ?': filter.endpoint,
    'behavior = ?': filter.behavior,
    'severity = ?': filter.severity,
    'score >= ?': filter.minScore,
    '(closed_ms IS NULL) = ?': isOpen === undefined ? undefined : Number(isOpen),
    [`coalesce(${VERDICT}, 'none') = ?`]: verdict,
  });
}

/** In order of time: the first ones show how it began, the most unusual ones what it was. */
function boundedRequests(requests: readonly IncidentRequest[]): readonly IncidentRequest[] {
  if (requests.length <= MOST_REQUESTS) return requests;
  const inOrder = requests.toSorted((one, other) => one.timeMs - other.timeMs);
  const first = inOrder.slice(0, MOST_REQUESTS / 2);
  const unusual = inOrder.slice(first.length).toSorted((one, other) => other.score - one.score);
  return [...first, ...unusual.slice(0, MOST_REQUESTS - first.length)].toSorted(
    (one, other) => one.timeMs - other.timeMs,
  );
}
