/** A real Prometheus scrapes the processor. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ChildProgram } from '../support/child-program.ts';
import { freePorts } from '../support/free-ports.ts';
import { Processor } from '../support/processor.ts';
import { describeWithPrograms, programPath } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { endAll } from './chain.ts';
import { exportSpans, recordCalls, sdkExporter, SPANS_PER_CALL } from './sdk-spans.ts';

const CALLS = 100;

afterEach(endAll);

describeWithPrograms('Prometheus', ['prometheus', 'promtool'], () => {
  test('promtool finds nothing to complain about in /metrics', async () => {
    const processor = await processorWithTraffic();
    const { status, stdout, stderr } = spawnSync(programPath('promtool'), ['check', 'metrics'], {
      input: await processor.metrics(),
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('reads the series of the processor under their documented names', async () => {
    const processor = await processorWithTraffic();
    const prometheusUrl = await startPrometheus(processor);
    const valueOf = (query: string): Promise<number | undefined> => queryPrometheus(prometheusUrl, query);

    expect(await valueOf('up')).toBe(1);
    expect(await valueOf('sum(api_anomaly_received_spans_total{transport="grpc"})')).toBe(CALLS * SPANS_PER_CALL);
    expect(await valueOf('sum(api_anomaly_unscored_spans_total{reason="learning"})')).toBe(CALLS);
    expect(await valueOf('sum(api_anomaly_unscored_spans_total{reason="kind"})')).toBe(CALLS);
    expect(await valueOf('api_anomaly_tracked_entities{entity="user"}')).toBe(50);
    expect(await valueOf('sum(api_anomaly_processing_duration_seconds_count) > bool 0')).toBe(1);
    expect(await valueOf('api_anomaly_learning_progress_ratio < bool 1')).toBe(1);
  });
});

async function processorWithTraffic(): Promise<Processor> {
  const processor = await Processor.create(temporaryFolder(), {});
  await processor.start();
  expect(await exportSpans(sdkExporter('grpc', processor.grpcAddress), recordCalls(CALLS))).toBe(true);
  return processor;
}

/** Starts a Prometheus that scrapes the processor each second, waits for the first scrape, and returns its base URL. */
async function startPrometheus(processor: Processor): Promise<string> {
  const folder = temporaryFolder();
  const [port] = (await freePorts(1)) as [number];
  const config = path.join(folder, 'prometheus.yml');
  const target = new URL(processor.controlUrl).host;
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [{ job_name: 'api-anomaly', static_configs: [{ targets: [target] }] }],
    }),
  );
  const program = new ChildProgram(programPath('prometheus'), [
    `--config.file=${config}`,
    `--storage.tsdb.path=${path.join(folder, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const url = `http://127.0.0.1:${port}`;
  await program.ready(async () => (await queryPrometheus(url, 'up')) === 1);
  return url;
}

/** The value of an instant query that yields one series; undefined when it yields none or Prometheus does not answer yet. */
async function queryPrometheus(url: string, query: string): Promise<number | undefined> {
  let response: Response;
  try {
    response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
  } catch {
    return undefined;
  }
  if (!response.ok) return undefined;
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  expect(data.result.length).toBeLessThanOrEqual(1);
  const value = data.result[0]?.value[1];
  return value === undefined ? undefined : Number(value);
}
