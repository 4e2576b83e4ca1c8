import { SCALAR_WIRE_TYPE, TRACE_REQUEST } from './messages.ts';
import type { Field, Message, ScalarType } from './messages.ts';
import { WireCursor, WireType } from './wire-cursor.ts';

type JsonObject = Record<string, unknown>;

/** Messages may nest so deep, as in other protobuf parsers. */
const MAX_DEPTH = 300;

const READ_SCALAR: Record<ScalarType, (cursor: WireCursor, end: number) => unknown> = {
  string: (cursor, end) => bytesAt(cursor, end).toString(),
  bytes: (cursor, end) => bytesAt(cursor, end).toString('base64'),
  traceId: (cursor, end) => bytesAt(cursor, end).toString('hex'),
  spanId: (cursor, end) => bytesAt(cursor, end).toString('hex'),
  bool: (cursor, end) => cursor.int64(end) !== 0,
  double: (cursor, end) => jsonDouble(fixedAt(cursor, 8, end).readDoubleLE()),
  enum: (cursor, end) => cursor.int32(end),
  int32: (cursor, end) => cursor.int32(end),
  uint32: (cursor, end) => cursor.int32(end) >>> 0,
  fixed32: (cursor, end) => fixedAt(cursor, 4, end).readUInt32LE(),
  int64: (cursor, end) => `${int64At(cursor, end)}`,
  fixed64: (cursor, end) => `${fixedAt(cursor, 8, end).readBigUInt64LE()}`,
};

/**
 * An ExportTraceServiceRequest from protobuf to OTLP/JSON, as an object for JSON.stringify. What JSON cannot say is
 * lost: unknown fields, and bytes that are not UTF-8 in a string. Throws WireError on malformed bytes.
 */
export function protobufToObject(body: Buffer): object {
  const cursor = new WireCursor();
  cursor.bytes = body;
  const request: JsonObject = {};
  readMessage(cursor, TRACE_REQUEST, body.length, request, 0);
  return request;
}

function readMessage(cursor: WireCursor, message: Message, end: number, into: JsonObject, depth: number): void {
  if (depth > MAX_DEPTH) throw cursor.error(`messages nested deeper than ${MAX_DEPTH}`, cursor.position);
  while (cursor.position < end) {
    const tag = cursor.tag(end);
    const field = message.fields.find(({ number, type }) => number * 8 + wireTypeOf(type) === tag);
    if (field === undefined) cursor.skip(tag, end);
    else readField(cursor, message, field, end, into, depth);
  }
}

function readField(
  cursor: WireCursor,
  message: Message,
  field: Field,
  end: number,
  into: JsonObject,
  depth: number,
): void {
  // Of the members of a oneof the last one counts; a message that comes in pieces is one.
  if (message.isOneof) for (const { name } of message.fields) if (name !== field.name) delete into[name];
  let value: unknown;
  if (typeof field.type === 'string') {
    value = READ_SCALAR[field.type](cursor, end);
  } else {
    value = (field.isRepeated ? undefined : into[field.name]) ?? {};
    readMessage(cursor, field.type, cursor.bodyEnd(end), value as JsonObject, depth + 1);
  }
  if (field.isRepeated) ((into[field.name] ??= []) as unknown[]).push(value);
  else into[field.name] = value;
}

/** JSON has no NaN and no infinities; the mapping of protobuf names them. */
function jsonDouble(value: number): number | string {
  return Number.isFinite(value) ? value : `${value}`;
}

function wireTypeOf(type: ScalarType | Message): number {
  return typeof type === 'string' ? SCALAR_WIRE_TYPE[type] : WireType.LENGTH_DELIMITED;
}

/** An int64 without rounding. */
function int64At(cursor: WireCursor, end: number): bigint {
  const start = cursor.position;
  cursor.int64(end);
  let value = 0n;
  for (let index = cursor.position - 1; index >= start; index--)
    value = (value << 7n) | BigInt(cursor.bytes[index]! & 0x7f);
  return BigInt.asIntN(64, value);
}

function fixedAt(cursor: WireCursor, length: number, end: number): Buffer {
  cursor.advance(length, end);
  return cursor.bytes.subarray(cursor.position - length, cursor.position);
}

function bytesAt(cursor: WireCursor, end: number): Buffer {
  const bodyEnd = cursor.bodyEnd(end);
  const bytes = cursor.bytes.subarray(cursor.position, bodyEnd);
  cursor.position = bodyEnd;
  return bytes;
}
