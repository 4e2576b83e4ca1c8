import { readFileSync } from 'node:fs';
import path from 'node:path';
import { optionPaths } from '../../processor/src/config/schema.ts';
import { BEHAVIORS } from '../../processor/src/detection/behaviors.ts';
import { ERRORS } from '../../processor/src/errors.ts';
import { ATTRIBUTES } from '../../processor/src/otlp/attributes.ts';
import { FEATURE_NAMES } from '../../processor/src/features/features.ts';
import { METRICS } from '../../processor/src/telemetry/metrics.ts';
import { documentation } from './documentation.ts';

const root = path.resolve(import.meta.dirname, '../..');

function readPage(name: string): string {
  return readFileSync(path.join(root, 'processor/docs', name), 'utf8');
}

/** What stands in backticks in the first column of the tables of a page. */
function firstColumn(page: string): string[] {
  return Array.from(page.matchAll(/^\| `([^`]+)` /gm), ([, code]) => code!);
}

test('the pages are what the generator makes of the tables', async () => {
  for (const [file, content] of await documentation())
    expect(readFileSync(path.join(root, file), 'utf8')).toBe(content);
});

test.each([
  ['configuration.md', optionPaths().map((keys) => keys.join('.'))],
  ['telemetry.md', [...Object.keys(METRICS), ...Object.keys(ATTRIBUTES).map((name) => `anomaly.${name}`)]],
  ['errors.md', Object.keys(ERRORS)],
  ['features.md', [...Object.values(FEATURE_NAMES).flat(), ...Object.keys(BEHAVIORS)]],
])('%s documents every entry of its tables and nothing else', (page, entries) => {
  expect(new Set(firstColumn(readPage(page)))).toEqual(new Set(entries));
});

test('the example of the configuration page can be used', async () => {
  const { parse } = await import('yaml');
  const { configSchema } = await import('../../processor/src/config/schema.ts');
  const [, example = ''] = /```yaml\n([^`]*)```/.exec(readPage('configuration.md')) ?? [];
  expect(configSchema.safeParse(parse(example)).error).toBeUndefined();
  expect(Object.keys(parse(example) as object)).toContain('receiver');
});
