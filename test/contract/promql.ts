import { parser } from '@prometheus-io/lezer-promql';
import { METRICS, type MetricDefinition } from '../../processor/src/telemetry/metrics.ts';

/** The names in an expression of PromQL. */
export interface PromqlNames {
  readonly metrics: readonly string[];
  readonly labels: readonly string[];
}

/** Metrics that are not ours: of Prometheus, and of the process as every client library names them. */
const FOREIGN_METRICS: ReadonlySet<string> = new Set([
  'up',
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'process_start_time_seconds',
  'nodejs_eventloop_delay_p99',
]);

/** Labels that Prometheus adds. */
const FOREIGN_LABELS: ReadonlySet<string> = new Set(['job', 'instance', 'le']);

/** Reads an expression with the grammar of Prometheus' own editor. Throws where it is not one. */
export function namesIn(expression: string): PromqlNames {
  const metrics: string[] = [];
  const labels: string[] = [];
  parser.parse(expression).iterate({
    enter({ type, from, to }) {
      const text = expression.slice(from, to);
      if (type.isError) throw new Error(`Not PromQL at ${from}: ${expression}`);
      if (type.name === 'Identifier') metrics.push(text);
      if (type.name === 'LabelName') labels.push(text);
    },
  });
  return { metrics, labels };
}

/** What an expression names that neither METRICS nor Prometheus knows: metrics, and labels no metric of it has. */
export function unknownNames(expression: string): string[] {
  const { metrics, labels } = namesIn(expression);
  const definitions = metrics.map((name) => definitionOf(name));
  const known = new Set(definitions.flatMap((definition) => definition?.labels ?? []));
  return [
    ...metrics.filter((name, index) => definitions[index] === undefined && !FOREIGN_METRICS.has(name)),
    ...labels.filter((label) => !known.has(label) && !FOREIGN_LABELS.has(label)),
  ];
}

/** The metric a series belongs to: those of a histogram have suffixes, and only those. */
function definitionOf(series: string): MetricDefinition | undefined {
  const definitions: Readonly<Record<string, MetricDefinition | undefined>> = METRICS;
  const histogram = /^(.+)_(?:bucket|count|sum)$/.exec(series)?.[1];
  if (histogram !== undefined && definitions[histogram]?.type === 'histogram') return definitions[histogram];
  return definitions[series]?.type === 'histogram' ? undefined : definitions[series];
}
