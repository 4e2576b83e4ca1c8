/** A real Prometheus scrapes the processor. */
import { spawnSync } from 'node:child_process';
import { Processor } from '../support/processor.ts';
import { describeWithPrograms, programPath } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { endAll } from './chain.ts';
import { PrometheusServer } from './prometheus-server.ts';
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
    const prometheus = await PrometheusServer.start(processor);
    const valueOf = async (query: string): Promise<number | undefined> => {
      const values = await prometheus.values(query);
      expect(values.length).toBeLessThanOrEqual(1);
      return values[0];
    };

    expect(await valueOf('up{job="api-anomaly"}')).toBe(1);
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
