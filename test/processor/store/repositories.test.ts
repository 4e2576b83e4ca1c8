/** Records come back as they were saved: every repository over a real database. */
import { Anomalies } from '../../../processor/src/store/anomalies.ts';
import { Audit } from '../../../processor/src/store/audit.ts';
import type { Database } from '../../../processor/src/store/database.ts';
import { Exclusions } from '../../../processor/src/store/exclusions.ts';
import { FeedbackBook } from '../../../processor/src/store/feedback.ts';
import { Incidents, MOST_REQUESTS } from '../../../processor/src/store/incidents.ts';
import { Jobs } from '../../../processor/src/store/jobs.ts';
import { KeptWindows } from '../../../processor/src/store/kept-windows.ts';
import { ModelRecords } from '../../../processor/src/store/model-records.ts';
import { Settings } from '../../../processor/src/store/settings.ts';
import { closeDatabases, type Heard, openDatabase } from './opened-database.ts';
import {
  anomaly,
  audit,
  exclusion,
  feedback,
  incident,
  job,
  keptWindow,
  modelRecord,
  NOW,
  request,
} from './sample-records.ts';

let database: Database;
let heard: Heard;

beforeEach(async () => {
  ({ database, heard } = await openDatabase());
});

afterEach(closeDatabases);

describe('anomalies', () => {
  test('come back as they were added, with an id that is never given again', async () => {
    const anomalies = new Anomalies(database);
    const nameless = anomaly({ user: undefined, statusCode: undefined, incidentId: undefined, timeMs: NOW + 1 });
    anomalies.add(anomaly());
    anomalies.add(nameless);
    await database.flush();

    expect((await anomalies.list()).items).toEqual([
      { ...nameless, id: '2', series: [] },
      { ...anomaly(), id: '1', series: [] },
    ]);
    expect(await anomalies.get('2')).toEqual({ ...nameless, id: '2', series: [] });
  });

  test('show the series of their incident', async () => {
    const anomalies = new Anomalies(database);
    new Incidents(database).save(incident({ id: 'i_1', series: [0.4, 0, 0.81] }));
    anomalies.add(anomaly({ incidentId: 'i_1' }));
    anomalies.add(anomaly({ incidentId: 'i_2' }));
    await database.flush();
    expect((await anomalies.list()).items.map(({ series }) => series)).toEqual([[], [0.4, 0, 0.81]]);
  });

  test.each(['3', '0', '-1', '1.5', '01', "1' OR '1'='1", '__proto__', '9'.repeat(400), ''])(
    'with the id %j there are none',
    async (id) => {
      const anomalies = new Anomalies(database);
      anomalies.add(anomaly());
      await database.flush();
      expect(await anomalies.get(id)).toBeUndefined();
    },
  );

  test('a record that SQLite refuses is counted and costs no other record', async () => {
    const anomalies = new Anomalies(database);
    anomalies.add(anomaly({ traceId: 'first' }));
    anomalies.add(anomaly({ score: Number.NaN }));
    anomalies.add(anomaly({ traceId: 'last' }));
    await database.flush();
    expect((await anomalies.list()).items.map(({ traceId }) => traceId)).toEqual(['last', 'first']);
    expect(heard.errors).toEqual([expect.stringMatching(/^write_records: a record was refused/)]);
    expect(heard.alarms).toEqual([]);
  });
});

describe('incidents', () => {
  test('come back whole one by one, and without requests and features in lists', async () => {
    const incidents = new Incidents(database);
    incidents.save(incident());
    await database.flush();
    const { requests, features, ...listed } = incident();
    expect((await incidents.list()).items).toEqual([{ ...listed, verdict: undefined }]);
    expect(await incidents.get('i_1')).toEqual({ ...listed, requests, features, verdict: undefined });
    expect((await incidents.listWhole({ isOpen: true })).items).toEqual([await incidents.get('i_1')]);
    expect(await incidents.get('i_2')).toBeUndefined();
  });

  test('saved again take the place of what was saved before', async () => {
    const incidents = new Incidents(database);
    incidents.save(incident());
    await database.flush();
    incidents.save(incident({ anomalies: 43 }));
    incidents.save(incident({ anomalies: 44, closedMs: NOW + 1 }));
    await database.flush();
    expect((await incidents.list()).items).toMatchObject([{ anomalies: 44, closedMs: NOW + 1 }]);
  });

  test('keep the first half and the most unusual of too many requests, in order of time', async () => {
    const incidents = new Incidents(database);
    const requests = Array.from({ length: 300 }, (_, index) => request({ timeMs: NOW + index, score: index / 300 }));
    incidents.save(incident({ requests: requests.toReversed() }));
    await database.flush();
    const times = (await incidents.get('i_1'))!.requests.map(({ timeMs }) => timeMs - NOW);
    const first = Array.from({ length: MOST_REQUESTS / 2 }, (_, index) => index);
    expect(times).toEqual([...first, ...first.map((index) => 250 + index)]);
  });

  test('show what was said of them last and not taken back', async () => {
    const incidents = new Incidents(database);
    const book = new FeedbackBook(database);
    const verdict = async () => (await incidents.get('i_1'))!.verdict;
    incidents.save(incident());
    await database.flush();
    await book.add(feedback({ id: 'f_1', verdict: 'confirmed' }), audit());
    await book.add(feedback({ id: 'f_2', timeMs: NOW + 1, verdict: 'false_positive' }), audit());
    expect(await verdict()).toBe('false_positive');
    await book.withdraw(feedback({ id: 'f_2' }), NOW + 2, audit());
    expect(await verdict()).toBe('confirmed');
    expect(await incidents.count({ verdict: 'confirmed' })).toBe(1);
    expect(await incidents.count({ verdict: 'none' })).toBe(0);
  });

  test('are narrowed by each part of the filter', async () => {
    const incidents = new Incidents(database);
    incidents.save(incident({ id: 'i_1' }));
    const other = {
      kind: 'address',
      entity: 'a_1',
      startMs: NOW + 1000,
      lastMs: NOW + 2000,
      closedMs: NOW + 3000,
      behavior: 'scraping',
      severity: 'low',
      score: 0.5,
      service: 'search',
      endpoint: 'GET /search',
    } as const;
    incidents.save(incident({ id: 'i_2', ...other }));
    await database.flush();
    const ids = async (filter: object) => (await incidents.list(filter)).items.map(({ id }) => id);
    for (const part of ['kind', 'entity', 'behavior', 'severity', 'service', 'endpoint'] as const) {
      expect([part, await ids({ [part]: other[part] })]).toEqual([part, ['i_2']]);
    }
    expect(await ids({ minScore: 0.6 })).toEqual(['i_1']);
    expect(await ids({ isOpen: true })).toEqual(['i_1']);
    expect(await ids({ isOpen: false })).toEqual(['i_2']);
    expect(await ids({ toMs: NOW })).toEqual(['i_1']);
    expect(await ids({ fromMs: NOW + 1 })).toEqual(['i_2']);
    expect(await ids({ fromMs: NOW })).toEqual(['i_2', 'i_1']);
  });
});

describe('kept windows', () => {
  test('come back in order of time; of two for one window the higher evidence stays', async () => {
    const windows = new KeptWindows(database);
    const later = keptWindow({ startMs: keptWindow().startMs + 300_000, isMaterial: false });
    windows.add(later);
    windows.add(keptWindow({ evidence: 7 }));
    windows.add(keptWindow({ evidence: 9, behavior: 'scraping' }));
    windows.add(keptWindow({ evidence: 8 }));
    await database.flush();
    expect((await windows.list()).items).toEqual([keptWindow({ evidence: 9, behavior: 'scraping' }), later]);
  });

  test('are scanned page by page, each once', async () => {
    const windows = new KeptWindows(database);
    for (let index = 0; index < 2500; index += 1) windows.add(keptWindow({ entity: `u_${index}` }));
    await database.flush();
    const sizes: number[] = [];
    const entities = new Set<string>();
    for await (const page of windows.scan()) {
      sizes.push(page.length);
      for (const { entity } of page) entities.add(entity);
    }
    expect(sizes).toEqual([1000, 1000, 500]);
    expect(entities.size).toBe(2500);
    expect((await windows.list({ minEvidence: 6.3 })).items).toEqual([]);
  });
});

describe('jobs', () => {
  test('come back as they were saved last, whichever way the news came', async () => {
    const jobs = new Jobs(database);
    await jobs.save(job());
    jobs.report(job({ stage: 'train', progress: 0.5, updatedMs: NOW + 1 }));
    const ended = job({ state: 'succeeded', progress: 1, updatedMs: NOW + 2, endedMs: NOW + 2, modelVersion: 'm-2' });
    await jobs.save(ended);
    await database.flush();
    expect(await jobs.get('j_1')).toEqual(ended);
    expect((await jobs.list({ kind: 'training', state: 'succeeded' })).items).toEqual([ended]);
    expect((await jobs.list({ state: 'running' })).items).toEqual([]);
  });
});

describe('models', () => {
  test('change their states together, with an entry in the audit trail', async () => {
    const models = new ModelRecords(database);
    await models.save(modelRecord({ version: 'm-1', state: 'active' }));
    await models.save(modelRecord({ version: 'm-2', createdMs: NOW + 1 }));
    const changes = [
      { version: 'm-1', state: 'retired' },
      { version: 'm-2', state: 'active' },
    ] as const;
    await models.change(changes, NOW + 5, audit({ action: 'model.activate', target: 'm-2' }));
    expect((await models.list()).items).toEqual([
      modelRecord({ version: 'm-2', createdMs: NOW + 1, changedMs: NOW + 5, state: 'active' }),
      modelRecord({ version: 'm-1', changedMs: NOW + 5, state: 'retired' }),
    ]);
    expect((await models.list('active')).items).toMatchObject([{ version: 'm-2' }]);
    expect((await new Audit(database).list({ action: 'model.activate' })).items).toMatchObject([{ target: 'm-2' }]);
    await models.remove('m-1', audit());
    expect(await models.get('m-1')).toBeUndefined();
  });
});

describe('feedback and exclusions', () => {
  test('are written together with the audit entry, or not at all', async () => {
    const book = new FeedbackBook(database);
    const exclusions = new Exclusions(database);
    const withExclusion = feedback({ exclusionId: 'x_1' });
    await book.add(withExclusion, audit(), exclusion());
    const expired = exclusion({ id: 'x_2', expiresMs: NOW - 1 });
    await expect(book.add(feedback({ id: 'f_2' }), audit(), expired)).rejects.toThrow('CHECK constraint failed');

    expect((await book.list()).items).toEqual([withExclusion]);
    expect((await exclusions.list()).items).toEqual([exclusion()]);
    expect((await new Audit(database).list()).items).toEqual([{ ...audit(), id: '1' }]);
  });

  test('taken back, feedback takes its exclusion with it', async () => {
    const book = new FeedbackBook(database);
    const withExclusion = feedback({ exclusionId: 'x_1' });
    await book.add(withExclusion, audit(), exclusion());
    await book.withdraw(withExclusion, NOW + 9, audit({ action: 'feedback.withdraw' }));
    expect(await book.get('f_1')).toEqual({ ...withExclusion, withdrawnMs: NOW + 9 });
    expect((await book.list({ holds: true })).items).toEqual([]);
    expect(await new Exclusions(database).get('x_1')).toBeUndefined();
  });

  test('exclusions are in force until they expire or are removed', async () => {
    const exclusions = new Exclusions(database);
    await exclusions.add(exclusion({ id: 'x_short', expiresMs: NOW + 10 }), audit());
    await exclusions.add(exclusion({ id: 'x_long', source: 'operator' }), audit());
    const at = async (atMs: number) => (await exclusions.list({ atMs })).items.map(({ id }) => id);
    expect(await at(NOW + 9)).toEqual(['x_short', 'x_long']);
    expect(await at(NOW + 10)).toEqual(['x_long']);
    await exclusions.remove('x_long', audit());
    expect(await at(NOW + 10)).toEqual([]);
  });
});

describe('settings', () => {
  test('hold any JSON value, who set it and when, until they are reset', async () => {
    const settings = new Settings(database);
    const budget = { key: 'sensitivity.false_incidents_per_day', value: 3, changedMs: NOW, actor: 'ada' };
    const switches = { key: 'sensitivity.behaviors', value: { latency: false }, changedMs: NOW, actor: 'ada' };
    await settings.set([budget, switches], audit());
    await settings.set([{ ...budget, value: null, actor: 'bob' }], audit());
    expect(await settings.list()).toEqual([switches, { ...budget, value: null, actor: 'bob' }]);
    await settings.reset([switches.key], audit({ action: 'sensitivity.reset' }));
    expect(await settings.list()).toHaveLength(1);
    expect((await new Audit(database).list()).items).toHaveLength(3);
  });
});

describe('the audit trail', () => {
  test('keeps the order of what was done, also within one millisecond', async () => {
    const trail = new Audit(database);
    for (const action of ['one', 'two', 'three']) await trail.append(audit({ action }));
    expect((await trail.list({}, { order: 'asc' })).items.map(({ action }) => action)).toEqual(['one', 'two', 'three']);
    expect((await trail.list({ actor: 'nobody' })).items).toEqual([]);
  });
});
