/** Every metric of the service, declared once. Names are as Prometheus reads them; documentation comes from here. */

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** UCUM: `1` for shares and scores, `s` for seconds, `{span}` for counted things. */
  readonly unit: string;
  readonly labels: readonly string[];
  /** Most label sets there may be, the last of which is `{other}`: it takes what finds no room. */
  readonly maxLabelSets: number;
  /** Upper bounds of a histogram's buckets, without the infinite one. */
  readonly buckets?: readonly number[];
  readonly meaning: string;
}

/** At most 100 endpoints have labels of their own; one more label set is `{other}`. */
export const MAX_LABELLED_ENDPOINTS = 100;
const ENDPOINTS = MAX_LABELLED_ENDPOINTS + 1;

/** Among them the severity bounds 0.67, 0.8 and 0.95, so that shares of each severity can be read off exactly. */
const SCORE_BUCKETS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.67, 0.8, 0.9, 0.95] as const;
const REQUEST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10] as const;
const TRAINING_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60] as const;

/** 14 behaviors in 4 severities, and `{other}`. */
const INCIDENT_KINDS = 57;
/** The status codes of gRPC, and `{other}`. */
const CODES = 18;

export const METRICS = {
  // Scores
  api_anomaly_score: {
    type: 'histogram',
    unit: '1',
    labels: ['service_name', 'endpoint'],
    maxLabelSets: ENDPOINTS,
    buckets: SCORE_BUCKETS,
    meaning: 'Anomaly scores of the scored spans: 0.5 is one in a thousand, 1 is one in a million or rarer.',
  },
  api_anomaly_scored_spans_total: {
    type: 'counter',
    unit: '{span}',
    labels: ['service_name', 'endpoint'],
    maxLabelSets: ENDPOINTS,
    meaning: 'Spans scored.',
  },
  api_anomaly_anomalies_total: {
    type: 'counter',
    unit: '{span}',
    labels: ['service_name', 'endpoint', 'behavior'],
    maxLabelSets: 416,
    meaning: 'Spans whose verdict was anomaly.',
  },
  api_anomaly_excluded_spans_total: {
    type: 'counter',
    unit: '{span}',
    labels: [],
    maxLabelSets: 1,
    meaning: 'Spans that would have been anomalies, but for an exclusion.',
  },
  api_anomaly_endpoint_score: {
    type: 'gauge',
    unit: '1',
    labels: ['service_name', 'endpoint'],
    maxLabelSets: ENDPOINTS,
    meaning: 'Highest score over the last minute.',
  },
  api_anomaly_user_score: {
    type: 'gauge',
    unit: '1',
    labels: ['user'],
    maxLabelSets: 201,
    meaning: 'Scores of the most unusual users, by pseudonym; sensitivity.top_users says how many.',
  },
  api_anomaly_threshold: {
    type: 'gauge',
    unit: '1',
    labels: ['entity'],
    maxLabelSets: 4,
    meaning: 'Score from which the budget of false incidents flags now.',
  },
  api_anomaly_incidents_open: {
    type: 'gauge',
    unit: '{incident}',
    labels: ['behavior', 'severity'],
    maxLabelSets: INCIDENT_KINDS,
    meaning: 'Incidents open now.',
  },
  api_anomaly_incidents_total: {
    type: 'counter',
    unit: '{incident}',
    labels: ['behavior', 'severity'],
    maxLabelSets: INCIDENT_KINDS,
    meaning: 'Incidents, by the behavior and severity they had when they closed or were last seen.',
  },

  // The way of the spans
  api_anomaly_received_spans_total: {
    type: 'counter',
    unit: '{span}',
    labels: ['transport'],
    maxLabelSets: 4,
    meaning: 'Spans received, by transport (grpc, http_protobuf, http_json).',
  },
  api_anomaly_refused_spans_total: {
    type: 'counter',
    unit: '{span}',
    labels: ['reason'],
    maxLabelSets: 16,
    meaning: 'Spans refused at the door, by error code; a request that cannot be read counts as one.',
  },
  api_anomaly_unscored_spans_total: {
    type: 'counter',
    unit: '{span}',
    labels: ['reason'],
    maxLabelSets: 8,
    meaning: 'Spans passed on unscored, by reason (learning, kind, shed, error).',
  },
  api_anomaly_duplicate_spans_total: {
    type: 'counter',
    unit: '{span}',
    labels: [],
    maxLabelSets: 1,
    meaning: 'Spans seen before, which senders sent again; they count once.',
  },
  api_anomaly_exported_spans_total: {
    type: 'counter',
    unit: '{span}',
    labels: [],
    maxLabelSets: 1,
    meaning: 'Spans the next hop acknowledged.',
  },
  api_anomaly_export_failed_spans_total: {
    type: 'counter',
    unit: '{span}',
    labels: ['code'],
    maxLabelSets: CODES,
    meaning: 'Spans the next hop did not acknowledge, by gRPC status; the sender was told.',
  },
  api_anomaly_export_rejected_spans_total: {
    type: 'counter',
    unit: '{span}',
    labels: ['code'],
    maxLabelSets: CODES,
    meaning: 'Spans the next hop rejected for good, by gRPC status; OK is a partial success.',
  },
  api_anomaly_processing_duration_seconds: {
    type: 'histogram',
    unit: 's',
    labels: ['stage'],
    maxLabelSets: 8,
    buckets: REQUEST_SECONDS,
    meaning: 'Time of a request in each stage.',
  },

  // What is known
  api_anomaly_tracked_entities: {
    type: 'gauge',
    unit: '{entity}',
    labels: ['entity'],
    maxLabelSets: 4,
    meaning: 'Users, addresses and endpoints with a baseline.',
  },
  api_anomaly_evicted_entities_total: {
    type: 'counter',
    unit: '{entity}',
    labels: ['entity'],
    maxLabelSets: 4,
    meaning: 'Users, addresses and endpoints forgotten to make room.',
  },
  api_anomaly_identified_spans_ratio: {
    type: 'gauge',
    unit: '1',
    labels: [],
    maxLabelSets: 1,
    meaning: 'Share of scored spans that name a user.',
  },
  api_anomaly_routed_spans_ratio: {
    type: 'gauge',
    unit: '1',
    labels: [],
    maxLabelSets: 1,
    meaning: 'Share of scored spans that name their route.',
  },
  api_anomaly_sampled_spans_ratio: {
    type: 'gauge',
    unit: '1',
    labels: [],
    maxLabelSets: 1,
    meaning: 'Share of scored spans marked as sampled. Above 0 counts are estimates: tap before sampling.',
  },

  // The model
  api_anomaly_learning_progress_ratio: {
    type: 'gauge',
    unit: '1',
    labels: [],
    maxLabelSets: 1,
    meaning: 'Progress towards the first model; 1 once there is one.',
  },
  api_anomaly_model_info: {
    type: 'gauge',
    unit: '1',
    labels: ['version'],
    maxLabelSets: 4,
    meaning: 'The model in use; always 1.',
  },
  api_anomaly_model_trained_timestamp_seconds: {
    type: 'gauge',
    unit: 's',
    labels: [],
    maxLabelSets: 1,
    meaning: 'When the model in use was trained, in Unix time.',
  },
  api_anomaly_model_drift: {
    type: 'gauge',
    unit: '1',
    labels: [],
    maxLabelSets: 1,
    meaning: 'Population stability index of present scores against those at training; above 0.25 is a shift.',
  },
  api_anomaly_training_runs_total: {
    type: 'counter',
    unit: '{run}',
    labels: ['outcome'],
    maxLabelSets: 8,
    meaning: 'Training runs, by outcome.',
  },
  api_anomaly_training_duration_seconds: {
    type: 'histogram',
    unit: 's',
    labels: [],
    maxLabelSets: 1,
    buckets: TRAINING_SECONDS,
    meaning: 'Time of a training run, outside the event loop.',
  },

  // Operation
  api_anomaly_metric_pushes_total: {
    type: 'counter',
    unit: '{push}',
    labels: ['outcome'],
    maxLabelSets: 3,
    meaning: 'Pushes of these metrics to metrics.otlp.endpoint, by outcome (delivered, failed).',
  },
  api_anomaly_store_errors_total: {
    type: 'counter',
    unit: '{error}',
    labels: ['operation'],
    maxLabelSets: 16,
    meaning: 'Failed operations on the data folder.',
  },
  api_anomaly_dropped_records_total: {
    type: 'counter',
    unit: '{record}',
    labels: ['table', 'reason'],
    maxLabelSets: 6,
    meaning:
      'Records not kept: no_room, they waited for the database too long (anomalies, kept_windows, incidents, jobs); flood, anomalies beyond 5000 in five seconds, whose incidents are kept.',
  },
  api_anomaly_config_reload_success: {
    type: 'gauge',
    unit: '1',
    labels: [],
    maxLabelSets: 1,
    meaning: 'Whether the configuration last read is in use.',
  },
  api_anomaly_config_reload_timestamp_seconds: {
    type: 'gauge',
    unit: 's',
    labels: [],
    maxLabelSets: 1,
    meaning: 'When the configuration in use was read, in Unix time.',
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;

/** Metrics that only EndpointScores feeds. */
export const ENDPOINT_METRICS = [
  'api_anomaly_score',
  'api_anomaly_scored_spans_total',
  'api_anomaly_anomalies_total',
  'api_anomaly_endpoint_score',
] as const satisfies MetricName[];

type NamesOf<Type> = Exclude<
  { [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never }[MetricName],
  (typeof ENDPOINT_METRICS)[number]
>;

export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;

/** The labels of a metric, all of them and no others. */
export type LabelsOf<Name extends MetricName> = Readonly<Record<(typeof METRICS)[Name]['labels'][number], string>>;

/** The labels as the last argument of a call, left out where the metric has none. */
export type LabelArgument<Name extends MetricName> = (typeof METRICS)[Name]['labels']['length'] extends 0
  ? []
  : [labels: LabelsOf<Name>];
