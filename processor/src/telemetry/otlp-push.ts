/**
 * Pushes the metrics over OTLP to a collector or another receiver. What cannot be delivered is dropped, for the next push has all sums
 * again; one push is under way at a time, so that an endpoint that is away or slow costs nothing but its own metrics.
 */
import { isDeepStrictEqual } from 'node:util';
import { Metadata, credentials } from '@grpc/grpc-js';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPMetricExporter as GrpcExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as HttpExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import {
  AggregationTemporality,
  type MetricProducer,
  type MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';

export interface PushOptions {
  /** `host:port` or a URL; plain text unless it begins with https://. */
  readonly endpoint: string;
  readonly protocol: 'grpc' | 'http/protobuf';
  readonly intervalMs: number;
  /** Longest wait for an answer; at most `intervalMs`. */
  readonly timeoutMs: number;
  /** Sent with every push, such as authorization. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface PushEvents {
  /** A push has ended: `error` is what was wrong, undefined when it was delivered. */
  pushed(error: Error | undefined): void;
  /** Whether the next push is to be tried at all. */
  isWorthwhile(): boolean;
}

/** Where HTTP takes metrics when the endpoint names no path (OTLP specification, OTLP/HTTP request). */
const HTTP_PATH = '/v1/metrics';

/** Pushes and tells how that went. */
export class PushExporter implements PushMetricExporter {
  readonly #events: PushEvents;
  #options: PushOptions;
  #exporter: PushMetricExporter;

  constructor(options: PushOptions, events: PushEvents) {
    this.#options = options;
    this.#events = events;
    this.#exporter = exporterOf(options);
  }

  /** Sends other headers from the next push on. The library takes them once, so that it gets a new exporter. */
  useHeaders(headers: PushOptions['headers']): void {
    if (isDeepStrictEqual(headers, this.#options.headers)) return;
    const former = this.#exporter;
    this.#options = { ...this.#options, headers };
    this.#exporter = exporterOf(this.#options);
    void former.shutdown().catch(() => undefined);
  }

  export: PushMetricExporter['export'] = (metrics, done) => {
    if (!this.#events.isWorthwhile()) {
      done({ code: ExportResultCode.SUCCESS });
      return;
    }
    this.#exporter.export(metrics, (result) => {
      const isDelivered = result.code === ExportResultCode.SUCCESS;
      this.#events.pushed(isDelivered ? undefined : (result.error ?? new Error('no reason was given')));
      done(result);
    });
  };

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }
}

/** A reader for the SDK that pushes over `exporter` what it collects; `producer` gives the service's own metrics. */
export function createPushReader(
  exporter: PushExporter,
  { intervalMs }: PushOptions,
  producer: MetricProducer,
): MetricReader {
  return new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: intervalMs,
    // The exporter's own timeout, which is shorter, decides.
    exportTimeoutMillis: intervalMs,
    metricProducers: [producer],
  });
}

const exporterOf = (options: PushOptions): PushMetricExporter =>
  options.protocol === 'grpc' ? overGrpc(options) : overHttp(options);

// Whatever is not given here would be taken from OTEL_EXPORTER_OTLP_* variables.

function overGrpc({ endpoint, timeoutMs, headers }: PushOptions): PushMetricExporter {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const url = urlOf(endpoint);
  return new GrpcExporter({
    url: url.href,
    credentials: url.protocol === 'https:' ? credentials.createSsl() : credentials.createInsecure(),
    metadata,
    timeoutMillis: timeoutMs,
    temporalityPreference: AggregationTemporality.CUMULATIVE,
  });
}

function overHttp({ endpoint, timeoutMs, headers }: PushOptions): PushMetricExporter {
  const url = urlOf(endpoint);
  if (url.pathname === '/') url.pathname = HTTP_PATH;
  return new HttpExporter({
    url: url.href,
    headers: { ...headers },
    timeoutMillis: timeoutMs,
    temporalityPreference: AggregationTemporality.CUMULATIVE,
  });
}

function urlOf(endpoint: string): URL {
  return new URL(/^https?:\/\//.test(endpoint) ? endpoint : `http://${endpoint}`);
}
