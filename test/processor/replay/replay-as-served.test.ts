/** `detect` and `serve` are one path: the same spans get the same attributes, to the bit. */
import { Model } from '../../../processor/src/model/model.ts';
import { FileStore } from '../../../processor/src/store/files.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { verdictsIn } from '../pipeline/requests.ts';
import { RunningService } from '../running-service.ts';
import { boundsOf, workingDay, QUICK, QUIET_UNTIL, replayed, requestsOf } from './recorded-traffic.ts';

const world = workingDay(3);
const spans = [...world];
const bounds = boundsOf(world);
/** Receive time of the service: the end of the day, so that none of its spans is late. */
const clock = (): number => world.endMs;

let model: Model;

beforeAll(async () => {
  const { replay } = await replayed(requestsOf(spans), { learning: { until: QUIET_UNTIL }, bounds });
  model = replay.engine.lifecycle.active!;
});
afterAll(removeTemporaryFolders);

/** A data folder with the model in use, and its secrets. */
async function dataFolder(): Promise<{ folder: string; pseudonymKey: Buffer; hashKey: Buffer }> {
  const folder = temporaryFolder();
  const store = new FileStore(folder, { error: (operation, reason) => expect([operation, reason]).toEqual([]) });
  const { version } = model.provenance;
  await store.open();
  const pseudonymKey = await store.loadOrCreateSecret('pseudonym');
  const hashKey = await store.loadOrCreateSecret('hashes');
  await store.saveModel(version, { ...model.provenance }, model.serialise());
  await store.activate(version);
  await store.close();
  return { folder, pseudonymKey, hashKey };
}

/** What the service sends on when it is sent the requests one after another. */
async function served(folder: string, requests: readonly Buffer[]): Promise<Buffer[]> {
  const settings = { ...QUICK, model: { ...QUICK['model'], retrain_every_hours: 0 } };
  const service = await RunningService.start(folder, settings, clock);
  try {
    for (const body of requests) await service.send(body);
  } finally {
    await service.stop();
  }
  return service.nextHop.received.map(({ body }) => body);
}

// Few calls an hour: the larger requests reach over an hour and more, the smaller ones over minutes.
test.each([100, 1000])('with %d spans a request', async (spansPerRequest) => {
  const { folder, pseudonymKey, hashKey } = await dataFolder();
  const requests = requestsOf(spans, spansPerRequest);
  const fromService = await served(folder, requests);
  const copy = Model.from(new Uint8Array(model.serialise()));
  const options = { learning: { model: copy }, bounds, pseudonymKey, hashKey };
  const { annotated, calls } = await replayed(requests, options);

  expect(fromService).toHaveLength(requests.length);
  const different = annotated.findIndex((body, index) => !body.equals(fromService[index]!));
  // Bytes say nothing to a person.
  if (different >= 0) expect(verdictsIn(annotated[different]!)).toEqual(verdictsIn(fromService[different]!));
  expect(different).toBe(-1);

  const judged = [...calls.values()];
  expect(judged.filter(({ score }) => score === undefined)).toEqual([]);
  expect(judged.filter(({ isAnomaly }) => isAnomaly).length).toBeGreaterThan(50);
  expect(verdictsIn(annotated[0]!).filter((verdict) => 'anomaly.reason' in verdict).length).toBeGreaterThan(10);
});
