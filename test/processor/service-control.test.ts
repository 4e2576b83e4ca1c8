/** An operator's day over the control API of a running service: looking, judging, excluding, tuning. */
import { createWorld } from '../../processor/src/simulation/world.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { TOKENS } from './control/control-server.ts';
import { ask, bearer } from './control/http-ask.ts';
import { until } from './receiver/running-receiver.ts';
import { RunningService } from './running-service.ts';

const HOUR_MS = 3_600_000;
/** A Wednesday morning, whenever the test runs; the service's clock stands at the evening of that day. */
const START_MS = Date.UTC(2026, 0, 14, 6);
const world = createWorld({
  seed: 3,
  users: 60,
  days: 0.5,
  startMs: START_MS,
  attacks: [{ behavior: 'enumeration', intensity: 'high' }],
  quietShare: 0.5,
});

interface Row {
  readonly id: string;
  readonly entity: string;
  readonly kind: string;
  readonly behavior: string;
}

let folder: string;
let service: RunningService;

const start = async (): Promise<void> => {
  const tokens = { admin: [TOKENS.admin] };
  const model = {
    min_rows: 2000,
    min_entities: 20,
    min_hours: 1,
    trees: 30,
    sample_rows: 3000,
    retrain_every_hours: 0,
  };
  service = await RunningService.start(folder, { model, control: { tokens } }, () => world.endMs);
};

beforeAll(async () => {
  folder = temporaryFolder();
  await start();
  const spans = [...world];
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
async function call<Answer>(method: string, path: string, body?: unknown): Promise<{ status: number; answer: Answer }> {
  const { status, body: text } = await ask(Number(service.service.addresses().control.split(':').at(-1)), {
    method,
    path: `/api/v1${path}`,
    headers: { ...bearer(TOKENS.admin), ...(body !== undefined && { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status, answer: (text.length === 0 ? undefined : JSON.parse(text.toString())) as Answer };
}

const rowsOf = async <Item = Row>(path: string): Promise<Item[]> =>
  (await call<{ items: Item[] }>('GET', path)).answer.items;

async function anIncident(): Promise<Row> {
  for (let tries = 0; tries < 200; tries++) {
    const [incident] = await rowsOf('/incidents?sort=score&kind=user');
    if (incident !== undefined) return incident;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('There is no incident.');
}

test('the status tells the model, the coverage and the limits', async () => {
  const { answer } = await call<Record<string, unknown>>('GET', '/status');
  expect(answer).toMatchObject({
    ready: true,
    model: { version: service.service.modelVersion() },
    learning: { progress: 1, eta_seconds: 0, training: null },
    coverage: { user: expect.any(Number), route: expect.any(Number) },
    config: { success: true, mistakes: [] },
  });
  expect((answer['throughput'] as { spans: number }).spans).toBeGreaterThan(2000);
});

const configStatus = async () => (await call<{ config: { loaded: string } }>('GET', '/status')).answer.config;

test('the status tells what came of a configuration that was read again', async () => {
  const { settings } = service;
  const { loaded } = await configStatus();
  service.settings = { ...settings, log: { level: 'loud' } };
  service.service.reloadConfig();
  expect(await configStatus()).toEqual({
    loaded,
    success: false,
    mistakes: [expect.stringContaining('level')],
    pending: [],
  });
  service.settings = { ...settings, features: { max_users: 5000 } };
  service.service.reloadConfig();
  expect(await configStatus()).toMatchObject({ success: true, mistakes: [], pending: ['features.max_users'] });
  service.settings = settings;
  service.service.reloadConfig();
});

test('what there is can be listed, a page at a time, and looked at one by one', async () => {
  const { entity, id } = await anIncident();
  const all = await rowsOf<{ user: string; series: number[] }>('/users?limit=500');
  expect(all.length).toBeGreaterThan(20);
  expect(all[0]!.series).toHaveLength(24);
  const first = await call<{ items: unknown[]; next_cursor: string }>('GET', '/users?limit=10');
  const second = await call<{ items: unknown[] }>('GET', `/users?limit=10&cursor=${first.answer.next_cursor}`);
  expect([...first.answer.items, ...second.answer.items]).toEqual(all.slice(0, 20));

  const profile = await call<Record<string, unknown[]>>('GET', `/users/${entity}`);
  expect(profile.answer['usual_week']).toHaveLength(168);
  expect(profile.answer['endpoints']!.length).toBeGreaterThan(0);
  expect((await rowsOf('/endpoints?sort=calls')).length).toBeGreaterThan(5);
  expect((await rowsOf('/models')).length).toBe(1);
  expect((await rowsOf<{ kind: string }>('/jobs')).map(({ kind }) => kind)).toEqual(['training']);

  const incident = await call<Record<string, unknown[]>>('GET', `/incidents/${id}`);
  expect(incident.answer['requests']!.length).toBeGreaterThan(0);
  expect(incident.answer['features']!.length).toBeGreaterThan(0);
  const anomalies = await rowsOf(`/anomalies?incident=${id}&sort=score`);
  expect(anomalies.length).toBeGreaterThan(0);
  expect((await call('GET', `/anomalies/${anomalies[0]!.id}`)).status).toBe(200);
});

test('a false positive is tried first, then makes an exclusion, which can be taken back with it', async () => {
  const { id, entity, behavior } = await anIncident();
  const tried = await call<Record<string, unknown>>('POST', `/incidents/${id}/feedback?dry_run=true`, {
    verdict: 'false_positive',
  });
  expect(tried.answer).toMatchObject({
    applied: false,
    feedback: null,
    exclusion: { id: null, scope: { entity, behavior } },
  });
  // The incident also has a call by another name, which the exclusion would leave.
  expect(tried.answer['preview']).toMatchObject({ sentence: expect.stringContaining('leaves a part of 1') });
  const wider = await call<Record<string, unknown>>('POST', `/incidents/${id}/feedback?dry_run=true`, {
    verdict: 'false_positive',
    scope: { entity },
  });
  expect(wider.answer['preview']).toMatchObject({ removed_incidents: 1 });
  expect(await rowsOf('/exclusions')).toEqual([]);

  const given = await call<{ exclusion: { id: string } }>('POST', `/incidents/${id}/feedback`, {
    verdict: 'false_positive',
    note: 'an export',
  });
  expect(given.status).toBe(200);
  const exclusions = await rowsOf('/exclusions');
  expect(exclusions).toMatchObject([{ id: given.answer.exclusion.id, source: 'feedback', scope: { entity } }]);
  expect((await call('GET', `/incidents/${id}`)).answer).toMatchObject({ feedback: 'false_positive' });

  expect((await call('DELETE', `/exclusions/${exclusions[0]!.id}`)).status).toBe(204);
  expect(await rowsOf('/exclusions')).toEqual([]);
  expect((await call('GET', `/incidents/${id}`)).answer).toMatchObject({ feedback: null });
});

test('exclusions always end, and name something', async () => {
  const inADay = new Date(world.endMs + 24 * HOUR_MS).toISOString();
  for (const body of [
    { scope: { behavior: 'latency' } },
    { scope: {}, expires: inADay },
    { scope: { behavior: 'latency' }, expires: '2020-01-01T00:00:00Z' },
    { scope: { behavior: 'latency' }, expires: '2099-01-01T00:00:00Z' },
    { scope: { behavior: 'nonsense' }, expires: inADay },
  ])
    expect([body, (await call('POST', '/exclusions', body)).status]).toEqual([body, 400]);
});

test('sensitivity and exclusions that were set outlive a restart, and the source is told', async () => {
  const inADay = new Date(world.endMs + 24 * HOUR_MS).toISOString();
  const change = { false_incidents_per_day: 20, behaviors: { latency: false } };
  expect((await call('PUT', '/sensitivity', change)).status).toBe(200);
  expect((await call('POST', '/exclusions', { scope: { behavior: 'off_hours' }, expires: inADay })).status).toBe(201);
  await service.stop();
  await start();
  const { answer } = await call<{ options: object[] }>('GET', '/sensitivity');
  expect(answer.options).toContainEqual({ key: 'false_incidents_per_day', value: 20, source: 'settings' });
  expect(answer.options).toContainEqual({ key: 'behaviors.latency', value: false, source: 'settings' });
  expect(answer.options).toContainEqual({ key: 'users_share', value: 0.6, source: 'file' });
  expect(await rowsOf('/exclusions')).toMatchObject([{ scope: { behavior: 'off_hours' }, source: 'operator' }]);
  const reset = await call<{ options: object[] }>('PUT', '/sensitivity', { false_incidents_per_day: null });
  expect(reset.answer.options).toContainEqual({ key: 'false_incidents_per_day', value: 10, source: 'file' });
  expect((await call('PUT', '/sensitivity', { users_share: 0.9 })).status).toBe(400);
}, 60_000);

test('a file that is read again does not take back what was set', async () => {
  const { settings } = service;
  expect((await call('PUT', '/sensitivity', { false_incidents_per_day: 20 })).status).toBe(200);
  service.settings = { ...settings, sensitivity: { false_incidents_per_day: 5, minimum_effect: 2 } };
  service.service.reloadConfig();
  const { options } = (await call<{ options: object[] }>('GET', '/sensitivity')).answer;
  expect(options).toContainEqual({ key: 'false_incidents_per_day', value: 20, source: 'settings' });
  expect(options).toContainEqual({ key: 'minimum_effect', value: 2, source: 'file' });
  const reset = await call<{ options: object[] }>('PUT', '/sensitivity', { false_incidents_per_day: null });
  expect(reset.answer.options).toContainEqual({ key: 'false_incidents_per_day', value: 5, source: 'file' });
  service.settings = settings;
  service.service.reloadConfig();
});

test('a backtest is a job whose result tells what would appear and vanish', async () => {
  const { status, answer } = await call<{ id: string }>('POST', '/backtest', { budget: 100 });
  expect(status).toBe(202);
  let job: { state: string; result: unknown } = { state: 'running', result: null };
  for (let tries = 0; tries < 100 && job.state === 'running'; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    job = (await call<typeof job>('GET', `/jobs/${answer.id}`)).answer;
  }
  expect(job).toMatchObject({ state: 'succeeded', result: { before: { incidents: expect.any(Number) } } });
  expect((await call('POST', '/backtest', {})).status).toBe(400);
});

test('a training that is not done is refused a second time with the job that is in the way', async () => {
  const answers = await Promise.all([
    call<{ id: string }>('POST', '/train', { source: 'window' }),
    call<{ job: string }>('POST', '/train', { source: 'window' }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([202, 409]);
  expect(answers[1].answer.job).toBe(answers[0].answer.id);
  expect((await call('DELETE', `/jobs/${answers[0].answer.id}`)).status).toBe(200);
});

test('the audit trail has what was done and by whom, and what was refused', async () => {
  const entries = await rowsOf<{ action: string; actor: string; detail: { status?: number } }>('/audit?limit=200');
  expect([...new Set(entries.map(({ action }) => action))].toSorted()).toEqual([
    'backtest.start',
    'exclusion.add',
    'exclusion.remove',
    'feedback.add',
    'job.cancel',
    'sensitivity.set',
    'training.start',
  ]);
  for (const { actor } of entries) expect(actor).toMatch(/^admin:[0-9a-f]{16}$/);
  expect(entries.some(({ detail }) => detail.status === 400)).toBe(true);
});
