/** Two independent protobuf implementations, to say what bytes mean. Both keep unknown fields. */
import path from 'node:path';
import { create, createRegistry, equals, fromBinary } from '@bufbuild/protobuf';
import protobufjs from 'protobufjs';
import { KeyValueSchema } from './generated/opentelemetry/proto/common/v1/common_pb.ts';
import type { AnyValue } from './generated/opentelemetry/proto/common/v1/common_pb.ts';
import { ExportTraceServiceRequestSchema } from './generated/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts';
import type { ExportTraceServiceRequest } from './generated/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts';
import type { Span } from './generated/opentelemetry/proto/trace/v1/trace_pb.ts';

const PROTO = path.join(import.meta.dirname, '../../proto');

protobufjs.Reader.discardUnknown = false;
const root = new protobufjs.Root();
root.resolvePath = (_origin, target) => path.join(PROTO, target);
root.loadSync('opentelemetry/proto/collector/trace/v1/trace_service.proto');

const registry = createRegistry(ExportTraceServiceRequestSchema);

/** The request type of protobufjs, loaded from `proto/`. */
export const RequestType = root.lookupType('opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest');
export const ResponseType = root.lookupType('opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse');

/** The value of an attribute, as the tests write it down. */
export type ExpectedValue = NonNullable<AnyValue['value']>;

/** An attribute that a span is expected to have got. */
export interface ExpectedAttribute {
  readonly key: string;
  readonly value: ExpectedValue;
}

/** A span as protobufjs reads it, as far as the tests look into it. */
export interface PlainSpan {
  readonly kind?: number;
  attributes: { key?: string; value?: unknown }[];
}

/** A request as protobufjs reads it: plain objects, 64-bit integers as strings, unknown fields under `$unknowns`. */
export interface PlainRequest {
  readonly resourceSpans: { readonly scopeSpans: { readonly spans: PlainSpan[] }[] }[];
}

export function decodeWithProtobufjs(bytes: Uint8Array): PlainRequest {
  return plain(RequestType.decode(bytes)) as PlainRequest;
}

/** Spans of a request in their order. */
export function plainSpansOf(request: PlainRequest): PlainSpan[] {
  return request.resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans));
}

/** A request as @bufbuild/protobuf reads it. */
export function decodeWithBufbuild(bytes: Uint8Array): ExportTraceServiceRequest {
  return fromBinary(ExportTraceServiceRequestSchema, bytes);
}

/** Whether two requests are equal for @bufbuild/protobuf, unknown fields included. */
export function areEqualForBufbuild(a: ExportTraceServiceRequest, b: ExportTraceServiceRequest): boolean {
  return equals(ExportTraceServiceRequestSchema, a, b, { registry, unknown: true });
}

/** Spans of a request in their order. */
export function spansOf(request: ExportTraceServiceRequest): Span[] {
  return request.resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans));
}

/** Removes attributes whose keys are in `removed` from a span and appends `added`. */
export function editSpan(span: Span, removed: ReadonlySet<string>, added: readonly ExpectedAttribute[]): void {
  span.attributes = span.attributes.filter(({ key }) => !removed.has(key));
  for (const { key, value } of added) span.attributes.push(create(KeyValueSchema, { key, value: { value } }));
}

/** A 64-bit integer of protobufjs. */
function isLong(value: object): value is { low: number; high: number } {
  return 'low' in value && 'high' in value && 'unsigned' in value;
}

/** A message of protobufjs as nested plain values, with the bytes of its unknown fields. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if (isLong(value)) return `${(BigInt(value.high) << 32n) | BigInt(value.low >>> 0)}`;
  const message = value as Record<string, unknown>;
  const entries = Object.entries(message).map(([name, field]) => [name, plain(field)] as const);
  const unknowns = plain(message['$unknowns']);
  return Object.fromEntries(unknowns === undefined ? entries : [...entries, ['$unknowns', unknowns]]);
}
