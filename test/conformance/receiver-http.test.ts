/** The OTLP/HTTP receiver against the OTLP specification, "OTLP/HTTP", and RFC 9110. */
import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { StatusCode } from '../../processor/src/component.ts';
import type { TraceOutcome } from '../../processor/src/component.ts';
import { readPartialSuccess, readStatus, writePartialSuccess } from '../processor/receiver/rpc-status.ts';
import { startReceiver, until } from '../processor/receiver/running-receiver.ts';
import type { RunningOptions, RunningReceiver } from '../processor/receiver/running-receiver.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const BODY = Buffer.from('any bytes: the receiver does not look into protobuf');
const MIB = 1024 * 1024;

/** One span of which only the name is set, in JSON and, by hand, in protobuf. */
const JSON_BODY = Buffer.from('{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"GET /orders"}]}]}]}');
const SPAN_NAME = Buffer.from('GET /orders');

let receiver: RunningReceiver;
let agent: Agent;

async function start(options?: RunningOptions): Promise<void> {
  receiver = await startReceiver('http', options);
  agent = new Agent({ keepAlive: true });
}

afterEach(async () => {
  agent.destroy();
  await receiver.stop(AbortSignal.abort());
  expect(receiver.budget.held).toBe(0);
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function send(
  body: Buffer,
  headers: Record<string, string> = {},
  { path = '/v1/traces', method = 'POST' } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { port: receiver.port, host: '127.0.0.1', path, method, agent };
    const request = httpRequest({ ...options, headers: { 'content-type': PROTOBUF, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Writes `bytes` to a connection of its own and resolves with all that comes back until it closes. */
function sendRaw(bytes: Buffer | string): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(receiver.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

function refusal(code: StatusCode, retryDelayMs?: number): TraceOutcome {
  const outcome = { code, message: 'what was wrong; what to do.', response: Buffer.alloc(0) };
  return retryDelayMs === undefined ? outcome : { ...outcome, retryDelayMs };
}

describe('OTLP/HTTP Request and Response (items 21 to 23 and 32)', () => {
  beforeEach(() => start());

  test('21, 22, 32: protobuf is passed on as it is and answered with an empty protobuf body', async () => {
    const answer = await send(BODY);
    expect(answer).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect(answer.headers['content-type']).toBe(PROTOBUF);
    expect(receiver.requests.map(({ body, transport }) => [body, transport])).toEqual([[BODY, 'http_protobuf']]);
  });

  test('22, 32: JSON is passed on as protobuf and answered with {}', async () => {
    const answer = await send(JSON_BODY, { 'content-type': 'application/json; charset=utf-8' });
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
    expect(await send(sent, { 'content-type': type, 'content-encoding': encoding })).toMatchObject({ status: 200 });
    const [request] = receiver.requests;
    if (type === PROTOBUF) expect(request?.body.equals(body)).toBe(true);
    else expect(request?.body.includes(SPAN_NAME)).toBe(true);
  });

  test('32: a partial success is passed on in the encoding of the request', async () => {
    const response = writePartialSuccess(3, 'three spans are too long');
    receiver.answer = () => ({ code: StatusCode.OK, response, message: '' });
    expect(readPartialSuccess((await send(BODY)).body)).toEqual({
      rejectedSpans: 3,
      errorMessage: 'three spans are too long',
    });
    const answer = await send(JSON_BODY, { 'content-type': JSON_TYPE });
    expect(JSON.parse(answer.body.toString())).toEqual({
      partialSuccess: { rejectedSpans: '3', errorMessage: 'three spans are too long' },
    });
  });

  test('an acknowledgement that cannot be read as one is still an acknowledgement', async () => {
    receiver.answer = () => ({ code: StatusCode.OK, response: Buffer.from([0xff]), message: '' });
    expect(await send(JSON_BODY, { 'content-type': JSON_TYPE })).toMatchObject({
      status: 200,
      body: Buffer.from('{}'),
    });
  });

  test.each([
    [PROTOBUF, Buffer.alloc(0)],
    [JSON_TYPE, Buffer.from('{}')],
    [JSON_TYPE, Buffer.from('{"resourceSpans":[]}')],
  ])('4: an empty request in %s succeeds and goes no further', async (type, body) => {
    expect(await send(body, { 'content-type': type })).toMatchObject({ status: 200 });
    expect(receiver.requests).toEqual([]);
  });

  test('21: the path is configurable', async () => {
    await receiver.stop();
    await start({ receiver: { http_path: '/otlp/traces' } });
    expect(await send(BODY, {}, { path: '/otlp/traces?tenant=a' })).toMatchObject({ status: 200 });
    expect(await send(BODY)).toMatchObject({ status: 404 });
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
    const protobuf = await send(BODY);
    expect(protobuf.status).toBe(status);
    expect(protobuf.headers['content-type']).toBe(PROTOBUF);
    expect(readStatus(protobuf.body)).toEqual({
      code,
      message: 'what was wrong; what to do.',
      retrySeconds: undefined,
    });
    const json = await send(JSON_BODY, { 'content-type': JSON_TYPE });
    expect(json.status).toBe(status);
    expect(json.headers['content-type']).toBe(JSON_TYPE);
    expect(JSON.parse(json.body.toString())).toEqual({ code, message: 'what was wrong; what to do.' });
  });

  test.each([
    ['UNAVAILABLE', 503],
    ['RESOURCE_EXHAUSTED', 429],
  ] as const)('26: %s with a delay is %i with Retry-After in seconds, rounded up', async (name, status) => {
    receiver.answer = () => refusal(StatusCode[name], 1001);
    const answer = await send(BODY);
    expect(answer.status).toBe(status);
    expect(answer.headers['retry-after']).toBe('2');
    expect(readStatus(answer.body).retrySeconds).toBe(1.001);
  });

  test('a defect of ours is 503 with Retry-After, never 500, and keeps its text to itself', async () => {
    receiver.answer = () => {
      throw new Error('secret');
    };
    const answer = await send(JSON_BODY, { 'content-type': JSON_TYPE });
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
      const answer = await send(Buffer.alloc(0), {}, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe('POST');
    },
  );

  test.each(['/', '/v1/traces/', '/v1/Traces', '/v1/logs', '/%', '/v1/traces%00', `/${'a'.repeat(500)}`])(
    '%s is 404 with a Status body',
    async (path) => {
      const answer = await send(BODY, {}, { path });
      expect(answer.status).toBe(404);
      expect(readStatus(answer.body).code).toBe(StatusCode.UNIMPLEMENTED);
      expect(receiver.refusals).toEqual(['http not_found']);
    },
  );

  test.each(['text/plain', 'application/grpc', 'application/x-protobuf-json', '', ';', 'application'])(
    '33: Content-Type "%s" is 415 with a Status body in JSON',
    async (type) => {
      const answer = await send(BODY, { 'content-type': type });
      expect(answer.status).toBe(415);
      expect(answer.headers['content-type']).toBe(JSON_TYPE);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ code: StatusCode.UNIMPLEMENTED });
    },
  );

  test.each(['zstd', 'br', 'deflate', 'gzip, gzip', 'gzip,identity', 'nonsense'])(
    '33: Content-Encoding %s is 415 and names what is taken',
    async (encoding) => {
      const answer = await send(BODY, { 'content-encoding': encoding });
      expect(answer.status).toBe(415);
      expect(answer.headers['accept-encoding']).toBe('gzip, identity');
      expect(readStatus(answer.body).code).toBe(StatusCode.UNIMPLEMENTED);
      expect(receiver.refusals).toEqual(['http unsupported_encoding']);
    },
  );
});

describe('OTLP/HTTP: bad data (item 25) and limits (item 24)', () => {
  const LIMIT = 100_000;

  beforeEach(() => start({ receiver: { max_request_bytes: LIMIT }, budgetBytes: 300_000 }));

  test.each([
    ['bytes that are not gzip', BODY],
    ['gzip cut off, small', gzipSync(BODY).subarray(0, 20)],
    ['gzip cut off, large', gzipSync(randomBytes(90_000)).subarray(0, 80_000)],
  ])('25: %s is 400 with a Status body', async (_name, body) => {
    const answer = await send(body, { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(400);
    expect(readStatus(answer.body).code).toBe(StatusCode.INVALID_ARGUMENT);
    expect(receiver.refusals).toEqual(['http malformed_compression']);
    expect(receiver.requests).toEqual([]);
  });

  test.each(['', '{', '[]', '"text"', 'null', '{"resourceSpans":{}}', '{"resourceSpans":[{"scopeSpans":3}]}'])(
    '25: the JSON %s is 400 with a Status body in JSON',
    async (json) => {
      const answer = await send(Buffer.from(json), { 'content-type': JSON_TYPE });
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ code: StatusCode.INVALID_ARGUMENT });
      expect(receiver.refusals).toEqual(['http malformed_json']);
    },
  );

  test.each(['identity', 'gzip'])(
    '24: a body of exactly the limit is taken, one byte more is 413: %s',
    async (encoding) => {
      const encode = (body: Buffer): Buffer => (encoding === 'gzip' ? gzipSync(body) : body);
      const headers = { 'content-encoding': encoding };
      expect(await send(encode(Buffer.alloc(LIMIT, 'x')), headers)).toMatchObject({ status: 200 });
      const answer = await send(encode(Buffer.alloc(LIMIT + 1, 'x')), headers);
      expect(answer.status).toBe(413);
      expect(answer.headers['retry-after']).toBeUndefined();
      expect(readStatus(answer.body)).toMatchObject({ code: StatusCode.RESOURCE_EXHAUSTED, retrySeconds: undefined });
    },
  );

  test('24: a declared length above the limit is 413 before the body is sent', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(receiver.port, '127.0.0.1', () => {
        socket.write(
          `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: ${PROTOBUF}\r\nContent-Length: 99999999999\r\n\r\n`,
        );
      });
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString());
      });
    });
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(receiver.budget.highest).toBe(0);
  });

  test('24: chunks without a declared length are counted as they come', async () => {
    const answer = await send(Buffer.alloc(2 * LIMIT), { 'transfer-encoding': 'chunked' });
    expect(answer.status).toBe(413);
    expect(receiver.budget.highest).toBeLessThanOrEqual(LIMIT);
  });

  test('26: bytes that do not fit the budget are 503 with Retry-After', async () => {
    const { promise, resolve: letGo } = Promise.withResolvers<TraceOutcome>();
    receiver.answer = () => promise;
    const waiting: Promise<Answer>[] = [];
    for (let n = 1; n <= 3; n += 1) {
      waiting.push(send(Buffer.alloc(LIMIT)));
      await until(() => receiver.requests.length === n);
      if (n === 1) receiver.answer = () => new Promise(() => {});
    }
    const answer = await send(Buffer.alloc(LIMIT));
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(receiver.refusals).toEqual(['http overloaded']);
    letGo(refusal(StatusCode.ABORTED));
    expect(await waiting[0]).toMatchObject({ status: 503 });
    agent.destroy();
    await Promise.allSettled(waiting);
    // The consumer of the other two never lets go, so their reservations are still out.
    expect(receiver.budget.held).toBe(2 * LIMIT);
    receiver.budget.held = 0;
  });
});

describe('OTLP/HTTP: hostile senders', () => {
  test('32 bombs at once are 413 and an honest request gets through, in bounded memory', async () => {
    await start();
    const bomb = gzipSync(Buffer.alloc(128 * MIB));
    const before = process.memoryUsage().rss;
    let highest = before;
    const sampling = setInterval(() => (highest = Math.max(highest, process.memoryUsage().rss)), 20);
    const bombs = Array.from({ length: 32 }, () => send(bomb, { 'content-encoding': 'gzip' }));
    const honest = send(BODY);
    expect(new Set((await Promise.all(bombs)).map(({ status }) => status))).toEqual(new Set([413]));
    clearInterval(sampling);
    expect((await honest).status).toBe(200);
    expect(highest - before).toBeLessThan(256 * MIB);
  });

  test('a request that does not arrive in time is answered 503, which senders retry, and holds nothing', async () => {
    await start({ receiveTimeoutMs: 400 });
    const head = `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: ${PROTOBUF}\r\nContent-Length: 1000\r\n\r\n`;
    const [slowHeaders, slowBody] = await Promise.all([sendRaw(head.slice(0, 50)), sendRaw(`${head}some bytes`)]);
    expect(slowHeaders).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: \d/);
    expect(slowBody).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: \d/);
    await until(() => receiver.budget.held === 0);
    expect((await send(BODY)).status).toBe(200);
  });

  test.each([
    ['bytes that are not HTTP', randomBytes(1000)],
    ['the start of HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['a header that is none', 'POST /v1/traces HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n'],
    ['two lengths', 'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['headers of 100 KiB', `POST /v1/traces HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`],
    [
      'a broken chunk',
      `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: ${PROTOBUF}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    ],
  ])('%s is answered 400 and closed, or just closed', async (_name, bytes) => {
    await start();
    const answer = await sendRaw(bytes);
    if (answer !== '') {
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toMatchObject({
        code: StatusCode.INVALID_ARGUMENT,
      });
    }
    expect((await send(BODY)).status).toBe(200);
  });

  test('senders that reset half way hold nothing, and one that goes away aborts its request', async () => {
    await start();
    const head = `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: ${PROTOBUF}\r\nContent-Length: 1000\r\n\r\n`;
    const sockets = Array.from({ length: 20 }, () => connect(receiver.port, '127.0.0.1'));
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.write(head + 'x'.repeat(100));
    }
    await until(() => receiver.budget.held === 20 * 100);
    for (const socket of sockets) socket.resetAndDestroy();
    await until(() => receiver.budget.held === 0);

    const { promise, resolve: letGo } = Promise.withResolvers<TraceOutcome>();
    receiver.answer = () => promise;
    const gone = connect(receiver.port, '127.0.0.1', () => gone.write(head + 'x'.repeat(1000)));
    gone.on('error', () => {});
    await until(() => receiver.requests.length === 1);
    gone.resetAndDestroy();
    await until(() => receiver.requests[0]?.signal.aborted === true);
    expect(receiver.budget.held).toBe(1000);
    letGo(refusal(StatusCode.CANCELLED));
    await until(() => receiver.budget.held === 0);
  });

  test('connections above the limit are closed at once and counted', async () => {
    await start({ receiver: { max_connections: 1 } });
    expect((await send(BODY)).status).toBe(200);
    expect(await sendRaw('GET / HTTP/1.1\r\n\r\n')).toBe('');
    expect(receiver.refusals).toEqual(['http overloaded']);
  });
});

describe('OTLP/HTTP: stop', () => {
  beforeEach(() => start());

  test('requests in flight are answered, and their connections closed', async () => {
    const { promise, resolve: finish } = Promise.withResolvers<TraceOutcome>();
    receiver.answer = () => promise;
    const inFlight = send(BODY);
    await until(() => receiver.requests.length === 1);
    const stopped = receiver.stop(AbortSignal.timeout(20_000));
    finish(refusal(StatusCode.ABORTED));
    expect((await inFlight).status).toBe(503);
    await stopped;
    await expect(send(BODY)).rejects.toThrow();
  });

  test('a request on a connection that is still open is 503 with Retry-After', async () => {
    const { promise, resolve: finish } = Promise.withResolvers<TraceOutcome>();
    receiver.answer = () => promise;
    const request = `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: ${PROTOBUF}\r\nContent-Length: 1\r\n\r\na`;
    const answers = new Promise<string>((resolve) => {
      const chunks: Buffer[] = [];
      const socket = connect(receiver.port, '127.0.0.1', () => socket.write(request));
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
      void until(() => receiver.requests.length === 1).then(() => {
        const stopped = receiver.stop(AbortSignal.timeout(20_000));
        socket.write(request);
        return Promise.all([stopped, until(() => receiver.refusals.length === 1).then(() => finish(refusal(0)))]);
      });
    });
    expect(await answers).toMatch(/^HTTP\/1\.1 200 [^]*HTTP\/1\.1 503 [^]*retry-after: \d/);
    expect(receiver.refusals).toEqual(['http shutting_down']);
  });

  test('what is unfinished when the time is over is cut off', async () => {
    const { promise, resolve: letGo } = Promise.withResolvers<TraceOutcome>();
    receiver.answer = () => promise;
    const inFlight = send(BODY);
    await until(() => receiver.requests.length === 1);
    await Promise.all([receiver.stop(AbortSignal.abort()), expect(inFlight).rejects.toThrow()]);
    letGo(refusal(StatusCode.CANCELLED));
    await until(() => receiver.budget.held === 0);
  });
});
