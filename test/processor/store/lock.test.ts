import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { DirectoryLock } from '../../../processor/src/store/lock.ts';

const source = pathToFileURL(path.resolve('processor/src/store/lock.ts')).href;
const BRISK = { intervalMs: 20, expiryMs: 100 };

let directory: string;
let file: string;

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(tmpdir(), 'lock-'));
  file = path.join(directory, 'lock');
});

afterEach(() => fs.rmSync(directory, { recursive: true }));

/** Another process that takes the lock and keeps it. */
async function secondProcess(): Promise<ChildProcess> {
  const program = `
    const { DirectoryLock } = await import(${JSON.stringify(source)});
    await DirectoryLock.acquire(${JSON.stringify(directory)});
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

/** The lock file as an owner would have left it that differs from this process in `change`. */
async function leaveLock(change: object): Promise<void> {
  const lock = await DirectoryLock.acquire(directory);
  const owner = JSON.parse(fs.readFileSync(file, 'utf8')) as object;
  lock.release();
  fs.writeFileSync(file, JSON.stringify({ ...owner, ...change }));
}

test('a folder that a living process owns is refused, with the folder, the owner and the remedy', async () => {
  const child = await secondProcess();
  await expect(DirectoryLock.acquire(directory)).rejects.toMatchObject({
    code: 'store_locked',
    message: expect.stringMatching(
      new RegExp(`${directory} belongs .*process ${child.pid} on .*stop that instance, or set store.directory`),
    ),
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
});

test('the lock of a killed process is taken over', async () => {
  const child = await secondProcess();
  child.kill('SIGKILL');
  await once(child, 'exit');

  const lock = await DirectoryLock.acquire(directory);
  expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid });
  lock.release();
  expect(fs.readdirSync(directory)).toEqual([]);
});

test('a second lock in the same process is refused until the first is released', async () => {
  const lock = await DirectoryLock.acquire(directory);
  await expect(DirectoryLock.acquire(directory)).rejects.toMatchObject({ code: 'store_locked' });
  lock.release();
  lock.release();
  (await DirectoryLock.acquire(directory)).release();
});

test('an owner whose process id now belongs to another process is dead', async () => {
  await leaveLock({ startTicks: '1' });
  (await DirectoryLock.acquire(directory)).release();
});

test('an owner of an earlier boot or another container is dead once its file has stood still', async () => {
  for (const change of [{ bootId: 'earlier' }, { namespace: 'pid:[1]' }]) {
    await leaveLock(change);
    (await DirectoryLock.acquire(directory, BRISK)).release();
  }
});

test('an owner in another container that touches its file is alive', async () => {
  await leaveLock({ namespace: 'pid:[1]' });
  let seconds = 1_000;
  const timer = setInterval(() => fs.utimesSync(file, (seconds += 1), seconds), 5);
  await expect(DirectoryLock.acquire(directory, BRISK)).rejects.toMatchObject({ code: 'store_locked' });
  clearInterval(timer);
});

test('an owner in another container that gives the folder back while we wait is no obstacle', async () => {
  await leaveLock({ namespace: 'pid:[1]' });
  setTimeout(() => fs.rmSync(file), 30);
  (await DirectoryLock.acquire(directory, BRISK)).release();
});

test('a held lock shows life by touching its file', async () => {
  const lock = await DirectoryLock.acquire(directory, BRISK);
  fs.utimesSync(file, 1, 1);
  while (fs.statSync(file).mtimeMs <= 1_000) await new Promise((resolve) => setTimeout(resolve, 5));
  lock.release();
});

test('a lock file without content is judged by its signs of life', async () => {
  fs.writeFileSync(file, '');
  (await DirectoryLock.acquire(directory, BRISK)).release();
});

test('a process whose lock was taken over learns it before it writes, and leaves the new lock alone', async () => {
  const suspended = await DirectoryLock.acquire(directory);
  suspended.assertHeld();
  fs.rmSync(file);
  const successor = await DirectoryLock.acquire(directory);

  expect(() => suspended.assertHeld()).toThrow(expect.objectContaining({ code: 'store_locked' }));
  suspended.release();
  successor.assertHeld();
  successor.release();
});

test('many that find a dead owner at once: one gets the folder', async () => {
  await leaveLock({ startTicks: '1' });
  const attempts = Array.from({ length: 8 }, () => DirectoryLock.acquire(directory));
  const outcomes = await Promise.allSettled(attempts);

  const held = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  expect(held).toHaveLength(1);
  held[0]?.value.release();
});

test('a folder that cannot be written rejects with the error of the disk', async () => {
  await expect(DirectoryLock.acquire(path.join(directory, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
});
