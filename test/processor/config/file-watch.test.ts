import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FileWatch } from '../../../processor/src/config/file-watch.ts';
import { until } from '../receiver/running-receiver.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';

const NEVER_MS = 1_000_000;

let folder: string;
let file: string;
let changes: number;
let watch: FileWatch | undefined;

beforeEach(() => {
  folder = temporaryFolder();
  file = path.join(folder, 'config.yaml');
  changes = 0;
});

afterEach(async () => {
  await watch?.stop();
  removeTemporaryFolders();
});

async function start(lookMs = NEVER_MS, settleMs = 5): Promise<void> {
  watch = new FileWatch(file, () => (changes += 1), { lookMs, settleMs });
  await watch.start();
}

/** A test that waits in vain fails by its timeout. */
const told = (count: number): Promise<void> => until(() => changes >= count);

test('a file that is written to has changed', async () => {
  writeFileSync(file, 'a: 1');
  await start();
  writeFileSync(file, 'a: 22');
  await told(1);
});

test('a file that another one is renamed over has changed', async () => {
  writeFileSync(file, 'a: 1');
  await start();
  writeFileSync(`${file}.new`, 'a: 2');
  renameSync(`${file}.new`, file);
  await told(1);
});

test('a file behind links that are switched, as Kubernetes does it, has changed', async () => {
  for (const version of ['one', 'two']) {
    mkdirSync(path.join(folder, version));
    writeFileSync(path.join(folder, version, 'config.yaml'), 'a: 1');
  }
  symlinkSync('one', path.join(folder, '..data'));
  symlinkSync('..data/config.yaml', file);
  await start();
  symlinkSync('two', path.join(folder, '..data_tmp'));
  renameSync(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
  await told(1);
});

test('a file linked from another folder is looked at now and then', async () => {
  const other = temporaryFolder();
  const target = path.join(other, 'config.yaml');
  writeFileSync(target, 'a: 1');
  symlinkSync(target, file);
  await start(10);
  writeFileSync(target, 'a: 22');
  await told(1);
});

test('a file that is gone and comes back changed once; others in its folder do not count', async () => {
  writeFileSync(file, 'a: 1');
  await start(10);
  rmSync(file);
  writeFileSync(path.join(folder, 'other'), '');
  await delay(100);
  expect(changes).toBe(0);
  writeFileSync(`${file}.new`, 'a: 2');
  renameSync(`${file}.new`, file);
  await told(1);
  await delay(50);
  expect(changes).toBe(1);
});

test('after the stop nothing is told, and it may be stopped twice or without a start', async () => {
  await new FileWatch(file, () => (changes += 1)).stop();
  writeFileSync(file, 'a: 1');
  await start(10);
  await watch!.stop();
  await watch!.stop();
  writeFileSync(file, 'a: 22');
  await delay(100);
  expect(changes).toBe(0);
});

test('a folder that does not exist yet is looked for', async () => {
  file = path.join(folder, 'later', 'config.yaml');
  await start(10);
  mkdirSync(path.dirname(file));
  writeFileSync(file, 'a: 1');
  await told(1);
});
