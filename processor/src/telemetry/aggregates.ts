/** The service's own sums and counts, handed to the OpenTelemetry SDK when it collects. */
import { type HrTime, ValueType } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type Histogram as HistogramValue,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { EndpointScores } from './endpoint-scores.ts';
import { Histogram } from './histogram.ts';
import { LabelSets } from './label-sets.ts';
import { ENDPOINT_METRICS, type GaugeName, METRICS, type MetricDefinition, type MetricName } from './metrics.ts';

type Labels = Readonly<Record<string, string>>;

/** What a gauge shows now. */
export type GaugeReader = () => Iterable<readonly [value: number, labels: Labels]>;

const fedByEndpoints: ReadonlySet<string> = new Set(ENDPOINT_METRICS);

const SCOPE = { name: 'api-anomaly' };

/**
 * Counters, histograms and gauges of METRICS. The SDK's own instruments cost about a microsecond a call, which at
 * hundreds of thousands of spans a second would be most of the service's work; a MetricProducer costs it only at scrapes.
 */
export class Aggregates implements MetricProducer {
  readonly #endpointScores: EndpointScores;
  readonly #nowMs: () => number;
  readonly #startTime: HrTime;
  readonly #counters = new Map<MetricName, LabelSets<{ value: number }>>();
  readonly #histograms = new Map<MetricName, LabelSets<Histogram>>();
  readonly #gauges = new Map<GaugeName, GaugeReader>();

  /** `nowMs`: Unix time. */
  constructor(endpointScores: EndpointScores, nowMs: () => number) {
    this.#endpointScores = endpointScores;
    this.#nowMs = nowMs;
    this.#startTime = hrTime(nowMs());
    const own = Object.entries(METRICS) as [MetricName, MetricDefinition][];
    for (const [name, definition] of own.filter(([metric]) => !fedByEndpoints.has(metric))) {
      if (definition.type === 'counter') this.#counters.set(name, new LabelSets(definition, () => ({ value: 0 })));
      if (definition.type === 'histogram') {
        this.#histograms.set(name, new LabelSets(definition, () => new Histogram(definition.buckets ?? [])));
      }
    }
  }

  add(name: MetricName, value: number, labels: Labels): void {
    this.#counters.get(name)!.get(labels).value += value;
  }

  /** Sum of a counter's values whose labels contain `labels`. */
  total(name: MetricName, labels: Partial<Labels>): number {
    const wanted = Object.entries(labels);
    let sum = 0;
    for (const [own, { value }] of this.#counters.get(name)!.entries()) {
      if (wanted.every(([key, text]) => own[key] === text)) sum += value;
    }
    return sum;
  }

  observe(name: MetricName, value: number, labels: Labels): void {
    this.#histograms.get(name)!.get(labels).observe(value);
  }

  /** Throws on a second reader for one gauge. */
  gauge(name: GaugeName, read: GaugeReader): void {
    if (this.#gauges.has(name)) throw new Error(`The gauge ${name} has a reader already; register it once.`);
    this.#gauges.set(name, read);
  }

  /** What the SDK asks for at each scrape. A gauge that fails is left out; the others still show. */
  collect(): Promise<CollectionResult> {
    const nowMs = this.#nowMs();
    const errors: unknown[] = [];
    this.#endpointScores.advance(nowMs);
    const point = <Value>(attributes: Labels, value: Value): DataPoint<Value> => {
      return { startTime: this.#startTime, endTime: hrTime(nowMs), attributes, value };
    };
    const metrics = [
      ...this.#collectEndpoints(point),
      ...Array.from(this.#counters, ([name, sets]) => {
        return counterData(
          name,
          Array.from(sets.entries(), ([labels, { value }]) => point(labels, value)),
        );
      }),
      ...Array.from(this.#histograms, ([name, sets]) => {
        return histogramData(
          name,
          Array.from(sets.entries(), ([labels, value]) => point(labels, histogramValue(value))),
        );
      }),
      ...Array.from(this.#gauges, ([name, read]) => {
        try {
          return gaugeData(
            name,
            Array.from(readGauge(name, read), ([labels, value]) => point(labels, value)),
          );
        } catch (error) {
          errors.push(error);
          return gaugeData(name, []);
        }
      }),
    ].filter(({ dataPoints }) => dataPoints.length > 0);
    return Promise.resolve({
      resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: SCOPE, metrics }] },
      errors,
    });
  }

  #collectEndpoints(point: <Value>(labels: Labels, value: Value) => DataPoint<Value>): MetricData[] {
    const bounds = METRICS.api_anomaly_score.buckets;
    const series = Array.from(this.#endpointScores.series(), ({ name, ...values }) => {
      return { labels: { service_name: name.service, endpoint: name.endpoint }, ...values };
    });
    return [
      histogramData(
        'api_anomaly_score',
        series.map(({ labels, ...values }) => point(labels, histogramValue({ bounds, ...values }))),
      ),
      counterData(
        'api_anomaly_scored_spans_total',
        series.map(({ labels, count }) => point(labels, count)),
      ),
      gaugeData(
        'api_anomaly_endpoint_score',
        series.map(({ labels, highest }) => point(labels, highest)),
      ),
      counterData(
        'api_anomaly_anomalies_total',
        Array.from(this.#endpointScores.anomalies(), ([labels, { value }]) => point(labels, value)),
      ),
    ];
  }
}

/** The gauge's values within its bounds, the last of equal label sets; what is not a number is unknown and not shown. */
function readGauge(name: GaugeName, read: GaugeReader): Iterable<readonly [Labels, number]> {
  const sets = new LabelSets<{ value: number }>(METRICS[name], () => ({ value: Number.NaN }));
  for (const [value, labels] of read()) sets.get(labels).value = value;
  return Array.from(sets.entries(), ([labels, { value }]) => [labels, value] as const).filter(
    ([, value]) => !Number.isNaN(value),
  );
}

function descriptorOf(name: MetricName): MetricData['descriptor'] {
  const { meaning: description, unit, type } = METRICS[name];
  // Whoever turns OTLP into Prometheus appends _ratio to the name of a gauge with the unit 1 (OpenTelemetry specification,
  // Prometheus and OpenMetrics compatibility), and the metric would have two names.
  const isMisread = type === 'gauge' && unit === '1' && !name.endsWith('_ratio');
  return { name, description, unit: isMisread ? '' : unit, valueType: ValueType.DOUBLE };
}

function counterData(name: MetricName, dataPoints: DataPoint<number>[]): MetricData {
  return {
    descriptor: descriptorOf(name),
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints,
  };
}

function gaugeData(name: MetricName, dataPoints: DataPoint<number>[]): MetricData {
  return {
    descriptor: descriptorOf(name),
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.GAUGE,
    dataPoints,
  };
}

function histogramData(name: MetricName, dataPoints: DataPoint<HistogramValue>[]): MetricData {
  return {
    descriptor: descriptorOf(name),
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints,
  };
}

function histogramValue(values: Pick<Histogram, 'bounds' | 'counts' | 'count' | 'sum'>): HistogramValue {
  const { bounds, counts, count, sum } = values;
  return { buckets: { boundaries: [...bounds], counts: [...counts] }, count, sum };
}

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];
}
