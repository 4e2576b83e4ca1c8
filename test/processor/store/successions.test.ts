/** After a change of the pseudonym key all records of whoever is met again go by the present pseudonym. */
import { Anomalies } from '../../../processor/src/store/anomalies.ts';
import { Audit } from '../../../processor/src/store/audit.ts';
import type { Database } from '../../../processor/src/store/database.ts';
import { Exclusions } from '../../../processor/src/store/exclusions.ts';
import { FeedbackBook } from '../../../processor/src/store/feedback.ts';
import { Incidents } from '../../../processor/src/store/incidents.ts';
import { KeptWindows } from '../../../processor/src/store/kept-windows.ts';
import { Successions } from '../../../processor/src/store/successions.ts';
import { closeDatabases, openDatabase } from './opened-database.ts';
import { anomaly, audit, exclusion, feedback, incident, keptWindow, NOW, request } from './sample-records.ts';

const FORMER = 'u_feedfacecafebeef';
const PRESENT = 'u_1111111111111111';
const OTHER = 'u_2222222222222222';
const ADDRESS = { former: 'a_0000000000000001', present: 'a_0000000000000002' };

let database: Database;
let successions: Successions;

beforeEach(async () => {
  ({ database } = await openDatabase({ flushMs: 3_600_000 }));
  successions = new Successions(database);
});

afterEach(closeDatabases);

async function met(): Promise<void> {
  await database.flush();
  successions.add(FORMER, PRESENT);
  successions.add(ADDRESS.former, ADDRESS.present);
  successions.flush();
  await database.flush();
}

test('what is kept of a user is found by the present name, and nothing by the former one', async () => {
  new Anomalies(database).add(anomaly({ entity: FORMER, user: FORMER, address: ADDRESS.former }));
  new KeptWindows(database).add(keptWindow({ entity: FORMER }));
  new Incidents(database).save(incident({ entity: FORMER, requests: [request({ user: FORMER })] }));
  await new FeedbackBook(database).add(feedback({ entity: FORMER }), audit(), exclusion({ entity: FORMER }));
  await met();
  expect((await new Anomalies(database).list()).items).toMatchObject([
    { entity: PRESENT, user: PRESENT, address: ADDRESS.present },
  ]);
  expect((await new KeptWindows(database).list()).items).toEqual([keptWindow({ entity: PRESENT })]);
  expect((await new Incidents(database).listWhole()).items).toMatchObject([
    { entity: PRESENT, requests: [request({ user: PRESENT })] },
  ]);
  expect((await new FeedbackBook(database).list()).items).toMatchObject([{ entity: PRESENT }]);
  expect((await new Exclusions(database).list()).items).toMatchObject([{ entity: PRESENT }]);
});

test('everybody else stays as they were, in incidents that they share too', async () => {
  const { user: _, ...nameless } = request({ traceId: '03' });
  const requests = [request({ user: OTHER, traceId: '01' }), request({ user: FORMER, traceId: '02' }), nameless];
  new Incidents(database).save(incident({ id: 'i_shared', kind: 'address', entity: ADDRESS.former, requests }));
  new Anomalies(database).add(anomaly({ entity: ADDRESS.former, user: FORMER, incidentId: 'i_shared' }));
  new Anomalies(database).add(anomaly({ entity: OTHER, user: OTHER }));
  await new Exclusions(database).add(exclusion({ id: 'x_2', entity: OTHER }), audit());
  await new Exclusions(database).add(exclusion({ id: 'x_3', entity: undefined }), audit());
  await met();
  expect(await new Incidents(database).get('i_shared')).toMatchObject({
    entity: ADDRESS.present,
    requests: [requests[0], { ...requests[1], user: PRESENT }, nameless],
  });
  expect((await new Anomalies(database).list({ entity: OTHER })).items).toMatchObject([{ user: OTHER }]);
  expect((await new Exclusions(database).list()).items).toMatchObject([{ entity: undefined }, { entity: OTHER }]);
});

test('of two windows of the same time one stays', async () => {
  const windows = new KeptWindows(database);
  windows.add(keptWindow({ entity: FORMER, evidence: 9 }));
  windows.add(keptWindow({ entity: PRESENT }));
  await met();
  expect((await windows.list()).items).toMatchObject([{ entity: PRESENT }]);
});

test('the audit trail is not rewritten', async () => {
  await new Audit(database).append(audit({ target: FORMER }));
  await met();
  expect((await new Audit(database).list()).items).toMatchObject([{ target: FORMER }]);
});

test('many are written together, without being told to', async () => {
  const anomalies = new Anomalies(database);
  anomalies.add(anomaly({ entity: FORMER, timeMs: NOW }));
  await database.flush();
  successions.add(FORMER, PRESENT);
  for (let user = 0; user < 999; user++) successions.add(`u_${user}`, `u_${user}_now`);
  await database.flush();
  expect((await anomalies.list()).items).toMatchObject([{ entity: PRESENT }]);
});
