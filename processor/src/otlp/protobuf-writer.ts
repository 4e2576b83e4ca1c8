/** Longest text written byte by byte; above it the native encoder is faster. */
const SHORT_TEXT = 40;

/** Bytes of an unsigned varint below 2^53. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** Writes an unsigned integer below 2^53 as a varint at `offset` and returns the offset behind it. */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let position = offset;
  let rest = value;
  while (rest >= 0x80) {
    bytes[position++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[position++] = rest;
  return position;
}

/** Builds protobuf bytes in a growing buffer. The caller keeps the rules of the message; nothing is checked. */
export class ProtobufWriter {
  /** The storage; only the first `length` bytes count. Growing replaces it. */
  bytes: Buffer;
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  clear(): void {
    this.length = 0;
  }

  /** A copy of what was written. */
  toBuffer(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.length));
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.length + count, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** An unsigned integer below 2^53. */
  varint(value: number): void {
    this.reserve(10);
    this.length = writeVarint(this.bytes, this.length, value);
  }

  /** A signed or unsigned 64-bit integer as a varint (int64, uint64, int32: two's complement). */
  varint64(value: bigint): void {
    this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
  }

  /** Tag of a field whose number is below 2^28. */
  tag(fieldNumber: number, wireType: number): void {
    this.varint(fieldNumber * 8 + wireType);
  }

  fixed32(value: number): void {
    this.reserve(4);
    this.length = this.bytes.writeUInt32LE(value, this.length);
  }

  fixed64(value: bigint): void {
    this.reserve(8);
    this.length = this.bytes.writeBigUInt64LE(value, this.length);
  }

  double(value: number): void {
    this.reserve(8);
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  /** Bytes as they are. */
  raw(source: Uint8Array): void {
    const { length } = source;
    this.reserve(length);
    if (length > SHORT_TEXT) {
      this.bytes.set(source, this.length);
    } else {
      const { bytes } = this;
      for (let index = 0, offset = this.length; index < length; index++) bytes[offset + index] = source[index]!;
    }
    this.length += length;
  }

  /** A length and the bytes. */
  lengthDelimited(source: Uint8Array): void {
    this.varint(source.length);
    this.raw(source);
  }

  /** A length and the text as UTF-8. */
  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.reserve(length);
    this.length += this.bytes.write(value, this.length);
  }

  /** Begins a message whose length is not known yet; the result goes to `endMessage`. */
  beginMessage(fieldNumber: number): number {
    this.tag(fieldNumber, 2);
    return this.length;
  }

  /** Ends it: puts its length, as short as can be, before what was written since. */
  endMessage(start: number): void {
    const length = this.length - start;
    const prefix = varintLength(length);
    this.reserve(prefix);
    this.bytes.copyWithin(start + prefix, start, this.length);
    writeVarint(this.bytes, start, length);
    this.length += prefix;
  }
}
