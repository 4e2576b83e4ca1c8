/**
 * What a query asks for, where the path names no object: `?id=1001`, `?page=3`, `?cursor=…`. Values that are times, and
 * whatever else has so many digits, ask for nothing: they are there so that no cache answers.
 */
import { parseDecimal } from './decimal.ts';

/** Longest part of a query that is read, in bytes. */
const MAX_QUERY_BYTES = 512;
/** 2001 in seconds has as many digits. */
const TIME_DIGITS = 10;

const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const NUMBER_SIGN = 0x23;
const QUESTION_MARK = 0x3f;

export class QueryObject {
  /** The parameters that ask for something, one behind the other. */
  readonly bytes = Buffer.alloc(MAX_QUERY_BYTES);
  /** How much of `bytes` they take; 0 for none. */
  length = 0;
  /** Sum of their values that are numbers, so that a step in any of them is one of the sum; NaN where there is none. */
  number = Number.NaN;

  /** Reads a query, with or without its question mark, up to a fragment. */
  read(body: Uint8Array, offset: number, length: number): void {
    this.length = 0;
    this.number = Number.NaN;
    const limit = offset + Math.min(length, MAX_QUERY_BYTES);
    let start = body[offset] === QUESTION_MARK ? offset + 1 : offset;
    let equals = -1;
    for (let index = start; index <= limit; index++) {
      const byte = index < limit ? body[index]! : AMPERSAND;
      const isEnd = byte === NUMBER_SIGN;
      if (byte === EQUALS && equals < 0) equals = index;
      if (byte !== AMPERSAND && !isEnd) continue;
      this.#take(body, start, equals, index);
      if (isEnd) return;
      start = index + 1;
      equals = -1;
    }
  }

  /** Takes in a parameter, `equals` at its sign of equality or -1 where it has none. */
  #take(body: Uint8Array, start: number, equals: number, end: number): void {
    if (end <= start) return;
    const value = equals < 0 ? Number.NaN : parseDecimal(body, equals + 1, end);
    if (value === value) {
      if (end - equals - 1 >= TIME_DIGITS) return;
      this.number = value + (this.number === this.number ? this.number : 0);
    }
    for (let index = start; index < end; index++) this.bytes[this.length++] = body[index]!;
  }
}
