/** The service from its first span to its first model, and over restarts, on simulated traffic. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { toResourceSpans } from '../../processor/src/simulation/trace-batch.ts';
import { encodeRequest } from '../../processor/src/otlp/request-writer.ts';
import type { IncidentNotice } from '../../processor/src/incident-notice.ts';
import type { SimulatedSpan } from '../../processor/src/simulation/span.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { attacked, day, learn, quiet, startService } from './attacked-day.ts';
import { verdictsIn } from './pipeline/requests.ts';
import { until } from './receiver/running-receiver.ts';
import type { RunningService } from './running-service.ts';

let folder: string;
let service: RunningService;
/** Users known when the first model was in use. */
let users: number;

beforeAll(() => {
  folder = temporaryFolder();
});
beforeEach(async () => {
  service = await startService(folder);
});
afterEach(() => service.stop());
afterAll(removeTemporaryFolders);

/** Sends a few ordinary calls and returns what was written onto their SERVER spans. */
async function verdictsOf(spans: readonly SimulatedSpan[]): Promise<Record<string, unknown>[]> {
  await service.send(encodeRequest(toResourceSpans(spans)));
  const { body } = service.nextHop.received.at(-1)!;
  return verdictsIn(body).filter((verdict) => Object.keys(verdict).length > 0);
}

const keysOf = (verdicts: readonly Record<string, unknown>[]): string[] => [
  ...new Set(verdicts.flatMap((verdict) => Object.keys(verdict))),
];

// These tests follow one another, as the days of one installation do.
describe('one installation', () => {
  test('learns from its first spans, trains, puts its first model to use by itself, and scores', async () => {
    expect(service.service.modelVersion()).toBeUndefined();
    expect(keysOf(await verdictsOf(quiet.slice(0, 100)))).toEqual(['anomaly.state']);
    expect(service.service.learningProgress()).toBeLessThan(1);
    await learn(service);
    expect(service.service.learningProgress()).toBe(1);
    const version = service.service.modelVersion()!;
    const verdicts = await verdictsOf(attacked.slice(0, 100));
    expect(verdicts.length).toBeGreaterThan(10);
    for (const verdict of verdicts) {
      expect(verdict).toMatchObject({ 'anomaly.model.version': version, 'anomaly.is_anomaly': expect.any(Boolean) });
      expect(verdict['anomaly.score']).toBeGreaterThanOrEqual(0);
      expect(verdict['anomaly.score']).toBeLessThanOrEqual(1);
    }
    expect(await service.metric('api_anomaly_model_info', `version="${version}"`)).toBe(1);
    expect(await service.metric('api_anomaly_training_runs_total', 'outcome="promoted"')).toBe(1);
    expect(await service.metric('api_anomaly_scored_spans_total')).toBeGreaterThanOrEqual(verdicts.length);
    expect(await service.metric('api_anomaly_threshold', 'entity="user"')).toBeCloseTo(4 / 6);
    expect(await service.metric('api_anomaly_learning_progress_ratio')).toBe(1);
    users = await service.metric('api_anomaly_tracked_entities', 'entity="user"');
    expect(users).toBeGreaterThan(20);
  }, 120_000);

  test('started again it has its model and what it knew of its users: nothing is learned anew', async () => {
    expect(service.service.modelVersion()).toBeDefined();
    expect(service.service.learningProgress()).toBe(1);
    expect(await service.metric('api_anomaly_tracked_entities', 'entity="user"')).toBe(users);
    const verdicts = await verdictsOf(attacked.slice(100, 200));
    expect(verdicts.filter((verdict) => 'anomaly.state' in verdict)).toEqual([]);
    expect(await service.metric('api_anomaly_training_runs_total')).toBeNaN();
  });

  test('finds attacks, and tells of them without a raw id', async () => {
    const incidents: IncidentNotice[] = [];
    service.service.onIncident((incident) => incidents.push(incident));
    await service.sendSpans(attacked.slice(200), 0);
    expect(incidents.length).toBeGreaterThan(0);
    const rawIds = day.users.map(({ id }) => id);
    for (const { kind, entity, reason, endpoint, service: name, id } of incidents) {
      expect(entity).toMatch(kind === 'endpoint' ? /^[A-Z]+ \// : /^[ua]_[0-9a-f]{16}$/);
      expect(rawIds.filter((raw) => `${entity} ${reason} ${endpoint} ${name}`.includes(raw))).toEqual([]);
      expect(id).toMatch(/^i_[0-9a-f]{16}$/);
    }
    expect(await service.metric('api_anomaly_incidents_total')).toBe(incidents.length);
    expect(await service.metric('api_anomaly_incidents_open')).toBeGreaterThan(0);
    expect(await service.metric('api_anomaly_anomalies_total')).toBeGreaterThan(0);
    const flagged = service.nextHop.received.flatMap(({ body }) =>
      verdictsIn(body).filter((verdict) => verdict['anomaly.is_anomaly'] === true),
    );
    const known = new Set(incidents.map(({ id }) => id));
    expect(flagged.length).toBeGreaterThan(0);
    expect(flagged.filter((verdict) => !known.has(String(verdict['anomaly.incident.id'])))).toEqual([]);
  }, 120_000);

  test('what was found is in the database, explained, and without a raw id', () => {
    const file = path.join(folder, 'records.sqlite');
    const database = new DatabaseSync(file, { readOnly: true });
    const incidents = database.prepare('SELECT * FROM incidents').all();
    const anomalies = database.prepare('SELECT incident_id, trace_id FROM anomalies').all();
    const windows = database.prepare('SELECT kind, p, entity_row FROM kept_windows').all();
    database.close();
    expect(incidents.length).toBeGreaterThan(0);
    const ids = new Set(incidents.map(({ id }) => id));
    expect(anomalies.filter(({ incident_id: id }) => !ids.has(id))).toEqual([]);
    for (const incident of incidents) {
      const [request] = JSON.parse(String(incident['requests'])) as { traceId: string; endpoint: string }[];
      expect(request!.traceId).toMatch(/^[0-9a-f]{32}$/);
      const features = JSON.parse(String(incident['features'])) as { share: number; peers?: unknown }[];
      expect(features[0]).toHaveProperty('peers');
      expect(features.reduce((sum, { share }) => sum + share, 0)).toBeLessThanOrEqual(1 + 1e-9);
    }
    expect(windows.length).toBeGreaterThan(0);
    for (const { p } of windows) expect(p).toBeLessThan(0.05);
    const bytes = readFileSync(file);
    expect(day.users.filter(({ id }) => bytes.includes(id))).toEqual([]);
  });

  test('what is in the folder can be damaged while it is down', () => {
    const models = path.join(folder, 'models');
    for (const name of readdirSync(models).filter((file) => file.endsWith('.model'))) {
      const file = path.join(models, name);
      const bytes = readFileSync(file);
      bytes.fill(0xff, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 16);
      writeFileSync(file, bytes);
    }
  });

  test('a damaged model is set aside and learned again; the rest goes on', async () => {
    expect(service.service.modelVersion()).toBeUndefined();
    expect(readdirSync(path.join(folder, 'quarantine'))).not.toEqual([]);
    expect(await service.metric('api_anomaly_store_errors_total', 'operation="load_model"')).toBeGreaterThan(0);
    expect(await service.metric('api_anomaly_tracked_entities', 'entity="user"')).toBeGreaterThanOrEqual(users);
    await service.sendSpans(attacked.slice(0, 1000), 0);
    await until(() => service.service.modelVersion() !== undefined);
  });
});
