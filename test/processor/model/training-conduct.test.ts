import type { Model } from '../../../processor/src/model/model.ts';
import { train } from '../../../processor/src/model/train.ts';
import type { TrainingRunner } from '../../../processor/src/model/model-lifecycle.ts';
import type { ApprovalRecord } from '../../../processor/src/store/approval-record.ts';
import { standingOf } from '../../../processor/src/store/model-standing.ts';
import { inline, LearningEntities, START } from './entities.ts';
import { alarming, broken, recorder } from './runners.ts';

const versions = (models: readonly Model[]): string[] => models.map(({ provenance }) => provenance.version);

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
});

describe('later models', () => {
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
});

/** The entities' service starts with this model in its folder. */
async function resume(entities: LearningEntities, model: Model, approval: ApprovalRecord | undefined): Promise<void> {
  const { version } = model.provenance;
  entities.stored = { version, header: {}, bytes: model.serialise(), approval, standing: standingOf(undefined) };
  await entities.register.open();
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
    expect(entities.register.approval.record).toMatchObject({ approved: first, nominee: { version: second } });
    expect(entities.approvals.at(-1)).toEqual(entities.register.approval.record);
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
    expect(entities.register.approval.record).toMatchObject({ approved: second });
  });

  it('is the one that a person promotes, and nothing waits any more', async () => {
    const entities = new LearningEntities();
    entities.live(0, 2);
    await entities.train();
    entities.live(2, 1.01);
    await entities.train();
    entities.lifecycle.promote(entities.promoted[0]!);
    expect(entities.register.approval.record).toEqual({
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
    await resume(after, before.promoted[1]!, structuredClone(before.approvals.at(-1)));
    expect(after.register.approval.record).toEqual(before.register.approval.record);

    const unknown = new LearningEntities();
    await resume(unknown, before.promoted[1]!, undefined);
    expect(unknown.register.approval.record?.approved).toBe(versions(before.promoted)[1]);
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
