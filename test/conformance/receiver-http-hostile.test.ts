/** The OTLP/HTTP receiver against the OTLP specification, "OTLP/HTTP", and RFC 9110: bad data, limits and hostile senders. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { StatusCode } from '../../processor/src/component.ts';
import type { TraceOutcome } from '../../processor/src/component.ts';
import { HttpSender, JSON_TYPE, PROTOBUF } from '../processor/receiver/http-sender.ts';
import type { HttpAnswer } from '../processor/receiver/http-sender.ts';
import { readStatus } from '../processor/receiver/rpc-status.ts';
import { startReceiver, until } from '../processor/receiver/running-receiver.ts';
import type { RunningOptions, RunningReceiver } from '../processor/receiver/running-receiver.ts';

const BODY = Buffer.from('any bytes: the receiver does not look into protobuf');
const MIB = 1024 * 1024;

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

describe('OTLP/HTTP: bad data (item 25) and limits (item 24)', () => {
  const LIMIT = 100_000;

  beforeEach(() => start({ receiver: { max_request_bytes: LIMIT }, budgetBytes: 300_000 }));

  test.each([
    ['bytes that are not gzip', BODY],
    ['gzip cut off, small', gzipSync(BODY).subarray(0, 20)],
    ['gzip cut off, large', gzipSync(randomBytes(90_000)).subarray(0, 80_000)],
  ])('25: %s is 400 with a Status body', async (_name, body) => {
    const answer = await sender.send(body, { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(400);
    expect(readStatus(answer.body).code).toBe(StatusCode.INVALID_ARGUMENT);
    expect(receiver.refusals).toEqual(['http malformed_compression']);
    expect(receiver.requests).toEqual([]);
  });

  test.each(['', '{', '[]', '"text"', 'null', '{"resourceSpans":{}}', '{"resourceSpans":[{"scopeSpans":3}]}'])(
    '25: the JSON %s is 400 with a Status body in JSON',
    async (json) => {
      const answer = await sender.send(Buffer.from(json), { 'content-type': JSON_TYPE });
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
      expect(await sender.send(encode(Buffer.alloc(LIMIT, 'x')), headers)).toMatchObject({ status: 200 });
      const answer = await sender.send(encode(Buffer.alloc(LIMIT + 1, 'x')), headers);
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
    const answer = await sender.send(Buffer.alloc(2 * LIMIT), { 'transfer-encoding': 'chunked' });
    expect(answer.status).toBe(413);
    expect(receiver.budget.highest).toBeLessThanOrEqual(LIMIT);
  });

  test('26: bytes that do not fit the budget are 503 with Retry-After', async () => {
    const { promise, resolve: letGo } = Promise.withResolvers<TraceOutcome>();
    receiver.answer = () => promise;
    const waiting: Promise<HttpAnswer>[] = [];
    for (let n = 1; n <= 3; n += 1) {
      waiting.push(sender.send(Buffer.alloc(LIMIT)));
      await until(() => receiver.requests.length === n);
      if (n === 1) receiver.answer = () => new Promise(() => {});
    }
    const answer = await sender.send(Buffer.alloc(LIMIT));
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(receiver.refusals).toEqual(['http overloaded']);
    letGo(refusal(StatusCode.ABORTED));
    expect(await waiting[0]).toMatchObject({ status: 503 });
    sender.close();
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
    const bombs = Array.from({ length: 32 }, () => sender.send(bomb, { 'content-encoding': 'gzip' }));
    const honest = sender.send(BODY);
    expect(new Set((await Promise.all(bombs)).map(({ status }) => status))).toEqual(new Set([413]));
    clearInterval(sampling);
    expect((await honest).status).toBe(200);
    expect(highest - before).toBeLessThan(256 * MIB);
  });

  test('a request that does not arrive in time is answered 503, which senders retry, and holds nothing', async () => {
    await start({ receiveTimeoutMs: 400 });
    const head = `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: ${PROTOBUF}\r\nContent-Length: 1000\r\n\r\n`;
    const [slowHeaders, slowBody] = await Promise.all([
      sender.sendRaw(head.slice(0, 50)),
      sender.sendRaw(`${head}some bytes`),
    ]);
    expect(slowHeaders).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: \d/);
    expect(slowBody).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: \d/);
    await until(() => receiver.budget.held === 0);
    expect((await sender.send(BODY)).status).toBe(200);
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
    const answer = await sender.sendRaw(bytes);
    if (answer !== '') {
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toMatchObject({
        code: StatusCode.INVALID_ARGUMENT,
      });
    }
    expect((await sender.send(BODY)).status).toBe(200);
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
    expect((await sender.send(BODY)).status).toBe(200);
    expect(await sender.sendRaw('GET / HTTP/1.1\r\n\r\n')).toBe('');
    expect(receiver.refusals).toEqual(['http overloaded']);
  });
});

describe('OTLP/HTTP: stop', () => {
  beforeEach(() => start());

  test('requests in flight are answered, and their connections closed', async () => {
    const { promise, resolve: finish } = Promise.withResolvers<TraceOutcome>();
    receiver.answer = () => promise;
    const inFlight = sender.send(BODY);
    await until(() => receiver.requests.length === 1);
    const stopped = receiver.stop(AbortSignal.timeout(20_000));
    finish(refusal(StatusCode.ABORTED));
    expect((await inFlight).status).toBe(503);
    await stopped;
    await expect(sender.send(BODY)).rejects.toThrow();
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
    const inFlight = sender.send(BODY);
    await until(() => receiver.requests.length === 1);
    await Promise.all([receiver.stop(AbortSignal.abort()), expect(inFlight).rejects.toThrow()]);
    letGo(refusal(StatusCode.CANCELLED));
    await until(() => receiver.budget.held === 0);
  });
});
