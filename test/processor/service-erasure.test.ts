/** Erasing a user over the control API: afterwards a search through the bytes of the data folder finds nothing. */
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { createWorld } from '../../processor/src/simulation/world.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { TOKENS } from './control/control-server.ts';
import { ask, bearer } from './control/http-ask.ts';
import { until } from './receiver/running-receiver.ts';
import { RunningService, type Settings } from './running-service.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 14, 6);
const world = createWorld({
  seed: 3,
  users: 60,
  days: 0.5,
  startMs: START_MS,
  attacks: [{ behavior: 'enumeration', intensity: 'high' }],
  quietShare: 0.5,
});

const spans = [...world];
/** Who called, by user id: not everyone does within half a day. */
const [caller, otherCaller] = world.users
  .map(({ id }) => id)
  .filter((id) => spans.some(({ attributes }) => attributes['user.id'] === id)) as [string, string];

let folder: string;
let service: RunningService;

async function start(more: Settings = {}): Promise<void> {
  const model = {
    min_rows: 2000,
    min_entities: 20,
    min_hours: 1,
    trees: 30,
    sample_rows: 3000,
    retrain_every_hours: 0,
  };
  const control = { tokens: { admin: [TOKENS.admin] } };
  const settings = { model, control, store: { directory: folder, snapshot_seconds: 1 }, ...more };
  service = await RunningService.start(folder, settings, () => world.endMs);
}

beforeAll(async () => {
  folder = temporaryFolder();
  await start();
  const quiet = spans.filter((span) => span.startMs < START_MS + 6 * HOUR_MS);
  await service.sendSpans(quiet, 0);
  await until(() => service.service.modelVersion() !== undefined);
  await service.sendSpans(spans.slice(quiet.length), 0);
}, 120_000);
afterAll(async () => {
  await service.stop();
  removeTemporaryFolders();
});

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- says what the answer is
async function call<Answer>(method: string, at: string, body?: unknown): Promise<{ status: number; answer: Answer }> {
  const answered = await ask(Number(service.service.addresses().control.split(':').at(-1)), {
    method,
    path: `/api/v1${at}`,
    headers: { ...bearer(TOKENS.admin), 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: answered.status, answer: JSON.parse(answered.body.toString()) as Answer };
}

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
  let pseudonym: string | undefined;
  for (let tries = 0; tries < 200 && pseudonym === undefined; tries++) {
    const { answer } = await call<{ items: { entity: string }[] }>('GET', '/incidents?kind=user&sort=score');
    pseudonym = answer.items[0]?.entity;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await until(() => filesWith(bytesOf(pseudonym!)).length > 0);
  expect(filesWith(pseudonym!).length).toBeGreaterThan(0);

  const erased = await call<{ entities: number }>('POST', '/users/erase', { id: pseudonym });
  expect(erased.status).toBe(200);
  expect(erased.answer.entities).toBeGreaterThan(0);
  expect(filesWith(pseudonym!, bytesOf(pseudonym!))).toEqual([]);
  expect((await call('GET', `/users/${pseudonym}`)).status).toBe(404);
  const { answer: trail } = await call<{ items: object[] }>('GET', '/audit?action=user.erase');
  expect(trail.items).toMatchObject([{ action: 'user.erase', target: null }]);
  expect(JSON.stringify([trail, service.log.filter(({ msg }) => msg === 'control call')])).not.toContain(pseudonym);
}, 60_000);

test('a raw id erases the same user, and is kept nowhere', async () => {
  const before = (await call<{ items: object[] }>('GET', '/users?limit=500')).answer.items.length;
  const { status, answer } = await call<{ entities: number }>('POST', '/users/erase', { id: caller });
  expect(status).toBe(200);
  expect(answer.entities).toBe(1);
  expect((await call<{ items: object[] }>('GET', '/users?limit=500')).answer.items.length).toBe(before - 1);
  expect(filesWith(caller)).toEqual([]);
  expect(JSON.stringify(service.log.filter(({ msg }) => msg === 'control call'))).not.toContain(caller);
});

test('an id that nobody has is answered alike', async () => {
  expect(await call('POST', '/users/erase', { id: 'nobody' })).toEqual({
    status: 200,
    answer: { entities: 0, rows: 0 },
  });
});

test('a raw id also erases what is known under a previous key', async () => {
  await service.stop();
  const previous = path.join(temporaryFolder(), 'key');
  renameSync(path.join(folder, 'secrets', 'pseudonym'), previous);
  await start({ identity: { previous_pseudonym_key_files: [previous] } });
  expect((await call('POST', '/users/erase', { id: otherCaller })).answer).toMatchObject({ entities: 1 });
  expect((await call('POST', '/users/erase', { id: otherCaller })).answer).toEqual({ entities: 0, rows: 0 });
}, 60_000);
