/** The OTLP/gRPC receiver against the OTLP specification, "OTLP/gRPC", and gRPC over HTTP/2: limits and hostile senders. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { status as Code } from '@grpc/grpc-js';
import { StatusCode } from '../../processor/src/component.ts';
import type { TraceOutcome } from '../../processor/src/component.ts';
import { GrpcSender } from '../processor/receiver/grpc-sender.ts';
import { answerOn, frame, GrpcWire } from '../processor/receiver/grpc-wire.ts';
import { readStatus } from '../processor/receiver/rpc-status.ts';
import { startReceiver, until } from '../processor/receiver/running-receiver.ts';
import type { RunningOptions, RunningReceiver } from '../processor/receiver/running-receiver.ts';

const BODY = Buffer.from('any bytes: the receiver does not look into them');
const MIB = 1024 * 1024;

let receiver: RunningReceiver;
let wire: GrpcWire;
let sender: GrpcSender;

async function start(options?: RunningOptions): Promise<void> {
  receiver = await startReceiver('grpc', options);
  wire = new GrpcWire(receiver.port);
  sender = new GrpcSender(receiver.port);
}

afterEach(async () => {
  wire.close();
  sender.close();
  await receiver.stop(AbortSignal.abort());
  expect(receiver.budget.held).toBe(0);
});

function refusal(code: StatusCode, message: string, retryDelayMs?: number): TraceOutcome {
  const outcome = { code, message, response: Buffer.alloc(0) };
  return retryDelayMs === undefined ? outcome : { ...outcome, retryDelayMs };
}

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
    const first = sender.send(Buffer.alloc(700));
    await until(() => receiver.requests.length === 1);
    const { error } = await sender.send(Buffer.alloc(700));
    expect(error?.code).toBe(Code.UNAVAILABLE);
    expect(readStatus(error?.metadata.get('grpc-status-details-bin')[0] as Buffer).retrySeconds).toBeGreaterThan(0);
    answerFirst(refusal(StatusCode.ABORTED, ''));
    expect((await first).error?.code).toBe(Code.ABORTED);
    receiver.answer = () => ({ code: StatusCode.OK, response: Buffer.alloc(0), message: '' });
    expect((await sender.send(Buffer.alloc(700))).error).toBeUndefined();
    expect(receiver.refusals).toEqual(['grpc overloaded']);
  });

  test('48 bombs at once are refused for good and an honest request gets through, in bounded memory', async () => {
    await start();
    const bomb = frame(gzipSync(Buffer.alloc(128 * MIB)), 1);
    const before = process.memoryUsage().rss;
    let highest = before;
    const sampling = setInterval(() => (highest = Math.max(highest, process.memoryUsage().rss)), 20);
    const bombs = Array.from({ length: 48 }, () => wire.call(bomb, { 'grpc-encoding': 'gzip' }));
    const honest = sender.send(BODY);
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
    expect((await sender.send(BODY)).error).toBeUndefined();
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
    expect((await sender.send(BODY)).error).toBeUndefined();
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
    expect((await sender.send(BODY)).error).toBeUndefined();
  });
});
