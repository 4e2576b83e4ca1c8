/** The processor pushes its metrics to a real collector. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { freePorts } from '../support/free-ports.ts';
import { Processor } from '../support/processor.ts';
import { describeWithPrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { endAll } from './chain.ts';
import { Collector } from './collector.ts';
import { exportSpans, recordCalls, sdkExporter, SPANS_PER_CALL } from './sdk-spans.ts';

const CALLS = 50;

interface JsonMetric {
  readonly name: string;
  readonly sum?: { readonly dataPoints: readonly { readonly asDouble?: number }[] };
}

afterEach(endAll);

describeWithPrograms('a collector', ['otelcol'], () => {
  test.each(['grpc', 'http/protobuf'])(
    'gets the metrics over %s, and those it missed while it was away',
    async (protocol) => {
      const folder = temporaryFolder();
      const [grpc, http] = (await freePorts(2)) as [number, number];
      const file = path.join(folder, 'metrics.jsonl');
      const collector = new Collector([path.join(import.meta.dirname, 'metrics.yaml')], {
        BACKEND_GRPC: `127.0.0.1:${grpc}`,
        BACKEND_HTTP: `127.0.0.1:${http}`,
        BACKEND_FILE: file,
      });
      const endpoint = `127.0.0.1:${protocol === 'grpc' ? grpc : http}`;
      const processor = await Processor.create(folder, {
        metrics: { otlp: { endpoint, protocol, interval_seconds: 1, timeout_seconds: 1 } },
      });
      await processor.start();
      expect(await exportSpans(sdkExporter('grpc', processor.grpcAddress), recordCalls(CALLS))).toBe(true);
      await processor.program!.ready(async () => {
        return (await processor.metric('api_anomaly_metric_pushes_total', 'outcome="failed"')) > 0;
      });

      await collector.start();
      await processor.program!.ready(() => {
        return latest(file, 'api_anomaly_received_spans_total') === CALLS * SPANS_PER_CALL;
      });
      const { code } = await processor.stop();
      expect(code).toBe(0);
      const told = processor.program!.output.split('\n').filter((line) => line.includes('metrics cannot be pushed'));
      expect(told).toHaveLength(1);
    },
  );
});

/** Sum over the series of a counter, by the last push in the file; undefined before there is one. */
function latest(file: string, name: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const metrics = readFileSync(file, 'utf8').split('\n').slice(0, -1).flatMap(metricsOfLine);
  const found = metrics.findLast((metric) => metric.name === name);
  return found?.sum?.dataPoints.reduce((sum, { asDouble = 0 }) => sum + asDouble, 0);
}

function metricsOfLine(line: string): JsonMetric[] {
  const { resourceMetrics } = JSON.parse(line) as {
    resourceMetrics: { scopeMetrics: { metrics: JsonMetric[] }[] }[];
  };
  return resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
}
