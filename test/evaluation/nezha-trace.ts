import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { SpanKind } from './labelled-span.ts';

/** One row of Nezha's trace files. */
export interface NezhaSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty on a root. */
  readonly parentSpanId: string;
  readonly pod: string;
  readonly operation: string;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
}

export interface NezhaTrace {
  readonly traceId: string;
  /** By span id, in the order of the files. */
  readonly spans: ReadonlyMap<string, NezhaSpan>;
  /** Start of the first span and end of the last. */
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
}

const HEADER = 'TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration';
const COLUMNS = HEADER.split(',').length;

/**
 * The traces of minute files (`HH_MM_trace.csv.gz`), in order of their start. Files of adjacent minutes repeat spans: each
 * is taken once. Duration is not read: it is end - start in whole microseconds. Throws when a file is not of this kind.
 */
export function readNezhaTraces(files: readonly string[]): NezhaTrace[] {
  const traces = new Map<string, Map<string, NezhaSpan>>();
  for (const file of files) {
    for (const span of readRows(file)) {
      let spans = traces.get(span.traceId);
      if (spans === undefined) traces.set(span.traceId, (spans = new Map()));
      if (!spans.has(span.spanId)) spans.set(span.spanId, span);
    }
  }
  return Array.from(traces, ([traceId, spans]) => ({ traceId, spans, ...extent(spans) })).toSorted(byTime);
}

/** For sorting by start; what starts together keeps its order. */
export function byTime(a: { startTimeUnixNano: bigint }, b: { startTimeUnixNano: bigint }): number {
  return Number(a.startTimeUnixNano - b.startTimeUnixNano);
}

function* readRows(file: string): Generator<NezhaSpan, void, void> {
  const [header, ...lines] = gunzipSync(readFileSync(file)).toString('utf8').split('\n');
  if (header !== HEADER) throw new Error(`${file} begins with "${header}"; it must be "${HEADER}".`);
  for (const [i, line] of lines.entries()) {
    if (line === '') continue;
    const row = line.split(',');
    if (row.length !== COLUMNS) throw new Error(`${file}:${i + 2} has ${row.length} columns; it must have ${COLUMNS}.`);
    yield {
      traceId: row[0]!,
      spanId: row[1]!,
      parentSpanId: row[2] === 'root' ? '' : row[2]!,
      pod: row[3]!,
      operation: row[4]!,
      startTimeUnixNano: BigInt(row[5]!),
      endTimeUnixNano: BigInt(row[6]!),
    };
  }
}

function extent(spans: ReadonlyMap<string, NezhaSpan>): Pick<NezhaTrace, 'startTimeUnixNano' | 'endTimeUnixNano'> {
  const [first] = spans.values();
  let { startTimeUnixNano, endTimeUnixNano } = first!;
  for (const span of spans.values()) {
    if (span.startTimeUnixNano < startTimeUnixNano) startTimeUnixNano = span.startTimeUnixNano;
    if (span.endTimeUnixNano > endTimeUnixNano) endTimeUnixNano = span.endTimeUnixNano;
  }
  return { startTimeUnixNano, endTimeUnixNano };
}

/** `ts-food-service` of the pod `ts-food-service-f5756978c-6sb8t`: the name without those of replica set and replica. */
export function serviceOf(pod: string): string {
  return pod.replace(/-[0-9a-f]+-[0-9a-z]{5}$/, '');
}

/**
 * The kind of an operation's spans. The data does not tell it; it follows from how OpenTelemetry's Java agent names spans,
 * and the traces bear it out: every span named by a route is where its trace enters its pod, and its parent, if it has
 * one, is an `HTTP` span of another pod; every `HTTP` span has exactly one such child. A statement with a schema is
 * JDBC's, one without is Hibernate's own.
 */
export function spanKindOf(operation: string): number {
  if (operation.startsWith('/')) return SpanKind.SERVER;
  if (/^HTTP [A-Z]+$/.test(operation) || /^(SELECT|INSERT|UPDATE|DELETE) \w+\./.test(operation)) return SpanKind.CLIENT;
  if (operation.endsWith(' send')) return SpanKind.PRODUCER;
  if (operation.endsWith(' process')) return SpanKind.CONSUMER;
  return SpanKind.INTERNAL;
}
