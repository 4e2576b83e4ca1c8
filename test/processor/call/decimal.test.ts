import { parseDecimal, writeDecimal } from '../../../processor/src/call/decimal.ts';

function parse(text: string): number {
  const bytes = Buffer.from(`<${text}>`);
  return parseDecimal(bytes, 1, bytes.length - 1);
}

test('a decimal integer below 2^53 is read exactly', () => {
  expect(parse('0')).toBe(0);
  expect(parse('007')).toBe(7);
  expect(parse('9007199254740991')).toBe(2 ** 53 - 1);
});

test('anything else is NaN', () => {
  for (const text of [
    '',
    '-1',
    '+1',
    '1.5',
    '1e3',
    ' 1',
    '12a',
    '9007199254740992',
    '9007199254740993',
    '9'.repeat(17),
  ]) {
    expect([text, parse(text)]).toEqual([text, Number.NaN]);
  }
});

test('an integer is written as String writes it', () => {
  const bytes = Buffer.alloc(24);
  for (const value of [0, 7, 10, 1234567890, 2 ** 53, -42]) {
    expect(bytes.toString('latin1', 0, writeDecimal(bytes, value))).toBe(String(value));
  }
});
