import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EnvelopeReader, Header } from '../../../processor/src/store/envelope.ts';
import { FileStore } from '../../../processor/src/store/files.ts';

let directory: string;
let faults: string[];
const opened: FileStore[] = [];

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(tmpdir(), 'store-'));
  faults = [];
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  fs.rmSync(directory, { recursive: true });
});

async function openStore(): Promise<FileStore> {
  const store = new FileStore(directory, { error: (operation, reason) => faults.push(`${operation}: ${reason}`) });
  await store.open();
  opened.push(store);
  return store;
}

/** As after a crash and a new start: nothing is remembered but the folder. */
async function reopen(store: FileStore): Promise<FileStore> {
  await store.close();
  return openStore();
}

function names(folder: string): string[] {
  return fs.readdirSync(path.join(directory, folder)).toSorted();
}

function pathIn(folder: string, part: string): string {
  const name = names(folder).find((candidate) => candidate.includes(part));
  if (name === undefined) throw new Error(`no ${part} in ${folder}`);
  return path.join(directory, folder, name);
}

function damage(file: string, at = -40): void {
  const bytes = fs.readFileSync(file);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  fs.writeFileSync(file, bytes);
}

const content = (text: string): Uint8Array => new TextEncoder().encode(text);

async function currentModel(store: FileStore): Promise<string | undefined> {
  const model = await store.loadCurrentModel();
  return model && `${model.version} ${JSON.stringify(model.header)} ${Buffer.from(model.bytes).toString()}`;
}

const asText = async (header: Header, payload: EnvelopeReader): Promise<string> =>
  `${JSON.stringify(header)} ${Buffer.from(await payload.bytes()).toString()}`;

async function* failing(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1_000_000);
  throw new Error('given up');
}

describe('the folder', () => {
  test('is created for its owner alone, given back on close, and refused while another has it', async () => {
    directory = path.join(directory, 'new/data');
    const store = await openStore();
    expect(fs.statSync(directory).mode & 0o777).toBe(0o700);
    await expect(openStore()).rejects.toMatchObject({ code: 'store_locked' });
    await store.close();
    await store.close();
    await openStore();
    directory = path.resolve(directory, '../..');
  });

  test('that cannot be created says why and what to do', async () => {
    fs.writeFileSync(path.join(directory, 'file'), '');
    const store = new FileStore(path.join(directory, 'file/data'), { error: () => undefined });
    await expect(store.open()).rejects.toMatchObject({ code: 'store_unwritable', cause: { code: 'ENOTDIR' } });
    await store.close();
  });

  test('takes nothing before it is open or after it is closed', async () => {
    const store = await openStore();
    await store.close();
    await expect(store.saveState({}, [])).rejects.toMatchObject({ code: 'store_unwritable' });
  });

  test('is not written to once another process has taken it over', async () => {
    const store = await openStore();
    fs.rmSync(path.join(directory, 'lock'));
    await expect(store.saveState({}, [])).rejects.toMatchObject({ code: 'store_locked' });
    expect(names('state')).toEqual([]);
  });
});

describe('models', () => {
  test('a new folder has no model', async () => {
    expect(await currentModel(await openStore())).toBeUndefined();
    expect(faults).toEqual([]);
  });

  test('the activated model is loaded, also when later ones were saved', async () => {
    const store = await openStore();
    await store.saveModel('m-1', { rows: 1 }, content('one'));
    await store.activate('m-1');
    await store.saveModel('m-2', { rows: 2 }, content('two').buffer as ArrayBuffer);
    expect(await currentModel(await reopen(store))).toBe('m-1 {"rows":1} one');
  });

  test('a crash while the pointer is switched leaves the old or the new one', async () => {
    let store = await openStore();
    await store.saveModel('m-1', {}, content('one'));
    await store.activate('m-1');
    const pointer = path.join(directory, 'models/CURRENT');
    const before = fs.readFileSync(pointer);
    await store.saveModel('m-2', {}, content('two'));
    await store.activate('m-2');
    const after = fs.readFileSync(pointer);

    for (let written = 0; written <= after.length; written += 1) {
      fs.writeFileSync(pointer, before);
      fs.writeFileSync(`${pointer}.tmp`, after.subarray(0, written));
      store = await reopen(store);
      expect((await store.loadCurrentModel())?.version).toBe('m-1');
    }
    expect(names('models')).toEqual(['000000000001.m-1.model', '000000000002.m-2.model', 'CURRENT']);
  });

  test('a model that is not kept, or is damaged, cannot be activated', async () => {
    const store = await openStore();
    await store.saveModel('m-1', {}, content('one'));
    damage(pathIn('models', 'm-1'));
    await expect(store.activate('m-1')).rejects.toThrow('There is no model m-1');
    await expect(store.activate('m-2')).rejects.toThrow('There is no model m-2');
    expect(names('models')).toEqual([]);
  });

  test('a version saved again stays, also when it is the oldest of too many', async () => {
    const store = await openStore();
    await store.saveModel('m-1', {}, content('one'));
    await store.activate('m-1');
    for (const version of ['m-2', 'm-3', 'm-4', 'm-5', 'm-6']) await store.saveModel(version, {}, content(version));
    await store.activate('m-6');
    await store.saveModel('m-1', {}, content('again'));
    await store.activate('m-1');
    expect(await currentModel(await reopen(store))).toBe('m-1 {} again');
  });

  test('a damaged current model is set aside and the newest whole one takes its place', async () => {
    let store = await openStore();
    for (const version of ['m-1', 'm-2', 'm-3', 'm-4']) await store.saveModel(version, {}, content(version));
    await store.activate('m-2');
    damage(pathIn('models', 'm-2'));
    damage(pathIn('models', 'm-4'), 0);
    store = await reopen(store);

    expect(await currentModel(store)).toBe('m-3 {} m-3');
    expect(store.quarantined).toBe(2);
    expect(names('quarantine')).toEqual(['000000000002.m-2.model.corrupt', '000000000004.m-4.model.corrupt']);
    expect(names('models')).toEqual(['000000000001.m-1.model', '000000000003.m-3.model', 'CURRENT']);
    expect(faults).toHaveLength(2);
    expect(faults[0]).toMatch(/^load_model: ServiceError: The file .*m-2\.model is damaged: its checksum is wrong/);
  });

  test('a damaged pointer is set aside and the newest model is loaded', async () => {
    let store = await openStore();
    for (const version of ['m-1', 'm-2']) await store.saveModel(version, {}, content(version));
    await store.activate('m-1');
    const pointer = fs.readFileSync(path.join(directory, 'models/CURRENT'));
    for (let at = 0; at < pointer.length; at += 1) {
      fs.writeFileSync(path.join(directory, 'models/CURRENT'), pointer);
      damage(path.join(directory, 'models/CURRENT'), at);
      store = await reopen(store);
      expect((await store.loadCurrentModel())?.version).toBe('m-2');
    }
    expect(names('quarantine')).toHaveLength(pointer.length);
  });

  test('a model under the name of another is not taken for it', async () => {
    const store = await openStore();
    await store.saveModel('m-1', {}, content('one'));
    fs.renameSync(pathIn('models', 'm-1'), path.join(directory, 'models/000000000001.m-2.model'));
    expect(await currentModel(store)).toBeUndefined();
    expect(names('quarantine')).toEqual(['000000000001.m-2.model.corrupt']);
  });

  test('a model that cannot be read at all is passed over', async () => {
    const store = await openStore();
    await store.saveModel('m-1', {}, content('one'));
    fs.mkdirSync(path.join(directory, 'models/000000000009.m-9.model'));
    expect(await currentModel(store)).toBe('m-1 {} one');
    expect(names('quarantine')).toEqual([]);
  });

  test('the newest five and the current one are kept', async () => {
    const store = await openStore();
    await store.saveModel('m-1', {}, content('1'));
    await store.saveModel('m-2', {}, content('2'));
    await store.activate('m-1');
    for (let i = 3; i <= 8; i += 1) await store.saveModel(`m-${i}`, {}, content(`${i}`));

    expect(names('models').map((name) => name.split('.')[1] ?? name)).toEqual([
      'm-1',
      'm-4',
      'm-5',
      'm-6',
      'm-7',
      'm-8',
      'CURRENT',
    ]);
    expect(await currentModel(await reopen(store))).toBe('m-1 {} 1');
  });

  test('the approved one and the one that waits for approval are kept too, and known after a restart', async () => {
    let store = await openStore();
    const nominee = { version: 'm-2', sinceSeconds: 1_789_459_200, learnedSeconds: 7200 };
    const approval = { approved: 'm-1', learnedSeconds: 3600, nominee };
    for (const version of ['m-1', 'm-2', 'm-3']) await store.saveModel(version, {}, content(version));
    await store.activate('m-3', approval);
    for (let i = 4; i <= 9; i += 1) await store.saveModel(`m-${i}`, {}, content(`${i}`));
    store = await reopen(store);
    expect((await store.loadCurrentModel())?.approval).toEqual(approval);
    for (const version of ['m-1', 'm-2', 'm-3']) {
      expect(Buffer.from((await store.loadModel(version))!).toString()).toBe(version);
    }
    expect(await store.loadModel('m-4')).toBeUndefined();
  });

  test('one activated without it has no approval', async () => {
    const store = await openStore();
    await store.saveModel('m-1', {}, content('one'));
    await store.activate('m-1');
    expect((await store.loadCurrentModel())?.approval).toBeUndefined();
  });

  test('rejected ones are kept apart: the last two, and never loaded', async () => {
    const store = await openStore();
    await store.saveModel('m-1', {}, content('one'));
    await store.activate('m-1');
    for (const version of ['m-2', 'm-3', 'm-4']) await store.saveRejected(version, { gates: [] }, content(version));
    expect(names('models').filter((name) => name.endsWith('.rejected'))).toEqual([
      '000000000002.m-3.rejected',
      '000000000003.m-4.rejected',
    ]);
    // Not even when nothing else is left.
    damage(pathIn('models', 'm-1'));
    expect(await (await reopen(store)).loadCurrentModel()).toBeUndefined();
    await expect(store.saveRejected('../x', {}, content('x'))).rejects.toThrow(RangeError);
  });

  test('the same version saved again replaces itself', async () => {
    const store = await openStore();
    await store.saveModel('m-1', {}, content('first'));
    await store.saveModel('m-1', {}, content('second'));
    expect(await currentModel(store)).toBe('m-1 {} second');
    expect(names('models')).toEqual(['000000000001.m-1.model']);
  });

  test.each(['', '../x', 'A', 'a.b', 'a/b', '-a', 'x'.repeat(65), 'a\0'])('%j is no version', async (version) => {
    const store = await openStore();
    await expect(store.saveModel(version, {}, content('x'))).rejects.toThrow(RangeError);
  });
});

describe('state', () => {
  test('the newest whole snapshot is loaded, the last three are kept', async () => {
    let store = await openStore();
    expect(await store.loadState(asText)).toBeUndefined();
    for (let i = 1; i <= 5; i += 1) await store.saveState({ i }, [content('part '), content(`${i}`)]);
    expect(names('state')).toEqual(['000000000003.state', '000000000004.state', '000000000005.state']);

    damage(pathIn('state', '5'));
    store = await reopen(store);
    expect(await store.loadState(asText)).toBe('{"i":4} part 4');
    expect(names('quarantine')).toEqual(['000000000005.state.corrupt']);
    await store.saveState({ i: 6 }, []);
    expect(await store.loadState(asText)).toBe('{"i":6} ');
  });

  test('a second damaged file of the same name does not displace the first', async () => {
    let store = await openStore();
    for (let i = 0; i < 3; i += 1) {
      await store.saveState({}, [content(`${i}`)]);
      damage(pathIn('state', '1'));
      expect(await store.loadState(asText)).toBeUndefined();
      store = await reopen(store);
    }
    expect(names('quarantine')).toEqual([1, 2, 3].map((n) => `000000000001.state.corrupt${n > 1 ? `.${n}` : ''}`));
  });

  test('snapshots asked for at once are written one after the other', async () => {
    const store = await openStore();
    let writing = 0;
    async function* slow(): AsyncGenerator<Uint8Array> {
      writing += 1;
      expect(writing).toBe(1);
      await new Promise(setImmediate);
      yield content('x');
      writing -= 1;
    }
    await Promise.all([1, 2, 3].map((i) => store.saveState({ i }, slow())));
    expect(await store.loadState(asText)).toBe('{"i":3} x');
  });

  test('from which a user was erased takes the place of all others, and of what lay in quarantine', async () => {
    const store = await openStore();
    for (const text of ['one', 'two', 'three']) await store.saveState({}, [content(text)]);
    damage(pathIn('state', '3.state'));
    await store.loadState(asText);
    expect(names('quarantine')).toHaveLength(1);
    await store.eraseState({ after: 1 }, [content('four')]);
    expect(names('state')).toEqual(['000000000004.state']);
    expect(names('quarantine')).toEqual([]);
    expect(await store.loadState(asText)).toBe('{"after":1} four');
  });

  test('that cannot be written erases nothing', async () => {
    const store = await openStore();
    for (const text of ['one', 'two']) await store.saveState({}, [content(text)]);
    await expect(store.eraseState({}, failing())).rejects.toThrow('given up');
    expect(names('state')).toHaveLength(2);
  });

  test('an error of the producer or of the restorer is passed on and leaves the files as they were', async () => {
    const store = await openStore();
    await store.saveState({}, [content('good')]);
    await expect(store.saveState({}, failing())).rejects.toThrow('given up');
    await expect(store.loadState(() => Promise.reject(new Error('no use')))).rejects.toThrow('no use');
    expect(names('state')).toEqual(['000000000001.state']);
    expect(await store.loadState(asText)).toBe('{} good');
  });
});

test('a secret of the folder outlives a restart', async () => {
  const store = await openStore();
  const secret = await store.loadOrCreateSecret('pseudonym');
  expect(secret).toHaveLength(32);
  expect(await (await reopen(store)).loadOrCreateSecret('pseudonym')).toEqual(secret);
});
