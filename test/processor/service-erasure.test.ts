/** Erasing a user over the control API: afterwards a search through the bytes of the data folder finds nothing. */
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { attacked, day, learn, quiet, startService } from './attacked-day.ts';
import { until } from './receiver/running-receiver.ts';
import type { RunningService, Settings } from './running-service.ts';

/** Who called, by user id: not everyone does within half a day. */
const [caller, otherCaller] = day.users
  .map(({ id }) => id)
  .filter((id) => [...quiet, ...attacked].some(({ attributes }) => attributes['user.id'] === id)) as [string, string];

let folder: string;
let service: RunningService;

const start = (settings: Settings = {}): Promise<RunningService> =>
  startService(folder, { store: { directory: folder, snapshot_seconds: 1 }, ...settings });

beforeAll(async () => {
  folder = temporaryFolder();
  service = await start();
  await learn(service);
  await service.sendSpans(attacked, 0);
}, 120_000);
afterAll(async () => {
  await service.stop();
  removeTemporaryFolders();
});

/** Files of the data folder in which one of `needles` is. */
function filesWith(...needles: readonly (string | Buffer)[]): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map(({ parentPath, name }) => path.join(parentPath, name))
    .filter((file) => needles.some((needle) => readFileSync(file).includes(needle)));
}

/** As a snapshot holds a key: two words, in the byte order of the machine, one behind the other. */
function bytesOf(pseudonym: string): Buffer {
  const hex = pseudonym.slice(2);
  return Buffer.from(new Uint32Array([Number.parseInt(hex.slice(0, 8), 16), Number.parseInt(hex.slice(8), 16)]).buffer);
}

test('of a user with an incident nothing is left in any file, and the trail tells that one was erased, not whom', async () => {
  const [incident] = await service.rowsOnce<{ entity: string }>('/incidents?kind=user&sort=score');
  const pseudonym = incident!.entity;
  await until(() => filesWith(bytesOf(pseudonym)).length > 0);
  expect(filesWith(pseudonym).length).toBeGreaterThan(0);

  const erased = await service.call<{ entities: number }>('POST', '/users/erase', { id: pseudonym });
  expect(erased.status).toBe(200);
  expect(erased.answer.entities).toBeGreaterThan(0);
  expect(filesWith(pseudonym, bytesOf(pseudonym))).toEqual([]);
  expect((await service.call('GET', `/users/${pseudonym}`)).status).toBe(404);
  const { answer: trail } = await service.call<{ items: object[] }>('GET', '/audit?action=user.erase');
  expect(trail.items).toMatchObject([{ action: 'user.erase', target: null }]);
  expect(JSON.stringify([trail, service.log.filter(({ msg }) => msg === 'control call')])).not.toContain(pseudonym);
}, 60_000);

test('a raw id erases the same user, and is kept nowhere', async () => {
  const before = (await service.rows('/users?limit=500')).length;
  const { status, answer } = await service.call<{ entities: number }>('POST', '/users/erase', { id: caller });
  expect(status).toBe(200);
  expect(answer.entities).toBe(1);
  expect((await service.rows('/users?limit=500')).length).toBe(before - 1);
  expect(filesWith(caller)).toEqual([]);
  expect(JSON.stringify(service.log.filter(({ msg }) => msg === 'control call'))).not.toContain(caller);
});

test('an id that nobody has is answered alike', async () => {
  expect(await service.call('POST', '/users/erase', { id: 'nobody' })).toEqual({
    status: 200,
    answer: { entities: 0, rows: 0 },
  });
});

test('a raw id also erases what is known under a previous key', async () => {
  await service.stop();
  const previous = path.join(temporaryFolder(), 'key');
  renameSync(path.join(folder, 'secrets', 'pseudonym'), previous);
  service = await start({ identity: { previous_pseudonym_key_files: [previous] } });
  expect((await service.call('POST', '/users/erase', { id: otherCaller })).answer).toMatchObject({ entities: 1 });
  expect((await service.call('POST', '/users/erase', { id: otherCaller })).answer).toEqual({ entities: 0, rows: 0 });
}, 60_000);
