import { array, assert, property, string } from 'fast-check';
import { MAX_PATH_BYTES, PathTemplate } from '../../../processor/src/call/path-template.ts';

function templateOf(path: string): string {
  const template = new PathTemplate();
  // Surrounded, so that reading beyond the path would show.
  const bytes = Buffer.from(`9/${path}/9`);
  const length = Buffer.byteLength(path);
  template.read(bytes, 2, length);
  const target = Buffer.alloc(8192);
  return target.toString('utf8', 0, template.write(bytes, target, 0));
}

/** Classes and order of the rules: Datadog's `http.endpoint`, with the additions that DETECTION asks for. */
test.each([
  ['a number of two digits or more', '/orders/42', '/orders/{id}'],
  ['a number with leading zeros', '/2026/05/07', '/{id}/{id}/{id}'],
  ['a date', '/days/2026-05-07', '/days/{id}'],
  ['a date with a time', '/at/2026-05-07T10:00:00Z', '/at/{id}'],
  ['a UUID', '/users/550e8400-e29b-41d4-a716-446655440000/cart', '/users/{id}/cart'],
  ['a UUID in upper case', '/users/550E8400-E29B-41D4-A716-446655440000', '/users/{id}'],
  ['hexadecimal with a digit', '/blobs/face1d', '/blobs/{id}'],
  ['an e-mail address', '/users/alice@example.com', '/users/{id}'],
  ['a ULID', '/events/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/events/{id}'],
  ['a KSUID', '/events/0ujtsYcgvSTl8PAuAdqWYSMnLOv', '/events/{id}'],
  ['base64url', '/t/eyJhbGciOiJIUzI1NiJ9', '/t/{id}'],
  ['a long token without digits', '/t/abcdefghijklmnopqrstuvwxyz', '/t/{id}'],
  ['a number with a prefix', '/invoices/INV-2026001', '/invoices/{id}'],
  ['a single digit after a plural', '/users/7', '/users/{id}'],
  ['percent-encoding', '/names/caf%C3%A9', '/names/{id}'],
  ['bytes beyond ASCII', '/names/café', '/names/{id}'],
  ['a placeholder', '/users/{userId}', '/users/{id}'],
])('%s becomes {id}', (_, path, expected) => {
  expect(templateOf(path)).toBe(expected);
});

test.each([
  ['a version', '/v1/orders', '/v1/orders'],
  ['a single digit after a singular', '/tier/3', '/tier/3'],
  ['a single digit after a word in -ss', '/address/3', '/address/3'],
  ['a single digit at the start', '/3', '/3'],
  ['hexadecimal letters without a digit', '/decade', '/decade'],
  ['a short word with digits', '/oauth2/2fa', '/oauth2/2fa'],
  ['a slug with a short number', '/user-123', '/user-123'],
  ['a long name of several words', '/notification-preferences', '/notification-preferences'],
  ['the root', '/', '/'],
])('%s stays', (_, path, expected) => {
  expect(templateOf(path)).toBe(expected);
});

test('a second single digit after an identifier stays, for no plural is before it', () => {
  expect(templateOf('/users/7/3')).toBe('/users/{id}/3');
});

test('empty segments do not count', () => {
  expect(templateOf('//a///b//')).toBe('/a/b');
});

test('query, fragment and parameters of segments are cut', () => {
  expect(templateOf('/a/b?c=/d/42')).toBe('/a/b');
  expect(templateOf('/a#b/c')).toBe('/a');
  expect(templateOf('/login;jsessionid=8F3A/next')).toBe('/login/next');
  expect(templateOf('?a')).toBe('/');
});

test('at most eight segments are kept', () => {
  expect(templateOf('/a/b/c/d/e/f/g/h/i/j')).toBe('/a/b/c/d/e/f/g/h');
});

test('the path ends before its query, and after 4 KiB', () => {
  const template = new PathTemplate();
  const path = Buffer.from('/a/b?c');
  template.read(path, 0, path.length);
  expect(template.pathLength).toBe('/a/b'.length);
  template.read(Buffer.alloc(65_536, 'x'), 0, 65_536);
  expect(template.pathLength).toBe(MAX_PATH_BYTES);
});

test('a hostile path of 64 KiB is read no further than 4 KiB', () => {
  const reads: number[] = [];
  const bytes = new Proxy(Buffer.alloc(65_536, '/1a'), {
    get(target, name) {
      if (typeof name === 'string' && /^\d+$/.test(name)) reads.push(Number(name));
      return Reflect.get(target, name) as unknown;
    },
  });
  new PathTemplate().read(bytes, 0, 65_536);
  expect(Math.max(...reads)).toBeLessThanOrEqual(MAX_PATH_BYTES);
  // Linear: each byte is looked at a bounded number of times.
  expect(reads.length).toBeLessThan(6 * MAX_PATH_BYTES);
});

test('a template that does not fit is cut between segments', () => {
  const template = new PathTemplate();
  const path = Buffer.from('/orders/42/items');
  template.read(path, 0, path.length);
  const target = Buffer.alloc(14);
  expect(target.toString('utf8', 0, template.write(path, target, 0))).toBe('/orders/{id}');
});

test('a template of a template is the template itself, whatever the bytes', () => {
  assert(
    property(array(string()), (segments) => {
      const template = templateOf(segments.join('/'));
      expect(templateOf(template)).toBe(template);
    }),
    { seed: 1 },
  );
});
