/**
 * A service that does nothing but train, promote and write, until it is killed. It says on standard output what it does
 * before, and what has been acknowledged after. Arguments: the data folder, a file of history.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { configSchema } from '../../processor/src/config/schema.ts';
import { createService } from '../../processor/src/service.ts';
import { createLog } from '../../processor/src/telemetry/log.ts';

const [, , folder = '', history = ''] = process.argv;
const config = configSchema.parse({
  store: { directory: folder, snapshot_seconds: 1 },
  model: { trees: 10, sample_size: 32, sample_rows: 1000, min_entities: 5, promote: 'manual' },
  features: { max_users: 1000, max_addresses: 1000, max_endpoints: 100 },
  receiver: { grpc_port: 0, http_port: 0 },
  control: { port: 0 },
});

/** On the pipe before anything else happens: what is said before a kill must not be lost with the process. */
const say = (...words: readonly unknown[]): Promise<void> =>
  new Promise((resolve) => void process.stdout.write(`${words.join(' ')}\n`, () => resolve()));

const log = createLog({ level: 'error', destination: process.stderr });
const service = await createService(config, { clock: Date.now, random: Math.random, log });
const { models, jobs, trainings } = service;

/** The model in use and a sum of its bytes. */
function inUse(): string {
  const { active } = models;
  if (active === undefined) return 'none';
  return `${active.provenance.version} ${createHash('sha256').update(new Uint8Array(active.serialise())).digest('hex')}`;
}

await service.start();
await say('running', inUse());
for (const { id, state } of jobs.list()) await say('job', id, state);
for (let turn = 0; ; turn++) {
  const { id } = await trainings.fromUpload(createReadStream(history), 'crash');
  await say('begun', id);
  for (const { version, state } of models.list()) {
    if (state === 'active') continue;
    await say('asked', version);
    await models.activate(version, turn % 2 === 0 ? 'active' : 'shadow');
    await say('acknowledged', inUse());
  }
  await jobs.idle('training');
  await say('ended', id);
  const [, ...older] = models.list().filter(({ state }) => state === 'candidate' || state === 'retired');
  for (const { version, measures } of older) if (measures.approval === undefined) await models.delete(version);
}
