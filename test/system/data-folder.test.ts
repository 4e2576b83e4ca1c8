/** What the processor keeps on disk, through restarts, a second instance and damage. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Processor, type Settings } from '../support/processor.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { endAll } from './chain.ts';
import { exportSpans, recordCalls, sdkExporter } from './sdk-spans.ts';
import { modelVersion, QUICK_MODEL, train } from './training.ts';

/** Users among the calls that `recordCalls` makes. */
const USERS = 50;

afterEach(endAll);

describe('the data folder', () => {
  test('keeps the model and the baselines through a stop and a start', async () => {
    const processor = await startProcessor(QUICK_MODEL);
    const version = await train(processor);
    expect(await processor.stop()).toEqual({ code: 0, signal: null });

    await processor.start();
    expect(await modelVersion(processor)).toBe(version);
    expect(await trackedUsers(processor)).toBe(USERS);
  });

  test('keeps the model and the last snapshot when the processor is killed', async () => {
    const processor = await startProcessor({ ...QUICK_MODEL, store: { snapshot_seconds: 1 } });
    const version = await train(processor);
    const before = filesOf(processor, 'state');
    await processor.program?.ready(() => filesOf(processor, 'state').some((file) => !before.includes(file)));
    await processor.kill();

    await processor.start();
    expect(await modelVersion(processor)).toBe(version);
    expect(await trackedUsers(processor)).toBe(USERS);
  });

  test('belongs to one instance: a second one says so and ends, and the first works on', async () => {
    const folder = temporaryFolder();
    const first = await startProcessor({});
    const second = await Processor.create(folder, { store: { directory: first.dataFolder } });
    const program = second.launch();
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.output).toContain(first.dataFolder);
    expect(await first.isReady()).toBe(true);
    expect(await exportSpans(sdkExporter('grpc', first.grpcAddress), recordCalls(10))).toBe(true);
  });

  test.each([
    { what: 'model', folder: 'models' },
    { what: 'snapshot', folder: 'state' },
  ])('with a damaged $what costs what was in it and not the service: the file is set aside', async ({ folder }) => {
    const processor = await startProcessor(QUICK_MODEL);
    await train(processor);
    await processor.stop();
    const damaged = filesOf(processor, folder).filter((file) => /\.(model|state)$/.test(file));
    expect(damaged).not.toHaveLength(0);
    for (const file of damaged) damage(path.join(processor.dataFolder, folder, file));

    await processor.start();
    const setAside = filesOf(processor, 'quarantine');
    expect(damaged.filter((file) => setAside.some((name) => name.startsWith(file)))).toEqual(damaged);
    expect(await processor.metric('api_anomaly_store_errors_total')).toBeGreaterThanOrEqual(damaged.length);
    expect(await exportSpans(sdkExporter('grpc', processor.grpcAddress), recordCalls(100))).toBe(true);
    expect(await processor.metric('api_anomaly_received_spans_total')).toBe(200);
  });
});

async function startProcessor(settings: Settings): Promise<Processor> {
  const processor = await Processor.create(temporaryFolder(), settings);
  await processor.start();
  return processor;
}

async function trackedUsers(processor: Processor): Promise<number> {
  return processor.metric('api_anomaly_tracked_entities', 'entity="user"');
}

function filesOf(processor: Processor, folder: string): string[] {
  const directory = path.join(processor.dataFolder, folder);
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** Turns one bit in the middle of a file, as a failing disk does. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  writeFileSync(file, bytes);
}
