import { TextCache } from '../../../processor/src/otlp/text-cache.ts';

describe('TextCache', () => {
  const cache = new TextCache();
  const text = (value: string): string => {
    const bytes = Buffer.from(`>${value}<`);
    return cache.text(bytes, 1, bytes.length - 2);
  };

  it.each(['', 'GET', 'größe', '/orders/{id}', 'x'.repeat(128), 'x'.repeat(129), 'x'.repeat(5000)])(
    'gives the text of the bytes, the first time and again: %#',
    (value) => {
      expect(text(value)).toBe(value);
      expect(text(value)).toBe(value);
    },
  );

  it('never mistakes one text for another, also of many more than it keeps', () => {
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 20_000; index++) expect(text(`/orders/${index}`)).toBe(`/orders/${index}`);
    }
  });

  it('does not confuse texts that differ only before their last 16 bytes', () => {
    const tail = '/the/same/long/tail/of/a/path';
    expect([text(`a${tail}`), text(`b${tail}`), text(`a${tail}`)]).toEqual([`a${tail}`, `b${tail}`, `a${tail}`]);
  });

  it('replaces what is no UTF-8', () => {
    expect(cache.text(Buffer.from([0x61, 0xff, 0x62]), 0, 3)).toBe('a\ufffdb');
  });
});
