import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FileStore } from '../../../processor/src/store/files.ts';
import { readModelFile } from '../../../processor/src/store/model-file.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';

const MODEL = Uint8Array.from({ length: 1000 }, (_, index) => (index * 7) & 255);

afterEach(removeTemporaryFolders);

/** A file of models/ in a data folder. */
async function storedModel(): Promise<string> {
  const folder = temporaryFolder();
  const store = new FileStore(folder, { error: (operation, reason) => expect([operation, reason]).toEqual([]) });
  await store.open();
  await store.saveModel('m-1', { rows: 5 }, MODEL);
  await store.activate('m-1');
  await store.close();
  const name = readdirSync(path.join(folder, 'models')).find((file) => file.endsWith('.model'))!;
  return path.join(folder, 'models', name);
}

test('a file of the data folder gives the model in it, wherever it was moved', async () => {
  const file = await storedModel();
  expect(await readModelFile(file)).toEqual(MODEL);
  const copy = path.join(temporaryFolder(), 'tuesday');
  writeFileSync(copy, readFileSync(file));
  expect(await readModelFile(copy)).toEqual(MODEL);
});

test('a file that is no envelope is taken as the model itself, in plain bytes as models are read from', async () => {
  const file = path.join(temporaryFolder(), 'bare');
  writeFileSync(file, MODEL);
  const bytes = await readModelFile(file);
  expect(bytes).toEqual(MODEL);
  expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
});

test('a file that is not there is refused with its name and the remedy', async () => {
  const file = path.join(temporaryFolder(), 'missing');
  await expect(readModelFile(file)).rejects.toThrow(
    `${file} cannot be read (ENOENT); give a model, such as a file of models/ in the data folder.`,
  );
});

test('a file that was damaged is refused with its name', async () => {
  const file = await storedModel();
  const bytes = readFileSync(file);
  bytes[bytes.length - 100]! ^= 1;
  writeFileSync(file, bytes);
  await expect(readModelFile(file)).rejects.toThrow(file);
  await expect(readModelFile(file)).rejects.toMatchObject({ code: 'file_corrupt' });
});

test('a file of the data folder that holds something else is refused: the pointer to the current model', async () => {
  const pointer = path.join(path.dirname(await storedModel()), 'CURRENT');
  await expect(readModelFile(pointer)).rejects.toMatchObject({ code: 'file_corrupt' });
  await expect(readModelFile(pointer)).rejects.toThrow('"pointer", not "model"');
});
