import { configJsonSchema, describeOption } from '../../processor/src/config/schema.ts';
import { BEHAVIORS } from '../../processor/src/detection/behaviors.ts';
import { ENDPOINT_METRICS, METRICS, type MetricDefinition } from '../../processor/src/telemetry/metrics.ts';
import { Telemetry } from '../../processor/src/telemetry/telemetry.ts';

const fedByEndpoints: readonly string[] = ENDPOINT_METRICS;
const metrics = Object.entries<MetricDefinition>(METRICS);

test('every behavior has a switch and every switch a behavior', () => {
  const switches = describeOption(['sensitivity', 'behaviors'])?.properties ?? {};
  expect(Object.keys(switches).toSorted()).toEqual(Object.keys(BEHAVIORS).toSorted());
  expect(configJsonSchema.properties).toHaveProperty('sensitivity');
});

test('a scrape has every metric of the table, with its type and labels, and no others of ours', async () => {
  const telemetry = new Telemetry({ nowMs: Date.now, endpointName: () => ({ service: 's', endpoint: 'e' }) });
  await telemetry.start();
  telemetry.endpointScores.record(0, 0.5);
  telemetry.endpointScores.anomaly(0, 'latency');
  const untyped = telemetry as unknown as Record<'add' | 'observe' | 'gauge', (...args: unknown[]) => void>;
  for (const [name, { type, labels }] of metrics) {
    const values = Object.fromEntries(labels.map((label) => [label, 'x']));
    if (fedByEndpoints.includes(name)) continue;
    if (type === 'counter') untyped.add(name, 1, values);
    if (type === 'histogram') untyped.observe(name, 1, values);
    if (type === 'gauge') untyped.gauge(name, () => [[1, values]]);
  }
  const text = await telemetry.prometheus();
  await telemetry.stop();

  const scraped = Array.from(text.matchAll(/^# TYPE (\w+) (\w+)$/gm), ([, name, type]) => `${name} ${type}`);
  expect(scraped.filter((line) => !/^(nodejs|v8js|process)_/.test(line)).toSorted()).toEqual(
    metrics.map(([name, { type }]) => `${name} ${type}`).toSorted(),
  );
  for (const [name, { labels, type }] of metrics) {
    const sample = new RegExp(`^${name}${type === 'histogram' ? '_count' : ''}(?:\\{(.*)\\})? `, 'm').exec(text)!;
    const found = Array.from((sample[1] ?? '').matchAll(/(\w+)="/g), ([, label]) => label);
    expect([name, ...found]).toEqual([name, ...labels]);
  }
});

test('all series together, at their bounds, leave room for those of Node within 3000', () => {
  const series = metrics.map(([, { type, maxLabelSets, buckets }]) => {
    // A histogram has one series a bucket, one more without bound, the count and the sum.
    return maxLabelSets * (type === 'histogram' ? buckets!.length + 3 : 1);
  });
  const total = series.reduce((sum, count) => sum + count, 0);
  expect(total).toBeLessThanOrEqual(3000 - 250);
});

test.each(metrics)('%s is named and bounded as Prometheus users expect', (name, { type, unit, buckets, meaning }) => {
  expect(name).toMatch(/^api_anomaly_[a-z_]+$/);
  expect(name.endsWith('_total')).toBe(type === 'counter');
  expect(name.endsWith('_seconds')).toBe(unit === 's');
  expect(meaning).toMatch(/\.$/);
  expect([...(buckets ?? [])]).toEqual([...(buckets ?? [])].toSorted((a, b) => a - b));
});

test('the names, types and labels are those other programs were built on', () => {
  // Dashboards and alert rules in use break when one of these changes; adding is fine.
  expect(
    Object.fromEntries(metrics.map(([name, { type, labels }]) => [name, `${type} ${labels.join(' ')}`.trim()])),
  ).toMatchObject({
    api_anomaly_score: 'histogram service_name endpoint',
    api_anomaly_scored_spans_total: 'counter service_name endpoint',
    api_anomaly_anomalies_total: 'counter service_name endpoint behavior',
    api_anomaly_endpoint_score: 'gauge service_name endpoint',
    api_anomaly_user_score: 'gauge user',
    api_anomaly_threshold: 'gauge entity',
    api_anomaly_incidents_open: 'gauge behavior severity',
    api_anomaly_incidents_total: 'counter behavior severity',
    api_anomaly_received_spans_total: 'counter transport',
    api_anomaly_refused_spans_total: 'counter reason',
    api_anomaly_unscored_spans_total: 'counter reason',
    api_anomaly_duplicate_spans_total: 'counter',
    api_anomaly_exported_spans_total: 'counter',
    api_anomaly_export_failed_spans_total: 'counter code',
    api_anomaly_export_rejected_spans_total: 'counter code',
    api_anomaly_processing_duration_seconds: 'histogram stage',
    api_anomaly_tracked_entities: 'gauge entity',
    api_anomaly_evicted_entities_total: 'counter entity',
    api_anomaly_identified_spans_ratio: 'gauge',
    api_anomaly_routed_spans_ratio: 'gauge',
    api_anomaly_sampled_spans_ratio: 'gauge',
    api_anomaly_learning_progress_ratio: 'gauge',
    api_anomaly_model_info: 'gauge version',
    api_anomaly_model_trained_timestamp_seconds: 'gauge',
    api_anomaly_model_drift: 'gauge',
    api_anomaly_training_runs_total: 'counter outcome',
    api_anomaly_training_duration_seconds: 'histogram',
    api_anomaly_store_errors_total: 'counter operation',
    api_anomaly_config_reload_success: 'gauge',
    api_anomaly_config_reload_timestamp_seconds: 'gauge',
  });
});
