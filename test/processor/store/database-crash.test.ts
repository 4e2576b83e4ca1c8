/** What the database keeps when its process is killed or its disk is full: real processes, real disks. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { Anomalies } from '../../../processor/src/store/anomalies.ts';
import { Audit } from '../../../processor/src/store/audit.ts';
import { FeedbackBook } from '../../../processor/src/store/feedback.ts';
import { Jobs } from '../../../processor/src/store/jobs.ts';
import { ModelRecords } from '../../../processor/src/store/model-records.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { closeDatabases, openDatabase } from './opened-database.ts';

let directory: string;

beforeEach(() => {
  directory = temporaryFolder();
});

afterEach(closeDatabases);

const url = (file: string): string => JSON.stringify(pathToFileURL(path.resolve(file)).href);

/** A program in a process of its own with the repositories over a database in the folder. */
function program(body: string): string[] {
  const start = `
    const samples = await import(${url('test/processor/store/sample-records.ts')});
    const { Anomalies } = await import(${url('processor/src/store/anomalies.ts')});
    const { Audit } = await import(${url('processor/src/store/audit.ts')});
    const { FeedbackBook } = await import(${url('processor/src/store/feedback.ts')});
    const { Jobs } = await import(${url('processor/src/store/jobs.ts')});
    const { ModelRecords } = await import(${url('processor/src/store/model-records.ts')});
    const { openDatabase } = await import(${url('test/processor/store/opened-database.ts')});
    const { database, heard } = await openDatabase({ directory: ${JSON.stringify(directory)}, flushMs: 5, retryMs: 20 });`;
  return ['--input-type=module', '-e', `${start}\n${body}`];
}

test('a killed process loses nothing that was acknowledged, and everything opens again', async () => {
  const body = `
    const jobs = new Jobs(database), book = new FeedbackBook(database), models = new ModelRecords(database);
    const anomalies = new Anomalies(database);
    await jobs.save(samples.job({ id: 'j_' + process.pid }));
    for (let i = 1; ; i += 1) {
      const id = process.pid + '_' + i;
      for (let j = 0; j < 50; j += 1) anomalies.add(samples.anomaly({ traceId: id }));
      await Promise.all([
        book.add(samples.feedback({ id: 'f_' + id }), samples.audit({ target: id })),
        models.save(samples.modelRecord({ version: 'm_' + id })),
      ]);
      console.log(id);
    }`;
  const acknowledged: string[] = [];
  for (let kill = 0; kill < 8; kill += 1) {
    const child = spawn(process.execPath, program(body), { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => acknowledged.push(line));
    // Half of them while they work, half at any moment of their start.
    const isAtWork = kill % 2 === 0;
    if (isAtWork) await once(lines, 'line');
    await new Promise((resolve) => setTimeout(resolve, isAtWork ? kill * 11 : 60 + kill * 30));
    child.kill('SIGKILL');
    await Promise.all([once(lines, 'close'), once(child, 'exit')]);

    const { database, heard } = await openDatabase({ directory });
    expect(heard).toMatchObject({ errors: [], alarms: [] });
    const book = new FeedbackBook(database);
    const models = new ModelRecords(database);
    for (const id of acknowledged) {
      expect([id, (await book.get(`f_${id}`))?.id]).toEqual([id, `f_${id}`]);
      expect([id, (await models.get(`m_${id}`))?.version]).toEqual([id, `m_${id}`]);
      expect([id, (await new Audit(database).list({ target: id })).items.length]).toEqual([id, 1]);
    }
    const { items: jobs } = await new Jobs(database).list();
    expect(new Set(jobs.map(({ state }) => state))).toEqual(new Set(['interrupted']));
    await database.close();
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(4);
});

/** Waits in the child until `condition` holds. */
const UNTIL = `
  const until = async (condition) => { while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10)); };`;

/**
 * Fills the disk with anomalies until it fails, tries a commit, says so, and waits for the room that its parent makes.
 * Then writes on, and prints what it heard.
 */
const OVERFLOW = `${UNTIL}
  const anomalies = new Anomalies(database), trail = new Audit(database);
  const reason = 'r'.repeat(2000);
  await until(() => {
    for (let j = 0; j < 100; j += 1) anomalies.add(samples.anomaly({ reason }));
    return heard.alarms.length > 0;
  });
  for (let j = 0; j < 20_000; j += 1) anomalies.add(samples.anomaly({ reason }));
  // Each attempt may still find a little room, until there is none.
  await until(() => heard.errors.length > 20 && heard.alarms.length > heard.recoveries);
  const refusal = await trail.append(samples.audit({ action: 'x'.repeat(5_000_000) })).catch((error) => error);
  const isSaidOnce = heard.alarms.length === heard.recoveries + 1 && heard.errors.length > heard.alarms.length;
  console.log('full');
  process.stdin.once('data', async () => {
    await until(() => heard.recoveries === heard.alarms.length);
    await trail.append(samples.audit({ action: 'after' }));
    anomalies.add(samples.anomaly({ traceId: 'after' }));
    await database.flush();
    await database.close();
    const [alarm, dropped] = [heard.alarms[0], heard.dropped[0]];
    console.log(JSON.stringify({ refusal: refusal?.code, isSaidOnce, alarm, dropped }));
    process.exit(0);
  });`;

async function overflow(command: string, args: string[], makeRoom: (pid: number) => void): Promise<void> {
  const child = spawn(command, [...args, ...program(OVERFLOW)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const output: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => output.push(line));
  await once(lines, 'line');
  makeRoom(child.pid!);
  child.stdin.write('\n');
  await once(lines, 'close');
  expect(output[0]).toBe('full');
  expect(JSON.parse(output[1]!)).toEqual({
    refusal: 'database_unavailable',
    isSaidOnce: true,
    alarm: 'database_unavailable',
    dropped: 'anomalies',
  });

  const { database, heard } = await openDatabase({ directory });
  expect(heard.alarms).toEqual([]);
  expect((await new Audit(database).list()).items.map(({ action }) => action)).toEqual(['after']);
  expect((await new Anomalies(database).list({}, { limit: 1 })).items).toMatchObject([{ traceId: 'after' }]);
  await database.close();
}

function run(command: string, args: string[]): void {
  execFileSync(command, args, { stdio: 'ignore' });
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

test('a limit on the size of files stops only the database, which goes on by itself when the limit is raised', async () => {
  if (!works('prlimit', ['--fsize=3000000:unlimited', 'true'])) return;
  await overflow('prlimit', ['--fsize=3000000:unlimited', process.execPath], (pid) => {
    run('prlimit', [`--pid=${pid}`, '--fsize=unlimited:unlimited']);
  });
});

test('a full disk stops only the database, which goes on by itself when there is room', async () => {
  if (!works('mount', ['-t', 'tmpfs', '-o', 'size=60m', 'tmpfs', directory])) return;
  try {
    const ballast = path.join(directory, 'ballast');
    fs.writeFileSync(ballast, Buffer.alloc(52_000_000));
    await overflow(process.execPath, [], () => fs.rmSync(ballast));
  } finally {
    run('umount', [directory]);
  }
});
