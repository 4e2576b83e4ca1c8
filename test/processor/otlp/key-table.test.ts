import { KeyTable, OWN_KEY, UNKNOWN_KEY } from '../../../processor/src/otlp/key-table.ts';

function find(table: KeyTable, key: string): number {
  const bytes = Buffer.from(`..${key}..`);
  return table.find(bytes, 2, Buffer.byteLength(key));
}

describe('KeyTable', () => {
  const read = Array.from({ length: 300 }, (_, index) => `key.${index}`);
  const table = new KeyTable([...read, 'ключ'], ['anomaly.score']);

  it('finds every key by its bytes, also keys that are alike', () => {
    expect(read.map((key) => find(table, key))).toEqual(read.map((_key, index) => index));
    expect(find(table, 'ключ')).toBe(300);
  });

  it('tells own keys from those to read, and a key in both lists is own', () => {
    expect(find(table, 'anomaly.score')).toBe(OWN_KEY);
    expect(find(new KeyTable(['a'], ['a']), 'a')).toBe(OWN_KEY);
  });

  it.each(['', 'key', 'key.', 'key.300', 'Key.1', 'xey.1', 'anomaly.scorf', 'bnomaly.score', 'anomaly.score2'])(
    'does not know %j',
    (key) => {
      expect(find(table, key)).toBe(UNKNOWN_KEY);
    },
  );

  it('refuses an empty key', () => {
    expect(() => new KeyTable([''], [])).toThrow('An attribute key is empty; name at least one character.');
  });
});
