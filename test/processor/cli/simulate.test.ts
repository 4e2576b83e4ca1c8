import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { simulateCommand } from '../../../processor/src/cli/simulate.ts';

interface JsonSpan {
  readonly spanId: string;
  readonly startTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

interface JsonRequest {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly JsonSpan[] }[] }[];
}

function spansOf(request: JsonRequest): JsonSpan[] {
  return request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

const labelOf = ({ attributes }: JsonSpan) =>
  attributes.find(({ key }) => key === 'simulation.label')?.value.stringValue;

function linesOf(text: string): JsonRequest[] {
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonRequest);
}

function run(...args: string[]): Promise<unknown> {
  return simulateCommand().parseAsync(args, { from: 'user' });
}

describe('simulate', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'simulate-'));
  const file = path.join(folder, 'traces.jsonl');
  const { exitCode } = process;
  const writeOut = process.stdout.write.bind(process.stdout);
  const writeErr = process.stderr.write.bind(process.stderr);
  let out = '';
  let err = '';

  beforeEach(() => {
    [out, err] = ['', ''];
    process.exitCode = undefined;
    process.stdout.write = (text) => ((out += String(text)), true);
    process.stderr.write = (text) => ((err += String(text)), true);
  });

  afterEach(() => {
    process.stdout.write = writeOut;
    process.stderr.write = writeErr;
    process.exitCode = exitCode;
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const small = ['--out', file, '--days', '0.6', '--users', '20'];

  it('writes one request of up to 200 spans a line, and sums up what it wrote', async () => {
    await run(...small, '--attacks', 'scraping:high,enumeration', '--json');
    const text = readFileSync(file, 'utf8');
    const requests = linesOf(text);
    const spans = requests.flatMap(spansOf);
    expect(requests.every((request) => spansOf(request).length <= 200)).toBe(true);
    const summary = JSON.parse(out) as { spans: number; bytes: number; episodes: { label: string; spans: number }[] };
    expect(summary).toMatchObject({ file, spans: spans.length, bytes: Buffer.byteLength(text) });
    expect(summary.episodes.map(({ label }) => label)).toEqual(['scraping#1', 'enumeration#2']);
    for (const { label, spans: own } of summary.episodes) {
      expect(own).toBeGreaterThan(0);
      expect(spans.filter((span) => labelOf(span) === label).length).toBe(own);
    }
    expect(process.exitCode).toBeUndefined();
    expect(err).toMatch(/Simulating: \d0 %/);
  });

  it('compresses what goes to a name that ends in .gz', async () => {
    await run(...small, '--attacks', 'none');
    const plain = readFileSync(file);
    await run(...small, '--attacks', 'none', '--out', `${file}.gz`);
    expect(gunzipSync(readFileSync(`${file}.gz`)).equals(plain)).toBe(true);
  });

  it('writes the same bytes for the same seed and others for another', async () => {
    await run(...small, '--seed', '7');
    const first = readFileSync(file, 'utf8');
    await run(...small, '--seed', '7');
    expect(readFileSync(file, 'utf8') === first).toBe(true);
    await run(...small, '--seed', '8');
    expect(readFileSync(file, 'utf8') === first).toBe(false);
  });

  it('begins at the time given and leaves attacks out when asked to', async () => {
    await run(...small, '--start', '2027-03-01T00:00:00Z', '--attacks', 'none', '--confounders', 'retry_storm');
    const spans = linesOf(readFileSync(file, 'utf8')).flatMap(spansOf);
    const first = Number(BigInt(spans[0]!.startTimeUnixNano) / 1_000_000n);
    expect(first).toBeGreaterThanOrEqual(Date.UTC(2027, 2, 1));
    expect(first).toBeLessThan(Date.UTC(2027, 2, 1) + 60_000);
    expect(spans.filter((span) => labelOf(span) !== undefined)).toEqual([]);
    expect(out).toMatch(/^Wrote [\d,]+ spans, [\d.]+ MB, to /);
  });

  it.each([
    [['--seed', '1.5'], '--seed is 1.5; use an integer from 0 to 4294967295.'],
    [['--days', '0'], '--days is 0; use a number from 0.01 to 366.'],
    [['--users', 'many'], '--users is many; use an integer from 10 to 1000000.'],
    [['--start', 'yesterday'], '--start is yesterday; use a time such as 2026-01-12T00:00:00Z.'],
    [['--attacks', 'scrapping'], '--attacks has "scrapping", which is unknown; did you mean scraping?'],
    [['--attacks', 'scraping:hi'], '--attacks has "hi", which is unknown; did you mean high?'],
    [['--intensity', 'mid'], '--intensity has "mid", which is unknown;'],
    [['--confounders', 'vpn'], '--confounders has "vpn", which is unknown;'],
    [['--out', '/no/such/folder/x'], '--out is /no/such/folder/x, which cannot be written (ENOENT); name a file'],
  ])('refuses %p with the value, the remedy and exit code 2', async (args, message) => {
    await run(...small, ...args);
    expect(err).toContain(message);
    expect(process.exitCode).toBe(2);
  });
});
