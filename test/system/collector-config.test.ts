/** The collector configurations that users get; round-trip.yaml and over-http.yaml run in the other tests too. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { SpanKind } from '@opentelemetry/api';
import { freePorts } from '../support/free-ports.ts';
import { Processor } from '../support/processor.ts';
import { describeWithPrograms, programPath } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { Backend } from './backend.ts';
import { endAll } from './chain.ts';
import { Collector, shippedConfig } from './collector.ts';
import type { OtlpSpan } from './otlp-span.ts';
import { expectedSpan, exportSpans, recordCalls, sdkExporter, SPANS_PER_CALL } from './sdk-spans.ts';

const COMPOSE_FILE = path.resolve(import.meta.dirname, '../../docker-compose.yml');

afterEach(endAll);

describeWithPrograms('the shipped collector configurations', ['otelcol'], () => {
  test.each([
    { files: 'round-trip.yaml' },
    { files: 'round-trip.yaml over-http.yaml' },
    { files: 'tap.yaml' },
    { files: 'round-trip.yaml tail-sampling.yaml' },
    { files: 'round-trip.yaml span-metrics.yaml' },
  ])('pass `otelcol validate` with no variable set: $files', ({ files }) => {
    const configs = files.split(' ').flatMap((file) => ['--config', shippedConfig(file)]);
    const { status, stderr } = spawnSync(programPath('otelcol'), ['validate', ...configs], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('passes as the compose file starts it', () => {
    const { services } = parse(readFileSync(COMPOSE_FILE, 'utf8'), { merge: true }) as {
      services: { collector: { environment: Record<string, string> } };
    };
    const { status, stderr } = spawnSync(
      programPath('otelcol'),
      ['validate', '--config', shippedConfig('round-trip.yaml')],
      { encoding: 'utf8', env: { ...process.env, ...services.collector.environment } },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('tap.yaml brings every span to the backend untouched and to the processor for measuring', async () => {
    const folder = temporaryFolder();
    const [grpc, http, backendPort] = (await freePorts(3)) as [number, number, number];
    const backend = new Backend(folder, backendPort);
    const processor = await Processor.create(folder, {});
    const collector = new Collector([shippedConfig('tap.yaml')], {
      COLLECTOR_GRPC: `127.0.0.1:${grpc}`,
      COLLECTOR_HTTP: `127.0.0.1:${http}`,
      COLLECTOR_QUEUE: path.join(folder, 'queue'),
      PROCESSOR_GRPC: processor.grpcAddress,
      BACKEND: backend.endpoint,
    });
    await Promise.all([backend.start(), processor.start(), collector.start()]);

    const spans = recordCalls(100);
    expect(await exportSpans(sdkExporter('grpc', `127.0.0.1:${grpc}`), spans)).toBe(true);
    const arrived = await backend.spansOnce(spans.length);
    expect(arrived.toSorted(byId)).toEqual(spans.map(expectedSpan).toSorted(byId));
    await processor.program?.ready(async () => {
      return (await processor.metric('api_anomaly_received_spans_total')) === spans.length;
    });
  });

  test('tail-sampling.yaml keeps the whole trace of an anomaly, and no other when none is asked for', async () => {
    const folder = temporaryFolder();
    const [grpc, http, scored, backendPort] = (await freePorts(4)) as [number, number, number, number];
    const backend = new Backend(folder, backendPort);
    const collector = new Collector([shippedConfig('round-trip.yaml'), shippedConfig('tail-sampling.yaml')], {
      COLLECTOR_GRPC: `127.0.0.1:${grpc}`,
      COLLECTOR_HTTP: `127.0.0.1:${http}`,
      COLLECTOR_SCORED: `127.0.0.1:${scored}`,
      COLLECTOR_QUEUE: path.join(folder, 'queue'),
      BACKEND: backend.endpoint,
      SAMPLING_WAIT: '1s',
      SAMPLING_PERCENTAGE: '0',
    });
    await Promise.all([backend.start(), collector.start()]);

    // As they come back from the processor: the verdict is on the SERVER span, the last of each trace to end.
    const spans = recordCalls(10);
    for (const [index, span] of spans.entries()) {
      if (span.kind === SpanKind.SERVER) Object.assign(span.attributes, { 'anomaly.is_anomaly': index === 5 });
    }
    expect(await exportSpans(sdkExporter('grpc', `127.0.0.1:${scored}`), spans)).toBe(true);
    const arrived = await backend.spansOnce(SPANS_PER_CALL);
    const { traceId } = spans[5]!.spanContext();
    expect(arrived.map((span) => span.traceId)).toEqual([traceId, traceId]);
  });
});

function byId(a: OtlpSpan, b: OtlpSpan): number {
  return a.spanId.localeCompare(b.spanId);
}
