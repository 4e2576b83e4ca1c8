/** Answers of the control API, as its OpenAPI document describes them. Times are RFC 3339, scores 0..1, evidence in nats. */

export type EntityKind = 'user' | 'address' | 'endpoint';
export type Severity = 'low' | 'medium' | 'high' | 'critical';
export type Verdict = 'false_positive' | 'confirmed';

export interface Page<Row> {
  readonly items: readonly Row[];
  /** `cursor` of the next page; null at the end. */
  readonly next_cursor: string | null;
}

export interface Status {
  readonly version: string;
  readonly started: string;
  readonly uptime_seconds: number;
  /** Whether spans are welcome. */
  readonly ready: boolean;
  /** Null while learning. */
  readonly model: { readonly version: string; readonly trained: string | null; readonly rows: number } | null;
  readonly learning: {
    readonly progress: number;
    readonly eta_seconds: number | null;
    /** Id of the training under way. */
    readonly training: string | null;
  };
  readonly throughput: {
    readonly spans: number;
    readonly unscored: number;
    readonly spans_per_second: number;
    readonly bytes_in_flight: number;
  };
  readonly coverage: { readonly user: number | null; readonly route: number | null };
  readonly sampled: number | null;
  /** Population stability index. */
  readonly drift: number | null;
  readonly incidents_open: number;
  readonly limits: ReadonlyArray<{
    readonly option: string;
    readonly limit: number;
    readonly used: number;
    readonly hits: number;
  }>;
  readonly config: {
    readonly loaded: string;
    readonly success: boolean;
    readonly mistakes: readonly string[];
    readonly pending: readonly string[];
  };
}

/** What anomalies and incidents have in common. */
interface Finding {
  readonly id: string;
  readonly kind: EntityKind;
  /** Pseudonym of a user or an address; service and endpoint of an endpoint. */
  readonly entity: string;
  readonly service: string;
  /** Template, never a path. */
  readonly endpoint: string;
  readonly behavior: string;
  readonly severity: Severity;
  readonly owasp: string | null;
  readonly score: number;
  readonly evidence: number;
  readonly reason: string;
  readonly model_version: string;
}

export interface Anomaly extends Finding {
  readonly time: string;
  readonly user: string | null;
  readonly address: string | null;
  readonly features: readonly string[];
  readonly trace_id: string;
  readonly span_id: string;
  readonly status_code: number | null;
  readonly duration_ms: number | null;
  readonly incident: string | null;
  /** Of its incident: highest score of each five minutes, oldest first. */
  readonly series: readonly number[];
}

export interface Incident extends Finding {
  readonly open: boolean;
  readonly start: string;
  /** Latest anomaly. */
  readonly last: string;
  readonly closed: string | null;
  readonly behaviors: Readonly<Record<string, number>>;
  readonly anomalies: number;
  readonly feedback: Verdict | null;
  /** Highest score of each five minutes, oldest first. */
  readonly series: readonly number[];
}

export interface IncidentRequest {
  readonly time: string;
  readonly service: string;
  readonly endpoint: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly status_code: number | null;
  readonly duration_ms: number | null;
  readonly score: number;
}

export interface FeatureRange {
  readonly p5: number;
  readonly p50: number;
  readonly p95: number;
  /** Of the observed value, 0..100. */
  readonly percentile: number;
}

export interface FeatureExplanation {
  readonly name: string;
  /** UCUM, such as `1`, `By`, `ms`, `nats`. */
  readonly unit: string;
  readonly direction: 'above' | 'below';
  readonly observed: number | null;
  readonly expected: number | null;
  readonly own: FeatureRange | null;
  readonly peers: FeatureRange | null;
  readonly nats: number | null;
}

export interface GivenFeedback {
  readonly id: string;
  readonly verdict: Verdict;
  readonly time: string;
  readonly actor: string;
  readonly note: string;
  readonly exclusion: string | null;
  readonly withdrawn: string | null;
}

export interface FullIncident extends Incident {
  readonly feedback_given: readonly GivenFeedback[];
  readonly requests: readonly IncidentRequest[];
  readonly features: readonly FeatureExplanation[];
}

export interface User {
  /** Pseudonym. */
  readonly user: string;
  readonly score: number;
  readonly evidence: number | null;
  readonly behavior: string | null;
  /** In the latest five minutes with calls. */
  readonly calls: number;
  /** Five-minute windows with calls that are over. */
  readonly windows: number;
  readonly last: string;
  /** Attribute that identifies it. */
  readonly identity: string | null;
  readonly mature: boolean;
  /** Active windows by hour of the day, UTC. */
  readonly series: readonly number[];
}

export interface UserProfile extends User {
  /** Active windows by hour of the week from Monday 0 h UTC: 168 numbers. */
  readonly usual_week: readonly number[];
  readonly hour_now: number;
  readonly endpoints: ReadonlyArray<{ readonly service: string; readonly endpoint: string; readonly share: number }>;
  readonly features: ReadonlyArray<{
    readonly name: string;
    readonly unit: string;
    readonly observed: number | null;
    readonly usual: number | null;
  }>;
}

interface EndpointMeasures {
  /** In five minutes. */
  readonly calls: number | null;
  /** Share of calls, 0..1. */
  readonly server_errors: number | null;
  readonly client_errors: number | null;
  readonly duration_ms: number | null;
}

export interface Endpoint {
  readonly service: string;
  readonly endpoint: string;
  readonly score: number;
  readonly behavior: string | null;
  readonly windows: number;
  readonly now: EndpointMeasures;
  readonly usual: EndpointMeasures & { readonly response_bytes: number | null };
  /** Highest scores of late, oldest first. */
  readonly series: readonly number[];
}

export interface Gate {
  readonly gate: string;
  readonly passed: boolean;
  readonly detail: string;
}

export type ModelState = 'candidate' | 'shadow' | 'active' | 'retired' | 'rejected';

export interface Model {
  readonly version: string;
  readonly state: ModelState;
  readonly created: string;
  readonly changed: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly origin: string;
  readonly job: string | null;
  readonly gates: readonly Gate[];
  readonly measures: Readonly<Record<string, unknown>>;
  /** Share of scores in tenths of 0..1; empty where unknown. */
  readonly series: readonly number[];
}

export type JobKind = 'training' | 'backtest' | 'import';
export type JobState = 'running' | 'succeeded' | 'rejected' | 'failed' | 'cancelled' | 'interrupted';

export interface Job {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: JobState;
  readonly stage: string;
  readonly progress: number;
  readonly eta_seconds: number | null;
  readonly started: string;
  readonly ended: string | null;
  readonly requested_by: string;
  readonly request: unknown;
  readonly model_version: string | null;
  readonly gates: readonly Gate[];
  readonly result: unknown;
  readonly error: string | null;
}

/** `result` of a backtest. Its times are unix milliseconds. */
export interface BacktestReport {
  readonly fromMs: number;
  readonly toMs: number;
  readonly days: number;
  readonly before: BacktestSide;
  readonly after: BacktestSide;
  readonly appearing: number;
  readonly vanishing: number;
  readonly examplesAppearing: readonly BacktestIncident[];
  readonly examplesVanishing: readonly BacktestIncident[];
}

interface BacktestSide {
  readonly incidents: number;
  readonly incidentsPerDay: number;
  readonly byBehavior: Readonly<Record<string, number>>;
}

export interface BacktestIncident {
  readonly kind: EntityKind;
  readonly entity: string;
  readonly startMs: number;
  readonly lastMs: number;
  readonly behavior: string;
  readonly service: string;
  readonly endpoint: string;
  readonly score: number;
}

export interface Sensitivity {
  readonly options: ReadonlyArray<{
    readonly key: string;
    readonly value: number | boolean;
    readonly source: 'file' | 'settings';
  }>;
}

export interface Scope {
  readonly entity?: string;
  readonly endpoint?: string;
  readonly behavior?: string;
}

export interface FeedbackOrder {
  readonly verdict: Verdict;
  readonly scope?: Scope;
  readonly expires?: string;
  readonly note?: string;
}

export interface FeedbackAnswer {
  readonly applied: boolean;
  readonly feedback: string | null;
  readonly exclusion: {
    readonly id: string | null;
    readonly scope: {
      readonly entity: string | null;
      readonly endpoint: string | null;
      readonly behavior: string | null;
    };
    readonly expires: string;
  } | null;
  readonly preview: {
    readonly over_days: number;
    readonly removed_incidents: number;
    readonly hidden_confirmed: number;
    readonly sentence: string;
  };
}
