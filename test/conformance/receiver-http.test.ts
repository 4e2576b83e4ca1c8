/** The OTLP/HTTP receiver against the OTLP specification, "OTLP/HTTP": what it takes and how it answers. */
import { gzipSync } from 'node:zlib';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { StatusCode } from '../../processor/src/component.ts';
import type { TraceOutcome } from '../../processor/src/component.ts';
import { HttpSender, JSON_TYPE, PROTOBUF } from '../processor/receiver/http-sender.ts';
import { readPartialSuccess, readStatus, writePartialSuccess } from '../processor/receiver/rpc-status.ts';
import { startReceiver } from '../processor/receiver/running-receiver.ts';
import type { RunningOptions, RunningReceiver } from '../processor/receiver/running-receiver.ts';

const BODY = Buffer.from('any bytes: the receiver does not look into protobuf');
const MIB = 1024 * 1024;

/** One span of which only the name is set, in JSON and, by hand, in protobuf. */
const JSON_BODY = Buffer.from('{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"GET /orders"}]}]}]}');
const SPAN_NAME = Buffer.from('GET /orders');

let receiver: RunningReceiver;
let sender: HttpSender;

async function start(options?: RunningOptions): Promise<void> {
  receiver = await startReceiver('http', options);
  sender = new HttpSender(receiver.port);
}

afterEach(async () => {
  sender.close();
  await receiver.stop(AbortSignal.abort());
  expect(receiver.budget.held).toBe(0);
});

function refusal(code: StatusCode, retryDelayMs?: number): TraceOutcome {
  const outcome = { code, message: 'what was wrong; what to do.', response: Buffer.alloc(0) };
  return retryDelayMs === undefined ? outcome : { ...outcome, retryDelayMs };
}

describe('OTLP/HTTP Request and Response (items 21 to 23 and 32)', () => {
  beforeEach(() => start());

  test('21, 22, 32: protobuf is passed on as it is and answered with an empty protobuf body', async () => {
    const answer = await sender.send(BODY);
    expect(answer).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect(answer.headers['content-type']).toBe(PROTOBUF);
    expect(receiver.requests.map(({ body, transport }) => [body, transport])).toEqual([[BODY, 'http_protobuf']]);
  });

  test('22, 32: JSON is passed on as protobuf and answered with {}', async () => {
    const answer = await sender.send(JSON_BODY, { 'content-type': 'application/json; charset=utf-8' });
    expect(answer).toMatchObject({ status: 200, body: Buffer.from('{}') });
    expect(answer.headers['content-type']).toBe(JSON_TYPE);
    const [request] = receiver.requests;
    expect(request?.transport).toBe('http_json');
    // Field 5 of Span, in field 2 of ScopeSpans, in field 2 of ResourceSpans, in field 1 of the request.
    const span = Buffer.concat([Buffer.from([0x2a, SPAN_NAME.length]), SPAN_NAME]);
    const envelope = [0x0a, span.length + 4, 0x12, span.length + 2, 0x12, span.length];
    expect(request?.body).toEqual(Buffer.concat([Buffer.from(envelope), span]));
  });

  test.each([
    [PROTOBUF, BODY, 'gzip'],
    [PROTOBUF, Buffer.alloc(2 * MIB, 'abc'), 'GZIP'],
    [JSON_TYPE, JSON_BODY, 'gzip'],
    [PROTOBUF, BODY, 'identity'],
  ])('23: %s with a body of its own is taken with Content-Encoding', async (type, body, encoding) => {
    const sent = encoding === 'identity' ? body : gzipSync(body);
    expect(await sender.send(sent, { 'content-type': type, 'content-encoding': encoding })).toMatchObject({
      status: 200,
    });
    const [request] = receiver.requests;
    if (type === PROTOBUF) expect(request?.body.equals(body)).toBe(true);
    else expect(request?.body.includes(SPAN_NAME)).toBe(true);
  });

  test('32: a partial success is passed on in the encoding of the request', async () => {
    const response = writePartialSuccess(3, 'three spans are too long');
    receiver.answer = () => ({ code: StatusCode.OK, response, message: '' });
    expect(readPartialSuccess((await sender.send(BODY)).body)).toEqual({
      rejectedSpans: 3,
      errorMessage: 'three spans are too long',
    });
    const answer = await sender.send(JSON_BODY, { 'content-type': JSON_TYPE });
    expect(JSON.parse(answer.body.toString())).toEqual({
      partialSuccess: { rejectedSpans: '3', errorMessage: 'three spans are too long' },
    });
  });

  test('an acknowledgement that cannot be read as one is still an acknowledgement', async () => {
    receiver.answer = () => ({ code: StatusCode.OK, response: Buffer.from([0xff]), message: '' });
    expect(await sender.send(JSON_BODY, { 'content-type': JSON_TYPE })).toMatchObject({
      status: 200,
      body: Buffer.from('{}'),
    });
  });

  test.each([
    [PROTOBUF, Buffer.alloc(0)],
    [JSON_TYPE, Buffer.from('{}')],
    [JSON_TYPE, Buffer.from('{"resourceSpans":[]}')],
  ])('4: an empty request in %s succeeds and goes no further', async (type, body) => {
    expect(await sender.send(body, { 'content-type': type })).toMatchObject({ status: 200 });
    expect(receiver.requests).toEqual([]);
  });

  test('21: the path is configurable', async () => {
    await receiver.stop();
    await start({ receiver: { http_path: '/otlp/traces' } });
    expect(await sender.send(BODY, {}, { path: '/otlp/traces?tenant=a' })).toMatchObject({ status: 200 });
    expect(await sender.send(BODY)).toMatchObject({ status: 404 });
  });

  test.each([
    ['protobuf', ProtobufExporter],
    ['JSON', JsonExporter],
  ])('a real SDK exporter is satisfied: %s', async (_name, Exporter) => {
    const exporter = new Exporter({ url: `http://127.0.0.1:${receiver.port}/v1/traces` });
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    provider.getTracer('test').startSpan('GET /orders').end();
    await provider.forceFlush();
    await provider.shutdown();
    expect(receiver.requests).toHaveLength(1);
    expect(receiver.requests[0]?.body.includes('GET /orders')).toBe(true);
    expect(receiver.refusals).toEqual([]);
  });
});

describe('OTLP/HTTP Failures: every status has its HTTP status (items 25 to 27 and 33)', () => {
  beforeEach(() => start());

  // Retryable codes of the OTLP/gRPC table must become retryable statuses, all others must not.
  const statuses: [keyof typeof StatusCode, number][] = [
    ['CANCELLED', 503],
    ['UNKNOWN', 500],
    ['INVALID_ARGUMENT', 400],
    ['DEADLINE_EXCEEDED', 503],
    ['NOT_FOUND', 500],
    ['ALREADY_EXISTS', 500],
    ['PERMISSION_DENIED', 403],
    ['RESOURCE_EXHAUSTED', 413],
    ['FAILED_PRECONDITION', 500],
    ['ABORTED', 503],
    ['OUT_OF_RANGE', 503],
    ['UNIMPLEMENTED', 404],
    ['INTERNAL', 500],
    ['UNAVAILABLE', 503],
    ['DATA_LOSS', 503],
    ['UNAUTHENTICATED', 401],
  ];

  test.each(statuses)('%s is %i, with google.rpc.Status in the encoding of the request', async (name, status) => {
    const code = StatusCode[name];
    receiver.answer = () => refusal(code);
    const protobuf = await sender.send(BODY);
    expect(protobuf.status).toBe(status);
    expect(protobuf.headers['content-type']).toBe(PROTOBUF);
    expect(readStatus(protobuf.body)).toEqual({
      code,
      message: 'what was wrong; what to do.',
      retrySeconds: undefined,
    });
    const json = await sender.send(JSON_BODY, { 'content-type': JSON_TYPE });
    expect(json.status).toBe(status);
    expect(json.headers['content-type']).toBe(JSON_TYPE);
    expect(JSON.parse(json.body.toString())).toEqual({ code, message: 'what was wrong; what to do.' });
  });

  test.each([
    ['UNAVAILABLE', 503],
    ['RESOURCE_EXHAUSTED', 429],
  ] as const)('26: %s with a delay is %i with Retry-After in seconds, rounded up', async (name, status) => {
    receiver.answer = () => refusal(StatusCode[name], 1001);
    const answer = await sender.send(BODY);
    expect(answer.status).toBe(status);
    expect(answer.headers['retry-after']).toBe('2');
    expect(readStatus(answer.body).retrySeconds).toBe(1.001);
  });

  test('a defect of ours is 503 with Retry-After, never 500, and keeps its text to itself', async () => {
    receiver.answer = () => {
      throw new Error('secret');
    };
    const answer = await sender.send(JSON_BODY, { 'content-type': JSON_TYPE });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.body.toString()).not.toContain('secret');
    expect(receiver.faults).toHaveLength(1);
  });
});

describe('OTLP/HTTP: what is not served (item 33)', () => {
  beforeEach(() => start());

  test.each(['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD', 'TRACE', 'PROPFIND'])(
    '33: %s is 405 with Allow: POST',
    async (method) => {
      const answer = await sender.send(Buffer.alloc(0), {}, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe('POST');
    },
  );

  test.each(['/', '/v1/traces/', '/v1/Traces', '/v1/logs', '/%', '/v1/traces%00', `/${'a'.repeat(500)}`])(
    '%s is 404 with a Status body',
    async (path) => {
      const answer = await sender.send(BODY, {}, { path });
      expect(answer.status).toBe(404);
      expect(readStatus(answer.body).code).toBe(StatusCode.UNIMPLEMENTED);
      expect(receiver.refusals).toEqual(['http not_found']);
    },
  );

  test.each(['text/plain', 'application/grpc', 'application/x-protobuf-json', '', ';', 'application'])(
    '33: Content-Type "%s" is 415 with a Status body in JSON',
    async (type) => {
      const answer = await sender.send(BODY, { 'content-type': type });
      expect(answer.status).toBe(415);
      expect(answer.headers['content-type']).toBe(JSON_TYPE);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ code: StatusCode.UNIMPLEMENTED });
    },
  );

  test.each(['zstd', 'br', 'deflate', 'gzip, gzip', 'gzip,identity', 'nonsense'])(
    '33: Content-Encoding %s is 415 and names what is taken',
    async (encoding) => {
      const answer = await sender.send(BODY, { 'content-encoding': encoding });
      expect(answer.status).toBe(415);
      expect(answer.headers['accept-encoding']).toBe('gzip, identity');
      expect(readStatus(answer.body).code).toBe(StatusCode.UNIMPLEMENTED);
      expect(receiver.refusals).toEqual(['http unsupported_encoding']);
    },
  );
});
