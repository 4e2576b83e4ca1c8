/** Segments of a path that are looked at; the rest is no part of the template. */
export const MAX_SEGMENTS = 8;

/** Longest part of a path that is read, in bytes: a hostile path costs no more. */
export const MAX_PATH_BYTES = 4096;

/** What a replaced segment is called in a template. */
export const IDENTIFIER = '{id}';
const IDENTIFIER_BYTES = Buffer.from(IDENTIFIER);

/** From this length on a segment is a token unless it is made of words. */
const TOKEN_LENGTH = 20;

/** `notification-preferences` is a name: words in lower case without digits, each and together not too long. */
const LONGEST_WORD = 16;
const LONGEST_WORDS = 48;

/** A run of so many digits numbers something whatever stands around it: `INV-2024001`. */
const LONG_DIGIT_RUN = 6;

const SLASH = 0x2f;
const SEMICOLON = 0x3b;
const QUESTION_MARK = 0x3f;
const NUMBER_SIGN = 0x23;
const LOWER_S = 0x73;

/**
 * Classes of bytes, as bits, so that one OR per byte tells what a segment consists of. Letters come first: all of them
 * are below DIGIT.
 */
/** a-f and A-F. */
const HEX_LETTER = 1;
/** g-z and G-Z. */
const OTHER_LETTER = 2;
const UPPER_CASE = 4;
const DIGIT = 8;
/** `.`, `_` and `-`. */
const SEPARATOR = 16;
/** Bytes that names of resources do not have: `%&'()*+,:=@` and the like, spaces, controls, everything beyond ASCII. */
const FOREIGN = 32;
/** `/`, `;`, `?` and `#`: what ends a segment. */
const END = 64;

const CLASSES = byteClasses();

/**
 * Finds the segments of a path that identify one object rather than a kind of object, in one pass over its bytes:
 * numbers, UUIDs, hexadecimal, dates, e-mail addresses, tokens (ULID, KSUID, base64url). `v1` and the 3 of `/tier/3`
 * are names; the 3 of `/tiers/3` is an identifier. The rules are those of Datadog's `http.endpoint`, with additions.
 *
 * Empty segments do not count; the query (from `?`), the fragment and parameters of segments (from `;`) are cut off.
 */
export class PathTemplate {
  /** Segments found, at most MAX_SEGMENTS. */
  segmentCount = 0;
  /** Bit n is set when segment n is an identifier. */
  identifiers = 0;
  /** Bytes of the path before its query, at most MAX_PATH_BYTES. */
  pathLength = 0;
  /** Bit n is set when segment n is so by its digits: no route that is meant as one has such segments. */
  numbers = 0;

  readonly #starts = new Int32Array(MAX_SEGMENTS);
  readonly #ends = new Int32Array(MAX_SEGMENTS);

  /** Of the segment scanned last: classes of its bytes, digits, longest run of digits, longest word. */
  #seen = 0;
  #digits = 0;
  #longestDigitRun = 0;
  #longestWord = 0;

  /** Reads `length` bytes from `offset` on. */
  read(bytes: Uint8Array, offset: number, length: number): void {
    const limit = offset + Math.min(length, MAX_PATH_BYTES);
    this.segmentCount = 0;
    this.identifiers = 0;
    this.numbers = 0;

    let index = offset;
    while (index < limit) {
      const start = index;
      const end = this.#scanSegment(bytes, start, limit);
      if (end > start) this.#addSegment(bytes, start, end);
      index = end;
      if (bytes[index] === SEMICOLON) {
        while (index < limit && bytes[index] !== SLASH && !isQueryStart(bytes[index]!)) index++;
      }
      if (index < limit && isQueryStart(bytes[index]!)) break;
      index++;
    }
    this.pathLength = Math.min(index, limit) - offset;
  }

  /** Goes through one segment; returns where it ends. */
  #scanSegment(bytes: Uint8Array, start: number, limit: number): number {
    let seen = 0;
    let digits = 0;
    let digitRun = 0;
    let longestDigitRun = 0;
    let lastDigit = -1;
    let wordStart = start;
    let longestWord = 0;
    let index = start;
    for (; index < limit; index++) {
      const byteClass = CLASSES[bytes[index]!]!;
      seen |= byteClass;
      if (byteClass < DIGIT) continue;
      if (byteClass === DIGIT) {
        digits++;
        digitRun = lastDigit === index - 1 ? digitRun + 1 : 1;
        lastDigit = index;
        if (digitRun > longestDigitRun) longestDigitRun = digitRun;
      } else if (byteClass === SEPARATOR) {
        longestWord = Math.max(longestWord, index - wordStart);
        wordStart = index + 1;
      } else if (byteClass === END) {
        break;
      }
    }
    this.#seen = seen & ~END;
    this.#digits = digits;
    this.#longestDigitRun = longestDigitRun;
    this.#longestWord = Math.max(longestWord, index - wordStart);
    return index;
  }

  #addSegment(bytes: Uint8Array, start: number, end: number): void {
    const n = this.segmentCount;
    if (n === MAX_SEGMENTS) return;
    const isNumber = this.#isNumber(end - start);
    const isLoneDigit = end - start === 1 && this.#digits === 1;
    if (isNumber) this.numbers |= 1 << n;
    if (isNumber || (isLoneDigit ? this.#followsPlural(bytes) : this.#isToken(end - start))) this.identifiers |= 1 << n;
    this.#starts[n] = start;
    this.#ends[n] = end;
    this.segmentCount = n + 1;
  }

  /** Whether the segment scanned last is a number, a date, a version, hexadecimal or a UUID, or has a long number in it. */
  #isNumber(length: number): boolean {
    const seen = this.#seen;
    const digits = this.#digits;
    if (digits === 0 || (seen & FOREIGN) !== 0) return false;
    if (digits === length) return length >= 2;
    if (this.#longestDigitRun >= LONG_DIGIT_RUN) return true;
    // 1.2.3, 2026-05.
    if ((seen & ~(DIGIT | SEPARATOR)) === 0) return length >= 3;
    return (seen & ~(DIGIT | SEPARATOR | HEX_LETTER | UPPER_CASE)) === 0 && length >= 6;
  }

  /** Whether the segment scanned last is no name for other reasons than its digits. */
  #isToken(length: number): boolean {
    return (this.#seen & FOREIGN) !== 0 || (length >= TOKEN_LENGTH && !this.#isWords(length));
  }

  #isWords(length: number): boolean {
    const isLowerCaseWords = (this.#seen & (SEPARATOR | DIGIT | UPPER_CASE)) === SEPARATOR;
    return isLowerCaseWords && this.#longestWord <= LONGEST_WORD && length <= LONGEST_WORDS;
  }

  /** Where segment `n` begins in the bytes that were read. */
  segmentStart(n: number): number {
    return this.#starts[n]!;
  }

  /** Where segment `n` ends, exclusive. */
  segmentEnd(n: number): number {
    return this.#ends[n]!;
  }

  /**
   * Writes the template to `target` from `at` on, as far as there is room, and returns where it ends. `bytes` are
   * those that were read.
   */
  write(bytes: Uint8Array, target: Uint8Array, at: number): number {
    let position = at;
    for (let n = 0; n < this.segmentCount; n++) {
      const isIdentifier = (this.identifiers & (1 << n)) !== 0;
      const source = isIdentifier ? IDENTIFIER_BYTES : bytes;
      const start = isIdentifier ? 0 : this.#starts[n]!;
      const end = isIdentifier ? IDENTIFIER_BYTES.length : this.#ends[n]!;
      if (position + 1 + end - start > target.length) return position;
      target[position++] = SLASH;
      for (let index = start; index < end; index++) target[position++] = source[index]!;
    }
    if (this.segmentCount === 0 && position < target.length) target[position++] = SLASH;
    return position;
  }

  /** The segment before the next one is a plural: the next one is a member of a collection. */
  #followsPlural(bytes: Uint8Array): boolean {
    const previous = this.segmentCount - 1;
    if (previous < 0 || (this.identifiers & (1 << previous)) !== 0) return false;
    const end = this.#ends[previous]!;
    if (end - this.#starts[previous]! < 3) return false;
    const last = bytes[end - 1]! | 0x20;
    const beforeLast = bytes[end - 2]! | 0x20;
    return last === LOWER_S && beforeLast !== LOWER_S;
  }
}

/** Whether a path ends at this byte, before its query or fragment. */
export function isQueryStart(byte: number): boolean {
  return byte === QUESTION_MARK || byte === NUMBER_SIGN;
}

function byteClasses(): Uint8Array {
  const classes = new Uint8Array(256).fill(FOREIGN);
  for (const character of '0123456789') classes[character.charCodeAt(0)] = DIGIT;
  for (const character of 'abcdef') classes[character.charCodeAt(0)] = HEX_LETTER;
  for (const character of 'ghijklmnopqrstuvwxyz') classes[character.charCodeAt(0)] = OTHER_LETTER;
  for (const character of 'ABCDEF') classes[character.charCodeAt(0)] = HEX_LETTER | UPPER_CASE;
  for (const character of 'GHIJKLMNOPQRSTUVWXYZ') classes[character.charCodeAt(0)] = OTHER_LETTER | UPPER_CASE;
  for (const character of '._-') classes[character.charCodeAt(0)] = SEPARATOR;
  for (const character of '/;?#') classes[character.charCodeAt(0)] = END;
  for (const character of '~!$') classes[character.charCodeAt(0)] = OTHER_LETTER;
  return classes;
}
