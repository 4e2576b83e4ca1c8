/** Trainings on uploaded history as the service runs them: jobs, with the work in a thread. */
import type { Jobs } from '../../../processor/src/jobs/jobs.ts';
import { configSchema } from '../../../processor/src/config/schema.ts';
import { encodeJsonLine } from '../../../processor/src/otlp/request-writer.ts';
import { HistoryTraining } from '../../../processor/src/replay/history-training.ts';
import { batchesOf, toResourceSpans } from '../../../processor/src/simulation/trace-batch.ts';
import { LearningEntities } from '../model/entities.ts';
import { until } from '../receiver/running-receiver.ts';
import { QUICK, workingDay } from './recorded-traffic.ts';

const world = workingDay(3);
const content = Buffer.from(
  Array.from(batchesOf(world, 200), (batch) => encodeJsonLine(toResourceSpans(batch))).join(''),
);
const CHUNK = 64 * 1024;

class Uploads {
  readonly entities = new LearningEntities({ minEntities: 10 });
  readonly history: HistoryTraining;
  /** Chunks that were taken. */
  taken = 0;
  hasReturned = false;

  constructor(model: Record<string, unknown> = {}) {
    const config = configSchema.parse({ ...QUICK, model: { ...QUICK['model'], ...model } });
    this.history = new HistoryTraining(config, this.entities.lifecycle, () => world.endMs + 86_400_000);
  }

  get jobs(): Jobs {
    return this.entities.jobs;
  }

  async *chunks(bytes: Buffer = content, last?: () => Promise<void>): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (let from = 0; from < bytes.length; from += CHUNK) {
        this.taken++;
        yield bytes.subarray(from, from + CHUNK);
      }
      await last?.();
    } finally {
      this.hasReturned = true;
    }
  }

  start(bytes: AsyncIterable<Uint8Array> = this.chunks(), length: number = content.length) {
    return this.history.start({ bytes, length }, 'ops');
  }
}

const forever = (): Promise<never> => new Promise(() => {});

test('an upload becomes a job, its model goes by the gates, and nothing of the live state has moved', async () => {
  const uploads = new Uploads();
  const { entities } = uploads;
  const { job, ended } = await uploads.start();
  expect(uploads.taken).toBe(Math.ceil(content.length / CHUNK));
  expect(job).toMatchObject({ kind: 'training', requestedBy: 'ops', request: { source: 'upload' } });
  const end = (await ended).job;
  expect(end).toMatchObject({
    state: 'succeeded',
    modelVersion: expect.stringMatching(/^h-/),
    gates: expect.arrayContaining([expect.objectContaining({ gate: 'golden_attacks' })]),
    result: { outcome: 'promoted', bytes: content.length, broken: { count: 0 } },
  });
  expect(entities.headers.get(end.modelVersion!)).toMatchObject({ origin: 'upload', jobId: job.id });
  expect(entities.lifecycle.active?.provenance.version).toBe(end.modelVersion);
  expect([entities.states.user.table.size, entities.watermark.seconds]).toEqual([0, 0]);
});

test('it tells how far it is while it reads', async () => {
  const uploads = new Uploads();
  const started = uploads.start(uploads.chunks(content, forever));
  await until(() => (uploads.jobs.running('training')?.progress ?? 0) > 0.79);
  const running = uploads.jobs.running('training')!;
  expect(running.stage).toBe('read');
  expect(running.progress).toBeLessThanOrEqual(0.8);
  await uploads.jobs.cancel(running.id);
  await started;
});

test('it is read no faster than it is learned from, and a cancel ends it at once, however long it would go on', async () => {
  const uploads = new Uploads();
  async function* endless(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) yield* uploads.chunks();
  }
  const started = uploads.start(endless(), Number.MAX_SAFE_INTEGER);
  await until(() => uploads.taken >= 5);
  const { id } = uploads.jobs.running('training')!;
  expect(await uploads.jobs.cancel(id)).toMatchObject({ state: 'cancelled' });
  expect((await started).job.id).toBe(id);
  expect(uploads.jobs.isFree('training')).toBe(true);
  const { taken } = uploads;
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  expect(uploads.taken).toBe(taken);
  expect(uploads.hasReturned).toBe(true);
});

test('a second one is refused before a byte of it is taken', async () => {
  const uploads = new Uploads();
  const first = uploads.start(uploads.chunks(content, forever));
  await until(() => !uploads.jobs.isFree('training'));
  const second = new Uploads();
  await expect(uploads.start(second.chunks())).rejects.toMatchObject({ code: 'training_running' });
  expect(second.taken).toBe(0);
  await uploads.jobs.stop();
  await first;
});

test.each([
  ['upload_unreadable', () => new Uploads(), (uploads: Uploads) => uploads.chunks(Buffer.from('user,path\n'))],
  ['upload_too_large', () => new Uploads({ max_upload_bytes: 1024 * 1024 }), (uploads: Uploads) => uploads.chunks()],
  [
    'upload_broken_off',
    () => new Uploads(),
    (uploads: Uploads) => uploads.chunks(content, () => Promise.reject(new Error('connection reset'))),
  ],
] as const)('%s is what the sender is told, and what the job says', async (code, uploadsOf, bytesOf) => {
  const uploads = uploadsOf();
  const error: unknown = await uploads.start(bytesOf(uploads)).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code });
  expect(uploads.jobs.list()[0]).toMatchObject({ state: 'failed', error: (error as Error).message });
  expect(uploads.entities.promoted).toEqual([]);
});

test('a service that stops interrupts it', async () => {
  const uploads = new Uploads();
  const started = uploads.start(uploads.chunks(content, forever));
  await until(() => uploads.taken >= 2);
  await uploads.jobs.stop();
  expect((await started).job.id).toBe(uploads.jobs.list()[0]!.id);
  expect(uploads.jobs.list()[0]!.state).toBe('interrupted');
});
