import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Readable } from 'node:stream';
import type { BacktestOrder } from '../../../processor/src/control/routes/backtest.ts';
import type { ControlViews } from '../../../processor/src/control/views.ts';
import type { Job } from '../../../processor/src/store/jobs.ts';
import { startControlServer, stopControlServers, TOKENS } from './control-server.ts';
import { everyView } from './every-view.ts';
import { ask, bearer } from './http-ask.ts';

afterEach(() => stopControlServers());

const JOB: Job = {
  id: 'j-1',
  kind: 'training',
  state: 'running',
  stage: 'begin',
  progress: 0,
  startedMs: 0,
  updatedMs: 0,
  endedMs: undefined,
  requestedBy: 'x',
  request: {},
  modelVersion: undefined,
  gates: [],
  result: undefined,
  error: undefined,
};

interface Taken {
  readonly uploads: Buffer[];
  readonly windows: unknown[];
  readonly detected: string[];
  readonly backtests: BacktestOrder[];
}

async function start(control: Record<string, unknown> = {}) {
  const taken: Taken = { uploads: [], windows: [], detected: [], backtests: [] };
  const views: ControlViews = {
    ...everyView(),
    training: {
      fromWindow: (range) => {
        taken.windows.push(range);
        return Promise.resolve(JOB);
      },
      fromUpload: async (upload: Readable) => {
        taken.uploads.push(Buffer.concat((await upload.toArray()) as Buffer[]));
        return JOB;
      },
    },
    backtest: {
      start: (order) => {
        taken.backtests.push(order);
        return Promise.resolve(JOB);
      },
      startOnUpload: async (order, upload) => {
        taken.backtests.push(order);
        taken.uploads.push(Buffer.concat((await upload.toArray()) as Buffer[]));
        return JOB;
      },
    },
    detect: {
      detect: (body, encoding) => {
        taken.detected.push(`${encoding} ${body.toString()}`);
        return Promise.resolve(Buffer.from(`annotated ${body.toString()}`));
      },
    },
  };
  const server = await startControlServer(control, { views });
  const { port } = server.address();
  const post = (path: string, type: string, body: Buffer | string, more: Record<string, string> = {}) =>
    ask(port, { method: 'POST', path, body, headers: { ...bearer(TOKENS.admin), 'content-type': type, ...more } });
  return { taken, post, port };
}

const TRACES = JSON.stringify({ resourceSpans: [{ scopeSpans: [] }] });

test('a training on what was seen is asked for in JSON, with times as text or unix milliseconds', async () => {
  const { taken, post } = await start();
  const body = { source: 'window', from: '2026-11-28T00:00:00+01:00', to: '1795824000000' };
  const answer = await post('/api/v1/train', 'application/json; charset=utf-8', JSON.stringify(body));
  expect(answer.status).toBe(202);
  expect(answer.headers['location']).toBe('/api/v1/jobs/j-1');
  expect(taken.windows).toEqual([{ fromMs: Date.UTC(2026, 10, 27, 23), toMs: 1_795_824_000_000 }]);
});

test.each([
  ['application/x-protobuf', Buffer.from([10, 0])],
  ['application/x-ndjson', Buffer.from(`${TRACES}\n${TRACES}\n`)],
  ['application/octet-stream', gzipSync(TRACES)],
  ['application/json', Buffer.from(TRACES)],
  ['application/json', Buffer.from(`${' '.repeat(100_000)}${TRACES}`)],
])('history comes in as %s, byte for byte', async (type, body) => {
  const { taken, post } = await start();
  expect((await post('/train', type, body)).status).toBe(202);
  expect(taken.uploads.map((upload) => upload.equals(body))).toEqual([true]);
});

test('history in compressed JSON is history', async () => {
  const { taken, post } = await start();
  await post('/train', 'application/json', gzipSync(TRACES), { 'content-encoding': 'gzip' });
  expect(taken.uploads).toEqual([gzipSync(TRACES)]);
});

test.each([
  ['application/x-ndjson', TRACES],
  ['application/json', `${TRACES} ${' '.repeat(100_000)}`],
])('history as %s that stops to come is refused, and the refusal arrives', async (type, body) => {
  const { port } = await start({ upload_idle_seconds: 0.1 });
  const headers = { ...bearer(TOKENS.admin), 'content-type': type };
  const sent = request({ port, method: 'POST', path: '/train', headers });
  sent.write(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  sent.destroy();
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([408, expect.stringContaining('problem+json')]);
});

test('an upload that only says so in JSON is refused', async () => {
  const { taken, post } = await start();
  expect((await post('/train', 'application/json', '{"source":"upload"}')).status).toBe(415);
  expect(taken.uploads).toEqual([]);
});

describe('a backtest', () => {
  const QUERY = 'budget=5&entity=u_1&behavior=scraping&from=2026-11-28T00:00:00Z';

  test('of an upload says in the query what another one says in its body', async () => {
    const { taken, post } = await start();
    const body = Buffer.from(`${TRACES}\n`);
    expect((await post(`/api/v1/backtest?${QUERY}`, 'application/x-ndjson', body)).status).toBe(202);
    const scope = { entity: 'u_1', behavior: 'scraping' };
    const sent = JSON.stringify({ budget: 5, exclusion: scope, from: '2026-11-28T00:00:00Z' });
    expect((await post('/api/v1/backtest', 'application/json', sent)).status).toBe(202);
    expect(taken.uploads).toEqual([body]);
    expect(taken.backtests[0]).toMatchObject({
      falseIncidentsPerDay: 5,
      model: undefined,
      exclusion: scope,
      fromMs: Date.UTC(2026, 10, 28),
    });
    expect(taken.backtests[1]).toEqual(taken.backtests[0]);
  });

  test.each([
    ['that changes nothing', '', 'application/x-ndjson', TRACES],
    ['of no time', 'budget=5&from=2&to=1', 'application/x-ndjson', TRACES],
    ['whose query is no number', 'budget=many', 'application/x-ndjson', TRACES],
    ['that says it twice', 'budget=5', 'application/json', '{"budget":5}'],
  ])('%s is refused', async (_, query, type, body) => {
    const { taken, post } = await start();
    expect((await post(`/api/v1/backtest?${query}`, type, body)).status).toBe(400);
    expect(taken.backtests).toEqual([]);
  });
});

test.each([
  ['application/json', 'json'],
  ['application/x-protobuf', 'protobuf'],
])('spans to detect in %s come back in it', async (type, encoding) => {
  const { taken, post } = await start();
  for (const [body, more] of [
    [Buffer.from('spans'), {}],
    [gzipSync('spans'), { 'content-encoding': 'gzip' }],
  ] as const) {
    const answer = await post('/api/v1/detect', type, body, more);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toContain(type);
    expect(answer.body.toString()).toBe('annotated spans');
  }
  expect(taken.detected).toEqual([`${encoding} spans`, `${encoding} spans`]);
});

test('spans to detect are bounded, also after decompression: a bomb is 413', async () => {
  const { taken, post } = await start({ max_detect_bytes: 10_000 });
  const bomb = gzipSync(Buffer.alloc(1_000_000));
  expect(bomb.length).toBeLessThan(10_000);
  expect((await post('/detect', 'application/x-protobuf', bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
  expect((await post('/detect', 'application/x-protobuf', Buffer.alloc(10_001))).status).toBe(413);
  expect((await post('/detect', 'application/x-protobuf', Buffer.alloc(10_000))).status).toBe(200);
  expect(taken.detected).toHaveLength(1);
});

test.each([
  ['broken', '{', 400],
  ['empty', '', 400],
  ['a key that is the prototype', '{"id":"x","__proto__":{"isAdmin":true}}', 400],
  ['a prototype by another way', '{"id":"x","constructor":{"prototype":{}}}', 400],
  ['an unknown key', '{"id":"x","force":true}', 400],
  ['deep', `${'['.repeat(100)}${']'.repeat(100)}`, 400],
  ['large', JSON.stringify({ id: 'x'.repeat(300_000) }), 413],
])('JSON that is %s is refused', async (_, body, status) => {
  const { post } = await start();
  const answer = await post('/api/v1/users/erase', 'application/json', body);
  expect(answer.status).toBe(status);
  expect(answer.body.toString()).not.toContain('xxx');
});

test.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'nonsense', ''])(
  'a body of type %p is 415',
  async (type) => {
    const { post } = await start();
    expect((await post('/api/v1/users/erase', type, '{"id":"x"}')).status).toBe(415);
  },
);
