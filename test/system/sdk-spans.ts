import { type HrTime, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Attributes, OtlpSpan } from './otlp-span.ts';

/** Numbers the ids of all spans of a test run, so that no two are alike. */
let issued = 0;

/** Spans each call is recorded as. */
export const SPANS_PER_CALL = 2;

/**
 * API calls as the OpenTelemetry JS SDK records them: a SERVER span each, with a user, a route and a status, and below
 * it a CLIENT span with an event and a link. `firstSecond`: unix time of the first call; one follows every `stepSeconds`.
 */
export function recordCalls(calls: number, firstSecond = Date.now() / 1000, stepSeconds = 0.01): ReadableSpan[] {
  const memory = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop', 'service.version': '1.2.3', 'process.pid': 42 }),
    spanProcessors: [new SimpleSpanProcessor({ exporter: memory })],
    idGenerator: { generateTraceId: () => nextId(32), generateSpanId: () => nextId(16) },
  });
  const tracer = provider.getTracer('system-test', '1.0.0');
  for (let call = 0; call < calls; call += 1) {
    const startMs = Math.round((firstSecond + call * stepSeconds) * 1000);
    const server = tracer.startSpan('GET /orders/:id', {
      kind: SpanKind.SERVER,
      startTime: startMs,
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/orders/:id',
        'url.path': `/orders/${1000 + (call % 50)}`,
        'http.response.status_code': call % 40 === 0 ? 500 : 200,
        'http.response.body.size': 200 + ((call * 7919) % 5000),
        'user.id': `user-${call % 50}`,
        'client.address': `192.0.2.${call % 50}`,
        'user_agent.original': 'shop-app/3.1',
        'shop.cart': ['apples', 'pears'],
        'shop.discount': 0.25,
        'shop.member': true,
        // A key of the application's own that only resembles ours: it must pass.
        'anomaly.ticket': 'A-17',
      },
    });
    const parent = server.spanContext();
    const client = tracer.startSpan(
      'SELECT orders',
      {
        kind: SpanKind.CLIENT,
        startTime: startMs + 1,
        attributes: { 'db.system.name': 'postgresql' },
        links: [{ context: parent }],
      },
      trace.setSpanContext(ROOT_CONTEXT, parent),
    );
    client.addEvent('rows read', { rows: call }, startMs + 2);
    client.end(startMs + 3);
    if (call % 40 === 0) server.setStatus({ code: SpanStatusCode.ERROR });
    server.end(startMs + 5 + (call % 30));
  }
  return memory.getFinishedSpans();
}

export type SdkTransport = 'grpc' | 'http/protobuf' | 'http/json';

/** The SDK's own exporter for one transport. `address`: host and port of the receiver. */
export function sdkExporter(
  transport: SdkTransport,
  address: string,
  compression: 'none' | 'gzip' = 'none',
): SpanExporter {
  const settings = {
    url: transport === 'grpc' ? `http://${address}` : `http://${address}/v1/traces`,
    timeoutMillis: 20_000,
  };
  const Exporter = { grpc: GrpcExporter, 'http/protobuf': ProtobufExporter, 'http/json': JsonExporter }[transport];
  // The enum of the two compressions is not exported by the exporters.
  return new Exporter({ ...settings, compression: compression as never });
}

/** Sends the spans in one request. True when the receiver acknowledged them. */
export function exportSpans(exporter: SpanExporter, spans: readonly ReadableSpan[]): Promise<boolean> {
  return new Promise((resolve) => {
    exporter.export([...spans], (result) => resolve(result.error === undefined));
  });
}

/** What OTLP must carry for a span of the SDK, derived from the SDK's object and not from any encoding of it. */
export function expectedSpan(span: ReadableSpan): OtlpSpan {
  return {
    traceId: span.spanContext().traceId,
    spanId: span.spanContext().spanId,
    parentSpanId: span.parentSpanContext?.spanId ?? '',
    name: span.name,
    // OTLP counts from 1, the API from 0.
    kind: span.kind + 1,
    startTimeUnixNano: nanoseconds(span.startTime),
    endTimeUnixNano: nanoseconds(span.endTime),
    statusCode: span.status.code,
    attributes: span.attributes as Attributes,
    resource: span.resource.attributes as Attributes,
    scope: span.instrumentationScope.name,
    events: span.events.map(({ name, attributes }) => ({ name, attributes: (attributes ?? {}) as Attributes })),
    links: span.links.map(({ context: { traceId, spanId } }) => ({ traceId, spanId })),
  };
}

function nextId(length: number): string {
  issued += 1;
  // The process id keeps the ids of test files apart.
  return `${process.pid.toString(16)}f${issued.toString(16)}`.padStart(length, '0');
}

function nanoseconds([seconds, nanos]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}
