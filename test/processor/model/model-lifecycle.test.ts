import { Model } from '../../../processor/src/model/model.ts';
import type { TrainingRunner } from '../../../processor/src/model/model-lifecycle.ts';
import { train } from '../../../processor/src/model/train.ts';
import { rowWidth } from '../../../processor/src/features/features.ts';
import { inline, LearningEntities, START } from './entities.ts';

const versions = (models: readonly Model[]): string[] => models.map(({ provenance }) => provenance.version);

/** A runner whose result a gate refuses. */
const alarming: TrainingRunner = async (input) => ({
  ...train(input),
  gates: [{ gate: 'alert_rate', passed: false, detail: 'user 50 %' }],
});

describe('learning', () => {
  it('begins at the first span and goes on until rows, entities and hours all suffice', async () => {
    const entities = new LearningEntities({ minRows: 1000, minEntities: 20, minHours: 2 });
    const { lifecycle } = entities;
    expect(lifecycle.progress).toBe(0);

    // Rows and entities in plenty, one hour of two.
    entities.live(0, 1);
    expect(lifecycle.progress).toBeCloseTo(0.5, 2);
    await entities.train();
    expect(entities.trainings).toEqual([]);

    entities.live(1, 1.1);
    expect(lifecycle.progress).toBe(1);
    await entities.train();
    expect(entities.trainings.map(({ outcome }) => outcome)).toEqual(['promoted']);
  });

  it.each([
    ['rows', { minRows: 10_000, minEntities: 1, minHours: 0.1 }, 0.12],
    ['entities', { minRows: 100, minEntities: 80, minHours: 0.1 }, 0.25],
    ['hours', { minRows: 100, minEntities: 1, minHours: 4 }, 0.25],
  ])('waits for %s, whatever else suffices', async (_, settings, progress) => {
    const entities = new LearningEntities(settings);
    entities.live(0, 1);
    expect(entities.lifecycle.progress).toBeCloseTo(progress, 2);
    await entities.train();
    expect(entities.trainings).toEqual([]);
    expect(entities.lifecycle.active).toBeUndefined();
  });

  it('shows progress from 0 to 1 that never falls, and 1 once there is a model', async () => {
    const entities = new LearningEntities();
    const seen = [entities.lifecycle.progress];
    for (let step = 0; step < 20; step++) {
      entities.live(step / 10, 0.1);
      seen.push(entities.lifecycle.progress);
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect([seen[0], seen.at(-1)]).toEqual([0, 1]);
    await entities.train();
    expect(entities.lifecycle.progress).toBe(1);
  });

  it('counts addresses where there are no users', () => {
    const entities = new LearningEntities({ minRows: 1, minEntities: 4, minHours: 0 });
    for (let address = 1; address <= 2; address++) {
      entities.observe(START, { countsForUser: false, identityKind: 0, addressHigh: 2, addressLow: address });
    }
    expect(entities.lifecycle.progress).toBe(0.5);
  });

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
    expect(sample.rows[rowWidth('user') - 1]).toBe(0);
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

describe('the first model', () => {
  it('is promoted by itself, even where later ones wait for a person', async () => {
    const entities = new LearningEntities({ promote: 'manual' });
    entities.live(0, 2);
    await entities.train();
    const [version] = versions(entities.promoted);
    expect(entities.lifecycle.active?.provenance.version).toBe(version);
    expect([entities.saved, entities.activated]).toEqual([[version], [version]]);
    expect(entities.trainings[0]!.gates.every(({ passed }) => passed)).toBe(true);
  });

  it('rests on what entities did last, too, and knows when and on how much it was trained', async () => {
    const entities = new LearningEntities({ sampleRows: 1000 });
    // A visitor who does not come back.
    entities.observe(START, { userHigh: 1, userLow: 99, addressHigh: 2, addressLow: 99, endpoint: 50 });
    entities.live(0, 2);
    await entities.train();
    const { provenance, detectors } = entities.promoted[0]!;
    expect(provenance.trainedAtSeconds).toBe(entities.watermark.seconds);
    expect(provenance.entities).toEqual({ user: 21, address: 21, endpoint: 11 });
    // 20 entities in 24 windows, of which the last one is not over yet, and the visitor's.
    expect(provenance.rows.user).toBeGreaterThan(0.9 * 20 * 23);
    expect(provenance.rows.user).toBeLessThanOrEqual(20 * 23 + 1);
    // All of them were seen in two hours.
    const windowsPerDay = detectors.user!.parts.windowsPerDay;
    expect(Math.abs(windowsPerDay / (provenance.rows.user * 12) - 1)).toBeLessThan(0.01);
  });

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

describe('later models', () => {
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

  it('wait as candidates for a person where promotion is manual', async () => {
    const entities = new LearningEntities({ promote: 'manual' });
    entities.live(0, 2);
    await entities.train();
    entities.live(2, 1.1);
    await entities.train();
    expect(entities.trainings.map(({ outcome }) => outcome)).toEqual(['promoted', 'candidate']);
    expect(entities.lifecycle.active).toBe(entities.promoted[0]);
    expect(entities.saved).toHaveLength(2);
    expect(entities.activated).toEqual([entities.saved[0]]);
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

  it('that fail a gate are kept out with the reason, and the old one stays', async () => {
    let run = inline;
    const entities = new LearningEntities({}, { run: (input) => run(input) });
    entities.live(0, 2);
    await entities.train();
    run = alarming;
    entities.live(2, 1.1);
    await entities.train();
    expect(entities.trainings[1]!.outcome).toBe('rejected');
    const failed = entities.trainings[1]!.gates.filter(({ passed }) => !passed);
    expect(failed.map(({ gate }) => gate)).toEqual(['alert_rate']);
    expect(entities.lifecycle.active).toBe(entities.promoted[0]);
    expect([entities.saved.length, entities.activated.length]).toEqual([1, 1]);
    expect(entities.rejected).toHaveLength(1);
    expect(entities.headers.get(entities.rejected[0]!)).toMatchObject({ outcome: 'rejected', gates: failed });
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

const broken = (reason: string) => () => Promise.reject(new Error(reason));

/** A runner that tells what it was given, as far as it concerns approval. */
function recorder(): { run: TrainingRunner; approved: (string | undefined)[] } {
  const approved: (string | undefined)[] = [];
  const run: TrainingRunner = (input) => {
    approved.push(input.approved && Model.from(new Uint8Array(input.approved)).provenance.version);
    return inline(input);
  };
  return { run, approved };
}

describe('the approved model', () => {
  it('is the first one, and later ones that promote themselves do not take its place', async () => {
    const { run, approved } = recorder();
    const entities = new LearningEntities({}, { run });
    entities.live(0, 2);
    for (let hour = 2; hour < 4; hour++) {
      await entities.train();
      entities.live(hour, 1.01);
    }
    await entities.train();
    const [first, second] = versions(entities.promoted);
    // What is suspect is told by the first model, in the second training and in the third.
    expect(approved).toEqual([undefined, first, first]);
    expect(entities.lifecycle.approval).toMatchObject({ approved: first, nominee: { version: second } });
    expect(entities.approvals.at(-1)).toEqual(entities.lifecycle.approval);
  });

  it('changes when one has been in the open for as long as the approved one had learned', async () => {
    const { run, approved } = recorder();
    const entities = new LearningEntities({}, { run });
    entities.live(0, 2);
    await entities.train();
    entities.live(2, 1.01);
    await entities.train();
    entities.live(3.01, 2.01);
    await entities.train();
    const [first, second] = versions(entities.promoted);
    expect(approved).toEqual([undefined, first, second]);
    expect(entities.lifecycle.approval).toMatchObject({ approved: second });
  });

  it('is the one that a person promotes, and nothing waits any more', async () => {
    const entities = new LearningEntities();
    entities.live(0, 2);
    await entities.train();
    entities.live(2, 1.01);
    await entities.train();
    entities.lifecycle.promote(entities.promoted[0]!);
    expect(entities.lifecycle.approval).toEqual({
      approved: versions(entities.promoted)[0],
      learnedSeconds: 7 * 86_400,
    });
  });

  it('survives a restart, and is the one in use where nothing is known', async () => {
    const before = new LearningEntities();
    before.live(0, 2);
    await before.train();
    before.live(2, 1.01);
    await before.train();
    const after = new LearningEntities();
    after.lifecycle.resume(before.promoted[1]!, structuredClone(before.approvals.at(-1)));
    expect(after.lifecycle.approval).toEqual(before.lifecycle.approval);

    const unknown = new LearningEntities();
    unknown.lifecycle.resume(before.promoted[1]!, undefined);
    expect(unknown.lifecycle.approval?.approved).toBe(versions(before.promoted)[1]);
  });

  it('is replaced by the one in use for a training where the store cannot give it', async () => {
    const { run, approved } = recorder();
    const full = broken('disk full');
    const store = { saveModel: full, saveRejected: full, activate: full, loadModel: full };
    const entities = new LearningEntities({}, { run, store });
    entities.live(0, 2);
    await entities.train();
    entities.live(2, 1.01);
    await entities.train();
    expect(approved).toEqual([undefined, versions(entities.promoted)[0]]);
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
    await expect(entities.lifecycle.trainNow()).rejects.toThrow('A training is under way; wait for it.');
    await entities.lifecycle.idle();
    expect(entities.promoted).toHaveLength(1);
    await entities.lifecycle.trainNow();
    expect(entities.promoted).toHaveLength(2);
  });
});

describe('trouble', () => {
  it('in a training is told and tried again, and learning goes on', async () => {
    let run: TrainingRunner = broken('no memory');
    const entities = new LearningEntities({}, { run: (input) => run(input) });
    entities.live(0, 2);
    await entities.train();
    expect(entities.trainings).toEqual([{ outcome: 'failed', gates: [] }]);
    expect(String(entities.failures[0])).toContain('no memory');
    expect(entities.lifecycle.active).toBeUndefined();

    run = inline;
    entities.live(2, 0.5);
    await entities.train();
    expect(entities.trainings[1]!.outcome).toBe('promoted');
  });

  it('in a training leaves the model in use', async () => {
    let run = inline;
    const entities = new LearningEntities({}, { run: (input) => run(input) });
    entities.live(0, 2);
    await entities.train();
    run = async (input) => ({ ...train(input), model: new ArrayBuffer(8) });
    entities.live(2, 1.1);
    await entities.train();
    expect(entities.trainings[1]!.outcome).toBe('failed');
    expect(entities.lifecycle.active).toBe(entities.promoted[0]);
  });

  it('in the store costs the copy, not the model', async () => {
    const full = broken('disk full');
    const store = { saveModel: full, saveRejected: full, activate: full, loadModel: full };
    const entities = new LearningEntities({}, { store });
    entities.live(0, 2);
    await entities.train();
    expect(entities.trainings[0]!.outcome).toBe('promoted');
    expect(entities.lifecycle.active).toBeDefined();
    expect(String(entities.failures[0])).toContain('disk full');
  });
});

describe('stop', () => {
  it('keeps any further training from starting', async () => {
    const entities = new LearningEntities();
    entities.live(0, 2);
    entities.lifecycle.stop();
    await entities.train();
    expect(entities.trainings).toEqual([]);
  });

  it('keeps one from starting whose rows are still being gathered', async () => {
    let runs = 0;
    const entities = new LearningEntities({}, { run: (input) => (runs++, Promise.resolve(train(input))) });
    entities.live(0, 2);
    entities.lifecycle.trainIfDue();
    entities.lifecycle.stop();
    await entities.lifecycle.idle();
    expect([runs, entities.trainings.length]).toEqual([0, 0]);
  });

  it('makes a cancelled training end in silence', async () => {
    const cancel: (() => void)[] = [];
    const run: TrainingRunner = () =>
      new Promise((_, reject) => cancel.push(() => reject(new Error('training was cancelled'))));
    const entities = new LearningEntities({}, { run });
    entities.live(0, 2);
    entities.lifecycle.trainIfDue();
    while (cancel.length === 0) await new Promise(setImmediate);
    entities.lifecycle.stop();
    cancel[0]!();
    await entities.lifecycle.idle();
    expect([entities.trainings, entities.failures]).toEqual([[], []]);
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
