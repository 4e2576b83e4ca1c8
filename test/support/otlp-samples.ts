/** Realistic trace requests from a seed: HTTP server spans with the attributes that today's SDKs write. */
import { RequestType } from './otlp-judges.ts';

export interface SampleOptions {
  readonly spans: number;
  readonly seed: number;
  /** Share of spans of kind SERVER; the others are CLIENT and INTERNAL. */
  readonly serverShare: number;
}

const SERVER = 2;
const CLIENT = 3;
const INTERNAL = 1;
const RESOURCES = 3;
const DAY_NANOSECONDS = 86_400e9;
const START_UNIX_NANO = 1_790_000_000_000_000_000n;

const NOUNS = ['orders', 'users', 'carts', 'payments', 'search', 'catalog', 'inventory', 'sessions'];
const TAILS = ['', '/{id}', '/{id}/items', '/{id}/items/{itemId}', '/export'];
const METHODS = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE'];
const SERVICES = ['checkout', 'frontend', 'catalog'];
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4',
  'okhttp/4.12.0',
  'python-requests/2.32.3',
];

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** An ExportTraceServiceRequest of about 600 bytes a span: three resources of two scopes each. */
export function sampleRequest(options: SampleOptions): Buffer {
  const random = seededRandom(options.seed);
  const spans = Array.from({ length: options.spans }, () => sampleSpan(random, options.serverShare));
  const perScope = Math.ceil(options.spans / (2 * RESOURCES));
  const resourceSpans = SERVICES.map((service, index) => ({
    resource: { attributes: resourceAttributes(service, index) },
    scopeSpans: [0, 1].map((half) => ({
      scope: { name: `io.opentelemetry.tomcat-${half}`, version: '2.18.0' },
      spans: spans.slice((2 * index + half) * perScope, (2 * index + half + 1) * perScope),
    })),
    schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
  }));
  return Buffer.from(RequestType.encode(RequestType.fromObject({ resourceSpans })).finish());
}

function sampleSpan(random: () => number, serverShare: number): object {
  const pick = <Element>(from: readonly Element[]): Element => from[Math.floor(random() * from.length)]!;
  const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
  const route = `/api/v1/${pick(NOUNS)}${pick(TAILS)}`;
  const method = pick(METHODS);
  const start = START_UNIX_NANO + BigInt(Math.floor(random() * DAY_NANOSECONDS));
  const user = Math.floor(random() * random() * 5000);
  const status = random() < 0.95 ? 200 : pick([400, 401, 403, 404, 500]);
  const kind = random() < serverShare ? SERVER : pick([CLIENT, INTERNAL]);
  const hasException = random() < 0.05;
  return {
    traceId: bytes(16),
    spanId: bytes(8),
    ...(random() < 0.1 ? { traceState: 'vendor=abc123' } : {}),
    ...(random() < 0.7 ? { parentSpanId: bytes(8) } : {}),
    flags: 0x101,
    name: `${method} ${route}`,
    kind,
    startTimeUnixNano: `${start}`,
    endTimeUnixNano: `${start + BigInt(Math.floor(random() * 3e8))}`,
    attributes: [
      text('http.request.method', method),
      text(
        'url.path',
        route.replaceAll(/\{\w+\}/g, () => `${Math.floor(random() * 1e6)}`),
      ),
      text('url.scheme', 'https'),
      text('http.route', route),
      integer('http.response.status_code', status),
      text('server.address', 'api.example.com'),
      integer('server.port', 443),
      text('client.address', `203.0.113.${user & 255}`),
      text('user_agent.original', AGENTS[user % AGENTS.length]!),
      text('network.protocol.version', '1.1'),
      text('user.id', `user-${`${user}`.padStart(6, '0')}`),
      text('session.id', bytes(16).toString('hex')),
    ],
    events: hasException ? [exception(`${start}`)] : [],
    status: status >= 500 ? { code: 2 } : {},
  };
}

function resourceAttributes(service: string, index: number): object[] {
  return [
    text('service.name', service),
    text('service.namespace', 'shop'),
    text('service.version', `1.2.${index}`),
    text('service.instance.id', `5f0c9a9e-${index}`),
    text('deployment.environment.name', 'production'),
    text('host.name', `ip-10-0-1-${index}`),
    text('telemetry.sdk.language', 'java'),
    text('telemetry.sdk.name', 'opentelemetry'),
    text('telemetry.sdk.version', '1.52.0'),
  ];
}

function exception(timeUnixNano: string): object {
  const trace = 'at com.example.Foo.bar(Foo.java:42)\n'.repeat(12);
  return {
    timeUnixNano,
    name: 'exception',
    attributes: [text('exception.type', 'java.lang.IllegalStateException'), text('exception.stacktrace', trace)],
  };
}

function text(key: string, stringValue: string): object {
  return { key, value: { stringValue } };
}

function integer(key: string, intValue: number): object {
  return { key, value: { intValue } };
}
