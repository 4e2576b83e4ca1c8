/** `detect` as a user meets it: a process of its own, its output, its files and its exit code. */
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Model } from '../../../processor/src/model/model.ts';
import { encodeJsonLine } from '../../../processor/src/otlp/request-writer.ts';
import { jsonToProtobuf } from '../../../processor/src/otlp/json.ts';
import { SpanKind } from '../../../processor/src/simulation/span.ts';
import { batchesOf, toResourceSpans } from '../../../processor/src/simulation/trace-batch.ts';
import { ChildProgram, killAllPrograms } from '../../support/child-program.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { call, nanoseconds, NOW, resourceSpans, spansIn, verdictsIn } from '../pipeline/requests.ts';
import { boundsOf, QUIET_UNTIL, replayed, requestsOf, workingDay } from '../replay/recorded-traffic.ts';

const MAIN = path.join(import.meta.dirname, '../../../processor/src/main.ts');

const SPANS_PER_LINE = 500;

const world = workingDay(3);
const spans = [...world];
const lines = Array.from(batchesOf(spans, SPANS_PER_LINE), (batch) => encodeJsonLine(toResourceSpans(batch)));
const bodies = lines.map((line) => jsonToProtobuf(Buffer.from(line)));
/** Calls in so many of the lines. */
const callsIn = (count: number): number =>
  spans.slice(0, count * SPANS_PER_LINE).filter(({ kind }) => kind === SpanKind.SERVER).length;

interface Summary {
  readonly file: string;
  readonly spans: number;
  readonly scored: number;
  readonly learning: number;
  readonly duplicates: number;
  readonly anomalies: number;
  readonly incidents: readonly { readonly id: string; readonly entity: string; readonly startSeconds: number }[];
  readonly gates: readonly { readonly gate: string; readonly passed: boolean }[];
  readonly broken: { readonly count: number; readonly first: readonly { readonly line: number }[] };
}

const folder = temporaryFolder();
const inFolder = (name: string): string => path.join(folder, name);

function fileOf(name: string, content: string | Uint8Array): string {
  writeFileSync(inFolder(name), content);
  return inFolder(name);
}

const traces = fileOf('traces.jsonl', lines.join(''));
/** An hour of two calls a minute: enough to look at, not to learn from. */
const small = fileOf(
  'small.jsonl',
  encodeJsonLine([
    resourceSpans(
      Array.from({ length: 120 }, (_, half) => ({ ...call(half), startTimeUnixNano: nanoseconds(NOW + 30 * half) })),
    ),
  ]),
);

async function run(...args: readonly string[]) {
  const program = new ChildProgram(process.execPath, [MAIN, 'detect', ...args], { API_ANOMALY_MODEL__TREES: '10' });
  const { code } = await program.ended;
  const { standardOutput, output } = program;
  return { code, standardOutput, standardError: output.replace(standardOutput, '') };
}

afterEach(killAllPrograms);
afterAll(removeTemporaryFolders);

test('--json prints the summary alone on standard output, and progress goes to standard error', async () => {
  const out = inFolder('out.jsonl');
  const fraction = (QUIET_UNTIL - world.startMs / 1000) / ((world.endMs - world.startMs) / 1000);
  const given = ['--traces', traces, '--train-fraction', `${fraction}`, '--out', out, '--json'];
  const { code, standardOutput, standardError } = await run(...given);
  expect([code, standardError.replaceAll(/^(Reading times|Judging): \d+ % \| .*\n/gm, '')]).toEqual([0, '']);
  expect(standardError).toMatch(/Reading times: \d0 %[^]+Judging: \d0 %/);

  const summary = JSON.parse(standardOutput) as Summary;
  expect(summary).toMatchObject({ file: out, spans: spans.length, duplicates: 0, broken: { count: 0, first: [] } });
  expect(summary.learning + summary.scored).toBe(callsIn(lines.length));
  expect(summary.gates.map(({ gate }) => gate)).toContain('alert_rate');
  const starts = summary.incidents.map(({ startSeconds }) => startSeconds);
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));

  // What is in the file is what the summary says, on the same spans in the same order.
  const written = readFileSync(out, 'utf8').trimEnd().split('\n');
  const annotated = written.map((line) => jsonToProtobuf(Buffer.from(line)));
  expect(annotated.flatMap(spansIn).map(({ spanId }) => spanId)).toEqual(
    bodies.flatMap(spansIn).map(({ spanId }) => spanId),
  );
  const verdicts = annotated.flatMap(verdictsIn);
  expect(verdicts.filter((verdict) => verdict['anomaly.state'] === 'learning')).toHaveLength(summary.learning);
  const scored = verdicts.filter((verdict) => 'anomaly.score' in verdict);
  expect(scored).toHaveLength(summary.scored);
  const flagged = scored.filter((verdict) => verdict['anomaly.is_anomaly'] === true);
  expect(flagged).toHaveLength(summary.anomalies);
  expect(flagged.length).toBeGreaterThan(0);
  expect(new Set(flagged.map((verdict) => verdict['anomaly.incident.id']))).toEqual(
    new Set(summary.incidents.map(({ id }) => id)),
  );
  // In full: every span that was scored says why, not only the anomalies.
  expect(scored.filter((verdict) => !('anomaly.reason' in verdict))).toEqual([]);
});

test('--model scores every span by that model, broken lines are counted and named, and .gz is packed', async () => {
  const { replay } = await replayed(requestsOf(spans), { learning: { until: QUIET_UNTIL }, bounds: boundsOf(world) });
  const bytes = replay.engine.lifecycle.active!.serialise();
  const { version } = Model.from(new Uint8Array(bytes)).provenance;
  const model = fileOf('a.model', new Uint8Array(bytes));
  const broken = fileOf(
    'broken.jsonl.gz',
    gzipSync(`no JSON\n${lines.slice(0, 3).join('')}{"resourceSpans":[\n${lines[3]}`),
  );
  const out = inFolder('out.jsonl.gz');
  const { code, standardOutput } = await run('--traces', broken, '--model', model, '--out', out);
  expect(code).toBe(0);
  const judged = callsIn(4);
  expect(standardOutput).toContain(`Wrote 2,000 spans to ${out}: ${judged} scored, 0 learned from, `);
  expect(standardOutput).toContain('2 lines could not be read and were left out:\n');
  expect(standardOutput).toContain(`  ${broken}:1: The request is no valid JSON`);
  expect(standardOutput).toContain(`  ${broken}:5: The request is no valid JSON`);
  const written = gunzipSync(readFileSync(out)).toString().trimEnd().split('\n');
  const verdicts = written.flatMap((line) => verdictsIn(jsonToProtobuf(Buffer.from(line))));
  const versions = verdicts.flatMap((verdict) => verdict['anomaly.model.version'] ?? []);
  expect(versions).toEqual(Array.from({ length: judged }, () => version));
});

test('without a model and without a part to learn from it learns as the service does', async () => {
  const out = inFolder('learning.jsonl');
  const { code, standardOutput } = await run('--traces', small, '--out', out);
  expect([code, standardOutput]).toEqual([
    0,
    `Wrote 120 spans to ${out}: 0 scored, 120 learned from, 0 anomalies.\nNo incidents.\n`,
  ]);
});

describe('options that cannot be used end with 2, the value and the remedy, and leave no file behind', () => {
  const first = new Date(NOW * 1000).toISOString();
  const last = new Date((NOW + 119 * 30) * 1000).toISOString();
  const range = `use a time within the recording, ${first} to ${last}.`;

  test.each([
    [['--train-fraction', '1.5'], '--train-fraction is 1.5; use a number above 0 and below 1, such as 0.5.'],
    [
      ['--train-fraction', '0.5', '--train-until', first],
      '--train-until and --train-fraction were given; give one of them.',
    ],
    [['--train-fraction', '0.5', '--model', small], '--train-fraction and --model were given; give one of them.'],
    [['--train-until', '2020-01-01T00:00:00Z'], `--train-until is 2020-01-01T00:00:00Z; ${range}`],
    [['--train-until', `${NOW + 3600}`], `--train-until is ${NOW + 3600}; ${range}`],
    [['--train-until', 'noon'], `--train-until is noon; ${range}`],
  ])('%p', async (args, message) => {
    const out = inFolder('unwanted.jsonl');
    const { code, standardOutput, standardError } = await run('--traces', small, '--out', out, ...args);
    expect([code, standardOutput, existsSync(out)]).toEqual([2, '', false]);
    expect(standardError).toContain(message);
    expect(standardError).not.toContain('    at ');
  });

  test('an output that is one of the inputs, be it by a link, which stays as it is', async () => {
    const link = inFolder('link.jsonl');
    symlinkSync(small, link);
    const before = readFileSync(small);
    for (const out of [small, link]) {
      const { code, standardError } = await run('--traces', traces, small, '--out', out);
      expect([code, standardError]).toEqual([2, `--out is ${out}, which is one of the inputs; name another file.\n`]);
    }
    expect(readFileSync(small).equals(before)).toBe(true);
  });
});

describe('a run that fails ends with 1 and says why', () => {
  const missing = inFolder('missing.jsonl');
  const nothing = fileOf('nothing.jsonl', '{"resourceSpans":[]}\nno JSON\n');
  const empty = fileOf('empty.jsonl', '');

  test.each([
    ['a file that is not there', ['--traces', small, missing], `${missing} cannot be read (ENOENT); give an existing`],
    ['an empty file', ['--traces', empty], `${empty} is empty; give a file of OTLP traces.`],
    ['no span in it', ['--traces', nothing], `with a start time in ${nothing}; line 2: The request is no valid JSON`],
    ['too little to learn from', ['--traces', small, '--train-fraction', '0.5'], 'There are too few windows to learn'],
    ['a model that is none', ['--traces', small, '--model', small], `${small} cannot be used: not a model`],
    ['a model that is not there', ['--traces', small, '--model', missing], `${missing} cannot be read (ENOENT)`],
  ])('%s', async (_name, args, message) => {
    const { code, standardOutput, standardError } = await run(...args, '--out', inFolder('failed.jsonl'));
    expect([code, standardOutput]).toEqual([1, '']);
    expect(standardError).toContain(message);
    expect(standardError).not.toContain('    at ');
  });

  test('an output that cannot be written', async () => {
    const out = inFolder('no/such/folder.jsonl');
    const { code, standardError } = await run('--traces', small, '--out', out);
    expect(code).toBe(1);
    expect(standardError).toContain(`${out} cannot be written (ENOENT); name a file in an existing folder.`);
  });
});

test('a configuration that cannot be used ends with 2 and names its key', async () => {
  const config = fileOf('config.yaml', 'model: { trees: 1 }');
  const given = ['--traces', small, '--out', inFolder('x'), '--config', config];
  const program = new ChildProgram(process.execPath, [MAIN, 'detect', ...given]);
  expect((await program.ended).code).toBe(2);
  expect(program.output).toContain('model.trees is 1; use an integer from 10 to 2000');
});
