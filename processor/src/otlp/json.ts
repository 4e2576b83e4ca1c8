import { isUtf8 } from 'node:buffer';
import { JsonError, mismatch, writeScalar } from './json-scalar.ts';
import { TRACE_REQUEST } from './messages.ts';
import type { Field, Message } from './messages.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

export { JsonError } from './json-scalar.ts';

/** JSON levels from the request down to the value of a span's event's attribute, and a few to spare. */
const ENVELOPE_DEPTH = 16;
/** JSON levels of one level of AnyValue: `{"kvlistValue":{"values":[{"value":` … */
const LEVELS_PER_VALUE = 4;
const DEFAULT_MAX_DEPTH = 64;

/**
 * Values in a request at most: a real one has one in about 25 bytes, so a body of the default limit (64 MiB) holds
 * fewer; one that is all `{},{},…` would take more than a GiB when parsed.
 */
const MAX_VALUES = 4_000_000;

/** Digits from which a number may be above 2^53, where JSON.parse rounds. */
const INEXACT_DIGITS = 16;
/** A longer one is no 64-bit integer; not spending time on it is a defence. */
const MAX_INTEGER_DIGITS = 20;

/**
 * An ExportTraceServiceRequest from OTLP/JSON to protobuf: ids in hexadecimal of either case, other bytes in base64,
 * 64-bit integers as decimal strings or exact numbers, enums as integers, lowerCamelCase names only; unknown names are
 * ignored and null is absent. Throws JsonError on anything else, and when values nest deeper than `limits.maxDepth` or are more
 * than `limits.maxValues`.
 */
export function jsonToProtobuf(
  body: Buffer,
  limits: { readonly maxDepth: number; readonly maxValues?: number } = { maxDepth: DEFAULT_MAX_DEPTH },
): Buffer {
  if (!isUtf8(body)) throw new JsonError('The request is no valid OTLP JSON: it is not UTF-8; encode it as UTF-8.');
  const needsExactIntegers = inspect(
    body,
    ENVELOPE_DEPTH + LEVELS_PER_VALUE * limits.maxDepth,
    limits.maxValues ?? MAX_VALUES,
  );
  return objectToProtobuf(parse(body.toString(), needsExactIntegers));
}

/** The same for an OTLP/JSON request that is parsed already; 64-bit integers may be bigint. */
export function objectToProtobuf(request: unknown): Buffer {
  const writer = new ProtobufWriter();
  writeMessage(writer, TRACE_REQUEST, request, 'the request');
  return writer.toBuffer();
}

/**
 * Looks over the bytes before they are parsed: throws JsonError when they nest too deep or hold too many values.
 * Returns whether they hold integers so long that JSON.parse would round them.
 */
function inspect(body: Buffer, maxDepth: number, maxValues: number): boolean {
  let depth = 0;
  let values = 0;
  let digits = 0;
  let hasLongIntegers = false;
  let isInString = false;
  for (let index = 0; index < body.length; index++) {
    const byte = body[index]!;
    if (isInString) {
      if (byte === 0x5c) index++;
      else if (byte === 0x22) isInString = false;
      continue;
    }
    if (byte >= 0x30 && byte <= 0x39) {
      digits++;
      if (digits === INEXACT_DIGITS) hasLongIntegers = true;
      continue;
    }
    digits = 0;
    if (byte === 0x22) isInString = true;
    else if (byte === 0x2c) values++;
    else if (byte === 0x7b || byte === 0x5b) {
      values++;
      depth++;
      if (depth > maxDepth) {
        throw new JsonError(
          `The request is no valid OTLP JSON: it nests deeper than ${maxDepth} levels; send flatter values.`,
        );
      }
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  if (values > maxValues) {
    throw new JsonError(
      `The request is no valid OTLP JSON: it holds more than ${maxValues} values; send smaller requests.`,
    );
  }
  return hasLongIntegers;
}

function parse(text: string, needsExactIntegers: boolean): unknown {
  try {
    return JSON.parse(text, needsExactIntegers ? exactInteger : undefined);
  } catch (error) {
    // The parser's own message quotes the text, which may be personal.
    const position = /at position \d+/.exec(error instanceof Error ? error.message : '');
    const where = position === null ? '' : ` ${position[0]}`;
    throw new JsonError(`The request is no valid JSON${where}.`);
  }
}

/** A reviver that keeps integers above 2^53 exact, as bigint, from their digits in the text. */
function exactInteger(_name: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return source.length <= MAX_INTEGER_DIGITS && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

function writeMessage(writer: ProtobufWriter, message: Message, value: unknown, where: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mismatch(where, value, 'an object');
  const properties = value as Record<string, unknown>;
  let members = 0;
  for (const field of message.fields) {
    const property = properties[field.name];
    if (property === undefined || property === null) continue;
    if (message.isOneof && members++ > 0)
      throw new JsonError(`The request is no valid OTLP JSON: ${message.name} has two values; send one.`);
    writeField(writer, message, field, property);
  }
}

function writeField(writer: ProtobufWriter, message: Message, field: Field, value: unknown): void {
  const where = `${message.name}.${field.name}`;
  if (!field.isRepeated) {
    writeSingle(writer, field, value, !message.isOneof, where);
    return;
  }
  if (!Array.isArray(value)) throw mismatch(where, value, 'an array');
  const elements: unknown[] = value;
  for (const element of elements) writeSingle(writer, field, element, false, where);
}

function writeSingle(
  writer: ProtobufWriter,
  field: Field,
  value: unknown,
  isDefaultOmitted: boolean,
  where: string,
): void {
  if (typeof field.type === 'string') {
    writeScalar(writer, field.number, field.type, value, isDefaultOmitted, where);
    return;
  }
  const start = writer.beginMessage(field.number);
  // A null in a list of messages keeps its place, as an empty one.
  if (value !== null) writeMessage(writer, field.type, value, where);
  writer.endMessage(start);
}
