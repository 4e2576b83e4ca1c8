import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { ControlServer } from '../../../processor/src/control/server.ts';
import {
  createControlServer,
  startControlServer as startServer,
  stopControlServers,
  TOKENS,
} from './control-server.ts';

afterEach(() => stopControlServers());

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

/** One HTTP request; unlike fetch it sends any method and any Host header. */
async function ask(
  server: ControlServer,
  path: string,
  { method = 'GET', host = 'localhost', body = '', token = TOKENS.viewer } = {},
): Promise<Answer> {
  const sent = request({
    port: server.address().port,
    host: '127.0.0.1',
    path,
    method,
    headers: { host, ...(token !== '' && { authorization: `Bearer ${token}` }) },
    agent: false,
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  const chunks = (await response.toArray()) as Buffer[];
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() };
}

/** Bytes in, bytes out, until the server closes. */
async function askRaw(server: ControlServer, bytes: string): Promise<string> {
  const socket = connect(server.address().port, '127.0.0.1');
  socket.end(bytes);
  return Buffer.concat((await socket.toArray()) as Buffer[]).toString();
}

test('/health answers while the process is alive, ready or not', async () => {
  const server = await startServer({}, { unreadyBecause: () => ['starting'] });
  expect(await ask(server, '/health')).toMatchObject({ status: 200, body: '{"status":"alive"}' });
  expect(await ask(server, '/health', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
});

test('/ready is 503 with the reasons until there are none', async () => {
  let reasons = ['the state is being loaded'];
  const server = await startServer({}, { unreadyBecause: () => reasons });
  const early = await ask(server, '/ready');
  expect(early.status).toBe(503);
  expect(JSON.parse(early.body)).toEqual({ status: 'unready', reasons: ['the state is being loaded'] });
  reasons = [];
  expect(await ask(server, '/ready')).toMatchObject({ status: 200, body: '{"status":"ready"}' });
});

test('/metrics answers in the text format of Prometheus', async () => {
  const answer = await ask(await startServer(), '/metrics');
  expect(answer).toMatchObject({ status: 200, body: 'up 1\n' });
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
});

test('/metrics that are not public need a token', async () => {
  const server = await startServer({ public_metrics: false });
  expect((await ask(server, '/metrics')).status).toBe(200);
  const answer = await ask(server, '/metrics', { token: '' });
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toBe('Bearer');
  expect(answer.body).not.toContain('up 1');
});

test('a fault inside is a 503 that gives nothing away', async () => {
  const telemetry = { prometheus: () => Promise.reject(new Error('secret detail')) };
  const answer = await ask(await startServer({}, { telemetry }), '/metrics');
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.body)).toMatchObject({ type: 'urn:api-anomaly:error:fault' });
  expect(answer.body).not.toContain('secret detail');
});

test('an unknown path is a 404 problem document (RFC 9457) that says what is served', async () => {
  const answer = await ask(await startServer(), '/nope?token=x');
  expect(answer.status).toBe(404);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(JSON.parse(answer.body)).toEqual({
    type: 'urn:api-anomaly:error:not_found',
    title: 'Not Found',
    status: 404,
    detail: 'Nothing is served at /nope; use one of the paths in /openapi.json.',
  });
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])(
  '%s on a path that only answers GET is 405 and says so (RFC 9110, 15.5.6)',
  async (method) => {
    const answer = await ask(await startServer(), '/metrics', {
      method,
      body: ['POST', 'PUT', 'PATCH'].includes(method) ? '{' : '',
    });
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe('GET, HEAD');
    expect(JSON.parse(answer.body)).toMatchObject({ status: 405, type: 'urn:api-anomaly:error:method_not_allowed' });
  },
);

test.each(['PROPFIND', 'QUERY'])('a method the server does not know (%s) is refused', async (method) => {
  expect([404, 405]).toContain((await ask(await startServer(), '/metrics', { method })).status);
});

test.each([
  ['localhost', 200],
  ['LOCALHOST:8000', 200],
  ['127.0.0.1:1', 200],
  ['[::1]:8000', 200],
  ['processor.internal:8000', 200],
  ['Processor.Internal.', 200],
  ['evil.example', 421],
  ['localhost.evil.example', 421],
  ['10.0.0.7', 421],
  ['[::2]', 421],
])('a Host header %p is answered with %i', async (host, status) => {
  const server = await startServer({ allowed_hosts: ['processor.internal'] });
  for (const path of ['/health', '/metrics']) expect((await ask(server, path, { host })).status).toBe(status);
});

test('a foreign Host gets the same answer for a path that does not exist', async () => {
  expect((await ask(await startServer(), '/nope', { host: 'evil.example' })).status).toBe(421);
});

test('a request that is no HTTP gets a 400 problem document', async () => {
  const server = await startServer();
  for (const bytes of ['GARBAGE\r\n\r\n', 'GET / HTTP/1.1\r\nBad Header\r\n\r\n']) {
    const answer = await askRaw(server, bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('Content-Type: application/problem+json');
  }
  expect(await askRaw(server, 'GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 400 /,
  );
});

test('oversized headers are refused and the server lives on', async () => {
  const server = await startServer();
  const answer = await askRaw(server, `GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`);
  expect(answer).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
  expect((await ask(server, '/health')).status).toBe(200);
});

test('a taken port is named at start, with the key to change', async () => {
  const { port } = (await startServer()).address();
  await expect(startServer({ port })).rejects.toMatchObject({
    code: 'listen_failed',
    message: expect.stringMatching(/127\.0\.0\.1:\d+: .*EADDRINUSE.*; stop what uses the port, or set control\.port/),
  });
});

test('it stops twice and without a start, and cuts hanging requests when the time is over', async () => {
  const server = await startServer({}, { telemetry: { prometheus: () => new Promise(() => undefined) } });
  const hanging = ask(server, '/metrics').catch((error: Error) => error.message);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const deadline = new AbortController();
  const stopped = server.stop(deadline.signal);
  deadline.abort();
  await stopped;
  await server.stop(AbortSignal.abort());
  expect(await hanging).toMatch(/hang up|ECONNRESET/);

  const neverStarted = createControlServer();
  await neverStarted.stop(AbortSignal.timeout(1000));
});
