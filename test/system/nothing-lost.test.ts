/**
 * Programs of the chain are killed and stopped under load. What was acknowledged may arrive twice, by a retry whose
 * first answer was lost, but it must arrive.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../support/free-ports.ts';
import { Processor } from '../support/processor.ts';
import { describeWithPrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { Backend } from './backend.ts';
import { Chain, endAll } from './chain.ts';
import { expectAtLeastOnce } from './delivery.ts';
import { Load } from './load.ts';
import { sdkExporter } from './sdk-spans.ts';

/** Acknowledged spans before, during and after each fault. */
const SOME_LOAD = 2000;

afterEach(endAll);

describeWithPrograms('nothing that was acknowledged is lost', ['otelcol'], () => {
  test('when the collector is killed and started again', async () => {
    const chain = await Chain.start();
    const load = new Load(sdkExporter('grpc', chain.grpcAddress));
    await load.acknowledge(SOME_LOAD);
    await chain.collector.kill();
    await delay(500);
    await chain.collector.start();
    await load.acknowledge(SOME_LOAD);
    await load.stop();
    expectAtLeastOnce(await chain.backend.spansOnce(load.acknowledged.length), load.acknowledged);
  });

  test('when the processor is killed and started again, and again', async () => {
    const chain = await Chain.start();
    const load = new Load(sdkExporter('grpc', chain.grpcAddress));
    for (let kills = 0; kills < 2; kills += 1) {
      await load.acknowledge(SOME_LOAD);
      await chain.processor.kill();
      await load.acknowledge(SOME_LOAD);
      await chain.processor.start();
    }
    await load.acknowledge(SOME_LOAD);
    await load.stop();
    expectAtLeastOnce(await chain.backend.spansOnce(load.acknowledged.length), load.acknowledged);
  });

  test('by the processor itself, when it is killed again and again without a queue before it', async () => {
    const { backend, processor } = await processorBeforeBackend();
    const load = new Load(sdkExporter('grpc', processor.grpcAddress));
    for (let kills = 0; kills < 3; kills += 1) {
      await load.acknowledge(SOME_LOAD / 2);
      await processor.kill();
      await processor.start();
    }
    await load.acknowledge(SOME_LOAD / 2);
    await load.stop();
    expectAtLeastOnce(await backend.spansOnce(load.acknowledged.length), load.acknowledged);
  });

  test('when the next hop is away for a while', async () => {
    const chain = await Chain.start({ nextHop: 'backend' });
    const load = new Load(sdkExporter('grpc', chain.grpcAddress));
    await load.acknowledge(SOME_LOAD);
    await chain.backend.stop();
    await load.acknowledge(2 * SOME_LOAD);
    expect(await chain.processor.isReady()).toBe(true);
    await chain.backend.start();
    await load.acknowledge(SOME_LOAD);
    await load.stop();
    expectAtLeastOnce(await chain.backend.spansOnce(load.acknowledged.length), load.acknowledged);
  });

  test('when the processor is asked to stop under load, and it ends by itself within its deadline', async () => {
    const { backend, processor } = await processorBeforeBackend();
    const load = new Load(sdkExporter('grpc', processor.grpcAddress));
    for (let stops = 0; stops < 2; stops += 1) {
      await load.acknowledge(SOME_LOAD);
      // Longer than stop.deadline_seconds; a processor that must be killed does not exit with 0.
      expect(await processor.program?.stop(26_000)).toEqual({ code: 0, signal: null });
      await processor.start();
    }
    await load.acknowledge(SOME_LOAD);
    await load.stop();
    expectAtLeastOnce(await backend.spansOnce(load.acknowledged.length), load.acknowledged);
  });
});

async function processorBeforeBackend(): Promise<{ backend: Backend; processor: Processor }> {
  const folder = temporaryFolder();
  const [port] = (await freePorts(1)) as [number];
  const backend = new Backend(folder, port);
  const processor = await Processor.create(folder, { export: { endpoint: backend.endpoint } });
  await Promise.all([backend.start(), processor.start()]);
  return { backend, processor };
}
