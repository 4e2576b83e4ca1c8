/** Protobuf bytes spelled out by hand, field by field, also such as no encoder would write. */

/** An unsigned varint; `bytes`: padded to so many bytes, longer than needed. */
export function varint(value: number | bigint, bytes = 1): Buffer {
  const groups: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    groups.push(Number(rest & 0x7fn));
    rest >>= 7n;
  } while (rest > 0n);
  while (groups.length < bytes) groups.push(0);
  return Buffer.from(groups.map((bits, index) => (index < groups.length - 1 ? bits | 0x80 : bits)));
}

/** A field of wire type 0. */
export function varintField(number: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

/** A field of wire type 1. */
export function fixed64Field(number: number, value: bigint): Buffer {
  const body = Buffer.alloc(8);
  body.writeBigUInt64LE(BigInt.asUintN(64, value));
  return Buffer.concat([varint(number * 8 + 1), body]);
}

function doubleField(number: number, value: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeDoubleLE(value);
  return Buffer.concat([varint(number * 8 + 1), body]);
}

/** A field of wire type 2: a message of `parts`, or bytes, or text. */
export function field(number: number, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
}

/** A field of wire types 3 and 4. */
export function group(number: number, ...parts: Buffer[]): Buffer {
  return Buffer.concat([varint(number * 8 + 3), ...parts, varint(number * 8 + 4)]);
}

/** A field of wire type 5. */
export function fixed32Field(number: number, value: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt32LE(value);
  return Buffer.concat([varint(number * 8 + 5), body]);
}

/** The body of a KeyValue. */
export function keyValue(key: string, ...anyValue: Buffer[]): Buffer {
  return Buffer.concat([field(1, key), field(2, ...anyValue)]);
}

/** AnyValue fields. */
export const stringValue = (value: string): Buffer => field(1, value);
export const boolValue = (value: boolean): Buffer => varintField(2, value ? 1 : 0);
export const intValue = (value: number | bigint): Buffer => varintField(3, value);
export const doubleValue = (value: number): Buffer => doubleField(4, value);
export const arrayValue = (...values: Buffer[]): Buffer => field(5, ...values.map((value) => field(1, value)));
export const kvlistValue = (...values: Buffer[]): Buffer => field(6, ...values.map((value) => field(1, value)));
export const bytesValue = (value: Buffer): Buffer => field(7, value);

/** Span fields. */
export const attribute = (key: string, ...anyValue: Buffer[]): Buffer => field(9, keyValue(key, ...anyValue));
export const kind = (value: number): Buffer => varintField(6, value);

/** A request with one resource and one scope, which hold these span bodies. */
export function requestOf(...spans: Buffer[]): Buffer {
  return field(1, field(2, ...spans.map((span) => field(2, span))));
}
