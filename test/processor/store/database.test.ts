/** The database as a whole: what waits, what is lasting, what is damaged, newer, too old or too much. */
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Anomalies } from '../../../processor/src/store/anomalies.ts';
import { Audit } from '../../../processor/src/store/audit.ts';
import { Exclusions } from '../../../processor/src/store/exclusions.ts';
import { FeedbackBook } from '../../../processor/src/store/feedback.ts';
import { Incidents } from '../../../processor/src/store/incidents.ts';
import { Jobs } from '../../../processor/src/store/jobs.ts';
import { KeptWindows } from '../../../processor/src/store/kept-windows.ts';
import { ModelRecords } from '../../../processor/src/store/model-records.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { closeDatabases, newDatabase, openDatabase } from './opened-database.ts';
import { anomaly, audit, exclusion, feedback, incident, job, keptWindow, modelRecord, NOW } from './sample-records.ts';

const DAY = 86_400_000;

let directory: string;
let file: string;

beforeEach(() => {
  directory = temporaryFolder();
  file = path.join(directory, 'records.sqlite');
});

afterEach(closeDatabases);

const quarantined = (): string[] => fs.readdirSync(path.join(directory, 'quarantine')).toSorted();

describe('a start', () => {
  test('makes a file that only its owner can read', async () => {
    const { database } = await openDatabase({ directory });
    await new Audit(database).append(audit());
    for (const name of ['records.sqlite', 'records.sqlite-wal', 'records.sqlite-shm']) {
      expect([name, fs.statSync(path.join(directory, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
  });

  test('after a stop finds everything, also what was still waiting', async () => {
    const { database } = await openDatabase({ directory, flushMs: 3_600_000 });
    new Anomalies(database).add(anomaly());
    await new Audit(database).append(audit());
    await database.close();
    await database.close();
    const { database: again, heard } = await openDatabase({ directory });
    expect((await new Anomalies(again).list()).items).toHaveLength(1);
    expect((await new Audit(again).list()).items).toHaveLength(1);
    expect(heard).toMatchObject({ errors: [], alarms: [] });
  });

  test('tells that jobs were interrupted which ran when the process died', async () => {
    const { database } = await openDatabase({ directory });
    const jobs = new Jobs(database);
    await jobs.save(job({ updatedMs: NOW + 7 }));
    await jobs.save(job({ id: 'j_2', state: 'failed', endedMs: NOW }));
    await database.close();
    const again = new Jobs((await openDatabase({ directory })).database);
    expect(await again.get('j_1')).toMatchObject({ state: 'interrupted', endedMs: NOW + 7 });
    expect(await again.get('j_2')).toMatchObject({ state: 'failed' });
  });

  test('refuses a database of a newer version and leaves it as it is', async () => {
    await (await openDatabase({ directory })).database.close();
    const newer = new DatabaseSync(file);
    newer.exec('PRAGMA user_version = 99; CREATE TABLE later (x)');
    newer.close();
    const attempt = newDatabase(directory).database.open();
    await expect(attempt).rejects.toMatchObject({
      code: 'database_newer',
      message: expect.stringContaining('schema 99'),
    });
    const untouched = new DatabaseSync(file);
    expect(untouched.prepare('SELECT count(*) AS n FROM later').get()).toEqual({ n: 0 });
    untouched.close();
    expect(quarantined()).toEqual([]);
  });
});

/** Leaves a closed database of many pages. */
async function fill(): Promise<void> {
  const { database } = await openDatabase({ directory });
  for (let index = 0; index < 2000; index += 1) new Anomalies(database).add(anomaly({ spanId: `${index}` }));
  await database.close();
}

const count = async (page: Promise<{ items: readonly unknown[] }>): Promise<number> => (await page).items.length;

describe('a damaged database', () => {
  test.each([
    ['its beginning overwritten', (bytes: Buffer) => bytes.fill(0xaa, 0, 200)],
    ['its middle overwritten', (bytes: Buffer) => bytes.fill(0xaa, 40_000, 80_000)],
    ['its end cut off', (bytes: Buffer) => bytes.subarray(0, 50_000)],
    ['other content', () => Buffer.from('not a database at all, but long enough to be read as one '.repeat(50))],
  ])('with %s is set aside, and an empty one takes its place', async (_, damage) => {
    await fill();
    fs.writeFileSync(file, damage(fs.readFileSync(file)));
    const { database, heard } = await openDatabase({ directory });
    expect(heard.alarms).toEqual(['database_damaged']);
    expect(quarantined()).toContain('records.sqlite.corrupt');
    expect((await new Anomalies(database).list()).items).toEqual([]);
    await new Audit(database).append(audit());
    expect((await new Audit(database).list()).items).toHaveLength(1);
  });

  test('found while running costs its records, not what waits, and not the service', async () => {
    const { database, heard } = await openDatabase({ directory, flushMs: 3_600_000 });
    // More than SQLite keeps in memory.
    const reason = 'r'.repeat(1000);
    for (let index = 0; index < 5000; index += 1) new Anomalies(database).add(anomaly({ spanId: `${index}`, reason }));
    await database.flush();
    // As when another program writes into the file.
    for (const name of [file, `${file}-wal`]) {
      const handle = fs.openSync(name, 'r+');
      fs.writeSync(handle, Buffer.alloc(fs.statSync(name).size - 100, 0xaa), 0, undefined, 100);
      fs.closeSync(handle);
    }
    fs.rmSync(`${file}-shm`);
    const anomalies = new Anomalies(database);
    anomalies.add(anomaly({ spanId: 'waiting' }));
    await Promise.all(['x', 'y', 'z'].map((service) => anomalies.list({ service })));
    await database.flush();
    expect(heard.alarms).toEqual(['database_damaged']);
    expect(quarantined().filter((name) => name.startsWith('records.sqlite.corrupt'))).toHaveLength(1);
    expect((await anomalies.list()).items.map(({ spanId }) => spanId)).toEqual(['waiting']);
  });

  test('again and again does not fill the disk: the last two are kept', async () => {
    for (let round = 1; round <= 4; round += 1) {
      fs.writeFileSync(file, `not a database ${round} `.repeat(100));
      fs.utimesSync(file, round, round);
      await (await openDatabase({ directory })).database.close();
    }
    const texts = quarantined().map((name) => fs.readFileSync(path.join(directory, 'quarantine', name), 'utf8'));
    expect(texts.map((text) => text.slice(0, 16)).toSorted()).toEqual(['not a database 3', 'not a database 4']);
  });

  test('an empty file is a new database', async () => {
    fs.writeFileSync(file, '');
    const { database, heard } = await openDatabase({ directory });
    await new Audit(database).append(audit());
    expect(heard).toMatchObject({ alarms: [], errors: [] });
  });
});

describe('what is too old', () => {
  test('is deleted, by the age of its kind', async () => {
    const { database } = await openDatabase({ directory, limits: { retention_days: 60, window_retention_days: 20 } });
    const [anomalies, incidents, windows] = [
      new Anomalies(database),
      new Incidents(database),
      new KeptWindows(database),
    ];
    for (const days of [1, 25, 61, 450]) {
      const timeMs = NOW - days * DAY;
      anomalies.add(anomaly({ timeMs }));
      incidents.save(incident({ id: `i_${days}`, startMs: timeMs, lastMs: timeMs }));
      windows.add(keptWindow({ startMs: timeMs }));
      await new Jobs(database).save(job({ id: `j_${days}`, state: 'failed', startedMs: timeMs, updatedMs: timeMs }));
      await new FeedbackBook(database).add(feedback({ id: `f_${days}`, timeMs }), audit({ timeMs }));
      const past = { createdMs: timeMs - 1, expiresMs: timeMs };
      await new Exclusions(database).add(exclusion({ id: `x_${days}`, ...past }), audit({ timeMs }));
      const models = new ModelRecords(database);
      await models.save(modelRecord({ version: `m-${days}`, state: 'retired', changedMs: timeMs }));
      await models.save(modelRecord({ version: `active-${days}`, state: 'active', changedMs: timeMs }));
    }
    await database.flush();
    await database.sweep();

    expect(await count(windows.list())).toBe(1);
    expect(await count(anomalies.list())).toBe(2);
    expect(await count(incidents.list())).toBe(2);
    expect(await count(new Jobs(database).list())).toBe(2);
    expect(await count(new FeedbackBook(database).list())).toBe(2);
    expect(await count(new Exclusions(database).list())).toBe(2);
    expect(await count(new ModelRecords(database).list('retired'))).toBe(2);
    expect(await count(new ModelRecords(database).list('active'))).toBe(4);
    expect(await count(new Audit(database).list())).toBe(6);
  });
});

describe('what is too much', () => {
  const LIMIT = 16_777_216;

  test('goes oldest first, and neither feedback nor audit nor incidents with it', async () => {
    const { database, heard } = await openDatabase({
      directory,
      limits: { max_database_bytes: LIMIT },
      flushMs: 3_600_000,
    });
    await new FeedbackBook(database).add(feedback(), audit());
    new Incidents(database).save(incident());
    const anomalies = new Anomalies(database);
    const windows = new KeptWindows(database);
    windows.add(keptWindow());
    const reason = 'r'.repeat(1000);
    for (let round = 0; round < 30; round += 1) {
      for (let index = 0; index < 1000; index += 1) anomalies.add(anomaly({ timeMs: NOW + round, reason }));
      await database.flush();
    }
    expect(fs.statSync(file).size).toBeLessThan(1.25 * LIMIT);
    expect((await anomalies.list({}, { limit: 1 })).items).toMatchObject([{ timeMs: NOW + 29 }]);
    const [oldest] = (await anomalies.list({}, { limit: 1, order: 'asc' })).items;
    expect(oldest!.timeMs).toBeGreaterThan(NOW + 5);
    expect((await windows.list()).items).toHaveLength(1);
    expect(await new Incidents(database).count()).toBe(1);
    expect((await new FeedbackBook(database).list()).items).toHaveLength(1);
    expect(heard).toMatchObject({ errors: [], alarms: [], dropped: [] });
  }, 180_000);
});

describe('a disk that fails', () => {
  test('at the start costs nothing but records: the service starts, and the database begins when it can', async () => {
    fs.mkdirSync(file);
    const { database, heard } = await openDatabase({ directory, flushMs: 10, retryMs: 10 });
    const anomalies = new Anomalies(database);
    anomalies.add(anomaly());
    await expect(anomalies.list()).rejects.toMatchObject({ code: 'database_unavailable', retryable: true });
    await expect(new Audit(database).append(audit())).rejects.toMatchObject({ code: 'database_unavailable' });
    expect(heard.alarms).toEqual(['database_unavailable']);
    expect(heard.errors.length).toBeGreaterThan(2);

    fs.rmdirSync(file);
    while (heard.recoveries === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await database.flush();
    expect(await count(anomalies.list())).toBe(1);
    expect(heard.alarms).toHaveLength(1);
  });

  test('or a file that another program holds is waited for, then told, then tried again', async () => {
    const { database, heard } = await openDatabase({ directory, flushMs: 10, retryMs: 10 });
    const other = new DatabaseSync(file, { timeout: 5000 });
    other.exec('BEGIN IMMEDIATE');
    await expect(new Audit(database).append(audit())).rejects.toMatchObject({ code: 'database_unavailable' });
    other.close();
    while (heard.recoveries === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Audit(database).append(audit());
    expect(await count(new Audit(database).list())).toBe(1);
  });
});

describe('a closed database', () => {
  test('answers that the service is stopping', async () => {
    const { database } = await openDatabase({ directory });
    await database.close();
    await expect(new Audit(database).append(audit())).rejects.toMatchObject({ code: 'shutting_down' });
    await expect(new Audit(database).list()).rejects.toMatchObject({ code: 'shutting_down' });
  });
});

describe('calls without end', () => {
  test('are refused beyond a thousand, and the others are answered', async () => {
    const { database } = await openDatabase({ directory });
    const results = await Promise.allSettled(
      Array.from({ length: 1500 }, (_, index) => new Audit(database).append(audit({ action: `${index}` }))),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(499);
    expect(refused.length).toBeLessThan(510);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'overloaded', retryable: true });
    const { items } = await new Audit(database).list({}, { limit: 1000 });
    expect(items).toHaveLength(1500 - refused.length);
  });
});
