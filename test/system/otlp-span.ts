/** A span as OTLP carries it, in plain values that can be compared. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** SpanKind of OTLP: 1 INTERNAL, 2 SERVER, 3 CLIENT, 4 PRODUCER, 5 CONSUMER. */
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  /** Status code of OTLP: 0 UNSET, 1 OK, 2 ERROR. */
  readonly statusCode: number;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  readonly scope: string;
  readonly events: readonly { readonly name: string; readonly attributes: Attributes }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

type AttributeValue = string | number | boolean | null | readonly AttributeValue[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** The spans of one line of the collector's file exporter: an ExportTraceServiceRequest in OTLP's JSON mapping. */
export function spansOfLine(line: string): OtlpSpan[] {
  const request = JSON.parse(line) as JsonRequest;
  return (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, spans = [] }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        name: span.name,
        kind: span.kind,
        startTimeUnixNano: BigInt(span.startTimeUnixNano),
        endTimeUnixNano: BigInt(span.endTimeUnixNano),
        statusCode: span.status?.code ?? 0,
        attributes: plain(span.attributes),
        resource: plain(resource?.attributes),
        scope: scope?.name ?? '',
        events: (span.events ?? []).map((event) => ({ name: event.name, attributes: plain(event.attributes) })),
        links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
      })),
    ),
  );
}

interface JsonValue {
  stringValue?: string;
  intValue?: string | number;
  doubleValue?: number;
  boolValue?: boolean;
  arrayValue?: { values?: JsonValue[] };
}
interface JsonAttribute {
  key: string;
  value: JsonValue;
}
interface JsonSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status?: { code?: number };
  attributes?: JsonAttribute[];
  events?: { name: string; attributes?: JsonAttribute[] }[];
  links?: { traceId: string; spanId: string }[];
}
interface JsonRequest {
  resourceSpans?: {
    resource?: { attributes?: JsonAttribute[] };
    scopeSpans?: { scope?: { name?: string }; spans?: JsonSpan[] }[];
  }[];
}

/** Attributes as a plain record. Throws when a key is there twice, which OTLP forbids. */
function plain(attributes: readonly JsonAttribute[] = []): Attributes {
  const record = Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
  if (Object.keys(record).length !== attributes.length) {
    throw new Error(`An attribute key is there twice: ${attributes.map(({ key }) => key).join(', ')}`);
  }
  return record;
}

function plainValue(value: JsonValue): AttributeValue {
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plainValue);
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.doubleValue ?? value.boolValue ?? null;
}
