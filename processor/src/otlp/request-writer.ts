import { objectToProtobuf } from './json.ts';

/** An attribute's value. A whole number is an int_value; `{ double: 1 }` is a double_value. */
export type AttributeInput =
  string | number | bigint | boolean | Uint8Array | { readonly double: number } | readonly AttributeInput[];

export type AttributesInput = Readonly<Record<string, AttributeInput>>;

export interface SpanInput {
  /** 32 and 16 hexadecimal digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name?: string;
  /** SpanKind number: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind?: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes?: AttributesInput;
  readonly events?: readonly EventInput[];
  /** `code`: 0 unset, 1 ok, 2 error. */
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly flags?: number;
}

export interface EventInput {
  readonly timeUnixNano: bigint;
  readonly name: string;
  readonly attributes?: AttributesInput;
}

export interface ScopeSpansInput {
  readonly scope?: { readonly name?: string; readonly version?: string; readonly attributes?: AttributesInput };
  readonly spans: readonly SpanInput[];
  readonly schemaUrl?: string;
}

export interface ResourceSpansInput {
  readonly resource?: { readonly attributes?: AttributesInput };
  readonly scopeSpans: readonly ScopeSpansInput[];
  readonly schemaUrl?: string;
}

/** An ExportTraceServiceRequest as protobuf. For cold paths. Throws JsonError when a value is out of its range. */
export function encodeRequest(resourceSpans: readonly ResourceSpansInput[]): Buffer {
  return objectToProtobuf(requestObject(resourceSpans));
}

/** An ExportTraceServiceRequest as one line of OTLP/JSON, as the collector's file exporter writes them, line end included. */
export function encodeJsonLine(resourceSpans: readonly ResourceSpansInput[]): string {
  return `${JSON.stringify(requestObject(resourceSpans))}\n`;
}

function requestObject(resourceSpans: readonly ResourceSpansInput[]): object {
  return {
    resourceSpans: resourceSpans.map(({ resource, scopeSpans, schemaUrl }) => ({
      resource: withAttributes(resource ?? {}),
      scopeSpans: scopeSpans.map(scopeSpansObject),
      schemaUrl,
    })),
  };
}

function scopeSpansObject({ scope, spans, schemaUrl }: ScopeSpansInput): object {
  return { scope: withAttributes(scope ?? {}), spans: spans.map(spanObject), schemaUrl };
}

function spanObject(span: SpanInput): object {
  return {
    ...withAttributes(span),
    startTimeUnixNano: `${span.startTimeUnixNano}`,
    endTimeUnixNano: `${span.endTimeUnixNano}`,
    events: span.events?.map((event) => ({ ...withAttributes(event), timeUnixNano: `${event.timeUnixNano}` })),
    status: span.status ?? {},
  };
}

function withAttributes(input: { readonly attributes?: AttributesInput }): object {
  const entries = Object.entries(input.attributes ?? {});
  return { ...input, attributes: entries.map(([key, value]) => ({ key, value: anyValue(value) })) };
}

function anyValue(value: AttributeInput): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint' || Number.isInteger(value)) return { intValue: `${value as bigint | number}` };
  if (typeof value === 'number') return { doubleValue: jsonDouble(value) };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if ('double' in value) return { doubleValue: jsonDouble(value.double) };
  return { arrayValue: { values: value.map(anyValue) } };
}

/** JSON has no NaN and no infinities; its protobuf mapping names them. */
function jsonDouble(value: number): number | string {
  return Number.isFinite(value) ? value : `${value}`;
}
