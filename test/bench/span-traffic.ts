/** Ready-made OTLP requests for load: built once, then sent again and again with new ids and times. */
import { ProtobufWriter } from '../../processor/src/otlp/protobuf-writer.ts';
import { Random } from '../../processor/src/simulation/random.ts';

export interface TrafficOptions {
  readonly spansPerRequest: number;
  /** Share of spans of kind SERVER, 0..1; the others are of kind CLIENT and INTERNAL. */
  readonly serverShare: number;
  /** Seconds of span time between two SERVER spans. */
  readonly secondsPerCall: number;
  /** Unix time of the first span. */
  readonly firstSecond: number;
  readonly seed: number;
}

/** Distinct spans; enough that no cache of a receiver holds them all by their text. */
const DISTINCT_SPANS = 20_000;
const USERS = 2000;
const ROUTES = ['orders', 'users', 'carts', 'payments', 'search', 'catalog', 'inventory', 'sessions'].flatMap((noun) =>
  ['', '/{id}', '/{id}/items', '/{id}/items/{item}', '/export'].map((rest) => `/api/v1/${noun}${rest}`),
);
const METHODS = ['GET', 'GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE'];
const USER_AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5',
  'okhttp/4.12.0',
];
const SERVICES = ['checkout', 'frontend', 'catalog'];
const SpanKind = { INTERNAL: 1, SERVER: 2, CLIENT: 3 } as const;

/** Where the changing fields of one span are in its request, as byte offsets. */
interface SpanPlace {
  readonly traceId: number;
  readonly spanId: number;
  readonly start: number;
  readonly end: number;
  readonly isServer: boolean;
  readonly durationNanos: bigint;
}

interface Template {
  readonly body: Buffer;
  readonly spans: readonly SpanPlace[];
}

/**
 * An endless stream of ExportTraceServiceRequests of about 600 bytes a span: HTTP calls of 2000 users to 40 routes of
 * three services, with the attributes of the stable semantic conventions. No two spans share an id, and time goes on.
 */
export class SpanTraffic {
  private readonly options: TrafficOptions;
  private readonly random: Random;
  private readonly templates: readonly Template[];
  private nextTemplate = 0;
  private issued = 0;
  private nanos: bigint;

  get spansPerRequest(): number {
    return this.options.spansPerRequest;
  }

  constructor(options: TrafficOptions) {
    this.options = options;
    this.nanos = BigInt(Math.floor(options.firstSecond)) * 1_000_000_000n;
    this.random = new Random(options.seed);
    const count = Math.ceil(DISTINCT_SPANS / options.spansPerRequest);
    this.templates = Array.from({ length: count }, () => this.template());
  }

  /** The next request. The buffer is used again after all templates had their turn; at most so many may be under way. */
  next(): Buffer {
    const { body, spans } = this.templates[this.nextTemplate]!;
    this.nextTemplate = (this.nextTemplate + 1) % this.templates.length;
    const step = BigInt(Math.round(this.options.secondsPerCall * 1e9));
    for (const span of spans) {
      this.issued += 1;
      body.writeUInt32BE(this.issued, span.traceId);
      body.writeUInt32BE(this.issued, span.spanId);
      if (span.isServer) this.nanos += step;
      body.writeBigUInt64LE(this.nanos, span.start);
      body.writeBigUInt64LE(this.nanos + span.durationNanos, span.end);
    }
    return body;
  }

  private template(): Template {
    const { spansPerRequest } = this.options;
    const writer = new ProtobufWriter(spansPerRequest * 700);
    const places: (Omit<SpanPlace, 'traceId'> & { readonly marker: Buffer })[] = [];
    SERVICES.forEach((service, index) => {
      const from = Math.floor((spansPerRequest * index) / SERVICES.length);
      const to = Math.floor((spansPerRequest * (index + 1)) / SERVICES.length);
      const resourceSpans = writer.beginMessage(1);
      this.writeResource(writer, service);
      const scopeSpans = writer.beginMessage(2);
      const scope = writer.beginMessage(1);
      writeText(writer, 1, 'io.opentelemetry.tomcat-10.0');
      writer.endMessage(scope);
      for (let span = from; span < to; span += 1) places.push(this.writeSpan(writer));
      writer.endMessage(scopeSpans);
      writer.endMessage(resourceSpans);
    });
    const body = writer.toBuffer();
    let searchFrom = 0;
    const spans = places.map(({ marker, ...offsets }) => {
      // Lengths were put before the spans after they were written: only distances within a span still hold.
      const traceId = body.indexOf(marker, searchFrom);
      searchFrom = traceId + marker.length;
      const { spanId, start, end } = offsets;
      return { ...offsets, traceId, spanId: traceId + spanId, start: traceId + start, end: traceId + end };
    });
    return { body, spans };
  }

  private writeResource(writer: ProtobufWriter, service: string): void {
    const resource = writer.beginMessage(1);
    const attributes = {
      'service.name': service,
      'service.namespace': 'shop',
      'service.version': '1.2.3',
      'deployment.environment.name': 'production',
      'host.name': 'ip-10-0-1-17',
      'k8s.pod.name': `${service}-6f7d9c5b8-x2x7q`,
      'telemetry.sdk.language': 'java',
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.version': '1.52.0',
    };
    for (const [key, value] of Object.entries(attributes)) writeStringAttribute(writer, 1, key, value);
    writer.endMessage(resource);
  }

  /** Writes a span and returns its places relative to its trace id, whose bytes are the marker to find it by. */
  private writeSpan(writer: ProtobufWriter): Omit<SpanPlace, 'traceId'> & { readonly marker: Buffer } {
    const { random } = this;
    const isServer = random.chance(this.options.serverShare);
    const route = random.pick(ROUTES);
    const method = random.pick(METHODS);
    // Squared: some users call far more than others.
    const user = Math.floor(random.uniform() ** 2 * USERS);
    const status = random.chance(0.95) ? 200 : random.pick([400, 401, 403, 404, 500]);
    const marker = Buffer.from(random.hex(4), 'hex');

    const span = writer.beginMessage(2);
    writer.tag(1, 2);
    writer.varint(marker.length);
    const traceId = writer.length;
    writer.raw(marker);
    writer.tag(2, 2);
    writer.varint(8);
    const spanId = writer.length - traceId;
    writer.raw(Buffer.from(random.hex(2), 'hex'));
    writer.tag(4, 2);
    writer.lengthDelimited(Buffer.from(random.hex(2), 'hex'));
    writeText(writer, 5, `${method} ${route}`);
    writer.tag(6, 0);
    writer.varint(isServer ? SpanKind.SERVER : random.pick([SpanKind.CLIENT, SpanKind.INTERNAL]));
    writer.tag(7, 1);
    const start = writer.length - traceId;
    writer.fixed64(0n);
    writer.tag(8, 1);
    const end = writer.length - traceId;
    writer.fixed64(0n);
    writeStringAttribute(writer, 9, 'http.request.method', method);
    const path = route.replaceAll(/\{\w+\}/g, () => String(random.integer(100_000)));
    writeStringAttribute(writer, 9, 'url.path', path);
    writeStringAttribute(writer, 9, 'url.scheme', 'https');
    writeStringAttribute(writer, 9, 'http.route', route);
    writeIntegerAttribute(writer, 9, 'http.response.status_code', status);
    writeIntegerAttribute(writer, 9, 'http.response.body.size', 200 + random.integer(5000));
    writeStringAttribute(writer, 9, 'server.address', 'api.example.com');
    writeIntegerAttribute(writer, 9, 'server.port', 443);
    writeStringAttribute(writer, 9, 'client.address', `203.0.${user & 255}.${user % 250}`);
    writeStringAttribute(writer, 9, 'user_agent.original', USER_AGENTS[user % USER_AGENTS.length]!);
    writeStringAttribute(writer, 9, 'user.id', `user-${String(user).padStart(6, '0')}`);
    writeStringAttribute(writer, 9, 'session.id', `session-${String(user * 7919).padStart(24, '0')}`);
    writer.endMessage(span);
    const durationNanos = BigInt(Math.round(random.logNormal(20, 0.5) * 1e6));
    return { marker, spanId, start, end, isServer, durationNanos };
  }
}

function writeStringAttribute(writer: ProtobufWriter, field: number, key: string, value: string): void {
  const attribute = writer.beginMessage(field);
  writeText(writer, 1, key);
  const any = writer.beginMessage(2);
  writeText(writer, 1, value);
  writer.endMessage(any);
  writer.endMessage(attribute);
}

function writeIntegerAttribute(writer: ProtobufWriter, field: number, key: string, value: number): void {
  const attribute = writer.beginMessage(field);
  writeText(writer, 1, key);
  const any = writer.beginMessage(2);
  writer.tag(3, 0);
  writer.varint(value);
  writer.endMessage(any);
  writer.endMessage(attribute);
}

function writeText(writer: ProtobufWriter, field: number, value: string): void {
  writer.tag(field, 2);
  writer.text(value);
}
