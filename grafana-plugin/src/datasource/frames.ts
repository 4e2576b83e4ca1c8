/** Answers of the control API as data frames, with units, thresholds and links. */
import { createDataFrame, type DataFrame, type DataLink, type Field, FieldType, ThresholdsMode } from '@grafana/data';
import type { Anomaly, BacktestReport, Endpoint, Incident, Job, Model, User } from '../control/answers';
import { behaviorInWords, owaspInWords } from '../control/words';

type Column<Row> = [name: string, type: FieldType, value: (row: Row) => unknown, config?: Field['config']];

const SCORE: Field['config'] = {
  min: 0,
  max: 1,
  decimals: 2,
  // The severities of an incident.
  thresholds: {
    mode: ThresholdsMode.Absolute,
    steps: [
      { value: -Infinity, color: 'text' },
      { value: 0.67, color: 'blue' },
      { value: 0.8, color: 'orange' },
      { value: 0.95, color: 'red' },
    ],
  },
};
const SHARE: Field['config'] = { unit: 'percentunit', min: 0, max: 1 };
const MILLISECONDS: Field['config'] = { unit: 'ms' };
const SECONDS: Field['config'] = { unit: 's' };
const COUNT: Field['config'] = { unit: 'short', decimals: 0 };

/** Where traces are: the data source that opens them. */
export interface TraceTarget {
  readonly uid: string;
  readonly name: string;
}

const time = (text: string | null): number | null => (text === null ? null : Date.parse(text));

export function incidentsFrame(rows: readonly Incident[]): DataFrame {
  return frame('Incidents', rows, [
    ['start', FieldType.time, (row) => time(row.start)],
    ['last', FieldType.time, (row) => time(row.last)],
    ['severity', FieldType.string, (row) => row.severity],
    ['behavior', FieldType.string, (row) => behaviorInWords(row.behavior)],
    ['reason', FieldType.string, (row) => row.reason],
    ['kind', FieldType.string, (row) => row.kind],
    ['entity', FieldType.string, (row) => row.entity],
    ['service', FieldType.string, (row) => row.service],
    ['endpoint', FieldType.string, (row) => row.endpoint],
    ['score', FieldType.number, (row) => row.score, SCORE],
    ['anomalies', FieldType.number, (row) => row.anomalies, COUNT],
    ['open', FieldType.boolean, (row) => row.open],
    ['feedback', FieldType.string, (row) => row.feedback],
    ['owasp', FieldType.string, (row) => (row.owasp === null ? null : owaspInWords(row.owasp))],
    ['id', FieldType.string, (row) => row.id],
  ]);
}

export function anomaliesFrame(rows: readonly Anomaly[], traces?: TraceTarget): DataFrame {
  const links = traces === undefined ? {} : { links: [traceLink(traces)] };
  return frame('Anomalies', rows, [
    ['time', FieldType.time, (row) => time(row.time)],
    ['score', FieldType.number, (row) => row.score, SCORE],
    ['severity', FieldType.string, (row) => row.severity],
    ['behavior', FieldType.string, (row) => behaviorInWords(row.behavior)],
    ['reason', FieldType.string, (row) => row.reason],
    ['user', FieldType.string, (row) => row.user],
    ['address', FieldType.string, (row) => row.address],
    ['service', FieldType.string, (row) => row.service],
    ['endpoint', FieldType.string, (row) => row.endpoint],
    ['status', FieldType.number, (row) => row.status_code],
    ['duration', FieldType.number, (row) => row.duration_ms, MILLISECONDS],
    ['traceId', FieldType.string, (row) => row.trace_id, links],
    ['incident', FieldType.string, (row) => row.incident],
    ['id', FieldType.string, (row) => row.id],
  ]);
}

export function usersFrame(rows: readonly User[]): DataFrame {
  return frame('Users', rows, [
    ['user', FieldType.string, (row) => row.user],
    ['score', FieldType.number, (row) => row.score, SCORE],
    ['behavior', FieldType.string, (row) => (row.behavior === null ? null : behaviorInWords(row.behavior))],
    ['calls', FieldType.number, (row) => row.calls, COUNT],
    ['windows', FieldType.number, (row) => row.windows, COUNT],
    ['last', FieldType.time, (row) => time(row.last)],
    ['identity', FieldType.string, (row) => row.identity],
  ]);
}

export function endpointsFrame(rows: readonly Endpoint[]): DataFrame {
  return frame('Endpoints', rows, [
    ['service', FieldType.string, (row) => row.service],
    ['endpoint', FieldType.string, (row) => row.endpoint],
    ['score', FieldType.number, (row) => row.score, SCORE],
    ['behavior', FieldType.string, (row) => (row.behavior === null ? null : behaviorInWords(row.behavior))],
    ['calls', FieldType.number, (row) => row.now.calls, { displayName: 'calls in 5 min', decimals: 1 }],
    ['callsUsual', FieldType.number, (row) => row.usual.calls, { displayName: 'usual calls in 5 min', decimals: 1 }],
    ['duration', FieldType.number, (row) => row.now.duration_ms, MILLISECONDS],
    [
      'durationUsual',
      FieldType.number,
      (row) => row.usual.duration_ms,
      { ...MILLISECONDS, displayName: 'usual duration' },
    ],
    ['serverErrors', FieldType.number, (row) => row.now.server_errors, { ...SHARE, displayName: 'server errors' }],
    [
      'serverErrorsUsual',
      FieldType.number,
      (row) => row.usual.server_errors,
      { ...SHARE, displayName: 'usual server errors' },
    ],
    ['clientErrors', FieldType.number, (row) => row.now.client_errors, { ...SHARE, displayName: 'client errors' }],
    [
      'clientErrorsUsual',
      FieldType.number,
      (row) => row.usual.client_errors,
      { ...SHARE, displayName: 'usual client errors' },
    ],
  ]);
}

export function modelsFrame(rows: readonly Model[]): DataFrame {
  return frame('Models', rows, [
    ['created', FieldType.time, (row) => time(row.created)],
    ['version', FieldType.string, (row) => row.version],
    ['state', FieldType.string, (row) => row.state],
    ['from', FieldType.time, (row) => time(row.from)],
    ['to', FieldType.time, (row) => time(row.to)],
    ['origin', FieldType.string, (row) => row.origin],
    [
      'gatesPassed',
      FieldType.number,
      (row) => row.gates.filter(({ passed }) => passed).length,
      { displayName: 'gates passed' },
    ],
    ['gates', FieldType.number, (row) => row.gates.length],
  ]);
}

export function jobsFrame(rows: readonly Job[]): DataFrame {
  return frame('Jobs', rows, [
    ['started', FieldType.time, (row) => time(row.started)],
    ['ended', FieldType.time, (row) => time(row.ended)],
    ['kind', FieldType.string, (row) => row.kind],
    ['state', FieldType.string, (row) => row.state],
    ['stage', FieldType.string, (row) => row.stage],
    ['progress', FieldType.number, (row) => row.progress, SHARE],
    ['eta', FieldType.number, (row) => row.eta_seconds, SECONDS],
    ['model', FieldType.string, (row) => row.model_version],
    ['requestedBy', FieldType.string, (row) => row.requested_by, { displayName: 'requested by' }],
    ['error', FieldType.string, (row) => row.error],
    ['id', FieldType.string, (row) => row.id],
  ]);
}

/** The incidents that would appear or vanish. */
export function backtestFrame({ examplesAppearing, examplesVanishing }: BacktestReport): DataFrame {
  const rows = [
    ...examplesAppearing.map((incident) => ({ change: 'appears', ...incident })),
    ...examplesVanishing.map((incident) => ({ change: 'vanishes', ...incident })),
  ];
  return frame('Backtest', rows, [
    ['start', FieldType.time, (row) => row.startMs],
    ['last', FieldType.time, (row) => row.lastMs],
    ['change', FieldType.string, (row) => row.change],
    ['behavior', FieldType.string, (row) => behaviorInWords(row.behavior)],
    ['kind', FieldType.string, (row) => row.kind],
    ['entity', FieldType.string, (row) => row.entity],
    ['service', FieldType.string, (row) => row.service],
    ['endpoint', FieldType.string, (row) => row.endpoint],
    ['score', FieldType.number, (row) => row.score, SCORE],
  ]);
}

function traceLink({ uid, name }: TraceTarget): DataLink {
  return {
    title: 'Open trace',
    url: '',
    internal: { datasourceUid: uid, datasourceName: name, query: { refId: 'trace', query: '${__value.raw}' } },
  };
}

function frame<Row>(name: string, rows: readonly Row[], columns: ReadonlyArray<Column<Row>>): DataFrame {
  return createDataFrame({
    name,
    meta: { preferredVisualisationType: 'table' },
    fields: columns.map(([field, type, value, config = {}]) => ({
      name: field,
      type,
      config,
      values: rows.map((row) => value(row)),
    })),
  });
}
