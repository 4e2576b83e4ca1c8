import { WireType } from './wire-cursor.ts';

/**
 * How the JSON mapping of OTLP writes a field. `traceId` and `spanId` are bytes in hexadecimal; `bytes` are base64;
 * `enum` is its integer; 64-bit integers are decimal strings.
 */
export type ScalarType =
  | 'string'
  | 'bytes'
  | 'traceId'
  | 'spanId'
  | 'bool'
  | 'double'
  | 'enum'
  | 'int32'
  | 'uint32'
  | 'fixed32'
  | 'int64'
  | 'fixed64';

/** Wire type of each scalar. */
export const SCALAR_WIRE_TYPE: Record<ScalarType, number> = {
  string: WireType.LENGTH_DELIMITED,
  bytes: WireType.LENGTH_DELIMITED,
  traceId: WireType.LENGTH_DELIMITED,
  spanId: WireType.LENGTH_DELIMITED,
  bool: WireType.VARINT,
  double: WireType.FIXED64,
  enum: WireType.VARINT,
  int32: WireType.VARINT,
  uint32: WireType.VARINT,
  fixed32: WireType.FIXED32,
  int64: WireType.VARINT,
  fixed64: WireType.FIXED64,
};

export interface Field {
  readonly number: number;
  /** Name in JSON: the proto's name in lowerCamelCase. */
  readonly name: string;
  readonly type: ScalarType | Message;
  readonly isRepeated: boolean;
}

export interface Message {
  readonly name: string;
  /** In ascending order of their numbers. */
  readonly fields: readonly Field[];
  /** Whether at most one of the fields is set, and then even with its default value. */
  readonly isOneof: boolean;
}

function field(number: number, name: string, type: ScalarType | Message): Field {
  return { number, name, type, isRepeated: false };
}

function repeated(number: number, name: string, type: ScalarType | Message): Field {
  return { number, name, type, isRepeated: true };
}

function message(name: string, ...fields: Field[]): Message {
  return { name, fields, isOneof: false };
}

const anyValueFields: Field[] = [];
const AnyValue: Message = { name: 'AnyValue', fields: anyValueFields, isOneof: true };
const KeyValue = message(
  'KeyValue',
  field(1, 'key', 'string'),
  field(2, 'value', AnyValue),
  field(3, 'keyStrindex', 'int32'),
);
// An AnyValue may hold lists of itself, so its fields come after it.
anyValueFields.push(
  field(1, 'stringValue', 'string'),
  field(2, 'boolValue', 'bool'),
  field(3, 'intValue', 'int64'),
  field(4, 'doubleValue', 'double'),
  field(5, 'arrayValue', message('ArrayValue', repeated(1, 'values', AnyValue))),
  field(6, 'kvlistValue', message('KeyValueList', repeated(1, 'values', KeyValue))),
  field(7, 'bytesValue', 'bytes'),
  field(8, 'stringValueStrindex', 'int32'),
);

const EntityRef = message(
  'EntityRef',
  field(1, 'schemaUrl', 'string'),
  field(2, 'type', 'string'),
  repeated(3, 'idKeys', 'string'),
  repeated(4, 'descriptionKeys', 'string'),
);

const Resource = message(
  'Resource',
  repeated(1, 'attributes', KeyValue),
  field(2, 'droppedAttributesCount', 'uint32'),
  repeated(3, 'entityRefs', EntityRef),
);

const InstrumentationScope = message(
  'InstrumentationScope',
  field(1, 'name', 'string'),
  field(2, 'version', 'string'),
  repeated(3, 'attributes', KeyValue),
  field(4, 'droppedAttributesCount', 'uint32'),
);

const Event = message(
  'Event',
  field(1, 'timeUnixNano', 'fixed64'),
  field(2, 'name', 'string'),
  repeated(3, 'attributes', KeyValue),
  field(4, 'droppedAttributesCount', 'uint32'),
);

const Link = message(
  'Link',
  field(1, 'traceId', 'traceId'),
  field(2, 'spanId', 'spanId'),
  field(3, 'traceState', 'string'),
  repeated(4, 'attributes', KeyValue),
  field(5, 'droppedAttributesCount', 'uint32'),
  field(6, 'flags', 'fixed32'),
);

const Status = message('Status', field(2, 'message', 'string'), field(3, 'code', 'enum'));

const Span = message(
  'Span',
  field(1, 'traceId', 'traceId'),
  field(2, 'spanId', 'spanId'),
  field(3, 'traceState', 'string'),
  field(4, 'parentSpanId', 'spanId'),
  field(5, 'name', 'string'),
  field(6, 'kind', 'enum'),
  field(7, 'startTimeUnixNano', 'fixed64'),
  field(8, 'endTimeUnixNano', 'fixed64'),
  repeated(9, 'attributes', KeyValue),
  field(10, 'droppedAttributesCount', 'uint32'),
  repeated(11, 'events', Event),
  field(12, 'droppedEventsCount', 'uint32'),
  repeated(13, 'links', Link),
  field(14, 'droppedLinksCount', 'uint32'),
  field(15, 'status', Status),
  field(16, 'flags', 'fixed32'),
);

const ScopeSpans = message(
  'ScopeSpans',
  field(1, 'scope', InstrumentationScope),
  repeated(2, 'spans', Span),
  field(3, 'schemaUrl', 'string'),
);

const ResourceSpans = message(
  'ResourceSpans',
  field(1, 'resource', Resource),
  repeated(2, 'scopeSpans', ScopeSpans),
  field(3, 'schemaUrl', 'string'),
);

/** ExportTraceServiceRequest of the OTLP specification 1.11, for the JSON mapping. */
export const TRACE_REQUEST = message('ExportTraceServiceRequest', repeated(1, 'resourceSpans', ResourceSpans));
