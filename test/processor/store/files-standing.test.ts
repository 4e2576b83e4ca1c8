/** How the models in the data folder stand to one another: listed, run beside, deleted, and kept for it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FileStore } from '../../../processor/src/store/files.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';

const CONTENT = new TextEncoder().encode('model');
const APPROVAL = { approved: 'm-1', learnedSeconds: 60 };

let folder: string;
let store: FileStore;
let faults: string[];

async function open(): Promise<void> {
  store = new FileStore(folder, { error: (operation, reason) => faults.push(`${operation}: ${reason}`) });
  await store.open();
}

beforeEach(async () => {
  folder = temporaryFolder();
  faults = [];
  await open();
});
afterEach(async () => {
  await store.close();
  removeTemporaryFolders();
});

const listed = async (): Promise<string[]> =>
  (await store.listModels()).map(
    ({ version, header, isRejected }) => `${version} ${JSON.stringify(header)}${isRejected ? ' rejected' : ''}`,
  );

test('all models are listed with their headers, the rejected ones as such; a damaged one is set aside', async () => {
  await store.saveModel('m-1', { rows: 1 }, CONTENT);
  await store.saveModel('m-2', { rows: 2 }, CONTENT);
  await store.saveRejected('m-3', { rows: 3 }, CONTENT);
  expect(await listed()).toEqual(['m-2 {"rows":2}', 'm-1 {"rows":1}', 'm-3 {"rows":3} rejected']);
  const file = path.join(
    folder,
    'models',
    readdirSync(path.join(folder, 'models')).find((name) => /m-1/.test(name))!,
  );
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  expect(await listed()).toEqual(['m-2 {"rows":2}', 'm-3 {"rows":3} rejected']);
  expect(store.quarantined).toBe(1);
});

test('the bytes of a rejected one are there to be looked at, and it is never the current one', async () => {
  await store.saveRejected('m-3', {}, CONTENT);
  expect(new Uint8Array((await store.loadModel('m-3'))!)).toEqual(CONTENT);
  await expect(store.activate('m-3')).rejects.toThrow('There is no model m-3 to activate');
});

test('what is the shadow and what was active is known after a restart, together with the current one', async () => {
  await store.saveModel('m-1', {}, CONTENT);
  const standing = { shadow: 'm-2', retired: ['m-0'], changedMs: { 'm-1': 5 } };
  await store.activate('m-1', APPROVAL, standing);
  await store.close();
  await open();
  expect(await store.loadCurrentModel()).toMatchObject({ version: 'm-1', approval: APPROVAL, standing });
});

test('nothing stands anywhere in a folder of an older version', async () => {
  await store.saveModel('m-1', {}, CONTENT);
  await store.activate('m-1', APPROVAL);
  expect((await store.loadCurrentModel())?.standing).toEqual({ retired: [], changedMs: {} });
});

test('the shadow is kept however many models are saved after it, rejected or not', async () => {
  await store.saveModel('m-1', {}, CONTENT);
  for (const shadow of ['m-s', 'm-r']) {
    if (shadow === 'm-s') await store.saveModel(shadow, {}, CONTENT);
    else await store.saveRejected(shadow, {}, CONTENT);
    await store.activate('m-1', APPROVAL, { shadow, retired: [], changedMs: {} });
    for (let later = 10; later < 18; later++) {
      await store.saveModel(`m-${shadow}${later}`, {}, CONTENT);
      await store.saveRejected(`m-${shadow}r${later}`, {}, CONTENT);
    }
    expect((await store.listModels()).map(({ version }) => version)).toContain(shadow);
  }
});

test('a model is deleted for good, but none that is current, approved, waits for approval or is the shadow', async () => {
  const named = ['m-1', 'm-2', 'm-3', 'm-4'];
  for (const version of [...named, 'm-5']) await store.saveModel(version, {}, CONTENT);
  await store.saveRejected('m-6', {}, CONTENT);
  const approval = { ...APPROVAL, nominee: { version: 'm-2', sinceSeconds: 1, learnedSeconds: 1 } };
  await store.activate('m-3', approval, { shadow: 'm-4', retired: [], changedMs: {} });
  for (const version of named)
    await expect(store.deleteModel(version)).rejects.toThrow(`The model ${version} is in use.`);
  await store.deleteModel('m-5');
  await store.deleteModel('m-6');
  await store.deleteModel('m-7');
  await store.close();
  await open();
  expect((await store.listModels()).map(({ version }) => version).toSorted()).toEqual(named);
});
