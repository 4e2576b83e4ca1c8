/** The collector configurations that users get; round-trip.yaml and over-http.yaml run in the other tests too. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
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
    { files: 'round-trip.yaml load-balancing.yaml' },
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

  test('load-balancing.yaml brings every span back, all of a trace to the same collector', async () => {
    const folder = temporaryFolder();
    const [grpc, http, scored, ...backendPorts] = (await freePorts(5)) as [number, number, number, number, number];
    const backends = backendPorts.map((port) => new Backend(temporaryFolder(), port));
    const collector = new Collector(
      [
        shippedConfig('round-trip.yaml'),
        shippedConfig('load-balancing.yaml'),
        path.join(import.meta.dirname, 'static-resolver.yaml'),
      ],
      {
        COLLECTOR_GRPC: `127.0.0.1:${grpc}`,
        COLLECTOR_HTTP: `127.0.0.1:${http}`,
        COLLECTOR_SCORED: `127.0.0.1:${scored}`,
        COLLECTOR_QUEUE: path.join(folder, 'queue'),
        FIRST_COLLECTOR: backends[0]!.endpoint,
        SECOND_COLLECTOR: backends[1]!.endpoint,
      },
    );
    await Promise.all([backends[0]!.start(), collector.start()]);

    const spans = recordCalls(40);
    expect(await exportSpans(sdkExporter('grpc', `127.0.0.1:${scored}`), spans)).toBe(true);
    // One of them is late, which costs nothing and brings nothing twice.
    await collector.program?.ready(() => collector.program!.output.includes('Will retry'));
    await backends[1]!.start();
    const arrivals = (): OtlpSpan[][] => backends.map((backend) => backend.spans());
    await collector.program?.ready(() => arrivals().flat().length >= spans.length);
    const arrived = arrivals();
    expect(arrived.flat().toSorted(byId)).toEqual(spans.map(expectedSpan).toSorted(byId));
    const [first, second] = arrived.map((of) => new Set(of.map(({ traceId }) => traceId)));
    expect(first!.size).toBeGreaterThan(0);
    expect(second!.size).toBeGreaterThan(0);
    expect([...first!].filter((traceId) => second!.has(traceId))).toEqual([]);
  });

  test('span-metrics.yaml counts the scored spans by verdict and behavior, and by nothing that is without number', async () => {
    const folder = temporaryFolder();
    const [grpc, http, scored, backendPort, metricsGrpc, metricsHttp] = await freePorts(6);
    const file = path.join(folder, 'metrics.jsonl');
    const backend = new Backend(folder, backendPort!);
    const metrics = new Collector([path.join(import.meta.dirname, 'metrics.yaml')], {
      BACKEND_GRPC: `127.0.0.1:${metricsGrpc}`,
      BACKEND_HTTP: `127.0.0.1:${metricsHttp}`,
      BACKEND_FILE: file,
    });
    const collector = new Collector([shippedConfig('round-trip.yaml'), shippedConfig('span-metrics.yaml')], {
      COLLECTOR_GRPC: `127.0.0.1:${grpc}`,
      COLLECTOR_HTTP: `127.0.0.1:${http}`,
      COLLECTOR_SCORED: `127.0.0.1:${scored}`,
      COLLECTOR_QUEUE: path.join(folder, 'queue'),
      BACKEND: backend.endpoint,
      SPAN_METRICS: `127.0.0.1:${metricsGrpc}`,
      SPAN_METRICS_INTERVAL: '1s',
    });
    await Promise.all([backend.start(), metrics.start(), collector.start()]);

    const spans = recordCalls(10);
    for (const [index, span] of spans.entries()) {
      if (span.kind !== SpanKind.SERVER) continue;
      const isAnomaly = index < 3 * SPANS_PER_CALL;
      Object.assign(span.attributes, {
        'anomaly.is_anomaly': isAnomaly,
        'anomaly.score': index / 100,
        ...(isAnomaly && { 'anomaly.behavior': 'enumeration' }),
      });
    }
    expect(await exportSpans(sdkExporter('grpc', `127.0.0.1:${scored}`), spans)).toBe(true);
    // The spans themselves go on as before.
    expect(await backend.spansOnce(spans.length)).toHaveLength(spans.length);
    await metrics.program?.ready(() => callsByVerdict(file).get('true enumeration') === 3);
    expect(callsByVerdict(file)).toEqual(
      new Map([
        ['true enumeration', 3],
        ['false ', 7],
        // Spans without a verdict, such as those of clients.
        [' ', 10],
      ]),
    );
    expect(readFileSync(file, 'utf8')).not.toMatch(/anomaly\.score|user\.id/);
  });
});

interface JsonMetrics {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly sum?: {
          readonly dataPoints: readonly {
            readonly asInt?: string;
            readonly attributes: readonly {
              readonly key: string;
              readonly value: { readonly boolValue?: boolean; readonly stringValue?: string };
            }[];
          }[];
        };
      }[];
    }[];
  }[];
}

/** How many spans there were by `is_anomaly` and behavior, as the latest metrics in the file say. */
function callsByVerdict(file: string): Map<string, number> {
  const calls = new Map<string, number>();
  if (!existsSync(file)) return calls;
  const last = readFileSync(file, 'utf8').split('\n').slice(0, -1).at(-1);
  if (last === undefined) return calls;
  const { resourceMetrics } = JSON.parse(last) as JsonMetrics;
  const metrics = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  const points = metrics.filter(({ name }) => name.endsWith('calls')).flatMap(({ sum }) => sum?.dataPoints ?? []);
  for (const { asInt, attributes } of points) {
    const said = (name: string): string => {
      const value = attributes.find(({ key }) => key === name)?.value;
      return value?.stringValue ?? (value?.boolValue === undefined ? '' : String(value.boolValue));
    };
    const key = `${said('anomaly.is_anomaly')} ${said('anomaly.behavior')}`;
    calls.set(key, (calls.get(key) ?? 0) + Number(asInt));
  }
  return calls;
}

function byId(a: OtlpSpan, b: OtlpSpan): number {
  return a.spanId.localeCompare(b.spanId);
}
