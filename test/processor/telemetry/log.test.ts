import { createLog } from '../../../processor/src/telemetry/log.ts';

/** A log and the lines it wrote. */
function recordedLog(level: 'info' | 'debug' = 'info') {
  const lines: string[] = [];
  return { lines, log: createLog({ level, destination: { write: (line) => void lines.push(line) } }) };
}

function parsed(lines: string[]): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a line is one JSON object with level, time and message', () => {
  const { log, lines } = recordedLog();
  log.info({ rows: 3 }, 'Model trained');
  expect(parsed(lines)).toEqual([{ level: 'info', time: expect.any(String), rows: 3, msg: 'Model trained' }]);
  expect(lines[0]).toMatch(/^\{.*\}\n$/);
});

test('levels below the configured one are not written', () => {
  const { log, lines } = recordedLog();
  log.debug('quiet');
  expect(lines).toEqual([]);
});

test.each([
  ['a line feed', '\n'],
  ['an ANSI escape', '\u001b[31m'],
  ['a C1 control', '\u009b31m'],
  ['DEL', '\u007f'],
  ['a bidirectional override', '\u202e'],
  ['a line separator', '\u2028'],
])('%s from a sender is escaped and reads back unchanged', (_, hostile) => {
  const { log, lines } = recordedLog();
  log.warn({ path: `a${hostile}b` }, `m${hostile}n`);
  // Printable ASCII and the line feed that ends the record.
  expect(lines[0]).toMatch(/^[\x20-\x7e]*\n$/);
  expect(parsed(lines)[0]).toMatchObject({ path: `a${hostile}b`, msg: `m${hostile}n` });
});

test('text is cut at 1 KiB, in fields, messages, lists and keys', () => {
  const { log, lines } = recordedLog();
  const long = 'x'.repeat(100_000);
  log.info({ long, list: [long], [long]: 1, err: new Error(long) }, long);
  expect(lines[0]!.length).toBeLessThan(12_000);
});

test('deep, wide, circular and binary values are bounded', () => {
  const { log, lines } = recordedLog();
  const circular: Record<string, unknown> = { body: Buffer.alloc(1_000_000), big: 2n ** 64n };
  circular['self'] = circular;
  log.info({ circular, list: Array.from({ length: 10_000 }, (_, index) => index) }, 'm');
  expect(lines[0]!.length).toBeLessThan(2000);
  expect(parsed(lines)[0]).toMatchObject({ circular: { body: '[1000000 bytes]', big: '18446744073709551616' } });
});

test.each([
  'authorization',
  'Authorization',
  'headers',
  'token',
  'apiKey',
  'api_key',
  'cookie',
  'client_secret',
  'password',
])('the field %s is redacted at any depth', (field) => {
  const { log, lines } = recordedLog();
  log.error({ [field]: 'hunter2', export: { inner: { [field]: { x: 'hunter2' } } } }, 'm');
  expect(lines[0]).not.toContain('hunter2');
  expect(parsed(lines)[0]).toMatchObject({ [field]: '[redacted]' });
});

test('an error is logged with its code, stack and cause', () => {
  const { log, lines } = recordedLog();
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  log.error({ err: new TypeError('no next hop', { cause }) }, 'Export failed');
  log.error(new Error('bare'));
  expect(parsed(lines)).toMatchObject([
    {
      err: {
        type: 'TypeError',
        message: 'no next hop',
        stack: expect.stringContaining('log.test.ts'),
        cause: { type: 'Error', code: 'ECONNREFUSED', message: 'refused' },
      },
      msg: 'Export failed',
    },
    { err: { type: 'Error', message: 'bare' }, msg: 'bare' },
  ]);
});
