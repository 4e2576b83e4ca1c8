/** Spans scored over the control API: as serving would, and without a trace of it. */
import { encodeRequest } from '../../processor/src/otlp/request-writer.ts';
import { protobufToObject } from '../../processor/src/otlp/protobuf-to-json.ts';
import { toResourceSpans } from '../../processor/src/simulation/trace-batch.ts';
import type { SimulatedSpan } from '../../processor/src/simulation/span.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { attacked, attackEnd, learn, startService } from './attacked-day.ts';
import { TOKENS } from './control/control-server.ts';
import { ask, bearer } from './control/http-ask.ts';
import { verdictsIn } from './pipeline/requests.ts';
import type { RunningService } from './running-service.ts';

let service: RunningService;
let port: number;

beforeAll(async () => {
  service = await startService(temporaryFolder());
  port = Number(service.service.addresses().control.split(':').at(-1));
  await learn(service);
}, 120_000);
afterAll(async () => {
  await service.stop();
  removeTemporaryFolders();
});

async function detect(body: Buffer, type = 'application/x-protobuf'): Promise<Buffer> {
  const headers = { ...bearer(TOKENS.operator), 'content-type': type };
  const answer = await ask(port, { method: 'POST', path: '/detect', headers, body });
  expect([answer.status, answer.headers['content-type']]).toEqual([200, type]);
  return answer.body;
}

const requestOf = (some: readonly SimulatedSpan[]): Buffer => encodeRequest(toResourceSpans(some));

/** All that is counted and known, but for what is sampled of the process and what counts these very requests. */
async function everythingKnown(): Promise<string[]> {
  const { text } = await service.get('/metrics');
  return text.split('\n').filter((line) => line.startsWith('api_anomaly_'));
}

const scored = (body: Buffer): Record<string, unknown>[] =>
  verdictsIn(body).filter((verdict) => 'anomaly.score' in verdict);

const idsIn = (body: Buffer): unknown[] => scored(body).map((verdict) => verdict['anomaly.incident.id']);

const scoresOf = (verdicts: readonly Record<string, unknown>[]) =>
  verdicts.map((verdict) => [verdict['anomaly.score'], verdict['anomaly.is_anomaly']]);

test('spans come back explained in full, anomalies or not, and nothing has moved', async () => {
  const before = await everythingKnown();
  const attack = attacked.findIndex(({ label }) => label !== '');
  const verdicts = scored(await detect(requestOf(attacked.slice(Math.max(0, attack - 200), attack + 2800))));
  expect(verdicts.length).toBeGreaterThan(500);
  expect(verdicts.some((verdict) => verdict['anomaly.is_anomaly'] === true)).toBe(true);
  for (const verdict of verdicts) {
    expect(verdict).toHaveProperty(['anomaly.reason']);
    expect(verdict).not.toHaveProperty(['anomaly.incident.id']);
  }
  expect(await everythingKnown()).toEqual(before);
});

test('the same spans get the same scores when they are served', async () => {
  const request = requestOf(attacked.slice(0, 400));
  const tried = scored(await detect(request));
  await service.send(request);
  const served = scored(service.nextHop.received.at(-1)!.body);
  expect(served.length).toBeGreaterThan(50);
  expect(scoresOf(tried)).toEqual(scoresOf(served));
});

test('anomalies of an entity with an open incident name it, as they do when they are served', async () => {
  await service.sendSpans(attacked.slice(800, attackEnd - 200), 0);
  const rest = requestOf(attacked.slice(attackEnd - 200, attackEnd));
  const tried = idsIn(await detect(rest));
  await service.send(rest);
  expect(tried.filter((id) => id !== undefined).length).toBeGreaterThan(0);
  expect(tried).toEqual(idsIn(service.nextHop.received.at(-1)!.body));
});

test('asked twice, the answer is the same: the first time has taught nothing', async () => {
  const request = requestOf(attacked.slice(400, 800));
  expect((await detect(request)).equals(await detect(request))).toBe(true);
});

test('endpoints and services that nobody has seen are judged, and still nobody has seen them', async () => {
  const unseen = attacked.slice(0, 20).map((span) => ({ ...span }));
  const object = protobufToObject(requestOf(unseen)) as { resourceSpans: { resource: { attributes: unknown[] } }[] };
  for (const { resource } of object.resourceSpans) {
    resource.attributes = [{ key: 'service.name', value: { stringValue: 'never-seen' } }];
  }
  const before = await everythingKnown();
  const answer = await detect(Buffer.from(JSON.stringify(object)), 'application/json');
  expect(answer.toString()).toContain('anomaly.score');
  expect(await everythingKnown()).toEqual(before);
  expect((await service.get('/metrics')).text).not.toContain('never-seen');
});
