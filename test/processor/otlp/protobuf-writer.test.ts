import { ProtobufWriter, varintLength, writeVarint } from '../../../processor/src/otlp/protobuf-writer.ts';
import { field, varint } from './wire-bytes.ts';

describe('ProtobufWriter', () => {
  const borders = [
    0,
    1,
    127,
    128,
    16_383,
    16_384,
    2 ** 21 - 1,
    2 ** 21,
    2 ** 28,
    2 ** 31,
    2 ** 32,
    2 ** 35,
    2 ** 53 - 1,
  ];

  it.each(borders)('writes %d as the shortest varint', (value) => {
    const bytes = Buffer.alloc(10);
    const end = writeVarint(bytes, 0, value);
    expect(bytes.subarray(0, end)).toEqual(varint(value));
    expect(varintLength(value)).toBe(end);
  });

  it.each([0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n])(
    'writes the 64-bit integer %s as a varint',
    (value) => {
      const writer = new ProtobufWriter();
      writer.varint64(value);
      expect(writer.toBuffer()).toEqual(varint(value));
    },
  );

  it('writes messages in messages, whatever their lengths, and grows as needed', () => {
    const writer = new ProtobufWriter(1);
    const bodies = [0, 127, 128, 20_000].map((length) => 'x'.repeat(length));
    const outer = writer.beginMessage(7);
    for (const body of bodies) {
      const inner = writer.beginMessage(300);
      writer.raw(Buffer.from(body));
      writer.endMessage(inner);
    }
    writer.endMessage(outer);
    expect(writer.toBuffer()).toEqual(field(7, ...bodies.map((body) => field(300, body))));
  });
});
