import { spawnSync } from 'node:child_process';
import { ENDPOINT_METRICS, METRICS } from '../../../processor/src/telemetry/metrics.ts';
import { Telemetry } from '../../../processor/src/telemetry/telemetry.ts';

let telemetry: Telemetry;

beforeEach(async () => {
  telemetry = new Telemetry({
    nowMs: () => 1_800_000_000_000,
    endpointName: (id) => ({ service: 's', endpoint: `e${id}` }),
  });
  await telemetry.start();
});

afterEach(() => telemetry.stop());

// promtool comes with Debian's prometheus package; on a machine of CI it must be there.
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;
const checked = hasPromtool || process.env['CI'] === 'true' ? test : test.skip;

/** The samples of a metric: lines that are neither empty nor comments. */
function samples(text: string, metric = ''): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && line.startsWith(metric));
}

test('counters, gauges and histograms read as Prometheus expects', async () => {
  telemetry.add('api_anomaly_received_spans_total', 100, { transport: 'grpc' });
  telemetry.add('api_anomaly_received_spans_total', 20, { transport: 'grpc' });
  telemetry.add('api_anomaly_exported_spans_total', 3);
  telemetry.observe('api_anomaly_processing_duration_seconds', 0.03, { stage: 'score' });
  telemetry.gauge('api_anomaly_threshold', () => [[0.75, { entity: 'user' }]]);
  telemetry.endpointScores.record(7, 0.7);
  telemetry.endpointScores.anomaly(7, 'latency');
  const text = await telemetry.prometheus();

  expect(samples(text, 'api_anomaly_received_spans_total')).toEqual([
    'api_anomaly_received_spans_total{transport="grpc"} 120',
  ]);
  expect(samples(text, 'api_anomaly_exported_spans_total')).toEqual(['api_anomaly_exported_spans_total 3']);
  expect(samples(text, 'api_anomaly_threshold')).toEqual(['api_anomaly_threshold{entity="user"} 0.75']);
  expect(samples(text, 'api_anomaly_endpoint_score')).toEqual([
    'api_anomaly_endpoint_score{service_name="s",endpoint="e7"} 0.7',
  ]);
  expect(samples(text, 'api_anomaly_anomalies_total')).toEqual([
    'api_anomaly_anomalies_total{service_name="s",endpoint="e7",behavior="latency"} 1',
  ]);
  expect(text).toContain('# TYPE api_anomaly_processing_duration_seconds histogram');
  const stage = samples(text, 'api_anomaly_processing_duration_seconds');
  expect(stage).toContain('api_anomaly_processing_duration_seconds_bucket{stage="score",le="0.025"} 0');
  expect(stage).toContain('api_anomaly_processing_duration_seconds_bucket{stage="score",le="0.1"} 1');
  expect(stage).toContain('api_anomaly_processing_duration_seconds_bucket{stage="score",le="+Inf"} 1');
  expect(stage).toContain('api_anomaly_processing_duration_seconds_sum{stage="score"} 0.03');
});

test("Node's and the process's own metrics stand beside ours", async () => {
  const text = await telemetry.prometheus();
  expect(samples(text, 'nodejs_eventloop_utilization')).toHaveLength(1);
  const [memory = ''] = samples(text, 'process_resident_memory_bytes');
  // More than any Node needs, less than any machine has: bytes, not KiB or MiB.
  expect(Number(memory.split(' ')[1])).toBeGreaterThan(10e6);
  expect(Number(memory.split(' ')[1])).toBeLessThan(1e12);
  const [cpu = ''] = samples(text, 'process_cpu_seconds_total');
  expect(Number(cpu.split(' ')[1])).toBeGreaterThan(0);
  const [start = ''] = samples(text, 'process_start_time_seconds');
  expect(Math.abs(Number(start.split(' ')[1]) - (Date.now() / 1000 - process.uptime()))).toBeLessThan(60);
});

test('a gauge that fails or knows nothing is left out, and the others still show', async () => {
  telemetry.gauge('api_anomaly_model_drift', () => [[Number.NaN, {}]]);
  telemetry.gauge('api_anomaly_model_info', () => {
    throw new Error('no model');
  });
  telemetry.gauge('api_anomaly_config_reload_success', () => [[1, {}]]);
  const text = await telemetry.prometheus();
  expect(text).not.toContain('api_anomaly_model_');
  expect(samples(text, 'api_anomaly_config_reload_success')).toEqual(['api_anomaly_config_reload_success 1']);
});

test('a gauge has one reader', () => {
  telemetry.gauge('api_anomaly_model_drift', () => []);
  expect(() => telemetry.gauge('api_anomaly_model_drift', () => [])).toThrow(/api_anomaly_model_drift.*once/);
});

test('it stops without a start, twice, and another can start after it', async () => {
  await telemetry.stop();
  await telemetry.stop();
  const next = new Telemetry({ nowMs: Date.now, endpointName: () => ({ service: '', endpoint: '' }) });
  await next.stop();
  await next.start();
  expect(samples(await next.prometheus(), 'nodejs_eventloop_utilization')).toHaveLength(1);
  await next.stop();
});

test('variables of other OpenTelemetry programs in the environment change nothing', async () => {
  await telemetry.stop();
  process.env['OTEL_TRACES_EXPORTER'] = 'console';
  process.env['OTEL_METRICS_EXPORTER'] = 'otlp';
  process.env['OTEL_SERVICE_NAME'] = 'other';
  const next = new Telemetry({ nowMs: Date.now, endpointName: () => ({ service: '', endpoint: '' }) });
  await next.start();
  const text = await next.prometheus();
  await next.stop();
  for (const name of ['OTEL_TRACES_EXPORTER', 'OTEL_METRICS_EXPORTER', 'OTEL_SERVICE_NAME']) delete process.env[name];
  expect(text).not.toContain('other"');
  expect(text).not.toContain('otel_scope');
});

describe('with everything a hostile sender can do to the labels', () => {
  const hostile = ['"', '\\', '\n', '\r\n# TYPE x counter', '\u0000', '\ud800', '}', '{', ',le="1"', '\u202e', 'é', ''];

  /** Every metric with far more label sets than it may have, all of them hostile. */
  async function hostileScrape(): Promise<string> {
    await telemetry.stop();
    telemetry = new Telemetry({
      nowMs: () => 1_800_000_000_000,
      endpointName: (id) => ({ service: `s${id}${hostile[id % 12]}`, endpoint: `e${id}${hostile[(id + 5) % 12]}` }),
    });
    await telemetry.start();
    for (let id = 0; id < 1000; id += 1) {
      telemetry.endpointScores.record(id, (id % 100) / 100);
      for (let kind = 0; kind < 14; kind += 1) telemetry.endpointScores.anomaly(id, `b${kind}`);
    }
    // By name: these calls go around the types, as no code of ours could.
    const untyped = telemetry as unknown as Record<'add' | 'observe' | 'gauge', (...args: unknown[]) => void>;
    const fedByEndpoints: readonly string[] = ENDPOINT_METRICS;
    for (const [name, { type, labels }] of Object.entries(METRICS)) {
      if (fedByEndpoints.includes(name)) continue;
      const sets = Array.from({ length: 500 }, (_, index) => {
        return Object.fromEntries(labels.map((label) => [label, `${index}${hostile[index % 12]}`]));
      });
      if (type === 'gauge') untyped.gauge(name, () => sets.map((set) => [1, set]));
      if (type === 'counter') for (const set of sets) untyped.add(name, 1, set);
      if (type === 'histogram') for (const set of sets) untyped.observe(name, 1, set);
    }
    return telemetry.prometheus();
  }

  test('there are at most 3000 series in all, and each appears once', async () => {
    const names = samples(await hostileScrape()).map((line) => line.slice(0, line.lastIndexOf(' ')));
    expect(names.length).toBeLessThanOrEqual(3000);
    expect(new Set(names).size).toBe(names.length);
  });

  checked('promtool finds nothing to complain about', async () => {
    const text = await hostileScrape();
    const promtool = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect({ status: promtool.status, complaints: promtool.stdout + promtool.stderr }).toEqual({
      status: 0,
      complaints: '',
    });
  });
});
