/** Models of a running service: promoted and run beside while spans flow, with jobs that outlive a restart. */
import { Readable } from 'node:stream';
import { encodeJsonLine, encodeRequest } from '../../processor/src/otlp/request-writer.ts';
import type { SimulatedSpan } from '../../processor/src/simulation/span.ts';
import { batchesOf, toResourceSpans } from '../../processor/src/simulation/trace-batch.ts';
import { createWorld } from '../../processor/src/simulation/world.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { spansIn, verdictsIn } from './pipeline/requests.ts';
import { until } from './receiver/running-receiver.ts';
import { RunningService } from './running-service.ts';

const START_MS = Date.UTC(2026, 0, 14, 6);
const SETTINGS = {
  model: { trees: 10, sample_size: 32, sample_rows: 2000, min_entities: 10, min_rows: 1e8, promote: 'manual' },
};

const world = createWorld({ seed: 4, users: 30, days: 6 / 24, startMs: START_MS, attacks: [] });
const spans = [...world];
const history = Array.from(batchesOf(spans, 500), (batch) => encodeJsonLine(toResourceSpans(batch)));
/** Receive time: the end of the simulated day, so that none of its spans is late. */
const clock = (): number => world.endMs;

let folder: string;
let service: RunningService;

beforeAll(() => {
  folder = temporaryFolder();
});
beforeEach(async () => {
  service = await RunningService.start(folder, SETTINGS, clock);
});
afterEach(() => service.stop());
afterAll(removeTemporaryFolders);

/** Trains on the history and returns the job and the version. */
async function trained() {
  const { jobs, trainings } = service.service;
  const { id } = await trainings.fromUpload(Readable.from(history.map((line) => Buffer.from(line))), 'ops');
  await jobs.idle('training');
  const { state, modelVersion } = jobs.get(id)!;
  return { id, state, version: modelVersion! };
}

const requestOf = (part: readonly SimulatedSpan[]): Buffer => encodeRequest(toResourceSpans(part));

/** Model versions on what the next hop got from its request `from` on. */
const versionsFrom = (from: number): unknown[][] =>
  service.nextHop.received
    .slice(from)
    .map(({ body }) => [...new Set(verdictsIn(body).flatMap((verdict) => verdict['anomaly.model.version'] ?? []))]);

// These tests follow one another, as the days of one installation do.
describe('one installation', () => {
  const versions: string[] = [];

  test('gets its first model from an upload, and others wait', async () => {
    for (const expected of ['active', 'candidate']) {
      const { state, version } = await trained();
      expect(state).toBe('succeeded');
      expect(service.service.models.get(version)?.state).toBe(expected);
      versions.push(version);
    }
    expect(new Set(versions).size).toBe(2);
  });

  test('knows jobs and models after a restart', () => {
    const { jobs, models } = service.service;
    // The clock of this test stands still, so that neither began later.
    expect(new Map(jobs.list().map(({ state, modelVersion }) => [modelVersion, state]))).toEqual(
      new Map(versions.map((version) => [version, 'succeeded'])),
    );
    expect(new Map(models.list().map(({ version, state }) => [version, state]))).toEqual(
      new Map([
        [versions[1], 'candidate'],
        [versions[0], 'active'],
      ]),
    );
  });

  test('promotes and rolls back while spans flow: none is lost, and every one says by which model it was judged', async () => {
    const [first = '', second = ''] = versions;
    const parts = Array.from({ length: 60 }, (_, index) => spans.slice(index * 20, (index + 1) * 20));
    const before = service.nextHop.received.length;
    for (let round = 0; round < 6; round++) {
      const sends = parts.slice(round * 10, (round + 1) * 10).map((part) => service.send(requestOf(part)));
      await service.service.models.activate(round % 2 === 0 ? second : first, 'active');
      await Promise.all(sends);
    }
    const sent = parts.flat().map(({ spanId }) => spanId);
    const arrived = service.nextHop.received.slice(before).flatMap(({ body }) => spansIn(body));
    expect(arrived).toHaveLength(sent.length);
    const seen = versionsFrom(before);
    expect(seen.filter((one) => one.length > 1)).toEqual([]);
    expect(new Set(seen.flat())).toEqual(new Set(versions));

    await service.service.models.activate(first, 'active');
    const last = service.nextHop.received.length;
    await service.send(requestOf(spans.slice(2000, 2050)));
    expect(versionsFrom(last)).toEqual([[first]]);
  });

  test('runs a shadow that is counted and never seen', async () => {
    const [first = '', second = ''] = versions;
    const { models } = service.service;
    await models.activate(second, 'shadow');
    const before = service.nextHop.received.length;
    await service.sendSpans(spans, 0);
    expect(new Set(versionsFrom(before).flat())).toEqual(new Set([first]));
    const { state, measures } = models.get(second)!;
    expect(state).toBe('shadow');
    expect(measures.agreement!.windows).toBeGreaterThan(100);
    // The same history and seed: the second one has only left out what the first one found suspect.
    expect(measures.agreement!.agreement).toBeGreaterThan(0.99);
    expect(measures.agreement!.scoreDifference).toBeLessThan(0.05);
    expect(models.get(first)?.measures.agreement).toBeUndefined();
  });

  test('refuses a second training with the id of the first, and frees the worker when that is cancelled', async () => {
    const { jobs, trainings } = service.service;
    const stalled = new Readable({ read() {} });
    stalled.push(history[0]);
    const first = trainings.fromUpload(stalled, 'ops');
    await until(() => jobs.running('training')?.stage === 'read');
    const { id } = jobs.running('training')!;
    await expect(trainings.fromWindow({}, 'ops')).rejects.toMatchObject({
      code: 'training_running',
      details: { job: id },
    });
    expect(await jobs.cancel(id)).toMatchObject({ state: 'cancelled' });
    expect((await first).id).toBe(id);
    expect((await trained()).state).toBe('succeeded');
  });
});
