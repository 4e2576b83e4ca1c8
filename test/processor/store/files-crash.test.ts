/** What the store keeps when its process is killed or its disk is full: real processes, real disks. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Header } from '../../../processor/src/store/envelope.ts';
import { FileStore } from '../../../processor/src/store/files.ts';

let directory: string;
const faults: string[] = [];

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(tmpdir(), 'store-'));
});

afterEach(() => fs.rmSync(directory, { recursive: true }));

async function openStore(): Promise<FileStore> {
  const store = new FileStore(directory, { error: (operation, reason) => faults.push(`${operation}: ${reason}`) });
  await store.open();
  return store;
}

const isFilledWith = (bytes: ArrayBuffer, header: Header): boolean =>
  bytes.byteLength === 400_000 && new Uint8Array(bytes).every((byte) => byte === header['fill']);

/** A program in a process of its own with `store` open in the folder. */
function program(body: string): string[] {
  const source = pathToFileURL(path.resolve('processor/src/store/files.ts')).href;
  const start = `
    const { FileStore } = await import(${JSON.stringify(source)});
    const store = new FileStore(${JSON.stringify(directory)}, { error: () => {} });
    await store.open();`;
  return ['--input-type=module', '-e', `${start}\n${body}`];
}

test('a process killed while it saves leaves a model and a state that load', async () => {
  const body = `
    for (let i = 1; ; i += 1) {
      const bytes = new Uint8Array(400_000).fill(i);
      await store.saveModel('m-' + i, { fill: i % 256 }, bytes);
      await store.activate('m-' + i);
      await store.saveState({ fill: i % 256 }, [bytes]);
      console.log(i);
    }`;
  for (let kill = 0; kill < 6; kill += 1) {
    const child = spawn(process.execPath, program(body), { stdio: ['ignore', 'pipe', 'inherit'] });
    // A program that ends by itself is seen to have done so, and not waited for.
    const ended = once(child, 'exit');
    await Promise.race([once(child.stdout, 'data'), ended]);
    await new Promise((resolve) => setTimeout(resolve, kill * 7));
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);

    const store = await openStore();
    const model = await store.loadCurrentModel();
    expect(model && isFilledWith(model.bytes, model.header)).toBe(true);
    const isWhole = await store.loadState(async (header, payload) => isFilledWith(await payload.bytes(), header));
    expect(isWhole).toBe(true);
    expect(faults).toEqual([]);
    await store.close();
  }
});

/** Saves a state too large for the disk, then one that fits. Prints what became of the first. */
const OVERFLOW = `
  await store.saveState({ i: 1 }, [new Uint8Array(1000)]);
  const outcome = await store.saveState({ i: 2 }, [new Uint8Array(4_000_000)]).catch((error) => error);
  await store.saveState({ i: 3 }, [new Uint8Array(1000)]);
  console.log(JSON.stringify([outcome?.code, outcome?.cause?.code]));
  await store.close();`;

async function expectRecovery(output: string, cause: string): Promise<void> {
  expect(JSON.parse(output)).toEqual(['store_unwritable', cause]);
  expect(fs.readdirSync(path.join(directory, 'state')).toSorted()).toEqual([
    '000000000001.state',
    '000000000002.state',
  ]);
  const store = await openStore();
  expect(await store.loadState((header) => Promise.resolve(header))).toEqual({ i: 3 });
  await store.close();
}

function run(command: string, args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Whether a command of the system works here; without it the test says so and passes. */
function works(command: string, args: string[]): boolean {
  try {
    run(command, args);
    return true;
  } catch {
    process.stderr.write(`skipped: ${command} ${args.join(' ')} is not permitted here\n`);
    return false;
  }
}

test('a file above the limit of the process is refused, leaves nothing behind, and the next one is saved', async () => {
  if (!works('prlimit', ['--fsize=2000000', 'true'])) return;
  const args = ['--fsize=2000000', process.execPath, ...program(OVERFLOW)];
  await expectRecovery(run('prlimit', args), 'EFBIG');
});

test('a full disk refuses the snapshot, leaves nothing behind, and the next one is saved', async () => {
  if (!works('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory])) return;
  try {
    await expectRecovery(run(process.execPath, program(OVERFLOW)), 'ENOSPC');
  } finally {
    run('umount', [directory]);
  }
});
