import type { ProtobufWriter } from './protobuf-writer.ts';
import { SCALAR_WIRE_TYPE } from './messages.ts';
import type { ScalarType } from './messages.ts';

/** The bytes are no OTLP/JSON request. Says what is wrong and where, never what a value was. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

const UINT32_MAX = 0xffff_ffffn;
const INT32_MIN = -0x8000_0000n;
const INT32_MAX = 0x7fff_ffffn;
const UINT64_MAX = 0xffff_ffff_ffff_ffffn;
const INT64_MIN = -0x8000_0000_0000_0000n;
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;

/** Digits of the longest 64-bit integer, with its sign. */
const INTEGER = /^-?\d{1,20}$/;
const HEXADECIMAL = /^[0-9a-fA-F]*$/;
/** Both alphabets, padding optional, as in the JSON mapping of protobuf. */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * Writes a field with a JSON value, unless it is the default and `isDefaultOmitted`. `where` names the field. Throws
 * JsonError when the value is not one that the type takes in OTLP/JSON.
 */
export function writeScalar(
  writer: ProtobufWriter,
  fieldNumber: number,
  type: ScalarType,
  value: unknown,
  isDefaultOmitted: boolean,
  where: string,
): void {
  const tag = fieldNumber * 8 + SCALAR_WIRE_TYPE[type];
  switch (type) {
    case 'string': {
      const text = stringOf(value, where);
      if (isDefaultOmitted && text === '') return;
      writer.varint(tag);
      writer.text(text);
      return;
    }
    case 'bytes':
    case 'traceId':
    case 'spanId': {
      const bytes = type === 'bytes' ? base64Of(value, where) : idOf(value, type === 'traceId' ? 16 : 8, where);
      if (isDefaultOmitted && bytes.length === 0) return;
      writer.varint(tag);
      writer.lengthDelimited(bytes);
      return;
    }
    case 'bool': {
      if (typeof value !== 'boolean') throw mismatch(where, value, 'true or false');
      if (isDefaultOmitted && !value) return;
      writer.varint(tag);
      writer.byte(value ? 1 : 0);
      return;
    }
    case 'double': {
      const number = doubleOf(value, where);
      if (isDefaultOmitted && Object.is(number, 0)) return;
      writer.varint(tag);
      writer.double(number);
      return;
    }
    case 'enum':
    case 'int32':
    case 'uint32':
    case 'fixed32': {
      const number = type === 'enum' ? enumOf(value, where) : smallIntegerOf(value, type === 'int32', where);
      if (isDefaultOmitted && number === 0) return;
      writer.varint(tag);
      if (type === 'fixed32') writer.fixed32(number);
      else writer.varint64(BigInt(number));
      return;
    }
    case 'int64':
    case 'fixed64': {
      const isSigned = type === 'int64';
      const integer = integerOf(value, isSigned ? INT64_MIN : 0n, isSigned ? INT64_MAX : UINT64_MAX, where);
      if (isDefaultOmitted && integer === 0n) return;
      writer.varint(tag);
      if (isSigned) writer.varint64(integer);
      else writer.fixed64(integer);
    }
  }
}

/** An error that says what was found and what to send instead. */
export function mismatch(where: string, value: unknown, expected: string): JsonError {
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : `of type ${typeof value}`;
  return new JsonError(`The request is no valid OTLP JSON: ${where} is ${found}; send ${expected}.`);
}

function stringOf(value: unknown, where: string): string {
  if (typeof value !== 'string') throw mismatch(where, value, 'a string');
  return value;
}

function base64Of(value: unknown, where: string): Buffer {
  const text = stringOf(value, where);
  const length = text.replace(/=+$/, '').length;
  if (!BASE64.test(text) || length % 4 === 1) throw mismatch(where, value, 'base64');
  return Buffer.from(text, 'base64');
}

function idOf(value: unknown, byteLength: number, where: string): Buffer {
  const text = stringOf(value, where);
  const isId = (text.length === 2 * byteLength || text === '') && HEXADECIMAL.test(text);
  if (!isId) throw mismatch(where, value, `${2 * byteLength} hexadecimal digits`);
  return Buffer.from(text, 'hex');
}

function enumOf(value: unknown, where: string): number {
  if (typeof value !== 'number' || value !== (value | 0)) {
    throw mismatch(where, value, "the enum's integer (names are not valid in OTLP)");
  }
  return value;
}

function integerOf(value: unknown, least: bigint, greatest: bigint, where: string): bigint {
  let integer: bigint | undefined;
  if (typeof value === 'bigint') integer = value;
  else if (typeof value === 'number' && Number.isInteger(value)) integer = BigInt(value);
  else if (typeof value === 'string' && INTEGER.test(value)) integer = BigInt(value);
  if (integer === undefined || integer < least || integer > greatest) {
    throw mismatch(where, value, `an integer from ${least} to ${greatest}, as a decimal string or a number`);
  }
  return integer;
}

function smallIntegerOf(value: unknown, isSigned: boolean, where: string): number {
  return Number(integerOf(value, isSigned ? INT32_MIN : 0n, isSigned ? INT32_MAX : UINT32_MAX, where));
}

function doubleOf(value: unknown, where: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  if (typeof value === 'string' && DECIMAL.test(value)) return Number(value);
  throw mismatch(where, value, 'a number');
}
