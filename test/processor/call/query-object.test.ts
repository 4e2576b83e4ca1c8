import { assert, property, uint8Array } from 'fast-check';
import { QueryObject } from '../../../processor/src/call/query-object.ts';

/** What of a query asks for something, and its number. */
function read(query: string): { asksFor: string; number: number } {
  const object = new QueryObject();
  const body = Buffer.from(`GET /orders?${query}`);
  object.read(body, '/orders?'.length + 4, query.length);
  return { asksFor: object.bytes.toString('utf8', 0, object.length), number: object.number };
}

test.each([
  ['id=1001', 'id=1001', 1001],
  ['?id=1001', 'id=1001', 1001],
  ['page=3&size=20', 'page=3size=20', 23],
  ['cursor=eyJpZCI6Nn0=', 'cursor=eyJpZCI6Nn0=', Number.NaN],
  ['q=a&&page=2', 'q=apage=2', 2],
  ['flag&page=2', 'flagpage=2', 2],
  ['id=7#top', 'id=7', 7],
  ['id=-7', 'id=-7', Number.NaN],
])('?%s asks for "%s"', (query, asksFor, number) => {
  expect(read(query)).toEqual({ asksFor, number });
});

test.each(['', '?', '#id=7', '&&', '_=1764339000', 't=1764339000123', '?nocache=99999999999999'])(
  '?%s asks for nothing: it has no parameter, or a time that no cache knows',
  (query) => {
    expect(read(query)).toEqual({ asksFor: '', number: Number.NaN });
  },
);

test('a time beside what is asked for changes nothing', () => {
  expect(read('page=3&_=1764339000')).toEqual(read('page=3'));
  expect(read('_=1764339000&page=3')).toEqual(read('page=3'));
});

test('the next page is one step away', () => {
  expect(read('size=20&page=4').number - read('size=20&page=3').number).toBe(1);
});

test('of a long query the beginning counts', () => {
  const long = `q=${'x'.repeat(2000)}`;
  expect(read(long).asksFor).toBe(long.slice(0, 512));
});

test('any bytes are read within their bounds', () => {
  const object = new QueryObject();
  assert(
    property(uint8Array({ maxLength: 700 }), (bytes) => {
      object.read(bytes, 0, bytes.length);
      expect(object.length).toBeLessThanOrEqual(Math.min(512, bytes.length));
    }),
  );
});
