import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TrainingInput } from '../../../processor/src/model/train.ts';
import { Trainer, type TrainerOptions } from '../../../processor/src/model/trainer.ts';

/** What the thread of these tests is told to do. */
interface Task {
  readonly task: 'add' | 'throw' | 'exit' | 'exhaust' | 'hang' | 'linger' | 'inspect' | 'silent' | 'tell' | 'refuse';
  readonly numbers?: Float64Array;
}

const WORKER = `
  import { parentPort, workerData, resourceLimits } from 'node:worker_threads';
  interface Task { readonly task: string; readonly numbers?: Float64Array }
  const { task, numbers } = workerData as Task;
  if (task === 'add') parentPort!.postMessage({ sum: numbers!.reduce((a: number, b: number) => a + b, 0) });
  if (task === 'throw') throw Object.assign(new RangeError('no rows'), { code: 'too_few_rows' });
  if (task === 'exit') process.exit(3);
  if (task === 'exhaust') { const all: unknown[] = []; for (;;) all.push(Array.from({ length: 1000 }, Math.random)); }
  if (task === 'linger') parentPort!.postMessage({ sum: 0 });
  if (task === 'hang' || task === 'linger') { Atomics.store(new Int32Array(numbers!.buffer), 0, 1); for (;;) {} }
  if (task === 'tell') for (const message of [{ progress: 0.25 }, { progress: 0.5 }, { sum: 1 }]) parentPort!.postMessage(message);
  if (task === 'refuse') parentPort!.postMessage({ refusal: { code: 'too_few_rows', details: { rows: 1, needed: 60 } } });
  if (task === 'inspect') parentPort!.postMessage({ heap: resourceLimits.maxOldGenerationSizeMb });
`;

let folder: string;
let workerUrl: URL;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'trainer-'));
  writeFileSync(path.join(folder, 'worker.mts'), WORKER);
  workerUrl = pathToFileURL(path.join(folder, 'worker.mts'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function trainerOf(options: TrainerOptions = {}): Trainer<Task, { sum?: number; heap?: number }> {
  return new Trainer({ workerUrl, ...options });
}

/** Memory that both threads see, so that the test knows when the thread is at work. */
function sharedFlag(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8));
}

async function untilSet(flag: Float64Array): Promise<void> {
  while (Atomics.load(new Int32Array(flag.buffer), 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('the result of the thread is the outcome; buffers are handed over, not copied', async () => {
  let nowMs = 1000;
  const trainer = trainerOf({ nowMs: () => (nowMs += 250) });
  const numbers = Float64Array.of(1, 2, 3.5);
  const outcome = await trainer.train('t-1', { task: 'add', numbers }, { transfer: [numbers.buffer] });
  expect(outcome).toEqual({ outcome: 'succeeded', durationSeconds: 0.25, result: { sum: 6.5 } });
  expect(numbers.byteLength).toBe(0);
});

test('one run at a time: a second one is refused with the id of the first, which goes on', async () => {
  const trainer = trainerOf();
  const first = trainer.train('t-1', { task: 'add', numbers: Float64Array.of(1) });
  expect(trainer.runningId).toBe('t-1');
  expect(await trainer.train('t-2', { task: 'throw' })).toEqual({ outcome: 'refused', runningId: 't-1' });
  expect(await first).toMatchObject({ outcome: 'succeeded', result: { sum: 1 } });
  expect(trainer.runningId).toBeUndefined();
});

test.each([
  ['throws', 'throw', /Training stopped: too_few_rows: no rows; .*the model in use stays/],
  ['exits', 'exit', /the thread ended with code 3 and without a result/],
  ['ends without a word', 'silent', /the thread ended with code 0 and without a result/],
  ['needs more memory than it may', 'exhaust', /ERR_WORKER_OUT_OF_MEMORY/],
] as const)('a thread that %s is a failed run with the cause, and the next run succeeds', async (_, task, message) => {
  const trainer = trainerOf({ maxHeapMb: 24 });
  const outcome = await trainer.train('t-1', { task });
  expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'training_failed' } });
  expect('error' in outcome && outcome.error.message).toMatch(message);
  expect(await trainer.train('t-2', { task: 'add', numbers: Float64Array.of(2) })).toMatchObject({
    result: { sum: 2 },
  });
});

test('a run is cancelled in the midst of a computation, by its id only', async () => {
  const trainer = trainerOf();
  const numbers = sharedFlag();
  const run = trainer.train('t-1', { task: 'hang', numbers });
  await untilSet(numbers);
  expect(trainer.cancel('t-2')).toBe(false);
  expect(trainer.cancel('t-1')).toBe(true);
  expect(await run).toMatchObject({ outcome: 'cancelled' });
  expect(trainer.cancel('t-1')).toBe(false);
});

test('a run is given up when its signal aborts, also one that had aborted before', async () => {
  const trainer = trainerOf();
  const numbers = sharedFlag();
  const aborter = new AbortController();
  const run = trainer.train('t-1', { task: 'hang', numbers }, { signal: aborter.signal });
  await untilSet(numbers);
  aborter.abort();
  expect(await run).toMatchObject({ outcome: 'cancelled' });
  const late = trainer.train('t-2', { task: 'hang', numbers: sharedFlag() }, { signal: AbortSignal.abort() });
  expect(await late).toMatchObject({ outcome: 'cancelled' });
});

test('a run tells how far it is, and that is not taken for its result', async () => {
  const shares: number[] = [];
  const outcome = await trainerOf().train('t-1', { task: 'tell' }, { onProgress: (share) => void shares.push(share) });
  expect(shares).toEqual([0.25, 0.5]);
  expect(outcome).toMatchObject({ outcome: 'succeeded', result: { sum: 1 } });
});

test('a run that is refused for a declared reason fails with that error', async () => {
  expect(await trainerOf().train('t-1', { task: 'refuse' })).toMatchObject({
    outcome: 'failed',
    error: { code: 'too_few_rows', details: { rows: 1, needed: 60 } },
  });
});

test('stop gives the run up and waits until its thread has ended; it is safe twice and without a run', async () => {
  const trainer = trainerOf();
  await trainer.stop();
  const numbers = sharedFlag();
  const run = trainer.train('t-1', { task: 'hang', numbers });
  await untilSet(numbers);
  await trainer.stop();
  expect(trainer.runningId).toBeUndefined();
  await trainer.stop();
  expect(await run).toMatchObject({ outcome: 'cancelled' });
});

test('a run that is given up as its result arrives is cancelled all the same', async () => {
  const trainer = trainerOf();
  const numbers = sharedFlag();
  const run = trainer.train('t-1', { task: 'linger', numbers });
  await untilSet(numbers);
  trainer.cancel('t-1');
  expect(await run).toMatchObject({ outcome: 'cancelled' });
});

test('the event loop goes on turning while the thread computes', async () => {
  const trainer = trainerOf();
  const numbers = sharedFlag();
  const run = trainer.train('t-1', { task: 'hang', numbers });
  await untilSet(numbers);
  for (let turns = 0; turns < 100; turns += 1) await new Promise(setImmediate);
  expect(trainer.runningId).toBe('t-1');
  await trainer.stop();
  await run;
});

test('an input that cannot be handed over, or a thread that cannot be started, is a failed run', async () => {
  const unclonable = { task: 'add', numbers: (() => 1) as unknown as Float64Array } as const;
  expect(await trainerOf().train('t-1', unclonable)).toMatchObject({ outcome: 'failed' });
  const missing = trainerOf({ workerUrl: pathToFileURL(path.join(folder, 'missing.mts')) });
  expect(await missing.train('t-1', { task: 'add' })).toMatchObject({ outcome: 'failed' });
});

test('the heap of the thread is bounded', async () => {
  expect(await trainerOf({ maxHeapMb: 77 }).train('t-1', { task: 'inspect' })).toMatchObject({ result: { heap: 77 } });
});

test('the training thread trains as the function does and leaves the priority of this process alone', async () => {
  const input: TrainingInput = {
    version: 'm-1',
    trainedAtSeconds: 1.8e9,
    settings: { seed: 1, trees: 5, sampleSize: 16 },
    kinds: [],
    thresholds: { user: 1e-4, address: 1e-4, endpoint: 1e-4 },
    judged: [],
    minEntities: 1,
    approved: undefined,
  };
  const before = niceOfThisProcess();
  const outcome = await new Trainer<TrainingInput, { version: string; model: ArrayBuffer }>().train('t-1', input);
  expect(outcome).toMatchObject({ outcome: 'succeeded', result: { version: 'm-1' } });
  expect(niceOfThisProcess()).toBe(before);
});

/** Nice value of the main thread (proc_pid_stat(5), field 19); empty where the system does not tell. */
function niceOfThisProcess(): string {
  if (process.platform !== 'linux') return '';
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16] ?? '';
}
