/** Imports: what is taken in, and what is refused without a trace. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { JobMemory } from '../../../processor/src/jobs/job-memory.ts';
import { Jobs } from '../../../processor/src/jobs/jobs.ts';
import type { ModelHeader } from '../../../processor/src/model/model-header.ts';
import { ModelImport } from '../../../processor/src/model/model-import.ts';
import { ModelMemory } from '../../../processor/src/model/model-memory.ts';
import { Model } from '../../../processor/src/model/model.ts';
import { replaceFile } from '../../../processor/src/store/atomic-file.ts';
import { writeEnvelope } from '../../../processor/src/store/envelope.ts';
import type { ModelFile } from '../../../processor/src/store/files.ts';
import { writeModelFile } from '../../../processor/src/store/model-file.ts';
import { modelLife } from '../../support/model-life.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { LearningEntities } from './entities.ts';

let trained: Model;

beforeAll(async () => {
  const entities = new LearningEntities();
  entities.live(0, 2);
  await entities.train();
  trained = entities.promoted[0]!;
});
afterEach(removeTemporaryFolders);

const headerOf = (changes: Partial<ModelHeader> = {}): ModelHeader => ({
  ...trained.provenance,
  outcome: 'candidate',
  gates: [{ gate: 'kinds', passed: true, detail: 'judges user, address, endpoint' }],
  scores: { user: [0.9, 0.1, 0, 0, 0, 0, 0, 0, 0, 0] },
  origin: 'offline',
  jobId: undefined,
  createdMs: 1,
  fromMs: 1000,
  toMs: 2000,
  ...changes,
});

/** The file of a model, as it is written offline. */
async function fileOf(
  header: Record<string, unknown> = { ...headerOf() },
  bytes: ArrayBuffer = trained.serialise(),
  label = trained.provenance.version,
): Promise<Buffer> {
  const file = path.join(temporaryFolder(), 'a.model');
  await writeModelFile(file, label, header, bytes);
  return readFileSync(file);
}

/** A memory that also keeps what was rejected. */
class WholeMemory extends ModelMemory {
  readonly #rejected: ModelFile[] = [];

  override saveRejected(version = '', header: Record<string, unknown> = {}): Promise<void> {
    this.#rejected.push({ version, header, isRejected: true });
    return Promise.resolve();
  }

  override async listModels(): Promise<ModelFile[]> {
    return [...(await super.listModels()), ...this.#rejected];
  }
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array, void, void> {
  for (let from = 0; from < bytes.length; from += 10_000) yield bytes.subarray(from, from + 10_000);
}

/** Sends bytes in small pieces to a service without models. */
function importing() {
  const memory = new WholeMemory();
  const { register, clock } = modelLife(() => {}, memory);
  const jobs = new Jobs({ journal: new JobMemory(), clock, random: () => 0.5, onFault: () => {} });
  const imports = new ModelImport({ register, jobs, clock });
  return { register, jobs, memory, send: (bytes: Buffer) => imports.run(pieces(bytes), 'ci') };
}

test('a model that was trained elsewhere is taken in as a candidate, with where it is from', async () => {
  const service = importing();
  const job = await service.send(await fileOf());
  const { version } = trained.provenance;
  expect(job).toMatchObject({ kind: 'import', state: 'succeeded', modelVersion: version, requestedBy: 'ci' });
  expect(service.register.get(version)).toMatchObject({
    state: 'candidate',
    origin: 'import',
    jobId: job.id,
    fromMs: 1000,
    toMs: 2000,
    gates: headerOf().gates,
    measures: { rows: trained.provenance.rows, scores: headerOf().scores },
  });
  expect(new Uint8Array((await service.memory.loadModel(version))!)).toEqual(new Uint8Array(trained.serialise()));
});

test('one that had failed a gate where it was trained is rejected here too', async () => {
  const service = importing();
  await service.send(await fileOf({ ...headerOf({ gates: [{ gate: 'sample', passed: false, detail: '2 rows' }] }) }));
  expect(service.register.list()).toMatchObject([{ version: trained.provenance.version, state: 'rejected' }]);
});

test('a file of the data folder that is kept apart is taken in as rejected', async () => {
  const service = importing();
  const file = path.join(temporaryFolder(), 'a.rejected');
  const content = { label: trained.provenance.version, content: headerOf() };
  await replaceFile(file, 0o600, (handle) =>
    writeEnvelope(handle, 'rejected', content, [new Uint8Array(trained.serialise())]),
  );
  await service.send(readFileSync(file));
  expect(service.register.list()).toMatchObject([{ version: trained.provenance.version, state: 'rejected' }]);
});

/** Refused, with nothing kept, and with a job that says why. */
async function expectRefused(bytes: Buffer, reason: RegExp): Promise<void> {
  const service = importing();
  await expect(service.send(bytes)).rejects.toMatchObject({
    code: 'model_damaged',
    message: expect.stringMatching(reason),
  });
  expect(service.register.list()).toEqual([]);
  expect(service.jobs.list()).toMatchObject([
    { kind: 'import', state: 'failed', error: expect.stringMatching(reason) },
  ]);
}

test('a file is refused that was damaged anywhere, cut off, or is none', async () => {
  const whole = await fileOf();
  for (const place of [0, 20, 200, whole.length >> 1, whole.length - 1]) {
    const damaged = Buffer.from(whole);
    damaged[place]! ^= 1;
    await expectRefused(damaged, /its checksum is wrong|carries no checksum/);
  }
  await expectRefused(whole.subarray(0, whole.length - 100), /its checksum is wrong/);
  await expectRefused(Buffer.alloc(0), /carries no checksum/);
  await expectRefused(Buffer.from(trained.serialise()), /carries no checksum/);
  const state = path.join(temporaryFolder(), 'a.state');
  await replaceFile(state, 0o600, (handle) => writeEnvelope(handle, 'state', {}, []));
  await expectRefused(readFileSync(state), /it is of kind "state", not "model" or "rejected"/);
});

test('a model is refused of a newer format, with other features, that judges nobody, or under another name', async () => {
  const newer = new Uint8Array(trained.serialise());
  new DataView(newer.buffer).setUint32(4, 99, true);
  await expectRefused(await fileOf(undefined, newer.buffer), /model format 99 is newer than/);
  const text = Buffer.from(trained.serialise());
  const at = text.indexOf('"calls"');
  text.write('"cells"', at);
  const other = text.buffer.slice(text.byteOffset, text.byteOffset + text.byteLength);
  await expectRefused(await fileOf(undefined, other), /was trained on other user features/);
  const empty = new Model(trained.provenance, {});
  await expectRefused(await fileOf(undefined, empty.serialise()), /it judges nobody/);
  await expectRefused(await fileOf(undefined, undefined, 'm-other'), /its name is not the one it was written under/);
  const escaping = new Model({ ...trained.provenance, version: '../m' }, trained.detectors);
  await expectRefused(await fileOf(undefined, escaping.serialise(), '../m'), /its name is not/);
});

test.each([
  ['without gates', { gates: undefined }],
  ['with gates that are no list', { gates: 'passed' }],
  ['with a gate of its own', { gates: [{ gate: 'mine', passed: true, detail: '' }] }],
  ['with rows that are no numbers', { rows: { user: 'many', address: 0, endpoint: 0 } }],
  ['with times that are none', { fromMs: 'yesterday' }],
])('a header %s is refused', async (_, changes) => {
  await expectRefused(await fileOf({ ...headerOf(), ...changes }), /its header is not one of ours/);
});

test('of a header nothing is taken over that it may not say: origin, job, outcome, time of making', async () => {
  const service = importing();
  const header = { ...headerOf(), origin: 'schedule', jobId: 'j-9', outcome: 'promoted', createdMs: 5, extra: 'x' };
  await service.send(await fileOf(header));
  const { state, origin, jobId, createdMs } = service.register.list()[0]!;
  expect([state, origin, jobId === 'j-9', createdMs === 5]).toEqual(['candidate', 'import', false, false]);
});

test('a sender that breaks off leaves nothing', async () => {
  const service = importing();
  const whole = await fileOf();
  async function* broken(): AsyncGenerator<Uint8Array, void, void> {
    yield whole.subarray(0, 100);
    throw new Error('connection reset');
  }
  const imports = new ModelImport({ ...service, clock: () => 0 });
  await expect(imports.run(broken(), 'ci')).rejects.toThrow('connection reset');
  expect(service.register.list()).toEqual([]);
});

/** Sends a little and then nothing, ever. */
async function* stalled(): AsyncGenerator<Uint8Array, void, void> {
  yield new Uint8Array(10);
  await new Promise(() => {});
}

test('one whose sender stalls is given up all the same', async () => {
  const service = importing();
  const imports = new ModelImport({ ...service, clock: () => 0 });
  const run = imports.run(stalled(), 'ci');
  while (service.jobs.running('import')?.stage !== 'read') await new Promise(setImmediate);
  await service.jobs.stop();
  expect(await run).toMatchObject({ state: 'interrupted' });
});

test('a folder that cannot be written to is told of, and the model is not there', async () => {
  const service = importing();
  service.memory.saveModel = () => Promise.reject(new Error('disk full'));
  await expect(service.send(await fileOf())).rejects.toThrow('disk full');
  expect(service.register.list()).toEqual([]);
});
