import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { Component } from '../component.ts';
import { Aggregates } from './aggregates.ts';
import { type EndpointName, EndpointScores } from './endpoint-scores.ts';
import type { CounterName, GaugeName, HistogramName, LabelArgument, LabelsOf } from './metrics.ts';
import { observeProcess } from './process-metrics.ts';

export interface TelemetryOptions {
  /** Unix time in milliseconds. */
  readonly nowMs: () => number;
  /** The labels of an endpoint id. */
  readonly endpointName: (endpointId: number) => EndpointName;
}

/** How often the window of the highest score moves on. */
const ADVANCE_MS = 10_000;

/** The metrics of the service. A name or label that is not in METRICS does not compile. */
export class Telemetry implements Component {
  /** Scores by endpoint, for the hot path. */
  readonly endpointScores: EndpointScores;
  readonly #aggregates: Aggregates;
  readonly #nowMs: () => number;
  readonly #serializer = new PrometheusSerializer('', false, undefined, true, true);
  readonly #exporter: PrometheusExporter;
  readonly #runtime = new RuntimeNodeInstrumentation();
  #sdk: NodeSDK | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ nowMs, endpointName }: TelemetryOptions) {
    this.#nowMs = nowMs;
    this.endpointScores = new EndpointScores(endpointName, nowMs());
    this.#aggregates = new Aggregates(this.endpointScores, nowMs);
    // The control API serves the text, with its own checks of host and access, so the exporter opens no port.
    this.#exporter = new PrometheusExporter({ preventServerStart: true, metricProducers: [this.#aggregates] });
  }

  /** Registers the SDK. Once in a process at a time, and once in the life of this object. */
  start(): Promise<void> {
    // Everything not given here would be taken from OTEL_* variables, among them an exporter of traces we do not make.
    this.#sdk = new NodeSDK({
      autoDetectResources: false,
      resource: resourceFromAttributes({ 'service.name': 'api-anomaly' }),
      metricReaders: [this.#exporter],
      spanProcessors: [],
      logRecordProcessors: [],
      textMapPropagator: null,
      instrumentations: [this.#runtime],
    });
    this.#sdk.start();
    observeProcess(metrics.getMeter('api-anomaly'));
    this.#timer = setInterval(() => this.endpointScores.advance(this.#nowMs()), ADVANCE_MS).unref();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const sdk = this.#sdk;
    if (sdk === undefined) return;
    this.#sdk = undefined;
    clearInterval(this.#timer);
    this.#runtime.disable();
    metrics.disable();
    await sdk.shutdown();
  }

  /** Adds to a counter: per batch, never per span. */
  add<Name extends CounterName>(name: Name, value: number, ...[labels]: LabelArgument<Name>): void {
    this.#aggregates.add(name, value, labels ?? {});
  }

  /** Counts a value in a histogram: per request. */
  observe<Name extends HistogramName>(name: Name, value: number, ...[labels]: LabelArgument<Name>): void {
    this.#aggregates.observe(name, value, labels ?? {});
  }

  /** Registers what a gauge reads at each scrape; once for each gauge. NaN means unknown and is not shown. */
  gauge<Name extends GaugeName>(
    name: Name,
    read: () => Iterable<readonly [value: number, labels: LabelsOf<Name>]>,
  ): void {
    this.#aggregates.gauge(name, read);
  }

  /** What a counter has come to since the start, over all labels, or those with all of `labels`. */
  total<Name extends CounterName>(name: Name, labels: Partial<LabelsOf<Name>> = {}): number {
    return this.#aggregates.total(name, labels);
  }

  /** All metrics in Prometheus' text format 0.0.4. Rejects before `start` and after `stop`. */
  async prometheus(): Promise<string> {
    const { resourceMetrics } = await this.#exporter.collect();
    return this.#serializer.serialize(resourceMetrics);
  }
}
