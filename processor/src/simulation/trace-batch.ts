import type { ResourceSpansInput, SpanInput } from '../otlp/request-writer.ts';
import { labelledAttributes, type Resource, type SimulatedSpan, toUnixNano } from './span.ts';

const SCOPE = { name: 'io.opentelemetry.http-server', version: '2.20.0' };

/** Cuts a stream of spans into batches of `size`, as a collector's batch processor does; the last may be smaller. */
export function* batchesOf(spans: Iterable<SimulatedSpan>, size: number): Generator<SimulatedSpan[], void, void> {
  let batch: SimulatedSpan[] = [];
  for (const span of spans) {
    batch.push(span);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

export interface BatchOptions {
  /** Attribute that carries the ground truth; absent: the spans tell nothing of it. */
  readonly labelAttribute?: string;
  /** Added to all times, in milliseconds. */
  readonly shiftMs?: number;
}

/** The spans of one batch, grouped by the service they come from, ready to be encoded as OTLP. */
export function toResourceSpans(batch: readonly SimulatedSpan[], options: BatchOptions = {}): ResourceSpansInput[] {
  const groups = new Map<Resource, SpanInput[]>();
  for (const span of batch) {
    let spans = groups.get(span.resource);
    if (spans === undefined) groups.set(span.resource, (spans = []));
    spans.push(toInput(span, options));
  }
  return Array.from(groups, ([{ attributes }, spans]) => ({
    resource: { attributes },
    scopeSpans: [{ scope: SCOPE, spans }],
  }));
}

function toInput(span: SimulatedSpan, { labelAttribute, shiftMs = 0 }: BatchOptions): SpanInput {
  const { traceId, spanId, parentSpanId, name, kind } = span;
  return {
    traceId,
    spanId,
    ...(parentSpanId !== '' && { parentSpanId }),
    name,
    kind,
    startTimeUnixNano: toUnixNano(span.startMs + shiftMs),
    endTimeUnixNano: toUnixNano(span.endMs + shiftMs),
    attributes: labelAttribute === undefined ? span.attributes : labelledAttributes(span, labelAttribute),
    ...(span.statusCode !== 0 && { status: { code: span.statusCode } }),
  };
}
