import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { MetricReader } from '@opentelemetry/sdk-metrics';
import type { Component } from '../component.ts';
import { Aggregates } from './aggregates.ts';
import { type EndpointName, EndpointScores } from './endpoint-scores.ts';
import type { CounterName, GaugeName, HistogramName, LabelArgument, LabelsOf } from './metrics.ts';
import { createPushReader, type PushEvents, PushExporter, type PushOptions } from './otlp-push.ts';
import { observeProcess } from './process-metrics.ts';

export interface TelemetryOptions {
  /** Unix time in milliseconds. */
  readonly nowMs: () => number;
  /** The labels of an endpoint id. */
  readonly endpointName: (endpointId: number) => EndpointName;
  /** Where metrics are pushed to, beside being scraped; nowhere when not given. */
  readonly push?: PushOptions;
  /** Hears when pushes begin to fail, and when they arrive again: not of each one. */
  readonly onPushChange?: PushEvents['pushed'];
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
  readonly #push: PushOptions | undefined;
  #pushExporter: PushExporter | undefined;
  readonly #onPushChange: PushEvents['pushed'] | undefined;
  #isPushFailing = false;
  #sdk: NodeSDK | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ nowMs, endpointName, push, onPushChange }: TelemetryOptions) {
    this.#nowMs = nowMs;
    this.#push = push;
    this.#onPushChange = onPushChange;
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
      metricReaders: [this.#exporter, ...this.#pushReaders()],
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

  /** Pushes once more, if that is configured and did not fail before; what is not answered when `signal` aborts is given up. */
  async stop(signal?: AbortSignal): Promise<void> {
    const sdk = this.#sdk;
    if (sdk === undefined) return;
    this.#sdk = undefined;
    clearInterval(this.#timer);
    this.#runtime.disable();
    metrics.disable();
    await Promise.race([sdk.shutdown(), aborted(signal)]);
  }

  /** Sends other headers with every push from the next one on. */
  usePushHeaders(headers: PushOptions['headers']): void {
    this.#pushExporter?.useHeaders(headers);
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

  #pushReaders(): MetricReader[] {
    if (this.#push === undefined) return [];
    const events = {
      pushed: (error: Error | undefined) => this.#countPush(error),
      // The last push, at the stop, is not worth waiting for an endpoint that is away.
      isWorthwhile: () => this.#sdk !== undefined || !this.#isPushFailing,
    };
    this.#pushExporter = new PushExporter(this.#push, events);
    return [createPushReader(this.#pushExporter, this.#push, this.#aggregates)];
  }

  #countPush(error: Error | undefined): void {
    const isFailing = error !== undefined;
    this.add('api_anomaly_metric_pushes_total', 1, { outcome: isFailing ? 'failed' : 'delivered' });
    if (isFailing !== this.#isPushFailing) this.#onPushChange?.(error);
    this.#isPushFailing = isFailing;
  }
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve();
    else signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}
