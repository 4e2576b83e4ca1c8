/** The states of models over a real data folder. */
import { jest } from '@jest/globals';
import { ServiceError } from '../../../processor/src/errors.ts';
import type { ModelHeader } from '../../../processor/src/model/model-header.ts';
import { Model } from '../../../processor/src/model/model.ts';
import { ModelRegister } from '../../../processor/src/model/model-register.ts';
import { FileStore } from '../../../processor/src/store/files.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { LearningEntities } from './entities.ts';

const CREATED = Date.UTC(2026, 10, 3);
/** Every model is this one under another name. */
let trained: Model;

beforeAll(async () => {
  const entities = new LearningEntities();
  entities.live(0, 2);
  await entities.train();
  trained = entities.promoted[0]!;
});

const named = (version: string): Model => new Model({ ...trained.provenance, version }, trained.detectors);

function headerOf(version: string, changes: Partial<ModelHeader> = {}): ModelHeader {
  return {
    ...trained.provenance,
    version,
    outcome: 'candidate',
    gates: [{ gate: 'kinds', passed: true, detail: 'judges user' }],
    scores: { user: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
    origin: 'request',
    jobId: 'j-1',
    createdMs: CREATED + Number(version.slice(2)),
    fromMs: CREATED - 7_200_000,
    toMs: CREATED,
    ...changes,
  };
}

class Installation {
  readonly store: FileStore;
  readonly register: ModelRegister;
  /** What took effect, in order. */
  readonly told: string[] = [];
  readonly faults: unknown[] = [];
  nowMs = CREATED + 1000;

  private constructor(folder: string) {
    this.store = new FileStore(folder, { error: () => {} });
    this.register = new ModelRegister({
      store: this.store,
      clock: () => this.nowMs,
      agreement: () => undefined,
      events: {
        activated: (model) => void this.told.push(`active ${model.provenance.version}`),
        shadowed: (model) => void this.told.push(`shadow ${model?.provenance.version ?? 'none'}`),
        failed: (error) => void this.faults.push(error),
      },
    });
  }

  static async start(folder: string): Promise<Installation> {
    const installation = new Installation(folder);
    await installation.store.open();
    await installation.register.open();
    return installation;
  }

  async stop(): Promise<void> {
    await this.register.idle();
    await this.store.close();
  }

  /** A training has ended with this model. */
  keep(version: string, outcome: ModelHeader['outcome'], changes: Partial<ModelHeader> = {}): Promise<string> {
    const model = named(version);
    const header = headerOf(version, { outcome, ...changes });
    const basedOn = this.register.active;
    return this.register.keep({ model, header, bytes: model.serialise(), learnedSeconds: 7200, basedOn });
  }

  states(): Record<string, string> {
    return Object.fromEntries(this.register.list().map(({ version, state }) => [version, state]));
  }
}

let folder: string;
let installation: Installation;

beforeEach(async () => {
  folder = temporaryFolder();
  installation = await Installation.start(folder);
});
afterEach(async () => {
  await installation.stop();
  removeTemporaryFolders();
});

async function restart(): Promise<void> {
  await installation.stop();
  installation = await Installation.start(folder);
}

const failedGate = { gate: 'alert_rate', passed: false, detail: 'user 50 %' } as const;

describe('states', () => {
  beforeEach(async () => {
    await installation.keep('m-1', 'promoted');
    await installation.keep('m-2', 'promoted');
    await installation.keep('m-3', 'candidate');
    await installation.keep('m-4', 'rejected', { gates: [failedGate] });
  });

  const AFTER_TRAININGS = { 'm-4': 'rejected', 'm-3': 'candidate', 'm-2': 'active', 'm-1': 'retired' };

  it('tell what each model is, the newest first, and outlive a restart', async () => {
    expect(Object.entries(installation.states())).toEqual(Object.entries(AFTER_TRAININGS));
    await restart();
    expect(Object.entries(installation.states())).toEqual(Object.entries(AFTER_TRAININGS));
    expect(installation.told).toEqual(['active m-2']);
    expect(installation.faults).toEqual([]);
  });

  it('come with where a model is from, on what it rests, what the gates said, and when it became what it is', () => {
    expect(installation.register.get('m-4')).toEqual({
      version: 'm-4',
      state: 'rejected',
      createdMs: CREATED + 4,
      changedMs: CREATED + 4,
      fromMs: CREATED - 7_200_000,
      toMs: CREATED,
      origin: 'request',
      jobId: 'j-1',
      gates: [failedGate],
      measures: {
        rows: trained.provenance.rows,
        entities: trained.provenance.entities,
        seed: 1,
        scores: { user: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
        approval: undefined,
        agreement: undefined,
      },
    });
    expect(installation.register.get('m-1')).toMatchObject({
      changedMs: installation.nowMs,
      measures: { approval: 'approved' },
    });
    expect(installation.register.get('m-2')?.measures.approval).toBe('nominee');
    expect(installation.register.get('m-9')).toBeUndefined();
  });

  it('change when a person promotes a candidate, which is then the approved one, also after a restart', async () => {
    const promoted = await installation.register.activate('m-3', 'active');
    expect(promoted).toMatchObject({ version: 'm-3', state: 'active', measures: { approval: 'approved' } });
    expect(installation.register.active?.provenance.version).toBe('m-3');
    expect(installation.states()).toMatchObject({ 'm-2': 'retired', 'm-3': 'active' });
    await restart();
    expect(installation.register.active?.provenance.version).toBe('m-3');
    expect(installation.states()).toMatchObject({ 'm-1': 'retired', 'm-2': 'retired', 'm-3': 'active' });
    expect(installation.register.approval.record?.approved).toBe('m-3');
  });

  it('change back when a person goes back to a retired one', async () => {
    await installation.register.activate('m-1', 'active');
    expect(installation.states()).toMatchObject({ 'm-1': 'active', 'm-2': 'retired' });
    expect(installation.told.slice(-1)).toEqual(['active m-1']);
    expect(installation.register.approval.record).toMatchObject({ approved: 'm-1' });
    expect(installation.register.approval.record?.nominee).toBeUndefined();
  });

  it('do not change where the active one is activated, but a person has approved it then', async () => {
    const told = installation.told.length;
    await installation.register.activate('m-2', 'active');
    expect(installation.told).toHaveLength(told);
    expect(installation.register.approval.record).toMatchObject({ approved: 'm-2' });
    await restart();
    expect(installation.register.approval.record?.approved).toBe('m-2');
  });

  it('refuse to make a rejected model active, with the gate it failed; as a shadow it may run', async () => {
    await expect(installation.register.activate('m-4', 'active')).rejects.toMatchObject({
      code: 'model_rejected',
      message: expect.stringContaining('the gate alert_rate: user 50 %'),
    });
    expect(installation.states()).toEqual(AFTER_TRAININGS);
    await installation.register.activate('m-4', 'shadow');
    expect(installation.states()['m-4']).toBe('shadow');
    await installation.register.endShadow();
    expect(installation.states()['m-4']).toBe('rejected');
  });

  it('let a person make a rejected model active who says so despite the gates, for good', async () => {
    await installation.register.activate('m-4', 'active', true);
    expect(installation.register.get('m-4')).toMatchObject({ state: 'active', gates: [failedGate] });
    await restart();
    expect(installation.register.active?.provenance.version).toBe('m-4');
    expect(installation.states()).toMatchObject({ 'm-4': 'active', 'm-2': 'retired' });
    await installation.register.activate('m-2', 'active');
    expect(installation.states()['m-4']).toBe('retired');
  });

  it('have one shadow at a time, which outlives a restart and ends when it is promoted', async () => {
    await installation.register.activate('m-1', 'shadow');
    await installation.register.activate('m-3', 'shadow');
    expect(installation.states()).toMatchObject({ 'm-1': 'retired', 'm-2': 'active', 'm-3': 'shadow' });
    await restart();
    expect(installation.told).toEqual(['active m-2', 'shadow m-3']);
    await installation.register.activate('m-3', 'active');
    expect(installation.told.slice(2)).toEqual(['shadow none', 'active m-3']);
    await restart();
    expect(installation.told).toEqual(['active m-3']);
    expect(installation.states()).toMatchObject({ 'm-3': 'active' });
  });

  it('refuse an active model as a shadow, and names that are no models', async () => {
    await expect(installation.register.activate('m-2', 'shadow')).rejects.toMatchObject({ code: 'model_in_use' });
    for (const version of ['m-9', '__proto__', '../state/1', '']) {
      await expect(installation.register.activate(version, 'active')).rejects.toMatchObject({
        code: 'model_not_found',
      });
      await expect(installation.register.delete(version)).rejects.toMatchObject({ code: 'model_not_found' });
    }
  });

  it('lose a model that is deleted, but never the active one nor the approved one', async () => {
    for (const [version, use] of [
      ['m-2', 'active'],
      ['m-1', 'approved'],
    ] as const) {
      await expect(installation.register.delete(version)).rejects.toMatchObject({
        code: 'model_in_use',
        details: { model: version, use },
      });
    }
    await installation.register.activate('m-3', 'shadow');
    await installation.register.delete('m-3');
    await installation.register.delete('m-4');
    expect(installation.states()).toEqual({ 'm-2': 'active', 'm-1': 'retired' });
    expect(installation.told.at(-1)).toBe('shadow none');
    await restart();
    expect(installation.states()).toEqual({ 'm-2': 'active', 'm-1': 'retired' });
  });

  it('lose the one that waits for approval, which then waits no more', async () => {
    await installation.register.activate('m-1', 'active');
    await installation.keep('m-5', 'promoted');
    await installation.keep('m-6', 'promoted');
    expect(installation.register.approval.record?.nominee?.version).toBe('m-5');
    await installation.register.delete('m-5');
    expect(installation.register.approval.record).toMatchObject({ approved: 'm-1' });
    expect(installation.register.approval.record?.nominee).toBeUndefined();
    await restart();
    expect(installation.register.approval.record?.nominee).toBeUndefined();
    expect(installation.register.active?.provenance.version).toBe('m-6');
  });
});

describe('what cannot be written', () => {
  it('is refused and changes nothing, neither in memory nor on the disk', async () => {
    await installation.keep('m-1', 'promoted');
    await installation.keep('m-2', 'candidate');
    const before = installation.states();
    const full = new ServiceError('store_unwritable', { directory: folder, reason: 'full' });
    const activate = jest.spyOn(installation.store, 'activate').mockRejectedValue(full);
    await expect(installation.register.activate('m-2', 'active')).rejects.toBe(full);
    await expect(installation.register.activate('m-2', 'shadow')).rejects.toBe(full);
    expect(installation.states()).toEqual(before);
    expect(installation.register.active?.provenance.version).toBe('m-1');
    activate.mockRestore();
    await restart();
    expect(installation.register.active?.provenance.version).toBe('m-1');
  });
});

describe('a trained model', () => {
  it('waits as a candidate where a person activated another one during its training', async () => {
    await installation.keep('m-1', 'promoted');
    await installation.keep('m-2', 'candidate');
    const basedOn = installation.register.active;
    await installation.register.activate('m-2', 'active');
    const header = headerOf('m-3', { outcome: 'promoted' });
    const kept = { model: named('m-3'), header, bytes: named('m-3').serialise(), learnedSeconds: 1, basedOn };
    expect(await installation.register.keep(kept)).toBe('candidate');
    expect(installation.states()).toEqual({ 'm-3': 'candidate', 'm-2': 'active', 'm-1': 'retired' });
  });

  it('gets a name that no other has', async () => {
    expect(installation.register.freeVersion('m-1')).toBe('m-1');
    await installation.keep('m-1', 'promoted');
    expect(installation.register.freeVersion('m-1')).toBe('m-1-2');
  });
});

describe('a model from elsewhere', () => {
  it('is a candidate; the very same again changes nothing; another one of its name is refused', async () => {
    const bytes = named('m-7').serialise();
    expect(await installation.register.add(headerOf('m-7'), bytes)).toMatchObject({ state: 'candidate' });
    expect(await installation.register.add(headerOf('m-7', { createdMs: 1 }), bytes)).toMatchObject({
      createdMs: CREATED + 7,
    });
    await expect(installation.register.add(headerOf('m-7'), bytes.slice(1))).rejects.toMatchObject({
      code: 'model_exists',
    });
  });

  it('cannot be the shadow where none is active', async () => {
    await installation.register.add(headerOf('m-7'), named('m-7').serialise());
    await expect(installation.register.activate('m-7', 'shadow')).rejects.toMatchObject({ code: 'no_active_model' });
  });
});

it('a model that this version cannot use is not activated, and the reason is told', async () => {
  await installation.keep('m-1', 'promoted');
  await installation.register.add(headerOf('m-8'), new ArrayBuffer(64));
  await expect(installation.register.activate('m-8', 'active')).rejects.toMatchObject({
    code: 'model_incompatible',
    message: expect.stringContaining('it does not start with APAM'),
  });
  expect(installation.register.active?.provenance.version).toBe('m-1');
});

it('a stored model that this version cannot use is none, and is told of: the service learns again', async () => {
  await installation.store.saveModel('m-1', {}, new ArrayBuffer(64));
  await restart();
  expect(installation.register.active).toBeUndefined();
  expect(String(installation.faults[0])).toContain('it does not start with APAM');
});
