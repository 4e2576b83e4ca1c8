/**
 * Valid trace requests as no tidy encoder writes them, for property tests: fields in any order and repeated, unknown
 * fields at every level, tags and lengths longer than needed, keys of ours among the attributes.
 */
import * as fc from 'fast-check';
import { seededRandom } from './otlp-samples.ts';

type Bytes = fc.Arbitrary<Buffer>;

const OWN = ['anomaly.score', 'anomaly.is_anomaly', 'anomaly.model.version', 'anomaly.state', 'anomaly.incident.id'];
const OTHERS = ['user.id', 'http.route', 'service.name', 'anomaly.note', 'anomaly.scores', 'roles', 'x', ''];
const key = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...OWN) },
  { weight: 4, arbitrary: fc.constantFrom(...OTHERS) },
);
const text = fc.oneof(
  fc.constantFrom('', 'GET', '/orders/{id}', 'x'.repeat(130)),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);

/** A varint, now and then longer than needed, up to 5 bytes. */
function varint(value: bigint, padding: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  } while (rest > 0n);
  while (bytes.length < padding) bytes.push(0x80);
  bytes.push(bytes.pop()! & 0x7f);
  return Buffer.from(bytes);
}

const padding = fc.oneof(
  { weight: 9, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.integer({ min: 2, max: 5 }) },
);

function tagged(number: number, wireType: number, content: Bytes): Bytes {
  return fc
    .tuple(content, padding)
    .map(([bytes, longer]) => Buffer.concat([varint(BigInt(number * 8 + wireType), longer), bytes]));
}

function varintField(number: number, value: fc.Arbitrary<bigint>): Bytes {
  return tagged(
    number,
    0,
    fc.tuple(value, padding).map(([integer, longer]) => varint(integer, longer)),
  );
}

function fixedField(number: number, bytes: 4 | 8): Bytes {
  const content = fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((array) => Buffer.from(array));
  return tagged(number, bytes === 4 ? 5 : 1, content);
}

function field(number: number, body: Bytes): Bytes {
  const content = fc
    .tuple(body, padding)
    .map(([bytes, longer]) => Buffer.concat([varint(BigInt(bytes.length), longer), bytes]));
  return tagged(number, 2, content);
}

const textField = (number: number): Bytes =>
  field(
    number,
    text.map((value) => Buffer.from(value)),
  );
const bytesField = (number: number): Bytes =>
  field(
    number,
    fc.uint8Array({ maxLength: 20 }).map((value) => Buffer.from(value)),
  );
const uint32Field = (number: number): Bytes => varintField(number, fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }));
const int64Field = (number: number): Bytes =>
  varintField(number, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
const doubleField = (number: number): Bytes =>
  tagged(
    number,
    1,
    fc.double({ noNaN: true }).map((value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(value);
      return bytes;
    }),
  );

/** Fields no version of OTLP has, of every wire type. */
const unknownField = fc.oneof(
  varintField(1900, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  fixedField(1901, 8),
  bytesField(1902),
  fixedField(1903, 4),
  textField(536_870_911),
);

/** A message of these fields, each absent or there once, one of them perhaps twice, in any order, with unknown ones between. */
function message(...fields: Bytes[]): Bytes {
  const once = fields.map((one) => fc.option(one, { nil: undefined }));
  const unknown = fc.array(unknownField, { maxLength: 1 });
  const again = fc.array(fc.oneof(...fields), { maxLength: 1 });
  return fc.tuple(fc.tuple(...once), unknown, again, fc.nat()).map(([some, unknowns, repeats, seed]) => {
    const parts = [...some, ...unknowns, ...repeats].filter((part) => part !== undefined);
    const random = seededRandom(seed);
    const ranked = parts.map((part) => ({ part, rank: random() }));
    return Buffer.concat(ranked.toSorted((a, b) => a.rank - b.rank).map(({ part }) => part));
  });
}

const { anyValue } = fc.letrec<{ anyValue: Buffer; keyValue: Buffer }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    message(
      textField(1),
      varintField(2, fc.constantFrom(0n, 1n)),
      int64Field(3),
      doubleField(4),
      bytesField(7),
      varintField(8, fc.constant(1n)),
    ),
    textField(1),
    message(field(5, message(field(1, tie('anyValue') as Bytes)))),
    message(field(6, message(field(1, tie('keyValue') as Bytes)))),
  ),
  keyValue: message(textField(1), field(2, tie('anyValue'))),
}));

const keyValue = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        field(
          1,
          key.map((name) => Buffer.from(name)),
        ),
        field(2, anyValue),
      )
      .map((parts) => Buffer.concat(parts)),
  },
  {
    weight: 1,
    arbitrary: message(
      field(
        1,
        key.map((name) => Buffer.from(name)),
      ),
      field(2, anyValue),
      uint32Field(3),
    ),
  },
);

function list(element: Bytes, maxLength: number): Bytes {
  return fc.array(element, { maxLength }).map((parts) => Buffer.concat(parts));
}

const attributes = (number: number): Bytes => list(field(number, keyValue), 3);
const id = (number: number, length: number): Bytes =>
  field(
    number,
    fc.uint8Array({ minLength: length, maxLength: length }).map((value) => Buffer.from(value)),
  );

const event = message(fixedField(1, 8), textField(2), attributes(3), uint32Field(4));
const link = message(id(1, 16), id(2, 8), textField(3), attributes(4), uint32Field(5), fixedField(6, 4));
const status = message(textField(2), varintField(3, fc.constantFrom(0n, 1n, 2n)));
const kinds = varintField(6, fc.constantFrom(2n, 2n, 2n, 1n, 3n, 0n));
const span = message(
  id(1, 16),
  id(2, 8),
  textField(3),
  id(4, 8),
  textField(5),
  kinds,
  fixedField(7, 8),
  fixedField(8, 8),
  attributes(9),
  uint32Field(10),
  field(11, event),
  field(13, link),
  field(15, status),
  fixedField(16, 4),
);
const scope = message(textField(1), textField(2), attributes(3), uint32Field(4));
const entity = message(textField(1), textField(2), textField(3), textField(4));
const resource = message(attributes(1), uint32Field(2), field(3, entity));
const scopeSpans = message(field(1, scope), list(field(2, span), 3), textField(3));
const resourceSpans = message(field(1, resource), list(field(2, scopeSpans), 2), textField(3));

/** The bytes of an ExportTraceServiceRequest. */
export const arbitraryRequest: fc.Arbitrary<Buffer> = message(list(field(1, resourceSpans), 2));
