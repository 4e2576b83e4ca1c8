/** The OTLP/gRPC receiver against the OTLP specification, "OTLP/gRPC": what it takes and how it answers. */
import { performance } from 'node:perf_hooks';
import { deflateSync, gzipSync } from 'node:zlib';
import { status as Code } from '@grpc/grpc-js';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { StatusCode } from '../../processor/src/component.ts';
import type { TraceOutcome } from '../../processor/src/component.ts';
import { GrpcSender } from '../processor/receiver/grpc-sender.ts';
import { frame, GrpcWire } from '../processor/receiver/grpc-wire.ts';
import { readStatus, writePartialSuccess } from '../processor/receiver/rpc-status.ts';
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

describe('OTLP/gRPC Response (items 1 to 6)', () => {
  beforeEach(() => start());

  test('1, 3: Export takes a request as it is and answers full success with an empty response', async () => {
    const { response } = await sender.send(BODY);
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
    expect((await sender.send(Buffer.alloc(0))).response).toEqual(Buffer.alloc(0));
    expect(receiver.requests).toEqual([]);
  });

  test('5, 6: a partial success is passed on byte for byte', async () => {
    const response = writePartialSuccess(3, 'three spans are too long');
    receiver.answer = () => ({ code: StatusCode.OK, response, message: '' });
    expect((await sender.send(BODY)).response).toEqual(response);
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
    const { error } = await sender.send(BODY);
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
    const { error } = await sender.send(BODY);
    const [details] = error?.metadata.get('grpc-status-details-bin') ?? [];
    expect(readStatus(details as Buffer).retrySeconds).toBe(2.5);
  });

  test('17: a long message is cut, and half a surrogate pair does not break the answer', async () => {
    receiver.answer = () => refusal(StatusCode.INVALID_ARGUMENT, '\u{1F600}'.repeat(5000).slice(1));
    const { error } = await sender.send(BODY);
    expect(error?.code).toBe(Code.INVALID_ARGUMENT);
    expect(error?.details.length).toBeLessThanOrEqual(1024);
  });

  test('a defect of ours is UNAVAILABLE with RetryInfo, never UNKNOWN or INTERNAL, and keeps its text to itself', async () => {
    receiver.answer = () => {
      throw new Error('secret');
    };
    const { error } = await sender.send(BODY);
    expect(error?.code).toBe(Code.UNAVAILABLE);
    expect(error?.details).not.toContain('secret');
    const [details] = error?.metadata.get('grpc-status-details-bin') ?? [];
    expect(readStatus(details as Buffer).retrySeconds).toBeGreaterThan(0);
    expect(receiver.faults).toHaveLength(1);
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
      await sender.send(Buffer.from([n]));
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
    expect((await sender.send(BODY)).error?.code).toBe(Code.UNAVAILABLE);
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
    const { response } = await sender.send(Buffer.alloc(0), {}, '/grpc.health.v1.Health/Check');
    expect(response).toEqual(Buffer.from([8, 1]));
  });
});
