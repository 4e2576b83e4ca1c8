/** An operator's day over the control API of a running service: looking, judging, excluding, tuning. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { encodeJsonLine } from '../../processor/src/otlp/request-writer.ts';
import type { HistoryReport } from '../../processor/src/replay/history-judging.ts';
import { batchesOf, toResourceSpans } from '../../processor/src/simulation/trace-batch.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { attacked, day, HOUR_MS, learn, quiet, startService } from './attacked-day.ts';
import { TOKENS } from './control/control-server.ts';
import { ask, bearer } from './control/http-ask.ts';
import type { RunningService } from './running-service.ts';

interface Row {
  readonly id: string;
  readonly entity: string;
  readonly kind: string;
  readonly behavior: string;
}

/** An upload may pause for half a second. */
const SETTINGS = { control: { upload_idle_seconds: 0.5 } };

let folder: string;
let service: RunningService;

beforeAll(async () => {
  folder = temporaryFolder();
  service = await startService(folder, SETTINGS);
  await learn(service);
  await service.sendSpans(attacked, 0);
}, 120_000);
afterAll(async () => {
  await service.stop();
  removeTemporaryFolders();
});

async function anIncident(): Promise<Row> {
  const [incident] = await service.rowsOnce<Row>('/incidents?sort=score&kind=user');
  return incident!;
}

test('the status tells the model, the coverage and the limits', async () => {
  const { answer } = await service.call<Record<string, unknown>>('GET', '/status');
  expect(answer).toMatchObject({
    ready: true,
    model: { version: service.service.modelVersion() },
    learning: { progress: 1, eta_seconds: 0, training: null },
    coverage: { user: expect.any(Number), route: expect.any(Number) },
    config: { success: true, mistakes: [] },
  });
  expect((answer['throughput'] as { spans: number }).spans).toBeGreaterThan(2000);
});

const configStatus = async () => (await service.call<{ config: { loaded: string } }>('GET', '/status')).answer.config;

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
  const all = await service.rows<{ user: string; series: number[] }>('/users?limit=500');
  expect(all.length).toBeGreaterThan(20);
  expect(all[0]!.series).toHaveLength(24);
  const first = await service.call<{ items: unknown[]; next_cursor: string }>('GET', '/users?limit=10');
  const second = await service.call<{ items: unknown[] }>('GET', `/users?limit=10&cursor=${first.answer.next_cursor}`);
  expect([...first.answer.items, ...second.answer.items]).toEqual(all.slice(0, 20));

  const profile = await service.call<Record<string, unknown[]>>('GET', `/users/${entity}`);
  expect(profile.answer['usual_week']).toHaveLength(168);
  expect(profile.answer['endpoints']!.length).toBeGreaterThan(0);
  expect((await service.rows('/endpoints?sort=calls')).length).toBeGreaterThan(5);
  expect((await service.rows('/models')).length).toBe(1);
  expect((await service.rows<{ kind: string }>('/jobs')).map(({ kind }) => kind)).toEqual(['training']);

  const incident = await service.call<Record<string, unknown[]>>('GET', `/incidents/${id}`);
  expect(incident.answer['requests']!.length).toBeGreaterThan(0);
  expect(incident.answer['features']!.length).toBeGreaterThan(0);
  const anomalies = await service.rows<Row & { series: number[] }>(`/anomalies?incident=${id}&sort=score`);
  expect(anomalies.length).toBeGreaterThan(0);
  expect(anomalies[0]!.series).toEqual(incident.answer['series']);
  expect((await service.call('GET', `/anomalies/${anomalies[0]!.id}`)).status).toBe(200);
});

test('a false positive is tried first, then makes an exclusion, which can be taken back with it', async () => {
  const { id, entity, behavior } = await anIncident();
  const tried = await service.call<Record<string, unknown>>('POST', `/incidents/${id}/feedback?dry_run=true`, {
    verdict: 'false_positive',
  });
  expect(tried.answer).toMatchObject({
    applied: false,
    feedback: null,
    exclusion: { id: null, scope: { entity, behavior } },
  });
  // The incident also has a call by another name, which the exclusion would leave.
  expect(tried.answer['preview']).toMatchObject({ sentence: expect.stringContaining('leaves a part of 1') });
  const wider = await service.call<Record<string, unknown>>('POST', `/incidents/${id}/feedback?dry_run=true`, {
    verdict: 'false_positive',
    scope: { entity },
  });
  expect(wider.answer['preview']).toMatchObject({ removed_incidents: 1 });
  expect(await service.rows('/exclusions')).toEqual([]);

  const given = await service.call<{ exclusion: { id: string } }>('POST', `/incidents/${id}/feedback`, {
    verdict: 'false_positive',
    note: 'an export',
  });
  expect(given.status).toBe(200);
  const exclusions = await service.rows<Row>('/exclusions');
  expect(exclusions).toMatchObject([{ id: given.answer.exclusion.id, source: 'feedback', scope: { entity } }]);
  expect((await service.call('GET', `/incidents/${id}`)).answer).toMatchObject({ feedback: 'false_positive' });

  expect((await service.call('DELETE', `/exclusions/${exclusions[0]!.id}`)).status).toBe(204);
  expect(await service.rows('/exclusions')).toEqual([]);
  expect((await service.call('GET', `/incidents/${id}`)).answer).toMatchObject({ feedback: null });
});

test('exclusions always end, and name something', async () => {
  const inADay = new Date(day.endMs + 24 * HOUR_MS).toISOString();
  for (const body of [
    { scope: { behavior: 'latency' } },
    { scope: {}, expires: inADay },
    { scope: { behavior: 'latency' }, expires: '2020-01-01T00:00:00Z' },
    { scope: { behavior: 'latency' }, expires: '2099-01-01T00:00:00Z' },
    { scope: { behavior: 'nonsense' }, expires: inADay },
  ])
    expect([body, (await service.call('POST', '/exclusions', body)).status]).toEqual([body, 400]);
});

test('sensitivity and exclusions that were set outlive a restart, and the source is told', async () => {
  const inADay = new Date(day.endMs + 24 * HOUR_MS).toISOString();
  const change = { false_incidents_per_day: 20, behaviors: { latency: false } };
  expect((await service.call('PUT', '/sensitivity', change)).status).toBe(200);
  expect(
    (await service.call('POST', '/exclusions', { scope: { behavior: 'off_hours' }, expires: inADay })).status,
  ).toBe(201);
  await service.stop();
  service = await startService(folder, SETTINGS);
  const { answer } = await service.call<{ options: object[] }>('GET', '/sensitivity');
  expect(answer.options).toContainEqual({ key: 'false_incidents_per_day', value: 20, source: 'settings' });
  expect(answer.options).toContainEqual({ key: 'behaviors.latency', value: false, source: 'settings' });
  expect(answer.options).toContainEqual({ key: 'users_share', value: 0.6, source: 'file' });
  expect(await service.rows('/exclusions')).toMatchObject([{ scope: { behavior: 'off_hours' }, source: 'operator' }]);
  const reset = await service.call<{ options: object[] }>('PUT', '/sensitivity', { false_incidents_per_day: null });
  expect(reset.answer.options).toContainEqual({ key: 'false_incidents_per_day', value: 10, source: 'file' });
  expect((await service.call('PUT', '/sensitivity', { users_share: 0.9 })).status).toBe(400);
}, 60_000);

test('a file that is read again does not take back what was set', async () => {
  const { settings } = service;
  expect((await service.call('PUT', '/sensitivity', { false_incidents_per_day: 20 })).status).toBe(200);
  service.settings = { ...settings, sensitivity: { false_incidents_per_day: 5, minimum_effect: 2 } };
  service.service.reloadConfig();
  const { options } = (await service.call<{ options: object[] }>('GET', '/sensitivity')).answer;
  expect(options).toContainEqual({ key: 'false_incidents_per_day', value: 20, source: 'settings' });
  expect(options).toContainEqual({ key: 'minimum_effect', value: 2, source: 'file' });
  const reset = await service.call<{ options: object[] }>('PUT', '/sensitivity', { false_incidents_per_day: null });
  expect(reset.answer.options).toContainEqual({ key: 'false_incidents_per_day', value: 5, source: 'file' });
  service.settings = settings;
  service.service.reloadConfig();
});

test('a backtest is a job whose result tells what would appear and vanish', async () => {
  const { status, answer } = await service.call<{ id: string }>('POST', '/backtest', { budget: 100 });
  expect(status).toBe(202);
  let job: { state: string; result: unknown } = { state: 'running', result: null };
  for (let tries = 0; tries < 100 && job.state === 'running'; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    job = (await service.call<typeof job>('GET', `/jobs/${answer.id}`)).answer;
  }
  expect(job).toMatchObject({ state: 'succeeded', result: { before: { incidents: expect.any(Number) } } });
  expect((await service.call('POST', '/backtest', {})).status).toBe(400);
});

test('a backtest of an upload judges its traces, and answers with the same result', async () => {
  const lines = Array.from(batchesOf([...quiet, ...attacked], 500), (batch) => encodeJsonLine(toResourceSpans(batch)));
  const answer = await ask(Number(service.service.addresses().control.split(':').at(-1)), {
    method: 'POST',
    path: '/api/v1/backtest?budget=1&behavior=enumeration',
    headers: { ...bearer(TOKENS.admin), 'content-type': 'application/x-ndjson' },
    body: lines.join(''),
  });
  expect(answer.status).toBe(202);
  const { id } = JSON.parse(answer.body.toString()) as { id: string };
  const [job] = await service.rowsOnce<{ id: string; state: string; result: HistoryReport }>(
    '/jobs?kind=backtest',
    ([latest]) => latest!.id === id && latest!.state !== 'running',
  );
  const { before, after, upload } = job!.result;
  expect([job!.state, upload.broken.count]).toEqual(['succeeded', 0]);
  expect(before.byBehavior['enumeration']).toBeGreaterThan(0);
  expect(after.byBehavior['enumeration']).toBe(0);
});

test('a training that is not done is refused a second time with the job that is in the way', async () => {
  const answers = await Promise.all([
    service.call<{ id: string }>('POST', '/train', { source: 'window' }),
    service.call<{ job: string }>('POST', '/train', { source: 'window' }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([202, 409]);
  expect(answers[1].answer.job).toBe(answers[0].answer.id);
  expect((await service.call('DELETE', `/jobs/${answers[0].answer.id}`)).status).toBe(200);
});

test('an upload that stalls is refused after a while, and the next training may begin', async () => {
  const sent = request({
    port: service.service.addresses().control.split(':').at(-1),
    method: 'POST',
    path: '/api/v1/train',
    headers: { ...bearer(TOKENS.admin), 'content-type': 'application/x-ndjson' },
  });
  sent.write(encodeJsonLine(toResourceSpans(quiet.slice(0, 500))));
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const problem = JSON.parse(Buffer.concat((await answer.toArray()) as Buffer[]).toString()) as object;
  sent.destroy();
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(problem).toMatchObject({ status: 408, type: expect.stringContaining('upload_stalled') });
  expect(await service.rows('/jobs?kind=training&state=failed')).toMatchObject([{ stage: 'read' }]);
  const { status, answer: job } = await service.call<{ id: string }>('POST', '/train', { source: 'window' });
  expect(status).toBe(202);
  expect((await service.call('DELETE', `/jobs/${job.id}`)).status).toBe(200);
});

test('the audit trail has what was done and by whom, and what was refused', async () => {
  const entries = await service.rows<{ action: string; actor: string; detail: { status?: number } }>(
    '/audit?limit=200',
  );
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
