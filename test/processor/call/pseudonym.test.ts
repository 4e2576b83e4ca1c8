import { displayName, parseDisplayName, Pseudonyms } from '../../../processor/src/call/pseudonym.ts';

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index));

function pseudonymOf(pseudonyms: Pseudonyms, kind: string, identity: string): string {
  const bytes = Buffer.from(`<${identity}>`);
  pseudonyms.pseudonym(pseudonyms.kind(kind), bytes, 1, bytes.length - 2);
  return displayName('u', pseudonyms.high, pseudonyms.low);
}

/** First 8 bytes of HMAC-SHA256(key, kind + 0 + identity), computed with Python's hmac module. */
test.each([
  ['user.id', 'alice', 'u_d020effc71157e8f'],
  ['enduser.id', 'alice', 'u_ccf5338668d96305'],
  ['user.id', 'x'.repeat(5000), 'u_ddbe252f127561db'],
])('the pseudonym of a %s is its HMAC, computed or from the cache', (kind, identity, expected) => {
  const pseudonyms = new Pseudonyms(KEY);
  expect(pseudonymOf(pseudonyms, kind, identity)).toBe(expected);
  expect(pseudonymOf(pseudonyms, kind, identity)).toBe(expected);
});

test('another key gives other pseudonyms and other hashes', () => {
  const one = new Pseudonyms(KEY);
  const other = new Pseudonyms(Buffer.alloc(32));
  expect(pseudonymOf(other, 'user.id', 'alice')).not.toBe(pseudonymOf(one, 'user.id', 'alice'));
  expect(other.keyedHash32(KEY, 0, 8)).not.toBe(one.keyedHash32(KEY, 0, 8));
  expect(other.deriveKey('a')).not.toEqual(one.deriveKey('a'));
  expect(one.deriveKey('b')).not.toEqual(one.deriveKey('a'));
});

test('long identities that begin alike have different pseudonyms', () => {
  const pseudonyms = new Pseudonyms(KEY);
  const names = [5000, 5001, 4096].map((length) => pseudonymOf(pseudonyms, 'user.id', 'x'.repeat(length)));
  expect(new Set(names).size).toBe(3);
});

test("identities that take each other's place in the cache keep their pseudonyms", () => {
  const pseudonyms = new Pseudonyms(KEY);
  // Of 30 000 identities in 2^18 slots about 1700 share one with another.
  const names = (): string[] =>
    Array.from({ length: 30_000 }, (_, user) => pseudonymOf(pseudonyms, 'user.id', `user ${user}`));
  const first = names();
  expect(new Set(first).size).toBe(30_000);
  expect(names()).toEqual(first);
});

test('a key of another length than 32 bytes is refused', () => {
  expect(() => new Pseudonyms(Buffer.alloc(16))).toThrow('The pseudonym key has 16 bytes; give 32.');
});

test('a display name is read back, and only a whole one', () => {
  expect(displayName('a', 0, 0xdeadbeef)).toBe('a_00000000deadbeef');
  expect(parseDisplayName('a_00000000deadbeef')).toEqual({ prefix: 'a', high: 0, low: 0xdeadbeef });
  for (const text of ['alice', 'u_', 'u_123', 'x_00000000deadbeef', 'u_00000000DEADBEEF', 'u_00000000deadbeef0']) {
    expect(parseDisplayName(text)).toBeUndefined();
  }
});
