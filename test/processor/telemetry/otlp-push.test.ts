/** Metrics pushed to real receivers: the gRPC library's own server, and an HTTP server. */
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { METRICS } from '../../../processor/src/telemetry/metrics.ts';
import type { PushOptions } from '../../../processor/src/telemetry/otlp-push.ts';
import { Telemetry } from '../../../processor/src/telemetry/telemetry.ts';
import { failing, type NextHopServer, startNextHop } from '../exporter/next-hop-server.ts';
import { until } from '../receiver/running-receiver.ts';
import { CUMULATIVE, type PushedMetric, pushedMetrics } from './pushed-metrics.ts';

const METRICS_PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
const OPTIONS = { protocol: 'grpc', intervalMs: 20, timeoutMs: 10_000, headers: {} } as const;

let telemetry: Telemetry;
let told: (string | undefined)[];
const ends: (() => void)[] = [];

async function start(push: Pick<PushOptions, 'endpoint'> & Partial<PushOptions>): Promise<void> {
  const heard: (string | undefined)[] = [];
  told = heard;
  telemetry = new Telemetry({
    nowMs: Date.now,
    endpointName: () => ({ service: 's', endpoint: 'e' }),
    push: { ...OPTIONS, ...push },
    onPushChange: (error) => void heard.push(error?.message),
  });
  await telemetry.start();
}

async function grpcReceiver(): Promise<NextHopServer> {
  const receiver = await startNextHop(0, METRICS_PATH);
  ends.push(() => receiver.stop());
  return receiver;
}

function listening(server: Server | HttpServer): Promise<number> {
  ends.push(() => server.close());
  if ('closeAllConnections' in server) ends.push(() => server.closeAllConnections());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

async function pushes(outcome: string): Promise<number> {
  const line = new RegExp(`^api_anomaly_metric_pushes_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm');
  return Number(line.exec(await telemetry.prometheus())?.[1] ?? 0);
}

afterEach(async () => {
  await telemetry.stop();
  for (const end of ends.splice(0)) end();
});

const valueOf = (metric: PushedMetric | undefined): number | undefined =>
  (metric?.sum ?? metric?.gauge)?.dataPoints[0]?.asDouble;

test('every metric is pushed over gRPC under the name it has at /metrics, as sums since the start', async () => {
  const receiver = await grpcReceiver();
  await start({ endpoint: `127.0.0.1:${receiver.port}`, headers: { authorization: 'Bearer abc' } });
  const untyped = telemetry as unknown as Record<'add' | 'observe' | 'gauge', (...args: unknown[]) => void>;
  telemetry.endpointScores.record(0, 0.5);
  telemetry.endpointScores.anomaly(0, 'latency');
  for (const [name, { type, labels }] of Object.entries(METRICS)) {
    const values = Object.fromEntries(labels.map((label) => [label, 'x']));
    if (/_(score|scored_spans_total|anomalies_total|endpoint_score)$/.test(name) && !name.includes('user')) continue;
    if (type === 'counter') untyped.add(name, 7, values);
    if (type === 'histogram') untyped.observe(name, 3, values);
    if (type === 'gauge') untyped.gauge(name, () => [[0.25, values]]);
  }
  const from = receiver.received.length;
  await until(() => receiver.received.length > from + 1);

  const { body, metadata } = receiver.received.at(-1)!;
  const found = pushedMetrics(body);
  expect(Object.keys(METRICS).filter((name) => !found.has(name))).toEqual([]);
  expect(found.get('api_anomaly_exported_spans_total')).toMatchObject({
    unit: '{span}',
    sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints: [{ asDouble: 7 }] },
  });
  expect(found.get('api_anomaly_training_duration_seconds')).toMatchObject({
    unit: 's',
    histogram: { aggregationTemporality: CUMULATIVE, dataPoints: [{ count: 1, sum: 3 }] },
  });
  expect(found.get('api_anomaly_threshold')?.gauge?.dataPoints[0]).toMatchObject({
    asDouble: 0.25,
    attributes: [{ key: 'entity', value: { stringValue: 'x' } }],
  });
  expect(valueOf(found.get('process_resident_memory_bytes'))).toBeGreaterThan(10e6);
  expect(metadata.get('authorization')).toEqual(['Bearer abc']);
  expect(told).toEqual([]);
});

test.each(['grpc', 'http/protobuf'] as const)(
  'other headers are sent from the next push on, over %s',
  async (protocol) => {
    const tokens = new Set<unknown>();
    const receiver = await grpcReceiver();
    const port = await listening(
      createServer((request, response) => {
        tokens.add(request.headers.authorization);
        request.resume().on('end', () => response.end());
      }),
    );
    const endpoint = `127.0.0.1:${protocol === 'grpc' ? receiver.port : port}`;
    const seen = (): unknown[] => [
      ...tokens,
      ...receiver.received.flatMap(({ metadata }) => metadata.get('authorization')),
    ];
    await start({ endpoint, protocol, headers: { authorization: 'Bearer one' } });
    await until(() => seen().length > 0);
    telemetry.usePushHeaders({ authorization: 'Bearer two' });
    await until(() => seen().includes('Bearer two'));
    expect(seen()[0]).toBe('Bearer one');
    expect(told).toEqual([]);
  },
);

test('a gauge called a ratio has the unit 1, and no other gauge: translated for Prometheus all keep their names', async () => {
  const receiver = await grpcReceiver();
  await start({ endpoint: `http://127.0.0.1:${receiver.port}` });
  telemetry.gauge('api_anomaly_model_drift', () => [[0.1, {}]]);
  telemetry.gauge('api_anomaly_routed_spans_ratio', () => [[0.9, {}]]);
  const from = receiver.received.length;
  await until(() => receiver.received.length > from + 1);
  const found = pushedMetrics(receiver.received.at(-1)!.body);
  expect(found.get('api_anomaly_model_drift')?.unit ?? '').toBe('');
  expect(found.get('api_anomaly_routed_spans_ratio')?.unit).toBe('1');
});

test.each([
  { path: '', asked: '/v1/metrics' },
  { path: '/otlp/v1/metrics', asked: '/otlp/v1/metrics' },
])('over HTTP they go to $asked where the endpoint says "$path"', async ({ path, asked }) => {
  const requests: { url: string | undefined; type: string | undefined; token: string | undefined; body: Buffer }[] = [];
  const port = await listening(
    createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { 'content-type': type, authorization: token } = request.headers;
        requests.push({ url: request.url, type, token, body: Buffer.concat(chunks) });
        response.end();
      });
    }),
  );
  const endpoint = `127.0.0.1:${port}${path}`;
  await start({ endpoint, protocol: 'http/protobuf', headers: { authorization: 'Bearer abc' } });
  telemetry.add('api_anomaly_exported_spans_total', 7);
  await until(() => requests.length > 1);
  const { body, ...head } = requests.at(-1)!;
  expect(head).toEqual({ url: asked, type: 'application/x-protobuf', token: 'Bearer abc' });
  expect(valueOf(pushedMetrics(body).get('api_anomaly_exported_spans_total'))).toBe(7);
});

test('an endpoint that is away is told of once, however often it fails, and when it is back', async () => {
  const receiver = await grpcReceiver();
  receiver.answer = failing(14, 'away');
  await start({ endpoint: `127.0.0.1:${receiver.port}` });
  await until(() => receiver.received.length > 3);
  expect(told).toEqual([expect.stringContaining('away')]);
  expect(await pushes('failed')).toBeGreaterThanOrEqual(3);
  receiver.answer = (_call, respond) => respond(null, Buffer.alloc(0));
  await until(() => told.length > 1);
  expect(told[1]).toBeUndefined();
  expect(await pushes('delivered')).toBeGreaterThanOrEqual(1);
});

test('one that accepts and never answers has one push under way at a time, and does not hold up the stop', async () => {
  const sockets = new Set<Socket>();
  const port = await listening(
    createTcpServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
    }),
  );
  ends.push(() => sockets.forEach((socket) => socket.destroy()));
  await start({ endpoint: `127.0.0.1:${port}`, timeoutMs: 20 });
  await until(() => told.length > 0);
  expect(told).toHaveLength(1);
  expect(sockets.size).toBe(1);
  await telemetry.stop(AbortSignal.timeout(50));
  await telemetry.stop();
});

test('the stop pushes once more, so that the last counts arrive', async () => {
  const receiver = await grpcReceiver();
  await start({ endpoint: `127.0.0.1:${receiver.port}`, intervalMs: 3_600_000, timeoutMs: 10_000 });
  telemetry.add('api_anomaly_exported_spans_total', 7);
  await telemetry.stop();
  expect(receiver.received).toHaveLength(1);
  expect(valueOf(pushedMetrics(receiver.received[0]!.body).get('api_anomaly_exported_spans_total'))).toBe(7);
});
