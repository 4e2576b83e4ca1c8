import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createLog } from '../../../processor/src/telemetry/log.ts';
import { LogFile, type LogFileOptions } from '../../../processor/src/telemetry/log-file.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../receiver/running-receiver.ts';

let folder: string;
let file: string;
let elsewhere: string[];
let logFile: LogFile;

beforeEach(() => {
  folder = path.join(temporaryFolder(), 'logs');
  file = path.join(folder, 'service.log');
  elsewhere = [];
});

afterEach(async () => {
  await logFile.stop(AbortSignal.timeout(5000));
  removeTemporaryFolders();
});

async function start(options: Partial<LogFileOptions> = {}): Promise<void> {
  const fallback = { write: (line: string) => void elsewhere.push(line) };
  logFile = new LogFile({ file, maxBytes: 1_000_000, maxFiles: 2, fallback, ...options });
  await logFile.start();
}

const stop = (): Promise<void> => logFile.stop(AbortSignal.timeout(5000));
const contentOf = (name: string): string => (existsSync(name) ? readFileSync(name, 'utf8') : '');

test('the lines of the log are in the file, readable by its owner alone', async () => {
  await start();
  const log = createLog({ level: 'info', destination: logFile });
  log.info({ rows: 7 }, 'first');
  log.warn('second');
  await stop();
  const lines = contentOf(file).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({ level: 'info', rows: 7, msg: 'first' }),
    expect.objectContaining({ level: 'warn', msg: 'second' }),
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(elsewhere).toEqual([]);
});

test('a file that is there is gone on with', async () => {
  mkdirSync(folder);
  writeFileSync(file, 'before\n');
  await start();
  logFile.write('after\n');
  await stop();
  expect(contentOf(file)).toBe('before\nafter\n');
});

test('above its size the file is renamed, and of the renamed ones only so many are kept', async () => {
  await start({ maxBytes: 100 });
  for (let line = 0; line < 12; line++) logFile.write(`${String(line).padStart(29, '.')}\n`);
  await stop();
  const numbers = (name: string): number[] =>
    contentOf(name)
      .trim()
      .split('\n')
      .map((line) => Number(line.replaceAll('.', '')));
  expect(numbers(`${file}.2`)).toEqual([4, 5, 6, 7]);
  expect(numbers(`${file}.1`)).toEqual([8, 9, 10, 11]);
  expect([contentOf(file), existsSync(`${file}.3`)]).toEqual(['', false]);
});

test('while the file fails its lines go elsewhere, that is told once, and later it is used again', async () => {
  await start({ maxBytes: 100, retryMs: 10 });
  // A rotation finds that its folder has become something else.
  rmSync(folder, { recursive: true });
  writeFileSync(folder, '');
  logFile.write(`${'x'.repeat(120)}\n`);
  await until(() => elsewhere.length > 1);
  for (let line = 0; line < 3; line++) logFile.write(`line ${line}\n`);
  const told = elsewhere.filter((line) => line.includes('cannot be written'));
  expect(told.map((line) => JSON.parse(line) as object)).toEqual([expect.objectContaining({ level: 'error', file })]);
  expect(elsewhere.filter((line) => line.startsWith('line'))).toEqual(['line 0\n', 'line 1\n', 'line 2\n']);

  rmSync(folder);
  await until(() => {
    logFile.write('again\n');
    return contentOf(file).includes('again');
  });
  expect(elsewhere.filter((line) => line.includes('cannot be written'))).toHaveLength(1);
});

test('more lines than the disk takes go elsewhere, and none is lost', async () => {
  await start();
  const line = `${'x'.repeat(10_000)}\n`;
  for (let count = 0; count < 300; count++) logFile.write(line);
  expect(elsewhere.length).toBeGreaterThan(0);
  await stop();
  const kept = contentOf(file).length + contentOf(`${file}.1`).length;
  expect(kept / line.length + elsewhere.length).toBe(300);
});

test('a file that cannot be opened is told at the start, with the key', async () => {
  writeFileSync(folder, '');
  await expect(start()).rejects.toMatchObject({
    code: 'config_invalid_value',
    message: expect.stringMatching(/^log\.file is .*service\.log; use a file that can be written \(/),
  });
});

test('after the stop, which may come twice, lines go elsewhere', async () => {
  await start();
  await stop();
  await stop();
  logFile.write('late\n');
  expect(elsewhere).toEqual(['late\n']);
});

test('a process that exits at once leaves its last lines behind', async () => {
  await start();
  const source = pathToFileURL(path.resolve('processor/src/telemetry/log-file.ts')).href;
  const other = path.join(folder, 'other.log');
  const program = `
    const { LogFile } = await import(${JSON.stringify(source)});
    const logFile = new LogFile({ file: ${JSON.stringify(other)}, maxBytes: 1e6, maxFiles: 1, fallback: { write() {} } });
    await logFile.start();
    logFile.write('last words\\n');
    process.exit(3);`;
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect(status).toBe(3);
  expect(contentOf(other)).toContain('last words\n');
});
