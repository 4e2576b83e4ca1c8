import type { IntList } from './int-list.ts';
import { ValueKind } from './key-value-reader.ts';
import { Attribute } from './request-layout.ts';
import { TextCache } from './text-cache.ts';
import { WireCursor } from './wire-cursor.ts';

/** Longest text that is decoded, in bytes. */
const MAX_TEXT_BYTES = 4096;

/** Longest decimal text that is read as a number; a float64 needs 24 characters at most. */
const MAX_NUMBER_BYTES = 32;
const DECIMAL = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;

const texts = new TextCache();

/** The recorded attributes of one span or one resource, by key number. Of a key that occurs twice the last one counts. */
export class AttributeValues {
  #body: Buffer = Buffer.alloc(0);
  #records: Int32Array = new Int32Array(0);
  /** Per key: index of its record, which counts only if the key's generation is the current one. */
  readonly #record: Int32Array;
  readonly #recordGeneration: Float64Array;
  #generation = 0;
  readonly #cursor = new WireCursor();

  constructor(keyCount: number) {
    this.#record = new Int32Array(keyCount);
    this.#recordGeneration = new Float64Array(keyCount);
  }

  /** Makes the records from index `first` to `end` of `attributes`, which point into `body`, the current ones. */
  load(body: Buffer, attributes: IntList, first: number, end: number): void {
    const records = attributes.values;
    const generation = ++this.#generation;
    this.#body = body;
    this.#records = records;
    for (let record = first; record < end; record += Attribute.SIZE) {
      const key = records[record + Attribute.KEY]!;
      this.#record[key] = record;
      this.#recordGeneration[key] = generation;
    }
  }

  kind(key: number): ValueKind {
    return this.#column(key, Attribute.KIND) as ValueKind;
  }

  /** Offset of the value's bytes in the body; of ARRAY and KVLIST the message's. 0 when there is none. */
  offset(key: number): number {
    return this.#column(key, Attribute.OFFSET);
  }

  /** Length of the value's bytes; 0 when there is none. */
  length(key: number): number {
    return this.#column(key, Attribute.LENGTH);
  }

  /** The value as a number: INT (rounded above 2^53), DOUBLE, BOOL as 0 or 1, a STRING in decimal; otherwise NaN. */
  number(key: number): number {
    const offset = this.offset(key);
    const end = offset + this.length(key);
    const kind = this.kind(key);
    if (kind === ValueKind.INT) return this.#int64(offset, end);
    if (kind === ValueKind.DOUBLE) return this.#body.readDoubleLE(offset);
    if (kind === ValueKind.BOOL) return this.#int64(offset, end) === 0 ? 0 : 1;
    return kind === ValueKind.STRING ? this.#decimal(offset, end) : NaN;
  }

  /** The STRING, its first 4096 bytes at most; '' when the value is no string. Kept in a cache: not for personal values. */
  text(key: number): string {
    if (this.kind(key) !== ValueKind.STRING) return '';
    return texts.text(this.#body, this.offset(key), Math.min(this.length(key), MAX_TEXT_BYTES));
  }

  /** Where the first string of an ARRAY lies: `offset`, and its length in `firstArrayTextLength`; -1 when none. */
  firstArrayTextOffset(key: number): number {
    return this.#findArrayText(key) ? this.#cursor.position : -1;
  }

  /** Length of the first string of an ARRAY; 0 when there is none. */
  firstArrayTextLength(key: number): number {
    return this.#findArrayText(key) ? this.#arrayTextEnd - this.#cursor.position : 0;
  }

  #arrayTextEnd = 0;

  /** Moves the cursor to the first string of an ARRAY. The bytes are known to be valid. */
  #findArrayText(key: number): boolean {
    if (this.kind(key) !== ValueKind.ARRAY) return false;
    const cursor = this.#cursor;
    cursor.bytes = this.#body;
    cursor.position = this.offset(key);
    const end = cursor.position + this.length(key);
    while (cursor.position < end) {
      const tag = cursor.tag(end);
      if (tag !== 0x0a) {
        cursor.skip(tag, end);
        continue;
      }
      const elementEnd = cursor.bodyEnd(end);
      while (cursor.position < elementEnd) {
        const elementTag = cursor.tag(elementEnd);
        if (elementTag === 0x0a) {
          this.#arrayTextEnd = cursor.bodyEnd(elementEnd);
          return true;
        }
        cursor.skip(elementTag, elementEnd);
      }
    }
    return false;
  }

  #column(key: number, column: number): number {
    return this.#recordGeneration[key] === this.#generation ? this.#records[this.#record[key]! + column]! : 0;
  }

  #int64(offset: number, end: number): number {
    this.#cursor.bytes = this.#body;
    this.#cursor.position = offset;
    return this.#cursor.int64(end);
  }

  #decimal(offset: number, end: number): number {
    if (end === offset || end - offset > MAX_NUMBER_BYTES) return NaN;
    const text = this.#body.toString('latin1', offset, end);
    return DECIMAL.test(text) ? Number(text) : NaN;
  }
}
