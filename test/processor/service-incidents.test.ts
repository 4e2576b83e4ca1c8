/** An incident that is open when the service ends, by a stop or by a kill, goes on in the next run. */
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { attacked, attackEnd, learn, startService } from './attacked-day.ts';
import type { RunningService } from './running-service.ts';

interface Row {
  readonly id: string;
  readonly entity: string;
  readonly start: string;
  readonly anomalies: number;
}

let folder: string;
let service: RunningService;
/** The user's that the attack is about. */
let open: Row;

const openIncidents = (): Promise<Row[]> => service.rows<Row>('/incidents?open=true&sort=score');

beforeAll(async () => {
  folder = temporaryFolder();
  service = await startService(folder);
  await learn(service);
  await service.sendSpans(attacked.slice(0, attackEnd - 200), 0);
  [open] = (await service.rowsOnce<Row>('/incidents?open=true&kind=user&sort=score')) as [Row];
}, 120_000);
afterAll(async () => {
  await service.stop();
  removeTemporaryFolders();
});

test('killed and started again it has the same incidents open, and counts none of them again', async () => {
  // What a kill leaves behind: the files as they are while it runs, and the lock of a process that is gone.
  const left = temporaryFolder();
  cpSync(folder, left, { recursive: true });
  rmSync(path.join(left, 'lock'), { recursive: true });
  const before = await openIncidents();
  const killed = service;
  service = await startService(left);
  try {
    expect(await openIncidents()).toEqual(before);
    expect(await service.metric('api_anomaly_incidents_open')).toBe(before.length);
    expect(await service.metric('api_anomaly_incidents_total')).toBeNaN();
  } finally {
    await service.stop();
    service = killed;
  }
}, 60_000);

test('after a stop it goes on under its id, and is told as opened once', async () => {
  await service.stop();
  service = await startService(folder);
  const told: string[] = [];
  service.service.onIncident(({ entity }) => told.push(entity));
  await service.sendSpans(attacked.slice(attackEnd - 200, attackEnd + 1), 0);
  const rows = await service.rowsOnce<Row>(
    `/incidents?entity=${open.entity}`,
    ([incident]) => incident!.anomalies > open.anomalies,
  );
  expect(rows).toMatchObject([{ id: open.id, start: open.start, open: true }]);
  expect(told).not.toContain(open.entity);
}, 60_000);
