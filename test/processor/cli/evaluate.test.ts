/** `evaluate` as a user meets it: a process of its own. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeJsonLine } from '../../../processor/src/otlp/request-writer.ts';
import { batchesOf, toResourceSpans } from '../../../processor/src/simulation/trace-batch.ts';
import { createWorld } from '../../../processor/src/simulation/world.ts';
import { ChildProgram, killAllPrograms } from '../../support/child-program.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';

const MAIN = path.join(import.meta.dirname, '../../../processor/src/main.ts');

const START_MS = Date.UTC(2026, 0, 12, 8);
/** Eight hours of a small shop; in the second half passwords are tried on it. */
const world = createWorld({
  seed: 3,
  users: 40,
  days: 1 / 3,
  startMs: START_MS,
  attacks: [{ behavior: 'credential_stuffing', intensity: 'high' }],
});

interface Report {
  readonly labelAttribute: string;
  readonly data: { readonly from: string; readonly positiveWindows: number; readonly trainingWindows: number };
  readonly rules: readonly { readonly name: string }[];
  readonly detectors: readonly { readonly name: string }[];
  readonly labels: readonly { readonly label: string; readonly calls: number }[];
  readonly broken: { readonly count: number; readonly first: readonly { readonly line: number }[] };
}

const folder = temporaryFolder();

/** The world as OTLP/JSON lines; `label`: on every span instead of the truth. */
function linesOf(labelAttribute: string, label?: string): string {
  const lines = Array.from(batchesOf(world, 500), (batch) => {
    const spans = label === undefined ? batch : batch.map((span) => ({ ...span, label }));
    return encodeJsonLine(toResourceSpans(spans, { labelAttribute }));
  });
  return lines.join('');
}

function fileOf(name: string, content: string | Buffer): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

async function run(...args: readonly string[]) {
  const program = new ChildProgram(process.execPath, [MAIN, 'evaluate', ...args]);
  const { code } = await program.ended;
  const { standardOutput, output } = program;
  return { code, standardOutput, standardError: output.replace(standardOutput, '') };
}

async function reportOf(...args: readonly string[]): Promise<Report> {
  const { code, standardOutput, standardError } = await run(...args, '--json');
  expect([code, code === 0 ? '' : standardError]).toEqual([0, '']);
  return JSON.parse(standardOutput) as Report;
}

const always = fileOf('always.jsonl', linesOf('truth', 'always'));
const traces = fileOf('traces.jsonl', linesOf('truth'));
const base = ['--traces', traces, '--label-attribute', 'truth'];

let whole: Promise<Report> | undefined;
/** What all of the traces amount to, evaluated once. */
const wholeReport = (): Promise<Report> => (whole ??= reportOf(...base));

afterEach(killAllPrograms);
afterAll(removeTemporaryFolders);

describe('evaluate', () => {
  it('learns from the first half, compares the detectors over the rest, and shows its progress elsewhere', async () => {
    const { code, standardOutput, standardError } = await run(...base);
    expect(code).toBe(0);
    for (const part of ['tuned rules', 'peer forest', 'recall at 0.1 %', 'credential_stuffing#1']) {
      expect(standardOutput).toContain(part);
    }
    expect(standardOutput).toContain('days from 2026-01-12T12:00:00.000Z');
    expect(standardError).toMatch(/Judging: 100 % \| [\d,]+ spans/);
  });

  it('gives the whole report as JSON, from the time on that it is told', async () => {
    const report = await reportOf(...base, '--train-until', '2026-01-12T11:00:00Z');
    expect(report.data.from).toBe('2026-01-12T11:00:00.000Z');
    expect(report.data.positiveWindows).toBeGreaterThan(0);
    expect(report.detectors.map(({ name }) => name)).toEqual(['ours', 'tuned_rules', 'rules', 'peer_forest']);
    const labelled = [...world].filter(({ label, kind }) => label !== '' && kind === 2);
    expect(report.labels).toEqual([
      expect.objectContaining({ label: 'credential_stuffing#1', calls: labelled.length }),
    ]);
  });

  it('hides the label from all that detects, even where it stands in an attribute that identifies users', async () => {
    const [one, other] = await Promise.all([
      wholeReport(),
      reportOf(
        '--traces',
        fileOf('user.jsonl', linesOf('enduser.pseudo.id')),
        '--label-attribute',
        'enduser.pseudo.id',
      ),
    ]);
    expect(other).toEqual({ ...one, labelAttribute: 'enduser.pseudo.id' });
  });

  it('leaves out broken lines, says which, and takes several files, compressed or not', async () => {
    const lines = linesOf('truth').trimEnd().split('\n');
    const half = lines.length >>> 1;
    const first = fileOf(
      'first.jsonl.gz',
      gzipSync([...lines.slice(0, 2), '{"resourceSpans":', ...lines.slice(2, half)].join('\n')),
    );
    const second = fileOf('second.jsonl', lines.slice(half).join('\n'));
    const files = ['--traces', first, second, '--label-attribute', 'truth'];
    const report = await reportOf(...files);
    expect(report.broken).toEqual({ count: 1, first: [expect.objectContaining({ file: first, line: 3 })] });
    const { broken: _, ...rest } = await wholeReport();
    expect(report).toMatchObject(rest);
    expect((await run(...files)).standardOutput).toContain(`${first}:3: `);
  });

  it('compares with the rules it is given', async () => {
    const rules = fileOf('rules.yaml', 'rules: [{ name: logins, quantity: login_writes, threshold: 3 }]');
    expect((await reportOf(...base, '--rules', rules)).rules.map(({ name }) => name)).toEqual(['logins']);
  });

  it.each([
    [[...base, '--label-attribute', 'nothing'], 'No span carries nothing, of'],
    [['--traces', always, '--label-attribute', 'truth'], 'Every span carries truth ("always")'],
    [[...base, '--train-fraction', '0.999'], 'end that part earlier with --train-until or --train-fraction'],
  ])('%j fails with the remedy', async (options, message) => {
    const { code, standardOutput, standardError } = await run(...options);
    expect([code, standardOutput]).toEqual([1, '']);
    expect(standardError).toContain(message);
    expect(standardError).not.toContain('    at ');
  });

  it.each([
    [['--label-attribute', ''], '--label-attribute is empty; name the attribute with the ground truth.'],
    [['--train-fraction', '1'], '--train-fraction is 1; use a number above 0 and below 1'],
    [['--train-fraction', '0.5', '--train-until', '2026-01-12T11:00:00Z'], 'give one of them'],
    [['--rules', 'none.yaml'], '--rules is none.yaml, which cannot be read (ENOENT); name a YAML file'],
    [['--rules', fileOf('bad.yaml', 'rules: [{ name: a, quantity: a, threshold: 1 }]')], 'rules[0].quantity is "a"'],
    [['--config', fileOf('config.yaml', 'model: { trees: 1 }')], 'model.trees is 1'],
  ])('%j is bad usage', async (options, message) => {
    const { code, standardOutput, standardError } = await run(...base, ...options);
    expect([code, standardOutput]).toEqual([2, '']);
    expect(standardError).toContain(message);
    expect(standardError).not.toContain('    at ');
  });
});
