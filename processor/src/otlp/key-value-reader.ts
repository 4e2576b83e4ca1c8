import type { KeyTable } from './key-table.ts';
import type { WireCursor } from './wire-cursor.ts';

/** Kinds of AnyValue. NONE: no value, an empty one, or one of a kind traces do not use. */
export const ValueKind = { NONE: 0, STRING: 1, BOOL: 2, INT: 3, DOUBLE: 4, ARRAY: 5, KVLIST: 6, BYTES: 7 } as const;

export type ValueKind = (typeof ValueKind)[keyof typeof ValueKind];

/**
 * Reads a KeyValue of the OTLP common proto and checks all that is in it. A key or value that occurs twice: the last
 * one counts, as the protobuf rules for scalars and oneofs have it (of an array given in two pieces, the last piece).
 */
export class KeyValueReader {
  /** Number of the key read last, OWN_KEY or UNKNOWN_KEY. */
  key = 0;
  /** Its value: the kind and the bytes (of a number, its encoding). */
  kind: ValueKind = ValueKind.NONE;
  offset = 0;
  length = 0;
  /** Set when a value was nested deeper than allowed, and so not looked into; the caller resets it. */
  isTooDeep = false;

  readonly #cursor: WireCursor;
  readonly #keys: KeyTable;
  readonly #maxDepth: number;

  constructor(cursor: WireCursor, keys: KeyTable, maxDepth: number) {
    this.#cursor = cursor;
    this.#keys = keys;
    this.#maxDepth = maxDepth;
  }

  /** Reads the KeyValue from the cursor's position to `end`. */
  read(end: number): void {
    const cursor = this.#cursor;
    let keyOffset = 0;
    let keyLength = 0;
    this.kind = ValueKind.NONE;
    while (cursor.position < end) {
      const tag = cursor.tag(end);
      if (tag === 0x0a) {
        const keyEnd = cursor.bodyEnd(end);
        keyOffset = cursor.position;
        keyLength = keyEnd - keyOffset;
        cursor.position = keyEnd;
      } else if (tag === 0x12) {
        this.#readAnyValue(cursor.bodyEnd(end), 1);
      } else {
        cursor.skip(tag, end);
      }
    }
    this.key = this.#keys.find(cursor.bytes, keyOffset, keyLength);
  }

  /** Checks the KeyValue from the cursor's position to `end` without looking at its key. */
  check(end: number, depth = 1): void {
    const cursor = this.#cursor;
    while (cursor.position < end) {
      const tag = cursor.tag(end);
      if (tag === 0x12) this.#readAnyValue(cursor.bodyEnd(end), depth);
      else cursor.skip(tag, end);
    }
  }

  #readAnyValue(end: number, depth: number): void {
    const cursor = this.#cursor;
    while (cursor.position < end) {
      const tag = cursor.tag(end);
      switch (tag) {
        case 0x0a: // string_value
        case 0x3a: // bytes_value
          this.#setBytes(tag === 0x0a ? ValueKind.STRING : ValueKind.BYTES, end);
          break;
        case 0x10: // bool_value
        case 0x18: {
          // int_value
          const offset = cursor.position;
          cursor.int32(end);
          this.#set(tag === 0x10 ? ValueKind.BOOL : ValueKind.INT, offset);
          break;
        }
        case 0x21: {
          // double_value
          const offset = cursor.position;
          cursor.advance(8, end);
          this.#set(ValueKind.DOUBLE, offset);
          break;
        }
        case 0x2a: // array_value
        case 0x32: {
          // kvlist_value
          const listEnd = cursor.bodyEnd(end);
          const offset = cursor.position;
          this.#checkList(tag === 0x2a, listEnd, depth);
          this.#set(tag === 0x2a ? ValueKind.ARRAY : ValueKind.KVLIST, offset);
          break;
        }
        case 0x40: // string_value_strindex, which profiles alone use, but as a member of the oneof it displaces the others
          cursor.int32(end);
          this.kind = ValueKind.NONE;
          break;
        default:
          cursor.skip(tag, end);
      }
    }
  }

  /** Checks an ArrayValue or a KeyValueList: both hold their elements in field 1. */
  #checkList(isArray: boolean, end: number, depth: number): void {
    const cursor = this.#cursor;
    if (depth >= this.#maxDepth) {
      this.isTooDeep = true;
      cursor.position = end;
    }
    while (cursor.position < end) {
      const tag = cursor.tag(end);
      if (tag !== 0x0a) cursor.skip(tag, end);
      else if (isArray) this.#readAnyValue(cursor.bodyEnd(end), depth + 1);
      else this.check(cursor.bodyEnd(end), depth + 1);
    }
  }

  #setBytes(kind: ValueKind, end: number): void {
    const cursor = this.#cursor;
    const valueEnd = cursor.bodyEnd(end);
    const offset = cursor.position;
    cursor.position = valueEnd;
    this.#set(kind, offset);
  }

  #set(kind: ValueKind, offset: number): void {
    this.kind = kind;
    this.offset = offset;
    this.length = this.#cursor.position - offset;
  }
}
