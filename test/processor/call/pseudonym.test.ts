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

describe('with a key that follows others', () => {
  const OLDER = Buffer.alloc(32, 1);
  const OLDEST = Buffer.alloc(32, 2);
  const successor = (): Pseudonyms => new Pseudonyms(KEY, { previous: [OLDER, OLDEST], hashKey: OLDEST });

  test('an identity has the pseudonym of the new key, and its former ones are told when it is met first', () => {
    const pseudonyms = successor();
    const told: string[] = [];
    pseudonyms.onSuccession((formerHigh, formerLow, high, low) => {
      told.push(`${displayName('u', formerHigh, formerLow)} ${displayName('u', high, low)}`);
    });
    expect(pseudonymOf(pseudonyms, 'user.id', 'alice')).toBe('u_d020effc71157e8f');
    expect(pseudonymOf(pseudonyms, 'user.id', 'alice')).toBe('u_d020effc71157e8f');
    expect(told).toEqual(
      [OLDER, OLDEST].map((key) => `${pseudonymOf(new Pseudonyms(key), 'user.id', 'alice')} u_d020effc71157e8f`),
    );
  });

  test('all pseudonyms of an identity can be computed, the present one first', () => {
    const pseudonyms = successor();
    const bytes = Buffer.from('<alice>');
    const all = pseudonyms
      .all(pseudonyms.kind('user.id'), bytes, 1, 5)
      .map(({ high, low }) => displayName('u', high, low));
    expect(all).toEqual([KEY, OLDER, OLDEST].map((key) => pseudonymOf(new Pseudonyms(key), 'user.id', 'alice')));
    const long = 'x'.repeat(5000);
    expect(pseudonyms.all(pseudonyms.kind('user.id'), Buffer.from(long), 0, 5000)[0]).toEqual({
      high: 0xddbe252f,
      low: 0x127561db,
    });
  });

  test('hashes of what is no identity stay as long as their own key does', () => {
    const before = new Pseudonyms(OLDER, { hashKey: OLDEST });
    expect(successor().deriveKey('a')).toEqual(before.deriveKey('a'));
    expect(successor().seed('network')).toBe(before.seed('network'));
    expect(successor().keyedHash32(KEY, 0, 8)).toBe(before.keyedHash32(KEY, 0, 8));
  });

  test('a former key of another length is refused', () => {
    expect(() => new Pseudonyms(KEY, { previous: [Buffer.alloc(31)] })).toThrow('31 bytes');
  });
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
