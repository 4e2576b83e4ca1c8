/** `train` as a user meets it: a process of its own, its output, its file and its exit code. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Model } from '../../../processor/src/model/model.ts';
import { encodeJsonLine } from '../../../processor/src/otlp/request-writer.ts';
import { SpanKind } from '../../../processor/src/simulation/span.ts';
import { batchesOf, toResourceSpans } from '../../../processor/src/simulation/trace-batch.ts';
import { parseModelFile, readModelFile } from '../../../processor/src/store/model-file.ts';
import { ChildProgram, killAllPrograms } from '../../support/child-program.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { workingDay } from '../replay/recorded-traffic.ts';

const MAIN = path.join(import.meta.dirname, '../../../processor/src/main.ts');
const world = workingDay(3);
const spans = [...world];
const lines = Array.from(batchesOf(spans, 500), (batch) => encodeJsonLine(toResourceSpans(batch)));
const calls = spans.filter(({ kind }) => kind === SpanKind.SERVER).length;

const folder = temporaryFolder();
const inFolder = (name: string): string => path.join(folder, name);

function fileOf(name: string, content: string | Uint8Array): string {
  writeFileSync(inFolder(name), content);
  return inFolder(name);
}

const half = Math.floor(lines.length / 2);
const morning = fileOf('morning.jsonl', lines.slice(0, half).join(''));
const afternoon = fileOf('afternoon.jsonl.gz', gzipSync(`no JSON\n${lines.slice(half).join('')}`));

async function runWith(environment: Record<string, string>, ...args: readonly string[]) {
  const settings = { API_ANOMALY_MODEL__TREES: '10', API_ANOMALY_MODEL__MIN_ENTITIES: '10', ...environment };
  const program = new ChildProgram(process.execPath, [MAIN, 'train', ...args], settings);
  const { code } = await program.ended;
  const { standardOutput, output } = program;
  return { code, standardOutput, standardError: output.replace(standardOutput, '') };
}

const run = (...args: readonly string[]) => runWith({}, ...args);

afterEach(killAllPrograms);
afterAll(removeTemporaryFolders);

test('all files are one history; the model in the file is what the summary says and can be imported', async () => {
  const out = inFolder('a.model');
  const { code, standardOutput, standardError } = await run('--traces', morning, afternoon, '--model', out, '--json');
  expect(code).toBe(0);
  expect(standardError).toMatch(/^Reading times: \d0 %[^]+Learning: \d0 %[^]+Training: \d0 %/);
  const summary = JSON.parse(standardOutput) as Record<string, unknown>;
  const model = Model.from(await readModelFile(out));
  const { version, rows, entities } = model.provenance;
  expect(summary).toMatchObject({
    file: out,
    version,
    outcome: 'candidate',
    calls,
    duplicates: 0,
    rows,
    entities,
    used: summary['available'],
    broken: { count: 1, first: [{ file: afternoon, line: 1 }] },
  });
  expect(model.kinds).toEqual(['user', 'address', 'endpoint']);
  const { label, header, isRejected } = await parseModelFile(readFileSync(out));
  expect([label, isRejected]).toEqual([version, false]);
  expect(header).toMatchObject({ origin: 'offline', rows, entities, gates: summary['gates'] });
});

test('the same history and seed give the same model', async () => {
  const models: Uint8Array[] = [];
  for (const name of ['first.model', 'second.model']) {
    await run('--traces', morning, '--model', inFolder(name));
    models.push(await readModelFile(inFolder(name)));
  }
  expect(models[0]).toEqual(models[1]);
});

test('people read on how much it rests, what the gates said, and what was left out', async () => {
  const { code, standardOutput } = await run('--traces', morning, afternoon, '--model', inFolder('b.model'));
  expect(code).toBe(0);
  expect(standardOutput).toMatch(
    /^Wrote the model m-\w+ to .*b\.model\.\nTrained on [\d,]+ rows of [\d,]+ calls, 2026-01-14T08:\S+ to 2026-01-14T1\S+:\n {2}user: /,
  );
  expect(standardOutput).toContain('Passed the gate kinds: judges user, address, endpoint.');
  expect(standardOutput).toContain('1 lines could not be read and were left out:\n');
});

test('a model that does not pass a gate is written as rejected, and the exit code says so', async () => {
  const out = inFolder('rejected.model');
  const many = { API_ANOMALY_MODEL__MIN_ENTITIES: '5000' };
  const { code, standardOutput } = await runWith(many, '--traces', morning, '--model', out);
  expect(code).toBe(1);
  expect(standardOutput).toMatch(/^Did not pass the gate sample: .*at least 5000 users or addresses/m);
  expect((await parseModelFile(readFileSync(out))).header).toMatchObject({ outcome: 'rejected' });
});

test.each([
  ['no traces', ['--model', 'm'], 2, /required option '--traces <files...>'/],
  ['no model', ['--traces', morning], 2, /required option '--model <file>'/],
  ['a file that is not there', ['--traces', inFolder('none'), '--model', inFolder('m')], 1, /none cannot be read/],
  ['a folder that is not there', ['--traces', morning, '--model', inFolder('no/m')], 1, /The output .*no\/m cannot be/],
  ['too little', ['--traces', fileOf('few.jsonl', lines[0]!), '--model', inFolder('m')], 1, /60 are needed; wait for/],
  [
    'a bad configuration',
    ['--traces', morning, '--model', inFolder('m'), '--config', inFolder('none')],
    2,
    /none cannot/,
  ],
] as const)('%s ends with the reason and the remedy, and leaves no file', async (_, args, exitCode, reason) => {
  const { code, standardError } = await run(...args);
  expect(standardError).toMatch(reason);
  expect(code).toBe(exitCode);
  expect(existsSync(inFolder('m'))).toBe(false);
});

test('--help tells of every option', async () => {
  const { code, standardOutput } = await run('--help');
  expect(code).toBe(0);
  for (const option of ['--traces', '--model', '--config', '--json']) expect(standardOutput).toContain(option);
});
