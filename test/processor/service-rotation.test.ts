/** A changed pseudonym key: who is met again is known by the present pseudonym, in the records and in exclusions too. */
import { renameSync } from 'node:fs';
import path from 'node:path';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { attacked, attackEnd, day, HOUR_MS, learn, startService } from './attacked-day.ts';
import type { RunningService } from './running-service.ts';

interface Row {
  readonly id: string;
  readonly entity: string;
}

/** Of the attack, what comes before and after the change of the key. */
const before = attacked.slice(0, attackEnd - 200);
const after = attacked.slice(attackEnd - 200, attackEnd + 1);

let folder: string;
let service: RunningService;
/** The incident of the attack, under its former name. */
let former: Row;

const INCIDENTS = '/incidents?kind=user&sort=score';

beforeAll(async () => {
  folder = temporaryFolder();
  service = await startService(folder);
  await learn(service);
  await service.sendSpans(before, 0);
  [former] = (await service.rowsOnce<Row>(INCIDENTS)) as [Row];
  const expires = new Date(day.endMs + 24 * HOUR_MS).toISOString();
  const { status } = await service.call('POST', '/exclusions', { scope: { entity: former.entity }, expires });
  expect(status).toBe(201);
  await service.stop();

  const previous = path.join(temporaryFolder(), 'key');
  renameSync(path.join(folder, 'secrets', 'pseudonym'), previous);
  service = await startService(folder, { identity: { previous_pseudonym_key_files: [previous] } });
  await service.sendSpans(after, 0);
}, 120_000);
afterAll(async () => {
  await service.stop();
  removeTemporaryFolders();
});

/** The incident of the attack, when it goes by its present name. */
async function present(): Promise<Row> {
  const rows = await service.rowsOnce<Row>(
    INCIDENTS,
    (all) => all.find(({ id }) => id === former.id)?.entity !== former.entity,
  );
  return rows.find(({ id }) => id === former.id)!;
}

test('incidents and anomalies of before are found by the present pseudonym', async () => {
  const { entity } = await present();
  expect(entity).toMatch(/^u_[0-9a-f]{16}$/);
  expect((await service.rows<Row>(`/incidents?entity=${entity}`)).map(({ id }) => id)).toEqual([former.id]);
  expect((await service.rows(`/anomalies?entity=${entity}`)).length).toBeGreaterThan(0);
  expect(await service.rows(`/anomalies?entity=${former.entity}`)).toEqual([]);
  expect((await service.call('GET', `/users/${entity}`)).status).toBe(200);
});

test('an exclusion goes on working, under the present name', async () => {
  const { entity } = await present();
  expect(await service.rows('/exclusions')).toMatchObject([{ scope: { entity } }]);
  expect(await service.metric('api_anomaly_excluded_spans_total')).toBeGreaterThan(0);
});

test('an erasure by the present pseudonym takes what was kept under the former one', async () => {
  const { entity } = await present();
  expect((await service.call('POST', '/users/erase', { id: entity })).status).toBe(200);
  expect((await service.call('GET', `/incidents/${former.id}`)).status).toBe(404);
}, 60_000);
