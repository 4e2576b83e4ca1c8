import type { FileHandle } from 'node:fs/promises';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Every call to the disk, in order; the one numbered `failAt` fails as a full disk does. */
const calls: string[] = [];
let failAt = Infinity;

function call<T>(name: string, file: string, work: () => T): T {
  calls.push(`${name} ${path.basename(file)}`);
  if (calls.length === failAt) throw Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: name });
  return work();
}

// Modules have no `jest` of their own; the test environment hands it over here.
const { jest } = import.meta as unknown as { jest: { unstable_mockModule(name: string, factory: () => object): void } };
const actual = await import('node:fs/promises');
jest.unstable_mockModule('node:fs/promises', () => ({
  ...actual,
  open: async (file: string, flags: string, mode?: number) => {
    const handle = await call(`open-${flags}`, file, () => actual.open(file, flags, mode));
    return {
      appendFile: (data: string) => call('write', file, () => handle.appendFile(data)),
      sync: async () => call('sync', file, () => handle.sync()),
      close: async () => {
        await handle.close();
        call('close', file, () => undefined);
      },
    };
  },
  rename: async (from: string, to: string) => call('rename', from, () => actual.rename(from, to)),
}));
const { removeTemporaryFiles, replaceFile } = await import('../../../processor/src/store/atomic-file.ts');

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'atomic-'));
  file = path.join(directory, 'CURRENT');
  writeFileSync(file, 'old');
  calls.length = 0;
  failAt = Infinity;
});

afterEach(() => rmSync(directory, { recursive: true }));

const writeNew = (handle: FileHandle): Promise<void> => handle.appendFile('new');

test('the new content is on the disk before the name points to it, and the name before the call returns', async () => {
  await replaceFile(file, 0o640, writeNew);

  const folder = path.basename(directory);
  expect(calls).toEqual([
    'open-wx CURRENT.tmp',
    'write CURRENT.tmp',
    'sync CURRENT.tmp',
    'close CURRENT.tmp',
    'rename CURRENT.tmp',
    `open-r ${folder}`,
    `sync ${folder}`,
    `close ${folder}`,
  ]);
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(statSync(file).mode & 0o777).toBe(0o640);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'when call %i to the disk fails, the file is old or new and no other is left',
  async (n) => {
    failAt = n;
    await expect(replaceFile(file, 0o600, writeNew)).rejects.toMatchObject({ code: 'ENOSPC' });

    expect(readFileSync(file, 'utf8')).toBe(n <= 5 ? 'old' : 'new');
    expect(readdirSync(directory)).toEqual(['CURRENT']);

    failAt = Infinity;
    await replaceFile(file, 0o600, writeNew);
    expect(readFileSync(file, 'utf8')).toBe('new');
  },
);

test('what an earlier crash left half-written is neither appended to nor kept', async () => {
  writeFileSync(`${file}.tmp`, 'half');
  await replaceFile(file, 0o600, writeNew);
  expect(readFileSync(file, 'utf8')).toBe('new');

  writeFileSync(path.join(directory, 'other.tmp'), 'half');
  await removeTemporaryFiles(directory);
  expect(readdirSync(directory)).toEqual(['CURRENT']);
});
