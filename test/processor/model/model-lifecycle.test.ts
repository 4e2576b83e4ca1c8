import { FEATURE_NAMES, rowWidth } from '../../../processor/src/features/features.ts';
import type { Model } from '../../../processor/src/model/model.ts';
import { train } from '../../../processor/src/model/train.ts';
import { inline, LearningEntities, START } from './entities.ts';
import { alarming, endless } from './runners.ts';

const versions = (models: readonly Model[]): string[] => models.map(({ provenance }) => provenance.version);

describe('learning', () => {
  it('takes the row of a window that is over: who, when and what', () => {
    const entities = new LearningEntities();
    for (const second of [0, 10, 20]) entities.observe(START + second, { userHigh: 7, userLow: 8, network: 9 });
    expect(entities.lifecycle.samples.user.size).toBe(0);
    entities.observe(START + 301, { userHigh: 7, userLow: 8, network: 9 });

    const sample = entities.lifecycle.samples.user.view();
    expect(sample.size).toBe(1);
    expect([sample.entityHigh[0], sample.entityLow[0], sample.network[0], sample.windowTime[0]]).toEqual([
      7,
      8,
      9,
      START,
    ]);
    // The first feature is log1p of the calls in the window; no window came before it.
    expect(sample.rows[0]).toBeCloseTo(Math.log1p(3), 6);
    expect(sample.rows.subarray(FEATURE_NAMES.user.length, rowWidth('user')).every((value) => value === 0)).toBe(true);
  });

  it('learns a window only where it is told to: one that is left out is in no training', async () => {
    const entities = new LearningEntities();
    entities.live(0, 2);
    const before = entities.lifecycle.samples.address.seen;
    entities.lifecycle.learn('address', entities.states.address.table.find(2, 3));
    expect(entities.lifecycle.samples.address.seen).toBe(before + 1);
    expect(entities.lifecycle.samples.user.seen).toBeGreaterThan(0);
  });
});

describe('a first training', () => {
  it('is tried again later when it does not pass, not at once', async () => {
    const entities = new LearningEntities({}, { run: alarming });
    entities.live(0, 2);
    await entities.train();
    await entities.train();
    expect(entities.trainings).toHaveLength(1);
    expect(entities.lifecycle.active).toBeUndefined();
    entities.live(2, 0.5);
    await entities.train();
    expect(entities.trainings.map(({ outcome }) => outcome)).toEqual(['rejected', 'rejected']);
  });
});

describe('later trainings', () => {
  it('are trained after the configured hours of event time, one at a time', async () => {
    const entities = new LearningEntities({ retrainEveryHours: 3 });
    entities.live(0, 2);
    await entities.train();
    entities.live(2, 2.9);
    await entities.train();
    expect(entities.trainings).toHaveLength(1);
    entities.live(4.9, 0.2);
    entities.lifecycle.trainIfDue();
    await entities.train();
    expect(entities.trainings).toHaveLength(2);
    expect(new Set(versions(entities.promoted)).size).toBe(2);
    expect(entities.lifecycle.active).toBe(entities.promoted[1]);
  });

  it('are never trained where the configuration says 0', async () => {
    const entities = new LearningEntities({ retrainEveryHours: 0 });
    entities.live(0, 2);
    await entities.train();
    entities.live(2, 30, 2);
    await entities.train();
    expect(entities.trainings).toHaveLength(1);
  });

  it('go by settings that were changed while the service runs', async () => {
    const entities = new LearningEntities({ retrainEveryHours: 0 });
    const budget = { falseIncidentsPerDay: 10, shares: { user: 0.6, address: 0.2, endpoint: 0.2 } };
    entities.live(0, 2);
    await entities.train();
    entities.lifecycle.useSettings({ retrainEveryHours: 1, promote: 'manual', budget });
    entities.live(2, 1.1);
    await entities.train();
    expect(entities.trainings.map(({ outcome }) => outcome)).toEqual(['promoted', 'candidate']);
  });

  it('start from the one loaded at start: no first model is trained beside it', async () => {
    const before = new LearningEntities();
    before.live(0, 2);
    await before.train();
    const entities = new LearningEntities();
    entities.lifecycle.promote(before.promoted[0]!);
    expect(entities.lifecycle.progress).toBe(1);
    entities.live(1.5, 1);
    await entities.train();
    expect(entities.trainings).toEqual([]);
    entities.live(2.5, 1);
    await entities.train();
    expect(entities.trainings).toHaveLength(1);
  });
});

describe('a training on request', () => {
  it('is a job that tells what it trained on, and whose model goes by the gates like any other', async () => {
    const entities = new LearningEntities({ minRows: Infinity });
    entities.live(0, 2);
    const { job, ended } = await entities.lifecycle.trainOnWindow({}, 'ops');
    expect(job).toMatchObject({ kind: 'training', requestedBy: 'ops', request: { source: 'window' } });
    const [version] = (await ended) && versions(entities.promoted);
    expect((await ended).job).toMatchObject({
      state: 'succeeded',
      modelVersion: version,
      progress: 1,
      gates: [{ gate: 'kinds', passed: true }],
      result: { outcome: 'promoted', used: { fromSeconds: START }, available: { fromSeconds: START } },
    });
    expect(entities.headers.get(version!)).toMatchObject({ origin: 'request', jobId: job.id, fromMs: START * 1000 });
  });

  it('takes the rows of a time range, and says how many there were', async () => {
    const entities = new LearningEntities({ minRows: Infinity, sampleRows: 5000 });
    entities.live(0, 2);
    const range = { fromSeconds: START + 1800, toSeconds: START + 3600 };
    const { job } = await (await entities.lifecycle.trainOnWindow(range, 'ops')).ended;
    const result = job.result as { used: { rows: number }; available: { rows: number } };
    expect(result).toMatchObject({ used: { fromSeconds: START + 1800, toSeconds: START + 3900 } });
    expect(result.used.rows).toBeLessThan(result.available.rows / 2);
    expect(job.request).toEqual({ source: 'window', ...range });
    const { rows, trainedAtSeconds } = entities.promoted[0]!.provenance;
    expect(rows.user + rows.address + rows.endpoint).toBe(result.used.rows);
    expect(trainedAtSeconds).toBe(START + 3900);
  });

  it('fails where there is nothing of that time, with the remedy', async () => {
    const entities = new LearningEntities();
    entities.live(0, 1);
    const { ended } = await entities.lifecycle.trainOnWindow({ fromSeconds: START + 86_400 }, 'ops');
    expect(await ended).toMatchObject({
      job: {
        state: 'failed',
        error:
          'There are 0 rows to train on, 60 are needed; wait for more traffic, offer more of it, or lower model.min_rows.',
      },
      error: { code: 'too_few_rows' },
    });
    expect(entities.promoted).toEqual([]);
  });

  it('is refused while another is under way, and holds up one that is due', async () => {
    const entities = new LearningEntities({}, { run: endless });
    entities.live(0, 2);
    const { job } = await entities.lifecycle.trainOnWindow({}, 'ops');
    await expect(entities.lifecycle.trainOnWindow({}, 'ops')).rejects.toMatchObject({
      code: 'training_running',
      details: { job: job.id },
    });
    entities.lifecycle.trainIfDue();
    expect(entities.jobs.list()).toHaveLength(1);
    await entities.jobs.cancel(job.id);
    expect(entities.jobs.get(job.id)?.state).toBe('cancelled');
  });

  it('that is cancelled leaves the model in use, and is told as cancelled', async () => {
    let run = inline;
    const entities = new LearningEntities({}, { run: (input, control) => run(input, control) });
    entities.live(0, 2);
    await entities.train();
    run = endless;
    const { job } = await entities.lifecycle.trainOnWindow({}, 'ops');
    while (entities.jobs.get(job.id)?.stage !== 'train') await new Promise(setImmediate);
    expect(await entities.jobs.cancel(job.id)).toMatchObject({ state: 'cancelled' });
    expect(entities.trainings.map(({ outcome }) => outcome)).toEqual(['promoted', 'cancelled']);
    expect(entities.failures).toEqual([]);
    expect(entities.lifecycle.active).toBe(entities.promoted[0]);
    expect(entities.promoted).toHaveLength(1);
  });

  it('names its model as no other is named, although event time stands still', async () => {
    const entities = new LearningEntities({ promote: 'manual' });
    entities.live(0, 2);
    for (let training = 0; training < 3; training++) {
      await (
        await entities.lifecycle.trainOnWindow({}, 'ops')
      ).ended;
    }
    const [first] = versions(entities.promoted);
    expect(entities.saved).toEqual([first, `${first}-2`, `${first}-3`]);
  });
});

describe('a training at once', () => {
  it('puts its model to use whatever the gates say, and tells what they said', async () => {
    const entities = new LearningEntities({}, { run: alarming });
    entities.live(0, 2);
    const gates = await entities.lifecycle.trainNow();
    expect(gates.map(({ passed }) => passed)).toEqual([false]);
    expect(entities.lifecycle.active).toBe(entities.promoted[0]);
  });

  it('asks for no rows, entities or hours, and keeps nothing in the store', async () => {
    const entities = new LearningEntities({ minRows: Infinity, minHours: 1000 });
    entities.live(0, 2);
    await entities.train();
    expect(entities.promoted).toEqual([]);
    await entities.lifecycle.trainNow();
    expect(versions(entities.promoted)).toEqual([entities.lifecycle.active!.provenance.version]);
    expect([entities.saved, entities.activated, entities.trainings]).toEqual([[], [], []]);
  });

  it('on too little is refused with the remedy, and changes nothing', async () => {
    const entities = new LearningEntities();
    entities.observe(START, { userHigh: 1, userLow: 1 });
    await expect(entities.lifecycle.trainNow()).rejects.toThrow(
      /^There are too few windows to learn from: .+; give it more traffic to train on\.$/,
    );
    expect(entities.lifecycle.active).toBeUndefined();
    expect(entities.promoted).toEqual([]);
  });

  it('is refused while another is under way', async () => {
    const entities = new LearningEntities();
    entities.live(0, 2);
    entities.lifecycle.trainIfDue();
    await expect(entities.lifecycle.trainNow()).rejects.toMatchObject({
      code: 'training_running',
      details: { job: entities.jobs.list()[0]!.id },
    });
    await entities.lifecycle.idle();
    expect(entities.promoted).toHaveLength(1);
    await entities.lifecycle.trainNow();
    expect(entities.promoted).toHaveLength(2);
  });
});

describe('stop', () => {
  it('keeps any further training from starting', async () => {
    const entities = new LearningEntities();
    entities.live(0, 2);
    await entities.jobs.stop();
    await entities.train();
    expect(entities.trainings).toEqual([]);
  });

  it('keeps one from starting whose rows are still being gathered', async () => {
    let runs = 0;
    const entities = new LearningEntities({}, { run: (input) => (runs++, Promise.resolve(train(input))) });
    entities.live(0, 2);
    entities.lifecycle.trainIfDue();
    await entities.jobs.stop();
    expect([runs, entities.trainings.length]).toEqual([0, 0]);
  });

  it('makes a training under way end in silence, and its job say that it was interrupted', async () => {
    const entities = new LearningEntities({}, { run: endless });
    entities.live(0, 2);
    entities.lifecycle.trainIfDue();
    while (entities.jobs.running('training')?.stage !== 'train') await new Promise(setImmediate);
    await entities.jobs.stop();
    expect([entities.trainings, entities.failures]).toEqual([[], []]);
    expect(entities.jobs.list().map(({ state }) => state)).toEqual(['interrupted']);
  });
});

describe('counters', () => {
  it('survive a restart, so that learning goes on where it was', async () => {
    const before = new LearningEntities();
    before.live(0, 1);
    const after = new LearningEntities();
    after.lifecycle.restoreCounters(structuredClone(before.lifecycle.snapshotCounters()));
    expect(after.watermark).toMatchObject({
      seconds: before.watermark.seconds,
      firstSeconds: before.watermark.firstSeconds,
    });
    expect(after.lifecycle.snapshotCounters()).toEqual(before.lifecycle.snapshotCounters());

    // 1200 rows and an hour came before; 400 rows more are enough.
    after.live(1, 1 / 3);
    expect(after.lifecycle.progress).toBe(1);
    await after.train();
    expect(after.trainings).toHaveLength(1);
  });

  it('begin at zero where there are none', () => {
    const entities = new LearningEntities();
    entities.lifecycle.restoreCounters([]);
    expect(entities.lifecycle.snapshotCounters()).toEqual([0, 0, 0, 0, 0, 0]);
    expect(entities.lifecycle.progress).toBe(0);
    expect(entities.watermark.seconds).toBe(0);
  });
});
