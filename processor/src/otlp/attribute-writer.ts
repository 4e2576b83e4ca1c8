import { ATTRIBUTE_NAMES, ATTRIBUTES } from './attributes.ts';
import type { AttributeName, AttributeNameOf } from './attributes.ts';
import { ProtobufWriter, varintLength } from './protobuf-writer.ts';
import type { SpanAnnotations } from './span-annotations.ts';

/** Tags: Span.attributes, KeyValue.key and .value, then the kinds of AnyValue. */
const SPAN_ATTRIBUTES = 0x4a;
const KEY = 0x0a;
const VALUE = 0x12;
const STRING_VALUE = 0x0a;
const BOOL_VALUE = 0x10;
const INT_VALUE = 0x18;
const DOUBLE_VALUE = 0x21;
const ARRAY_VALUE = 0x2a;
const ARRAY_ELEMENT = 0x0a;

/** Bytes of an AnyValue that holds a bool or a double. */
const BOOL_BYTES = 2;
const DOUBLE_BYTES = 9;

interface PreparedAttribute {
  /** KeyValue.key, encoded. */
  readonly key: Buffer;
  /** For a bool or a double: everything before the value itself, for its length is known. */
  readonly head: Buffer;
  /** The text written last and the whole attribute it gave: model ids and states repeat. */
  lastText: string | undefined;
  lastBytes: Buffer;
}

/** Appends attributes of ours to `SpanAnnotations`, their keys encoded once for the configured `prefix`. */
export class AttributeWriter {
  readonly #prepared: Record<AttributeName, PreparedAttribute>;
  readonly #scratch = new ProtobufWriter();

  constructor(prefix: string) {
    this.#prepared = Object.fromEntries(ATTRIBUTE_NAMES.map((name) => [name, prepare(prefix, name)])) as Record<
      AttributeName,
      PreparedAttribute
    >;
  }

  double(annotations: SpanAnnotations, name: AttributeNameOf<'double'>, value: number): void {
    annotations.writer.raw(this.#prepared[name].head);
    annotations.writer.double(value);
  }

  bool(annotations: SpanAnnotations, name: AttributeNameOf<'bool'>, value: boolean): void {
    annotations.writer.raw(this.#prepared[name].head);
    annotations.writer.byte(value ? 1 : 0);
  }

  /** `value`: an integer from 0 to 2^53 - 1. */
  int(annotations: SpanAnnotations, name: AttributeNameOf<'int'>, value: number): void {
    const { writer } = annotations;
    writeHead(writer, this.#prepared[name].key, 1 + varintLength(value));
    writer.byte(INT_VALUE);
    writer.varint(value);
  }

  string(annotations: SpanAnnotations, name: AttributeNameOf<'string'>, value: string): void {
    const prepared = this.#prepared[name];
    if (prepared.lastText !== value) {
      const length = Buffer.byteLength(value);
      const scratch = this.#scratch;
      scratch.clear();
      writeHead(scratch, prepared.key, 1 + varintLength(length) + length);
      scratch.byte(STRING_VALUE);
      scratch.text(value);
      prepared.lastText = value;
      prepared.lastBytes = scratch.toBuffer();
    }
    annotations.writer.raw(prepared.lastBytes);
  }

  strings(annotations: SpanAnnotations, name: AttributeNameOf<'string[]'>, values: readonly string[]): void {
    const scratch = this.#scratch;
    scratch.clear();
    for (const value of values) {
      const length = Buffer.byteLength(value);
      scratch.byte(ARRAY_ELEMENT);
      scratch.varint(1 + varintLength(length) + length);
      scratch.byte(STRING_VALUE);
      scratch.text(value);
    }
    const { writer } = annotations;
    writeHead(writer, this.#prepared[name].key, 1 + varintLength(scratch.length) + scratch.length);
    writer.byte(ARRAY_VALUE);
    writer.lengthDelimited(scratch.bytes.subarray(0, scratch.length));
  }
}

/** Everything of an attribute before its AnyValue, whose length is `valueLength`. */
function writeHead(writer: ProtobufWriter, key: Buffer, valueLength: number): void {
  writer.byte(SPAN_ATTRIBUTES);
  writer.varint(key.length + 1 + varintLength(valueLength) + valueLength);
  writer.raw(key);
  writer.byte(VALUE);
  writer.varint(valueLength);
}

function prepare(prefix: string, name: AttributeName): PreparedAttribute {
  const writer = new ProtobufWriter();
  writer.byte(KEY);
  writer.text(prefix + name);
  const key = writer.toBuffer();
  writer.clear();
  const { type } = ATTRIBUTES[name];
  if (type === 'bool' || type === 'double') {
    writeHead(writer, key, type === 'bool' ? BOOL_BYTES : DOUBLE_BYTES);
    writer.byte(type === 'bool' ? BOOL_VALUE : DOUBLE_VALUE);
  }
  return { key, head: writer.toBuffer(), lastText: undefined, lastBytes: writer.toBuffer() };
}
