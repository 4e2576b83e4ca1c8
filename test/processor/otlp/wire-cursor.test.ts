import { WireCursor, WireError } from '../../../processor/src/otlp/wire-cursor.ts';
import { field, fixed32Field, fixed64Field, group, varint, varintField } from './wire-bytes.ts';

function cursorAt(bytes: Buffer): WireCursor {
  const cursor = new WireCursor();
  cursor.bytes = bytes;
  return cursor;
}

const skip = (bytes: Buffer): void => {
  const cursor = cursorAt(bytes);
  cursor.skip(cursor.tag(bytes.length), bytes.length);
};

describe('WireCursor', () => {
  // Encodings from the protobuf documentation, "Base 128 Varints" and "More Integer Types".
  it.each([
    ['01', 1],
    ['9601', 150],
    ['ac02', 300],
    ['feffffffffffffffff01', -2],
    ['ffffffffffffffffff01', -1],
    ['ffffffff07', 2 ** 31 - 1],
    ['80808080f8ffffffff01', -(2 ** 31)],
  ])('reads the varint %s as the int32 %d', (hex, value) => {
    const bytes = Buffer.from(hex, 'hex');
    const cursor = cursorAt(bytes);
    expect(cursor.int32(bytes.length)).toBe(value);
    expect(cursor.position).toBe(bytes.length);
  });

  it.each([
    0n,
    1n,
    127n,
    128n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 53n,
    -1n,
    -(2n ** 53n),
    2n ** 35n + 2n ** 28n,
    -(2n ** 63n),
  ])('reads the varint of the int64 %s, also when it is padded to 10 bytes', (value) => {
    for (const bytes of [varint(value), varint(value, 10)]) {
      expect(cursorAt(bytes).int64(bytes.length)).toBe(Number(value));
    }
  });

  it('takes a tag that is longer than needed for the same tag', () => {
    expect(cursorAt(varint(0x4a, 5)).tag(5)).toBe(0x4a);
    expect(cursorAt(varint(0x85)).tag(2)).toBe(0x85);
  });

  it.each([
    ['field number 0', varint(2)],
    ['field number 0 in many bytes', varint(7, 4)],
    ['a field number above 2^29 - 1', varint(2n ** 32n)],
    ['nothing', Buffer.alloc(0)],
    ['an unfinished varint', Buffer.from([0x8a])],
    ['eleven bytes of varint', Buffer.alloc(11, 0x80)],
  ])('refuses %s for a tag', (_what, bytes) => {
    expect(() => cursorAt(bytes).tag(bytes.length)).toThrow(WireError);
  });

  it('gives the end of a body, and the body may reach the end of its message but not beyond', () => {
    const bytes = Buffer.concat([varint(3, 4), Buffer.from('abcd')]);
    const cursor = cursorAt(bytes);
    expect(cursor.bodyEnd(7)).toBe(7);
    expect(cursor.position).toBe(4);
    expect(() => cursorAt(bytes).bodyEnd(6)).toThrow('a length beyond the end of its message at byte 0');
  });

  it.each([2n ** 31n, 2n ** 32n, 2n ** 32n + 1n, -1n])('refuses the length %s, which no 32 bits hold', (length) => {
    const bytes = Buffer.concat([varint(length), Buffer.alloc(4)]);
    expect(() => cursorAt(bytes).bodyEnd(bytes.length)).toThrow(WireError);
  });

  it.each([
    ['varint', varintField(99, -1)],
    ['fixed64', fixed64Field(99, 5n)],
    ['length-delimited', field(99, 'hello')],
    ['group', group(99, varintField(1, 300), group(98, field(2, 'x')))],
    ['fixed32', fixed32Field(99, 5)],
  ])('skips a field of wire type %s, and finds it truncated wherever it is cut', (_type, bytes) => {
    const cursor = cursorAt(bytes);
    cursor.skip(cursor.tag(bytes.length), bytes.length);
    expect(cursor.position).toBe(bytes.length);
    for (let length = 1; length < bytes.length; length++) {
      const cut = cursorAt(bytes.subarray(0, length));
      expect(() => cut.skip(cut.tag(length), length)).toThrow(WireError);
    }
  });

  it('refuses groups that end with another number, that end without a start, or that nest deeper than 100', () => {
    const nested = (depth: number): Buffer => (depth === 0 ? Buffer.alloc(0) : group(1, nested(depth - 1)));
    expect(() => skip(nested(100))).not.toThrow();
    expect(() => skip(nested(101))).toThrow('groups nested deeper than 100');
    expect(() => skip(Buffer.concat([varint(1 * 8 + 3), varint(2 * 8 + 4)]))).toThrow(WireError);
    expect(() => skip(varint(1 * 8 + 4))).toThrow(WireError);
  });

  it.each([6, 7])('refuses wire type %d, which does not exist', (wireType) => {
    const cursor = cursorAt(varint(8 + wireType));
    expect(() => cursor.skip(cursor.tag(1), 1)).toThrow(WireError);
  });
});
