/** The bytes are no valid protobuf message: truncated, or with a field that cannot be. Says what and at which byte. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** Wire types of the protobuf encoding: the low three bits of a field's tag. */
export const WireType = {
  VARINT: 0,
  FIXED64: 1,
  LENGTH_DELIMITED: 2,
  GROUP_START: 3,
  GROUP_END: 4,
  FIXED32: 5,
} as const;

/** Groups (an encoding OTLP never uses) may nest so deep, as in other protobuf parsers; deeper is an attack. */
const MAX_GROUP_DEPTH = 100;

const NO_BYTES = Buffer.alloc(0);

/**
 * A place in protobuf bytes. Every read moves `position` and stays before the `end` it is given (the end of the
 * enclosing message, never beyond the bytes); what would pass it is a WireError. As in other parsers, a varint may be
 * longer than needed, up to 10 bytes.
 */
export class WireCursor {
  bytes: Buffer = NO_BYTES;
  position = 0;
  /** Upper 32 bits of the varint read last by `longVarint`. */
  #high = 0;

  /** Reads a field's tag: `field number << 3 | wire type`, uint32. */
  tag(end: number): number {
    const { position } = this;
    if (position < end) {
      const byte = this.bytes[position]!;
      if (byte < 0x80 && byte >= 8) {
        this.position = position + 1;
        return byte;
      }
    }
    const tag = this.#longVarint(end) >>> 0;
    if (this.#high !== 0 || tag < 8) throw this.error('an invalid field number', position);
    return tag;
  }

  /** Reads a length and returns where the body it announces ends; `position` is then where the body starts. */
  bodyEnd(end: number): number {
    const { position } = this;
    let bodyEnd: number;
    if (position < end && this.bytes[position]! < 0x80) {
      this.position = position + 1;
      bodyEnd = position + 1 + this.bytes[position]!;
    } else {
      const length = this.#longVarint(end) >>> 0;
      bodyEnd = this.#high === 0 ? this.position + length : Infinity;
    }
    if (bodyEnd > end) throw this.error('a length beyond the end of its message', position);
    return bodyEnd;
  }

  /** Reads a varint and returns its lower 32 bits, signed: the value of an int32, an enum or a bool's lower half. */
  int32(end: number): number {
    const { position } = this;
    if (position < end && this.bytes[position]! < 0x80) {
      this.position = position + 1;
      return this.bytes[position]!;
    }
    return this.#longVarint(end);
  }

  /** Reads a varint as an int64 and rounds it to the nearest float64 (exact up to 2^53). */
  int64(end: number): number {
    const low = this.#longVarint(end) >>> 0;
    return this.#high * 0x1_0000_0000 + low;
  }

  /** Moves over `count` bytes. */
  advance(count: number, end: number): void {
    if (this.position + count > end) throw this.error('a truncated field', this.position);
    this.position += count;
  }

  /** Moves over the value of a field that is not of interest, whose `tag` has just been read. */
  skip(tag: number, end: number, depth = 0): void {
    switch (tag & 7) {
      case WireType.VARINT:
        this.int32(end);
        break;
      case WireType.FIXED64:
        this.advance(8, end);
        break;
      case WireType.LENGTH_DELIMITED:
        this.position = this.bodyEnd(end);
        break;
      case WireType.GROUP_START:
        this.#skipGroup(tag, end, depth);
        break;
      case WireType.FIXED32:
        this.advance(4, end);
        break;
      default:
        throw this.error(`wire type ${tag & 7} where a field was expected`, this.position);
    }
  }

  /** What the reader stumbled over, for its caller to throw. */
  error(what: string, position: number): WireError {
    return new WireError(`The request is no valid OTLP protobuf: ${what} at byte ${position}.`);
  }

  #skipGroup(startTag: number, end: number, depth: number): void {
    if (depth === MAX_GROUP_DEPTH) throw this.error(`groups nested deeper than ${MAX_GROUP_DEPTH}`, this.position);
    const endTag = startTag - WireType.GROUP_START + WireType.GROUP_END;
    for (let tag = this.tag(end); tag !== endTag; tag = this.tag(end)) this.skip(tag, end, depth + 1);
  }

  /** Reads a varint of any length: returns bits 0 to 31, signed, and leaves bits 32 to 63, signed, in `#high`. */
  #longVarint(end: number): number {
    const { bytes, position } = this;
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      if (position + index >= end) throw this.error('a truncated varint', position);
      const byte = bytes[position + index]!;
      const bits = byte & 0x7f;
      const shift = 7 * index;
      if (shift < 32) low |= bits << shift;
      // Bits 28 to 34 lie across the border: three of them belong to the upper half.
      if (shift >= 32) high |= bits << (shift - 32);
      else if (shift === 28) high |= bits >> 4;
      if (byte < 0x80) {
        this.position = position + index + 1;
        this.#high = high;
        return low;
      }
    }
    throw this.error('a varint longer than 10 bytes', position);
  }
}
