import { ServiceError } from '../../../processor/src/errors.ts';
import { JobMemory } from '../../../processor/src/jobs/job-memory.ts';
import {
  type JobControl,
  type JobEnd,
  type JobJournal,
  type JobOrder,
  Jobs,
} from '../../../processor/src/jobs/jobs.ts';
import type { Job } from '../../../processor/src/store/jobs.ts';

const START_MS = Date.UTC(2026, 10, 3);

class Stage {
  readonly memory: JobJournal;
  readonly faults: unknown[] = [];
  readonly jobs: Jobs;
  nowMs = START_MS;

  constructor(journal: JobJournal = new JobMemory()) {
    this.memory = journal;
    this.jobs = new Jobs({
      journal,
      clock: () => this.nowMs,
      random: () => 0.5,
      onFault: (error) => void this.faults.push(error),
    });
  }

  async kept(): Promise<readonly Job[]> {
    return (await this.memory.list({}, { limit: 100 })).items;
  }
}

const training: JobOrder = { kind: 'training', requestedBy: 'ci', request: { source: 'window' } };

/** Work whose end is in the test's hand. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<JobEnd>();
  let control: JobControl | undefined;
  const work = (given: JobControl): Promise<JobEnd> => {
    control = given;
    given.signal.addEventListener('abort', () => reject(new Error('given up')));
    return promise;
  };
  return { work, end: resolve, fail: reject, control: () => control! };
}

const begun = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
};

test('a job is kept before its start is acknowledged, and tells what it was asked for and by whom', async () => {
  const stage = new Stage();
  const work = held();
  const { job } = await stage.jobs.start(training, work.work);
  expect(job).toMatchObject({ ...training, state: 'running', stage: 'begin', progress: 0, startedMs: START_MS });
  expect((await stage.kept())[0]).toEqual(job);
  expect(stage.jobs.get(job.id)).toEqual(job);
  work.end({});
  await stage.jobs.idle('training');
});

test('it tells its stage and how far it is, never going back, and how long it will take', async () => {
  const stage = new Stage();
  const work = held();
  const { job } = await stage.jobs.start(training, work.work);
  expect(stage.jobs.etaSeconds(job)).toBeUndefined();
  work.control().stage('train');
  work.control().progress(0.25);
  work.control().progress(0.2);
  stage.nowMs += 10_000;
  const running = stage.jobs.get(job.id)!;
  expect(running).toMatchObject({ stage: 'train', progress: 0.25 });
  // A quarter took ten seconds.
  expect(stage.jobs.etaSeconds(running)).toBeCloseTo(30, 9);
  work.end({});
  await stage.jobs.idle('training');
  expect(stage.jobs.etaSeconds(stage.jobs.get(job.id)!)).toBeUndefined();
});

test.each<[string, JobEnd, Partial<Job>]>([
  ['succeeded', { modelVersion: 'm-1', result: { rows: 7 } }, { modelVersion: 'm-1', result: { rows: 7 } }],
  [
    'rejected',
    { state: 'rejected', gates: [{ gate: 'sample', passed: false, detail: '2 rows' }] },
    { gates: [{ gate: 'sample', passed: false, detail: '2 rows' }] },
  ],
])('it ends as %s with what came of it, and that is kept', async (state, end, expected) => {
  const stage = new Stage();
  const { job, ended } = await stage.jobs.start(training, () => Promise.resolve(end));
  stage.nowMs += 5000;
  const outcome = await ended;
  expect(outcome.job).toMatchObject({ ...expected, id: job.id, state, progress: 1, error: undefined });
  expect(await stage.kept()).toEqual([outcome.job]);
});

test('it fails with the remedy of a declared error, and says no more than that of a defect', async () => {
  const stage = new Stage();
  const declared = new ServiceError('too_few_rows', { rows: 3, needed: 60 });
  const first = await (await stage.jobs.start(training, () => Promise.reject(declared))).ended;
  expect(first.job).toMatchObject({ state: 'failed', error: declared.message });
  expect(first.error).toBe(declared);
  const defect = new TypeError('u_alice is not iterable');
  const second = await (await stage.jobs.start(training, () => Promise.reject(defect))).ended;
  expect(second.job.state).toBe('failed');
  expect(second.job.error).toMatch(/fault of ours; start it again/);
  expect(second.job.error).not.toContain('alice');
  expect(second.error).toBe(defect);
});

test('a second training is refused with the id of the first; a job of another kind runs beside it', async () => {
  const stage = new Stage();
  const work = held();
  const { job } = await stage.jobs.start(training, work.work);
  await expect(stage.jobs.start(training, work.work)).rejects.toMatchObject({
    code: 'training_running',
    details: { job: job.id },
  });
  const imported = await stage.jobs.start({ ...training, kind: 'import' }, () => new Promise(() => {}));
  await expect(stage.jobs.start({ ...training, kind: 'import' }, work.work)).rejects.toMatchObject({
    code: 'job_running',
    details: { job: imported.job.id, kind: 'import' },
  });
  expect(stage.jobs.isFree('training')).toBe(false);
  expect(stage.jobs.isFree('backtest')).toBe(true);
  work.end({});
  await stage.jobs.idle('training');
  expect(stage.jobs.running('training')).toBeUndefined();
  await stage.jobs.start(training, () => Promise.resolve({}));
});

test('a cancelled job ends as cancelled; one that had ended stays as it was; an unknown one is nothing', async () => {
  const stage = new Stage();
  const { job } = await stage.jobs.start(training, held().work);
  expect(await stage.jobs.cancel(job.id)).toMatchObject({ id: job.id, state: 'cancelled', error: undefined });
  expect(await stage.jobs.cancel(job.id)).toMatchObject({ state: 'cancelled' });
  expect(await stage.jobs.cancel('j-none')).toBeUndefined();
  expect(stage.jobs.isFree('training')).toBe(true);
});

test('work that ends well although it was given up has ended well', async () => {
  const stage = new Stage();
  const { promise, resolve } = Promise.withResolvers<JobEnd>();
  const { job } = await stage.jobs.start(training, () => promise);
  const cancelled = stage.jobs.cancel(job.id);
  resolve({ modelVersion: 'm-2' });
  expect(await cancelled).toMatchObject({ state: 'succeeded', modelVersion: 'm-2' });
});

test('a stop interrupts what runs and says so, and nothing begins any more', async () => {
  const stage = new Stage();
  const { job } = await stage.jobs.start(training, held().work);
  await stage.jobs.stop();
  expect((await stage.kept())[0]).toMatchObject({ id: job.id, state: 'interrupted' });
  await expect(stage.jobs.start(training, held().work)).rejects.toMatchObject({ code: 'shutting_down' });
  expect(stage.jobs.isFree('training')).toBe(false);
});

test('after a restart jobs are there with their outcomes, and one that ran when the process died says so', async () => {
  const before = new Stage();
  const done = await (await before.jobs.start(training, () => Promise.resolve({ modelVersion: 'm-1' }))).ended;
  before.nowMs += 1000;
  const { job: lost } = await before.jobs.start(training, held().work);
  await begun();

  const after = new Stage(before.memory);
  after.nowMs = START_MS + 60_000;
  await after.jobs.open();
  expect(after.jobs.list().map(({ id, state }) => [id, state])).toEqual([
    [lost.id, 'interrupted'],
    [done.job.id, 'succeeded'],
  ]);
  expect(after.jobs.get(lost.id)).toMatchObject({
    endedMs: after.nowMs,
    error: expect.stringMatching(/start it again/),
  });
  expect((await after.kept()).find(({ id }) => id === lost.id)?.state).toBe('interrupted');
  expect(after.jobs.isFree('training')).toBe(true);
});

test('a journal that fails costs the record, not the job', async () => {
  const full = new Error('disk full');
  const journal: JobJournal = { save: () => Promise.reject(full), list: () => Promise.reject(full) };
  const stage = new Stage(journal);
  await stage.jobs.open();
  const { ended } = await stage.jobs.start(training, () => Promise.resolve({}));
  expect((await ended).job.state).toBe('succeeded');
  expect(stage.faults).toEqual([full, full, full]);
});

test('an older state never replaces a newer one in a slow journal', async () => {
  const saved: string[] = [];
  const journal: JobJournal = {
    save: async ({ stage, state }) => {
      // The first ones take longest.
      for (let turn = 0; turn < 10 - saved.length; turn++) await new Promise(setImmediate);
      saved.push(`${stage} ${state}`);
    },
    list: () => Promise.resolve({ items: [] }),
  };
  const { jobs } = new Stage(journal);
  const { ended } = jobs.begin(training, async (control) => {
    control.stage('collect');
    control.stage('train');
    return {};
  });
  await ended;
  expect(saved).toEqual(['begin running', 'collect running', 'train running', 'train succeeded']);
});

test('as soon as its end is told the next one may begin, however slow the journal', async () => {
  const memory = new JobMemory();
  const disk = Promise.withResolvers<void>();
  let isSlow = false;
  const stage = new Stage({
    save: async (job) => {
      if (isSlow) await disk.promise;
      await memory.save(job);
    },
    list: (query, page) => memory.list(query, page),
  });
  const [first, second] = [held(), held()];
  const { job } = await stage.jobs.start(training, first.work);
  isSlow = true;
  first.end({});
  while (stage.jobs.get(job.id)?.state !== 'succeeded') await Promise.resolve();
  const next = stage.jobs.begin(training, second.work);
  expect(stage.jobs.running('training')?.id).toBe(next.job.id);
  disk.resolve();
  second.end({});
  await stage.jobs.stop();
  expect((await stage.kept()).map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
});

test('the last five hundred jobs are known, one that runs always, and no id is given twice', async () => {
  const stage = new Stage();
  const { jobs } = stage;
  const running = await jobs.start({ ...training, kind: 'backtest' }, held().work);
  const ids: string[] = [];
  for (let index = 0; index < 510; index++) {
    const { job, ended } = await jobs.start(training, () => Promise.resolve({}));
    ids.push(job.id);
    await ended;
    // Randomness never moves, and time every other job.
    stage.nowMs += index % 2;
  }
  expect(new Set(ids).size).toBe(510);
  expect(jobs.list()).toHaveLength(500);
  expect(jobs.get(ids[0]!)).toBeUndefined();
  expect(jobs.list()[0]!.id).toBe(ids.at(-1));
  expect(jobs.get(running.job.id)?.state).toBe('running');
});
