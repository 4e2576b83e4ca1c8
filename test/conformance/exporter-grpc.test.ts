/** The OTLP/gRPC exporter against the OTLP specification, "OTLP/gRPC", with next hops that behave in every way. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { StatusCode } from '../../processor/src/component.ts';
import type { TraceOutcome, TraceRequest } from '../../processor/src/component.ts';
import { configSchema } from '../../processor/src/config/schema.ts';
import type { Config } from '../../processor/src/config/schema.ts';
import { OtlpGrpcExporter } from '../../processor/src/exporter/otlp-grpc.ts';
import { failing, startHttp2, startNextHop } from '../processor/exporter/next-hop-server.ts';
import type { NextHopServer } from '../processor/exporter/next-hop-server.ts';
import { writePartialSuccess, writeStatus } from '../processor/receiver/rpc-status.ts';
import { startReceiver, until } from '../processor/receiver/running-receiver.ts';

const BODY = Buffer.from('any bytes: the exporter does not look into them');

let exporter: OtlpGrpcExporter;
let nextHop: NextHopServer;
const stops: (() => unknown)[] = [];

async function start(options: Partial<Config['export']> = {}): Promise<void> {
  nextHop = await startNextHop();
  stops.push(() => nextHop.stop());
  await exportTo(nextHop.port, options);
}

async function exportTo(port: number, options: Partial<Config['export']> = {}): Promise<void> {
  const defaults: Config = configSchema.parse({});
  exporter = new OtlpGrpcExporter({ ...defaults.export, endpoint: `127.0.0.1:${port}`, ...options });
  stops.push(() => exporter.stop(AbortSignal.abort()));
  await exporter.start();
}

afterEach(async () => {
  for (const stop of stops.toReversed()) await stop();
  stops.length = 0;
});

function send(request: Partial<TraceRequest> & { timeoutMs?: number } = {}): Promise<TraceOutcome> {
  const { timeoutMs = 20_000, ...given } = request;
  const deadlineMs = performance.now() + timeoutMs;
  return exporter.consume({
    body: BODY,
    transport: 'grpc',
    deadlineMs,
    signal: new AbortController().signal,
    ...given,
  });
}

describe('OTLP/gRPC Response: what the next hop answers (items 34, 35 and 37)', () => {
  beforeEach(() => start());

  test('the body arrives as it is, and a full success comes back', async () => {
    expect(await send()).toEqual({ code: StatusCode.OK, response: Buffer.alloc(0), message: '' });
    expect(nextHop.received.map(({ body }) => body)).toEqual([BODY]);
  });

  test('37: a partial success comes back byte for byte, and is not sent again', async () => {
    const response = writePartialSuccess(2, 'two are too old');
    nextHop.answer = (_call, respond) => respond(null, response);
    expect(await send()).toEqual({ code: StatusCode.OK, response, message: '' });
    expect(nextHop.received).toHaveLength(1);
  });

  // What the collector's exporter retries must stay retryable; credentials are the operator's fault, not the data's.
  const retryable: [keyof typeof StatusCode, keyof typeof StatusCode][] = [
    ['CANCELLED', 'UNAVAILABLE'],
    ['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED'],
    ['ABORTED', 'UNAVAILABLE'],
    ['OUT_OF_RANGE', 'UNAVAILABLE'],
    ['UNAVAILABLE', 'UNAVAILABLE'],
    ['DATA_LOSS', 'UNAVAILABLE'],
    ['UNAUTHENTICATED', 'UNAVAILABLE'],
    ['PERMISSION_DENIED', 'UNAVAILABLE'],
  ];

  test.each(retryable)('34: %s of the next hop is %s, with a delay', async (theirs, ours) => {
    nextHop.answer = failing(StatusCode[theirs], 'not now');
    const outcome = await send();
    expect(outcome.code).toBe(StatusCode[ours]);
    expect(outcome.retryDelayMs).toBeGreaterThan(0);
    expect(nextHop.received).toHaveLength(1);
  });

  test.each(['UNAUTHENTICATED', 'PERMISSION_DENIED'] as const)('%s is told as what it is', async (name) => {
    nextHop.answer = failing(StatusCode[name], 'who are you');
    expect((await send()).message).toMatch(/refuses our credentials: .*who are you; correct export\.headers/);
  });

  test.each(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED', 'DEADLINE_EXCEEDED'] as const)(
    '36: the delay of %s is copied from RetryInfo',
    async (name) => {
      const code = StatusCode[name];
      nextHop.answer = failing(code, 'not now', writeStatus(code, 'not now', 7.25));
      expect((await send()).retryDelayMs).toBe(7250);
    },
  );

  test('34: RESOURCE_EXHAUSTED with RetryInfo keeps its code and may be retried', async () => {
    const details = writeStatus(StatusCode.RESOURCE_EXHAUSTED, 'full', 2);
    nextHop.answer = failing(StatusCode.RESOURCE_EXHAUSTED, 'full', details);
    expect(await send()).toMatchObject({ code: StatusCode.RESOURCE_EXHAUSTED, retryDelayMs: 2000 });
  });

  const permanent: (keyof typeof StatusCode)[] = [
    'UNKNOWN',
    'INVALID_ARGUMENT',
    'NOT_FOUND',
    'ALREADY_EXISTS',
    'RESOURCE_EXHAUSTED',
    'FAILED_PRECONDITION',
    'UNIMPLEMENTED',
    'INTERNAL',
  ];

  test.each(permanent)('35: %s of the next hop is reported as itself, without a delay', async (name) => {
    nextHop.answer = failing(StatusCode[name], 'never', writeStatus(StatusCode[name], 'never'));
    const outcome = await send();
    expect(outcome).toMatchObject({ code: StatusCode[name] });
    expect(outcome.retryDelayMs).toBeUndefined();
    expect(outcome.message).toContain('never');
    expect(nextHop.received).toHaveLength(1);
  });

  test('each of the 17 codes is in one of the tables above', () => {
    expect(new Set(['OK', ...retryable.map(([name]) => name), ...permanent])).toEqual(new Set(Object.keys(StatusCode)));
  });

  test('35: the limit of a next hop that speaks through the same library is not taken for a broken connection', async () => {
    expect(await send({ body: Buffer.alloc(5 * 1024 * 1024) })).toMatchObject({ code: StatusCode.RESOURCE_EXHAUSTED });
  });

  test.each([
    ['garbage', randomBytes(30)],
    ['a negative delay', writeStatus(StatusCode.UNAVAILABLE, '', -5)],
  ])('status details of %s do no harm', async (_name, details) => {
    nextHop.answer = failing(StatusCode.UNAVAILABLE, 'not now', details);
    const outcome = await send();
    expect(outcome.code).toBe(StatusCode.UNAVAILABLE);
    expect(outcome.retryDelayMs).toBeGreaterThanOrEqual(0);
  });
});

describe('what is no answer of the next hop is UNAVAILABLE: it says nothing about the spans', () => {
  const NO_ANSWERS: [string, Parameters<typeof startHttp2>[0]][] = [
    ['a reset with INTERNAL_ERROR', (stream) => stream.close(2)],
    ['a reset with PROTOCOL_ERROR', (stream) => stream.close(1)],
    ['a reset with ENHANCE_YOUR_CALM', (stream) => stream.close(11)],
    ['a reset with CANCEL', (stream) => stream.close(8)],
    ['a stream that ends without trailers', (stream) => (stream.respond({ ':status': 200 }), stream.end())],
    ['a message without trailers', (stream) => (stream.respond({ ':status': 200 }), stream.end(Buffer.alloc(5)))],
    ['OK without a message', (stream) => stream.respond({ ':status': 200, 'grpc-status': '0' }, { endStream: true })],
    ['HTTP 400', (stream) => stream.respond({ ':status': 400 }, { endStream: true })],
    ['HTTP 404', (stream) => stream.respond({ ':status': 404 }, { endStream: true })],
    ['HTTP 500 with a page', (stream) => (stream.respond({ ':status': 500 }), stream.end('<html>'))],
    ['HTTP 503', (stream) => stream.respond({ ':status': 503 }, { endStream: true })],
    [
      'a status that is no number',
      (stream) => stream.respond({ ':status': 200, 'grpc-status': 'x' }, { endStream: true }),
    ],
    ['status 99', (stream) => stream.respond({ ':status': 200, 'grpc-status': '99' }, { endStream: true })],
    ['a connection that breaks', (stream) => stream.session?.destroy()],
  ];

  test.each(NO_ANSWERS)('%s', async (_name, answer) => {
    const server = await startHttp2(answer);
    stops.push(server.stop);
    await exportTo(server.port);
    const outcome = await send();
    expect(outcome.code).toBe(StatusCode.UNAVAILABLE);
    expect(outcome.retryDelayMs).toBeGreaterThan(0);
  });

  test('nobody listens', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    await new Promise((resolve) => taken.close(resolve));
    await exportTo(port);
    expect(await send()).toMatchObject({ code: StatusCode.UNAVAILABLE });
  });

  test('something that is not HTTP/2 listens', async () => {
    const server = createServer((socket) => socket.end('220 mail.example.com\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => server.close());
    await exportTo((server.address() as AddressInfo).port);
    expect(await send()).toMatchObject({ code: StatusCode.UNAVAILABLE });
  });
});

describe('deadlines and cancellation', () => {
  test('the next hop is told the deadline, and one that stays silent is given up then', async () => {
    await start();
    let theirDeadline = Infinity;
    nextHop.answer = (call) => (theirDeadline = Number(call.getDeadline()));
    const sent = Date.now();
    const outcome = await send({ timeoutMs: 200 });
    expect(outcome.code).toBe(StatusCode.DEADLINE_EXCEEDED);
    expect(outcome.retryDelayMs).toBeGreaterThan(0);
    expect(theirDeadline - sent).toBeLessThan(1000);
  });

  test('a deadline that has passed already is not sent at all', async () => {
    await start();
    expect(await send({ timeoutMs: -1 })).toMatchObject({ code: StatusCode.DEADLINE_EXCEEDED });
    expect(nextHop.received).toEqual([]);
  });

  test('a caller that goes away cancels the call at the next hop', async () => {
    await start();
    const caller = new AbortController();
    const cancelled = new Promise((resolve) => {
      nextHop.answer = (call) => {
        call.on('cancelled', resolve);
        caller.abort();
      };
    });
    expect(await send({ signal: caller.signal })).toMatchObject({ code: StatusCode.CANCELLED });
    await cancelled;
    expect(await send({ signal: caller.signal })).toMatchObject({ code: StatusCode.CANCELLED });
    expect(nextHop.received).toHaveLength(1);
  });
});

describe('connections', () => {
  test('40: as many connections as configured, used in turn', async () => {
    await start({ connections: 3 });
    for (let n = 0; n < 6; n += 1) expect(await send()).toMatchObject({ code: StatusCode.OK });
    const peers = nextHop.received.map(({ peer }) => peer);
    expect(new Set(peers).size).toBe(3);
    expect(peers.slice(3)).toEqual(peers.slice(0, 3));
  });

  test('40: a next hop that comes back is used again', async () => {
    await start();
    expect(await send()).toMatchObject({ code: StatusCode.OK });
    nextHop.stop();
    expect(await send()).toMatchObject({ code: StatusCode.UNAVAILABLE });
    nextHop = await startNextHop(nextHop.port);
    stops.push(() => nextHop.stop());
    let outcome = await send();
    while (outcome.code !== StatusCode.OK) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      outcome = await send();
    }
    expect(nextHop.received).toHaveLength(1);
  });

  test.each(['none', 'gzip'] as const)(
    'compression %s reaches a receiver that counts the bytes',
    async (compression) => {
      const receiver = await startReceiver('grpc');
      stops.push(() => receiver.stop(AbortSignal.abort()));
      await exportTo(receiver.port, { compression });
      const body = Buffer.alloc(1_000_000, 'compressible ');
      expect(await send({ body })).toMatchObject({ code: StatusCode.OK });
      expect(receiver.requests[0]?.body.equals(body)).toBe(true);
      // The frame alone, or the body together with the gzip it came in.
      const { highest } = receiver.budget;
      if (compression === 'none') expect(highest).toBe(body.length + 5);
      else expect([highest > body.length + 5, highest < body.length * 1.1]).toEqual([true, true]);
    },
  );

  test('46: only the configured headers are sent along', async () => {
    await start({ headers: { Authorization: 'Bearer t', 'x-tenant': 'a' } });
    await send();
    const { metadata } = nextHop.received[0] ?? {};
    expect(metadata?.getMap()).toEqual({
      authorization: 'Bearer t',
      'x-tenant': 'a',
      'user-agent': expect.stringContaining('grpc-node-js') as string,
    });
  });

  test('http:// and a bare address are plain text, https:// is not', async () => {
    await start();
    const { port } = nextHop;
    await exportTo(port, { endpoint: `http://127.0.0.1:${port}/` });
    expect(await send()).toMatchObject({ code: StatusCode.OK });
    await exportTo(port, { endpoint: `https://localhost:${port}` });
    expect(await send()).toMatchObject({ code: StatusCode.UNAVAILABLE });
    expect(nextHop.received).toHaveLength(1);
  });
});

describe('stop', () => {
  test('42: calls in flight are waited for, new ones are refused so that they can be retried', async () => {
    await start();
    const { promise, resolve: finish } = Promise.withResolvers<void>();
    nextHop.answer = (_call, respond) => void promise.then(() => respond(null, Buffer.alloc(0)));
    const inFlight = send();
    await until(() => nextHop.received.length === 1);
    const stopped = exporter.stop(AbortSignal.timeout(20_000));
    expect(await send()).toMatchObject({ code: StatusCode.UNAVAILABLE });
    finish();
    expect(await inFlight).toMatchObject({ code: StatusCode.OK });
    await stopped;
    await exporter.stop(AbortSignal.abort());
  });

  test('42: what is unanswered when the time is over is cancelled', async () => {
    await start();
    nextHop.answer = () => {};
    const inFlight = send();
    await until(() => nextHop.received.length === 1);
    await exporter.stop(AbortSignal.abort());
    const outcome = await inFlight;
    expect(outcome.code).toBe(StatusCode.UNAVAILABLE);
    expect(outcome.retryDelayMs).toBeGreaterThan(0);
  });
});
