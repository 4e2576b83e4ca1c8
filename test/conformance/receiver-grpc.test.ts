/** The OTLP/gRPC receiver against the OTLP specification, "OTLP/gRPC", and the gRPC specification over HTTP/2. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { deflateSync, gzipSync } from 'node:zlib';
import { Client, credentials, Metadata, status as Code } from '@grpc/grpc-js';
import type { CallOptions, ServiceError } from '@grpc/grpc-js';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { TracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { StatusCode } from '../../processor/src/component.ts';
import type { TraceOutcome } from '../../processor/src/component.ts';
import { answerOn, EXPORT_PATH, frame, GrpcWire } from '../processor/receiver/grpc-wire.ts';
import { readStatus, writePartialSuccess } from '../processor/receiver/rpc-status.ts';
import { startReceiver, until } from '../processor/receiver/running-receiver.ts';
import type { RunningOptions, RunningReceiver } from '../processor/receiver/running-receiver.ts';

const BODY = Buffer.from('any bytes: the receiver does not look into them');
const MIB = 1024 * 1024;

let receiver: RunningReceiver;
let wire: GrpcWire;
let client: Client;

async function start(options?: RunningOptions): Promise<void> {
  receiver = await startReceiver('grpc', options);
  wire = new GrpcWire(receiver.port);
  client = new Client(`127.0.0.1:${receiver.port}`, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
}

afterEach(async () => {
  wire.close();
  client.close();
  await receiver.stop(AbortSignal.abort());
  expect(receiver.budget.held).toBe(0);
});

interface Answer {
  readonly response?: Buffer;
  readonly error?: ServiceError;
}

function unchanged(bytes: Buffer): Buffer {
  return bytes;
}

function send(body: Buffer, options: CallOptions = {}, path = EXPORT_PATH): Promise<Answer> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, unchanged, unchanged, body, new Metadata(), options, (error, response) => {
      resolve(error === null ? { response: response ?? Buffer.alloc(0) } : { error });
    });
  });
}

function refusal(code: StatusCode, message: string, retryDelayMs?: number): TraceOutcome {
  const outcome = { code, message, response: Buffer.alloc(0) };
  return retryDelayMs === undefined ? outcome : { ...outcome, retryDelayMs };
}

describe('OTLP/gRPC Response (items 1 to 6)', () => {
  beforeEach(() => start());

  test('1, 3: Export takes a request as it is and answers full success with an empty response', async () => {
    const { response } = await send(BODY);
    expect(response).toEqual(Buffer.alloc(0));
    expect(receiver.requests.map(({ body, transport }) => [body, transport])).toEqual([[BODY, 'grpc']]);
  });

  test('2: gzip is inflated, deflate too since the library offers it', async () => {
    const compressible = Buffer.alloc(3 * MIB, 'abc');
    for (const [encoding, body] of [
      ['gzip', gzipSync(BODY)],
      ['gzip', gzipSync(compressible)],
      ['deflate', deflateSync(BODY)],
    ] as const) {
      const answer = await wire.call(frame(body, 1), { 'grpc-encoding': encoding });
      expect(answer).toMatchObject({ httpStatus: 200, grpcStatus: Code.OK });
    }
    const expected = [BODY, compressible, BODY];
    expect(receiver.requests.map(({ body }, index) => body.equals(expected[index] ?? Buffer.alloc(0)))).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('2: a message without the compressed flag is not inflated, whatever grpc-encoding says', async () => {
    expect(await wire.call(frame(BODY), { 'grpc-encoding': 'gzip' })).toMatchObject({ grpcStatus: Code.OK });
    expect(receiver.requests[0]?.body).toEqual(BODY);
  });

  test.each(['zstd', 'snappy', 'br', 'gzip, gzip'])('2: grpc-encoding %s is UNIMPLEMENTED', async (encoding) => {
    const answer = await wire.call(frame(BODY, 1), { 'grpc-encoding': encoding });
    expect(answer).toMatchObject({ httpStatus: 200, grpcStatus: Code.UNIMPLEMENTED });
    expect(receiver.refusals).toEqual(['grpc unsupported_encoding']);
  });

  test('4: a request with no bytes at all succeeds and goes no further', async () => {
    expect((await send(Buffer.alloc(0))).response).toEqual(Buffer.alloc(0));
    expect(receiver.requests).toEqual([]);
  });

  test('5, 6: a partial success is passed on byte for byte', async () => {
    const response = writePartialSuccess(3, 'three spans are too long');
    receiver.answer = () => ({ code: StatusCode.OK, response, message: '' });
    expect((await send(BODY)).response).toEqual(response);
  });

  test('a real SDK exporter is satisfied', async () => {
    const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${receiver.port}` });
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    provider.getTracer('test').startSpan('GET /orders').end();
    await provider.forceFlush();
    await provider.shutdown();
    expect(receiver.requests).toHaveLength(1);
    expect(receiver.requests[0]?.body.includes('GET /orders')).toBe(true);
    expect(receiver.refusals).toEqual([]);
  });
});

describe('OTLP/gRPC Response: every status reaches the sender (items 8 to 12, 20)', () => {
  beforeEach(() => start());

  const codes = Object.entries(StatusCode).filter(([, code]) => code !== StatusCode.OK);

  test.each(codes)('%s as itself, with google.rpc.Status in the trailers', async (_name, code) => {
    receiver.answer = () => refusal(code, 'what was wrong; what to do: 100 %.');
    const { error } = await send(BODY);
    expect(error).toMatchObject({ code, details: 'what was wrong; what to do: 100 %.' });
    const [details] = error?.metadata.get('grpc-status-details-bin') ?? [];
    expect(readStatus(details as Buffer)).toEqual({
      code,
      message: 'what was wrong; what to do: 100 %.',
      retrySeconds: undefined,
    });
  });

  test('10, 11: a delay goes out as RetryInfo', async () => {
    receiver.answer = () => refusal(StatusCode.RESOURCE_EXHAUSTED, 'later', 2500);
    const { error } = await send(BODY);
    const [details] = error?.metadata.get('grpc-status-details-bin') ?? [];
    expect(readStatus(details as Buffer).retrySeconds).toBe(2.5);
  });

  test('17: a long message is cut, and half a surrogate pair does not break the answer', async () => {
    receiver.answer = () => refusal(StatusCode.INVALID_ARGUMENT, '\u{1F600}'.repeat(5000).slice(1));
    const { error } = await send(BODY);
    expect(error?.code).toBe(Code.INVALID_ARGUMENT);
    expect(error?.details.length).toBeLessThanOrEqual(1024);
  });

  test('a defect of ours is UNAVAILABLE with RetryInfo, never UNKNOWN or INTERNAL, and keeps its text to itself', async () => {
    receiver.answer = () => {
      throw new Error('secret');
    };
    const { error } = await send(BODY);
    expect(error?.code).toBe(Code.UNAVAILABLE);
    expect(error?.details).not.toContain('secret');
    const [details] = error?.metadata.get('grpc-status-details-bin') ?? [];
    expect(readStatus(details as Buffer).retrySeconds).toBeGreaterThan(0);
    expect(receiver.faults).toHaveLength(1);
  });
});

describe('OTLP/gRPC: limits (items 7 and 8) and overload (item 10)', () => {
  const LIMIT = 100_000;

  test.each(['none', 'gzip'])('a request of exactly the limit is taken, one byte more is not: %s', async (encoding) => {
    await start({ receiver: { max_request_bytes: LIMIT } });
    const call = (body: Buffer) =>
      encoding === 'none' ? wire.call(frame(body)) : wire.call(frame(gzipSync(body), 1), { 'grpc-encoding': 'gzip' });
    expect(await call(randomBytes(LIMIT).fill(1, 0, LIMIT / 2))).toMatchObject({ grpcStatus: Code.OK });
    const answer = await call(Buffer.alloc(LIMIT + 1, 'x'));
    expect(answer.grpcStatus).toBe(Code.RESOURCE_EXHAUSTED);
    expect(readStatus(answer.details ?? Buffer.alloc(0)).retrySeconds).toBeUndefined();
    expect(receiver.refusals).toEqual(['grpc request_too_large']);
  });

  test('a declared length above the limit is refused before a byte of it arrives', async () => {
    await start({ receiver: { max_request_bytes: LIMIT } });
    const stream = wire.open();
    const answer = answerOn(stream);
    stream.write(frame(Buffer.alloc(0), 0, 0xff_ff_ff_ff));
    stream.on('response', () => stream.close());
    expect(await answer).toMatchObject({ grpcStatus: Code.RESOURCE_EXHAUSTED });
    expect(receiver.budget.highest).toBeLessThan(100);
  });

  test('bytes that do not fit the budget are UNAVAILABLE with RetryInfo, and fit again after the others are answered', async () => {
    await start({ budgetBytes: 1000 });
    const { promise, resolve: answerFirst } = Promise.withResolvers<TraceOutcome>();
    receiver.answer = () => promise;
    const first = send(Buffer.alloc(700));
    await until(() => receiver.requests.length === 1);
    const { error } = await send(Buffer.alloc(700));
    expect(error?.code).toBe(Code.UNAVAILABLE);
    expect(readStatus(error?.metadata.get('grpc-status-details-bin')[0] as Buffer).retrySeconds).toBeGreaterThan(0);
    answerFirst(refusal(StatusCode.ABORTED, ''));
    expect((await first).error?.code).toBe(Code.ABORTED);
    receiver.answer = () => ({ code: StatusCode.OK, response: Buffer.alloc(0), message: '' });
    expect((await send(Buffer.alloc(700))).error).toBeUndefined();
    expect(receiver.refusals).toEqual(['grpc overloaded']);
  });

  test('48 bombs at once are refused for good and an honest request gets through, in bounded memory', async () => {
    await start();
    const bomb = frame(gzipSync(Buffer.alloc(128 * MIB)), 1);
    const before = process.memoryUsage().rss;
    let highest = before;
    const sampling = setInterval(() => (highest = Math.max(highest, process.memoryUsage().rss)), 20);
    const bombs = Array.from({ length: 48 }, () => wire.call(bomb, { 'grpc-encoding': 'gzip' }));
    const honest = send(BODY);
    const codes = new Set((await Promise.all(bombs)).map(({ grpcStatus }) => grpcStatus));
    clearInterval(sampling);
    expect(codes).toEqual(new Set([Code.RESOURCE_EXHAUSTED]));
    expect((await honest).error).toBeUndefined();
    // Kept whole, the bombs would take 3 GiB at the limit of 64 MiB each; as sent, they are 6 MiB.
    expect(highest - before).toBeLessThan(256 * MIB);
  });

  test('bombs that lie about their size are inflated four at a time', async () => {
    await start({ receiver: { max_request_bytes: 4 * MIB, max_concurrent_inflations: 4 } });
    const small = gzipSync(Buffer.alloc(100));
    // Two members: the length at the end is that of the second.
    const bomb = frame(Buffer.concat([gzipSync(randomBytes(64 * 1024)), gzipSync(Buffer.alloc(64 * MIB)), small]), 1);
    const bombs = Array.from({ length: 32 }, () => wire.call(bomb, { 'grpc-encoding': 'gzip' }));
    const answers = await Promise.all(bombs);
    expect(receiver.budget.highest).toBeLessThanOrEqual(4 * 4 * MIB + 32 * bomb.length);
    expect(new Set(answers.map(({ grpcStatus }) => grpcStatus))).toEqual(new Set([Code.RESOURCE_EXHAUSTED]));
  });
});

describe('OTLP/gRPC: hostile and broken input (items 9 and 13)', () => {
  beforeEach(() => start({ receiveTimeoutMs: 200 }));

  const truncated = gzipSync(randomBytes(100_000)).subarray(0, 90_000);
  const malformed: [string, Buffer, Record<string, string>][] = [
    ['bytes that are not gzip', frame(BODY, 1), { 'grpc-encoding': 'gzip' }],
    ['gzip cut off, small', frame(gzipSync(BODY).subarray(0, 20), 1), { 'grpc-encoding': 'gzip' }],
    ['gzip cut off, large', frame(truncated, 1), { 'grpc-encoding': 'gzip' }],
    ['a compressed flag without grpc-encoding', frame(gzipSync(BODY), 1), {}],
    ['a compressed flag of 2', frame(BODY, 2), {}],
    ['two messages', Buffer.concat([frame(BODY), frame(BODY)]), {}],
    ['no message', Buffer.alloc(0), {}],
    ['half a header', Buffer.alloc(3), {}],
    ['less than the declared length', frame(BODY, 0, 1000), {}],
    ['more than the declared length', frame(BODY, 0, 5), {}],
    ['a malformed grpc-timeout', frame(BODY), { 'grpc-timeout': 'soon' }],
  ];

  test.each(malformed)('9: %s is INVALID_ARGUMENT', async (_name, body, headers) => {
    const answer = await wire.call(body, headers);
    expect(answer.grpcStatus).toBe(Code.INVALID_ARGUMENT);
    expect(receiver.requests).toEqual([]);
    expect(receiver.refusals).toHaveLength(1);
    expect((await send(BODY)).error).toBeUndefined();
  });

  test('gzip in gzip is inflated once: what is inside is for the reader of the message to refuse', async () => {
    const inner = gzipSync(BODY);
    await wire.call(frame(gzipSync(inner), 1), { 'grpc-encoding': 'gzip' });
    expect(receiver.requests[0]?.body).toEqual(inner);
  });

  test.each([
    '/opentelemetry.proto.collector.trace.v1.TraceService/Delete',
    '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    '/',
    '/%00\u00ff',
  ])('13: %s is UNIMPLEMENTED', async (path) => {
    expect(await wire.call(frame(BODY), { ':path': path })).toMatchObject({ grpcStatus: Code.UNIMPLEMENTED });
  });

  test('a content type other than gRPC is HTTP 415', async () => {
    expect(await wire.call(frame(BODY), { 'content-type': 'application/json' })).toMatchObject({ httpStatus: 415 });
  });

  test('a sender that never finishes is answered UNAVAILABLE and holds nothing', async () => {
    const stream = wire.open();
    const answer = answerOn(stream);
    stream.write(frame(BODY, 0, 10 * MIB));
    stream.on('response', () => stream.close());
    expect(await answer).toMatchObject({ grpcStatus: Code.UNAVAILABLE });
    expect(receiver.refusals).toEqual(['grpc receive_timeout']);
    expect(receiver.budget.held).toBe(0);
  });

  test('senders that reset their call half way hold nothing', async () => {
    const streams = Array.from({ length: 50 }, () => wire.open());
    for (const stream of streams) stream.write(frame(Buffer.alloc(1000), 0, 5000));
    await until(() => receiver.budget.held >= 50 * 1000);
    for (const stream of streams) stream.close(8);
    await until(() => receiver.budget.held === 0);
    expect((await send(BODY)).error).toBeUndefined();
  });

  test('bytes that are not HTTP/2 disturb nobody', async () => {
    const garbage = [
      Buffer.from('POST / HTTP/1.1\r\nHost: x\r\n\r\n'),
      randomBytes(10_000),
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), randomBytes(10_000)]),
    ];
    for (const bytes of garbage) {
      await new Promise<void>((resolve) => {
        const socket = connect(receiver.port, '127.0.0.1', () => socket.write(bytes));
        socket.on('error', () => {});
        socket.on('close', () => resolve());
        socket.resume();
      });
    }
    const reset = connect(receiver.port, '127.0.0.1', () => reset.resetAndDestroy());
    expect((await send(BODY)).error).toBeUndefined();
  });
});

describe('OTLP/gRPC: deadlines and cancellation (item 20)', () => {
  beforeEach(() => start());

  test.each([
    ['a tenth before grpc-timeout', { 'grpc-timeout': '10S' }, 9000],
    ['30 s at most', { 'grpc-timeout': '5M' }, 30_000],
    ['4.5 s without grpc-timeout', {}, 4500],
  ])('the consumer is given %s', async (_name, headers: Record<string, string>, expectedMs) => {
    const sent = performance.now();
    await wire.call(frame(BODY), headers);
    const { deadlineMs } = receiver.requests[0] ?? { deadlineMs: NaN };
    expect(deadlineMs).toBeGreaterThan(sent + expectedMs - 1000);
    expect(deadlineMs).toBeLessThanOrEqual(performance.now() + expectedMs);
  });

  test('a caller that cancels aborts the request, whose bytes are held until the consumer lets go', async () => {
    const { promise, resolve: letGo } = Promise.withResolvers<TraceOutcome>();
    receiver.answer = () => promise;
    const stream = wire.open();
    stream.end(frame(BODY));
    await until(() => receiver.requests.length === 1);
    stream.close(8);
    await until(() => receiver.requests[0]?.signal.aborted === true);
    expect(receiver.budget.held).toBeGreaterThan(0);
    letGo(refusal(StatusCode.CANCELLED, ''));
    await until(() => receiver.budget.held === 0);
  });

  test('when grpc-timeout passes, the sender gets DEADLINE_EXCEEDED and the request is aborted', async () => {
    receiver.answer = () => new Promise(() => {});
    const answer = await wire.call(frame(BODY), { 'grpc-timeout': '50m' });
    expect(answer.grpcStatus).toBe(Code.DEADLINE_EXCEEDED);
    await until(() => receiver.requests[0]?.signal.aborted === true);
    // The consumer of this test never lets go, so the reservation is still out.
    receiver.budget.held = 0;
  });
});

describe('OTLP/gRPC: connections (items 16 and 19)', () => {
  test('16: calls of one connection are answered out of order', async () => {
    await start();
    const answers: ((outcome: TraceOutcome) => void)[] = [];
    receiver.answer = () => new Promise((resolve) => answers.push(resolve));
    const done: number[] = [];
    const calls = [0, 1, 2].map(async (n) => {
      await send(Buffer.from([n]));
      done.push(n);
    });
    await until(() => answers.length === 3);
    const order = [2, 0, 1];
    for (const n of order) {
      const position = receiver.requests.findIndex(({ body }) => body[0] === n);
      answers[position]?.({ code: StatusCode.OK, response: Buffer.alloc(0), message: '' });
      await until(() => done.includes(n));
    }
    await Promise.all(calls);
    expect(done).toEqual(order);
  });

  test('19: stop lets calls in flight finish, and takes no new ones', async () => {
    await start();
    const { promise, resolve: finish } = Promise.withResolvers<TraceOutcome>();
    receiver.answer = () => promise;
    const inFlight = wire.call(frame(BODY));
    await until(() => receiver.requests.length === 1);
    const goaway = new Promise((resolve) => wire.session.once('goaway', resolve));
    const stopped = receiver.stop(AbortSignal.timeout(20_000));
    await goaway;
    expect((await send(BODY)).error?.code).toBe(Code.UNAVAILABLE);
    finish({ code: StatusCode.OK, response: Buffer.alloc(0), message: '' });
    expect(await inFlight).toMatchObject({ grpcStatus: Code.OK });
    await stopped;
    expect(receiver.requests).toHaveLength(1);
  });

  test('19: what is unfinished when the time is over is cut off', async () => {
    await start();
    const { promise, resolve: letGo } = Promise.withResolvers<TraceOutcome>();
    receiver.answer = () => promise;
    const inFlight = wire.call(frame(BODY));
    await until(() => receiver.requests.length === 1);
    await receiver.stop(AbortSignal.abort());
    expect((await inFlight).grpcStatus).toBeUndefined();
    await until(() => receiver.requests[0]?.signal.aborted === true);
    letGo(refusal(StatusCode.CANCELLED, ''));
    await until(() => receiver.budget.held === 0);
  });

  test('connections above the limit are closed at once and counted', async () => {
    await start({ receiver: { max_connections: 1 } });
    expect(await wire.call(frame(BODY))).toMatchObject({ grpcStatus: Code.OK });
    const second = new GrpcWire(receiver.port);
    await new Promise((resolve) => second.session.once('close', resolve));
    expect(receiver.refusals).toEqual(['grpc overloaded']);
  });

  test('grpc.health.v1.Health/Check says SERVING', async () => {
    await start();
    const { response } = await send(Buffer.alloc(0), {}, '/grpc.health.v1.Health/Check');
    expect(response).toEqual(Buffer.from([8, 1]));
  });
});
