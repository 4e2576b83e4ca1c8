/** Erasing a user leaves no byte of the pseudonym or the raw id in the data folder, and everybody else as they were. */
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Anomalies } from '../../../processor/src/store/anomalies.ts';
import { Audit } from '../../../processor/src/store/audit.ts';
import type { Database } from '../../../processor/src/store/database.ts';
import { Exclusions } from '../../../processor/src/store/exclusions.ts';
import { FeedbackBook } from '../../../processor/src/store/feedback.ts';
import { Incidents } from '../../../processor/src/store/incidents.ts';
import { Jobs } from '../../../processor/src/store/jobs.ts';
import { KeptWindows } from '../../../processor/src/store/kept-windows.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { closeDatabases, openDatabase } from './opened-database.ts';
import { anomaly, audit, exclusion, feedback, incident, job, keptWindow, NOW, request } from './sample-records.ts';

const ERASED = 'u_feedfacecafebeef';
const OLD_KEY = 'u_deadbeef00c0ffee';
const OTHER = 'u_1111111111111111';
const RAW_ID = 'ada.lovelace+test@example.org';
const ERASURE = { pseudonyms: [ERASED, OLD_KEY], rawIds: [RAW_ID] };

let directory: string;
let database: Database;

beforeEach(async () => {
  directory = temporaryFolder();
  ({ database } = await openDatabase({ directory, flushMs: 3_600_000 }));
});

afterEach(closeDatabases);

/** Files under the folder that hold one of the texts. */
function holding(texts: readonly string[]): string[] {
  const files = fs.readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => {
      const bytes = fs.readFileSync(file);
      return texts.some((text) => bytes.includes(text) || bytes.includes(Buffer.from(text, 'utf16le')));
    });
}

/** Records of the two, mixed, in so many pages that some are split, merged and set free. */
async function live(): Promise<void> {
  const [anomalies, incidents, windows] = [new Anomalies(database), new Incidents(database), new KeptWindows(database)];
  for (let round = 0; round < 10; round += 1) {
    for (let index = 0; index < 100; index += 1) {
      const entity = [ERASED, OLD_KEY, OTHER][index % 3]!;
      const timeMs = NOW - (round * 100 + index) * 300_000;
      anomalies.add(anomaly({ entity, user: entity, timeMs, incidentId: `i_${index}` }));
      windows.add(keptWindow({ entity, startMs: timeMs }));
      incidents.save(
        incident({ id: `i_${index}`, entity, requests: Array(round + 1).fill(request({ user: entity })) }),
      );
    }
    await database.flush();
  }
  const shared = [request({ user: ERASED, traceId: '01' }), request({ user: OTHER, traceId: '02' })];
  const { user: _, ...nameless } = request({ traceId: '03' });
  incidents.save(incident({ id: 'i_shared', kind: 'address', entity: 'a_1', requests: [...shared, nameless] }));
  anomalies.add(anomaly({ kind: 'endpoint', entity: 'shop GET /', user: ERASED }));
  await database.flush();

  const detail = { scope: { entity: ERASED } };
  await new FeedbackBook(database).add(feedback({ entity: ERASED }), audit({ target: ERASED, detail }));
  await new FeedbackBook(database).add(feedback({ id: 'f_0', incidentId: 'i_0', entity: undefined }), audit());
  const note = `ask ${RAW_ID}; see ${OLD_KEY}`;
  await new FeedbackBook(database).add(feedback({ id: 'f_2', entity: OTHER, incidentId: 'i_2', note }), audit());
  await new Exclusions(database).add(exclusion({ entity: ERASED }), audit({ detail: { note: `"${RAW_ID}"` } }));
  await new Exclusions(database).add(exclusion({ id: 'x_2', entity: OTHER, note }), audit());
  await new Jobs(database).save(
    job({ request: { exclusions: [ERASED] }, result: { vanished: [{ entity: OLD_KEY }] } }),
  );
}

test('erasing leaves no byte of the user in the files', async () => {
  await live();
  expect(holding([ERASED]).length).toBeGreaterThan(0);
  expect(holding([RAW_ID]).length).toBeGreaterThan(0);
  await database.erase(ERASURE);
  expect(holding([ERASED, OLD_KEY, RAW_ID])).toEqual([]);
});

test('erasing leaves everybody else as they were', async () => {
  await live();
  const of = async (entity: string) => [
    (await new Anomalies(database).list({ entity }, { limit: 1000 })).items,
    (await new KeptWindows(database).list({ entity }, { limit: 1000 })).items,
    (await new Incidents(database).listWhole({ entity }, { limit: 1000 })).items,
  ];
  const before = await of(OTHER);
  expect(before.map((items) => items.length)).toEqual([330, 330, 33]);
  const withNote = (await new FeedbackBook(database).get('f_2'))!;
  await database.erase(ERASURE);

  expect(await of(ERASED)).toEqual([[], [], []]);
  expect(await of(OTHER)).toEqual(before.map((items) => items.map((item) => ({ ...item }))));
  expect(await new FeedbackBook(database).get('f_2')).toEqual({ ...withNote, note: 'ask erased; see erased' });
  expect((await new FeedbackBook(database).list()).items).toHaveLength(1);
  expect((await new Exclusions(database).list()).items).toMatchObject([{ id: 'x_2' }]);
});

test('incidents of others lose the requests of the user, and keep the rest in order', async () => {
  await live();
  await database.erase(ERASURE);
  const { requests } = (await new Incidents(database).get('i_shared'))!;
  expect(requests.map(({ traceId }) => traceId)).toEqual(['02', '03']);
});

test('the audit trail keeps every entry and blanks whose it was', async () => {
  await live();
  const before = (await new Audit(database).list()).items;
  await database.erase(ERASURE);
  const after = (await new Audit(database).list()).items;
  expect(after.map(({ id, action }) => [id, action])).toEqual(before.map(({ id, action }) => [id, action]));
  expect(after.at(-1)).toMatchObject({ target: 'erased', detail: { scope: { entity: 'erased' } } });
  expect(JSON.stringify(after)).not.toContain('lovelace');
});

test('a short raw id is erased as a word and not out of other words and numbers', async () => {
  const book = new FeedbackBook(database);
  await book.add(feedback({ note: 'user 1, not 11 or 1a' }), audit({ detail: { limit: 10, by: '1' } }));
  await database.erase({ pseudonyms: [], rawIds: ['1'] });
  expect(await book.get('f_1')).toMatchObject({ note: 'user erased, not 11 or 1a' });
  expect((await new Audit(database).list()).items).toMatchObject([{ detail: { limit: 10, by: 'erased' } }]);
});

test('what waits to be written is erased too, and is not written afterwards', async () => {
  new Anomalies(database).add(anomaly({ entity: ERASED, user: ERASED }));
  await database.erase(ERASURE);
  await database.flush();
  await database.close();
  expect(holding([ERASED])).toEqual([]);
});

test('databases in quarantine are deleted', async () => {
  await live();
  await database.close();
  const file = path.join(directory, 'records.sqlite');
  fs.writeFileSync(file, fs.readFileSync(file).fill(0, 0, 100));
  ({ database } = await openDatabase({ directory }));
  expect(holding([ERASED])).toEqual([path.join(directory, 'quarantine', 'records.sqlite.corrupt')]);
  await database.erase(ERASURE);
  expect(fs.readdirSync(path.join(directory, 'quarantine'))).toEqual([]);
});

test('no column of text is forgotten: a pseudonym in any of them is found and blanked', async () => {
  await database.close();
  const sqlite = new DatabaseSync(path.join(directory, 'records.sqlite'));
  const columns = sqlite
    .prepare(
      `SELECT t.name AS "table", group_concat(c.name) AS names, group_concat(c.type) AS types
        FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' GROUP BY t.name`,
    )
    .all();
  expect(columns).toHaveLength(9);
  for (const { table, names, types } of columns) {
    const values = String(types)
      .split(',')
      .map((type, index) => (type === 'TEXT' ? `'[{"is": "${ERASED}"}]'` : index));
    sqlite.exec(`INSERT INTO ${String(table)} (${String(names)}) VALUES (${values.join(', ')})`);
  }
  sqlite.close();
  expect(holding([ERASED])).not.toEqual([]);
  ({ database } = await openDatabase({ directory, nowMs: () => 0 }));
  await database.erase(ERASURE);
  expect(holding([ERASED])).toEqual([]);
});

test('a reader that holds the log makes the erasure fail, and it succeeds when asked again', async () => {
  await live();
  const reader = new DatabaseSync(path.join(directory, 'records.sqlite'));
  reader.exec('BEGIN; SELECT count(*) FROM anomalies');
  await expect(database.erase(ERASURE)).rejects.toMatchObject({ code: 'database_unavailable' });
  reader.close();
  await database.erase(ERASURE);
  expect(holding([ERASED, OLD_KEY, RAW_ID])).toEqual([]);
});
