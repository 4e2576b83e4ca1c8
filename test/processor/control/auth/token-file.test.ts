import { parseTokens } from '../../../../processor/src/control/auth/token-file.ts';

const tokensIn = (text: string) => parseTokens('tokens', Buffer.from(text));

test('each line is a token; comments and empty lines are none', () => {
  expect(tokensIn('# Grafana\nabcdefghijklmnop\r\n\n  qrstuvwxyz012345  \n')).toEqual([
    { token: 'abcdefghijklmnop', expiresMs: Infinity },
    { token: 'qrstuvwxyz012345', expiresMs: Infinity },
  ]);
});

test('a token may end', () => {
  expect(tokensIn('abcdefghijklmnop expires=2026-12-01T00:00:00Z')).toEqual([
    { token: 'abcdefghijklmnop', expiresMs: Date.UTC(2026, 11, 1) },
  ]);
});

test.each([
  ['short', /line 1 is no token/],
  ['abcdefghijklmnop\nabcdefghijklmno\u00e9', /line 2 is no token/],
  ['abcdefghijklmnop expires=tomorrow', /line 1 has no readable end/],
  ['abcdefghijklmnop until=2026-12-01', /line 1 has no readable end/],
  ['abcdefghijklmnop expires=2026-12-01 more', /line 1 has more than a token/],
  ['abcdefghijklmnop\n'.repeat(65), /line 65 is one token too many/],
])('a file that cannot be meant is refused, without a token in the message', (text, reason) => {
  expect(() => tokensIn(text)).toThrow(reason);
  expect(() => tokensIn(text)).not.toThrow(/abcdefgh/);
});
