import type { ApiCall } from '../../../processor/src/call/api-call.ts';
import type { AttributesInput } from '../../../processor/src/otlp/request-writer.ts';
import { CallSource } from './call-source.ts';

const SECOND = 1_000_000_000n;

function read(attributes: AttributesInput): ApiCall {
  return new CallSource().read(attributes);
}

test('start and duration are those of the span', () => {
  const call = new CallSource().read(
    {},
    { startTimeUnixNano: 1_760_000_000n * SECOND, endTimeUnixNano: 1_760_000_001n * SECOND },
  );
  expect(call.startSeconds).toBe(1_760_000_000);
  expect(call.durationSeconds).toBe(1);
});

const MAX_UINT64 = 2n ** 64n - 1n;

test.each([
  ['no start', 0n, 1_760_000_000n * SECOND],
  ['no end', 1_760_000_000n * SECOND, 0n],
  ['neither', 0n, 0n],
  ['an end before the start', 1_760_000_001n * SECOND, 1_760_000_000n * SECOND],
  ['an end far in the future', 1_760_000_000n * SECOND, MAX_UINT64],
  ['both far in the future', MAX_UINT64 - 1n, MAX_UINT64],
  ['no time between them', 1_760_000_000n * SECOND, 1_760_000_000n * SECOND],
  ['a start in 1970', 1n, 1_760_000_000n * SECOND],
])('with %s the start is a number and the duration is not', (_, startTimeUnixNano, endTimeUnixNano) => {
  const call = new CallSource().read({}, { startTimeUnixNano, endTimeUnixNano });
  expect(Number.isFinite(call.startSeconds)).toBe(true);
  expect(call.startSeconds).toBeGreaterThanOrEqual(0);
  expect(call.durationSeconds).toBeNaN();
});

test.each([
  [{ 'http.response.status_code': 404 }, 404],
  [{ 'http.status_code': 404 }, 404],
  [{ 'http.response.status_code': '404' }, 404],
  [{ 'http.response.status_code': { double: 404 } }, 404],
  [{ 'http.response.status_code': 201, 'http.status_code': 500 }, 201],
  [{ 'http.response.status_code': 0, 'http.status_code': 500 }, 500],
  [{ 'http.response.status_code': 200, 'rpc.grpc.status_code': 7 }, 403],
  [{ 'http.response.status_code': 200, 'rpc.grpc.status_code': 0 }, 200],
  [{ 'rpc.response.status_code': 'NOT_FOUND' }, 404],
  [{ 'rpc.status_code': 'UNAUTHENTICATED' }, 401],
  [{ 'rpc.grpc.status_code': '14' }, 503],
  [{ 'rpc.connect_rpc.error_code': 'resource_exhausted' }, 429],
  [{ 'http.response.status_code': 'teapot' }, 0],
  [{ 'http.response.status_code': 99_999 }, 0],
  [{ 'http.response.status_code': true }, 0],
  [{}, 0],
])('%p is status %d', (attributes, status) => {
  expect(read(attributes).statusCode).toBe(status);
});

function failures(status: number): string[] {
  const call = read({ 'http.response.status_code': status });
  const flags = [
    'isServerError',
    'isClientError',
    'isAccessDenied',
    'isUnauthenticated',
    'isNotFound',
    'isRateLimited',
  ];
  return flags.filter((flag) => call[flag as keyof ApiCall] === true);
}

test('the kinds of failure are told apart by the status code', () => {
  expect(failures(200)).toEqual([]);
  expect(failures(302)).toEqual([]);
  expect(failures(400)).toEqual(['isClientError']);
  expect(failures(401)).toEqual(['isClientError', 'isAccessDenied', 'isUnauthenticated']);
  expect(failures(403)).toEqual(['isClientError', 'isAccessDenied']);
  expect(failures(404)).toEqual(['isClientError', 'isNotFound']);
  expect(failures(429)).toEqual(['isClientError', 'isRateLimited']);
  expect(failures(500)).toEqual(['isServerError']);
});

test('without a status code, the span status ERROR is a server error; with one, it changes nothing', () => {
  const source = new CallSource();
  const status = { code: 2 };
  expect(source.read({}, { status })).toMatchObject({ statusCode: 0, isServerError: true });
  expect(source.read({ 'http.response.status_code': 404 }, { status }).isServerError).toBe(false);
});

test.each([
  [{ 'http.request.body.size': 12, 'http.response.body.size': 345 }, 12, 345],
  [{ 'http.request_content_length': 12, 'http.response_content_length': 345 }, 12, 345],
  [{ 'http.request_content_length_uncompressed': '12', 'http.response_content_length_uncompressed': '345' }, 12, 345],
  [{ 'http.request.header.content-length': ['12'], 'http.response.header.content-length': ['345'] }, 12, 345],
  [{ 'http.request.size': 12, 'http.response.size': 345 }, 12, 345],
  [{ 'http.response.body.size': 0 }, Number.NaN, 0],
  [{ 'http.response.body.size': -1, 'http.response.size': 345 }, Number.NaN, 345],
  [{ 'http.response.body.size': { double: Number.POSITIVE_INFINITY } }, Number.NaN, Number.NaN],
  [{ 'http.response.header.content-length': [] }, Number.NaN, Number.NaN],
  [{}, Number.NaN, Number.NaN],
])('the sizes of %p are %d and %d', (attributes, requestBytes, responseBytes) => {
  expect(read(attributes)).toMatchObject({ requestBytes, responseBytes });
});

test('a browser update is the same client, another browser is not, and no user agent is none', () => {
  const source = new CallSource();
  const client = (agent: string): number => source.read({ 'user_agent.original': agent }).client;
  expect(client('Firefox/128.0')).toBe(client('Firefox/129.0.1'));
  expect(client('Firefox/128.0')).not.toBe(client('Chrome/128.0'));
  expect(source.read({ 'http.user_agent': 'Firefox/128.0' }).client).toBe(client('Firefox/128.0'));
  expect(source.read({}).client).toBe(0);
});

test('sessions are told apart', () => {
  const source = new CallSource();
  const session = (id: string): number => source.read({ 'session.id': id }).session;
  expect(session('a')).toBe(session('a'));
  expect(session('a')).not.toBe(session('b'));
  expect(source.read({}).session).toBe(0);
});

test('the sampling threshold of the trace state is read', () => {
  const source = new CallSource();
  expect(source.read({}, { traceState: 'rojo=1,ot=th:c' })).toMatchObject({ adjustedCount: 4, isSampled: true });
  expect(source.read({}, { traceState: 'ot=th:0' })).toMatchObject({ adjustedCount: 1, isSampled: false });
  expect(source.read({})).toMatchObject({ adjustedCount: 1, isSampled: false });
});

test('spans of other trace and span ids have other fingerprints', () => {
  const source = new CallSource();
  const ids = [
    ['00000000000000000000000000000001', '0000000000000001'],
    ['00000000000000000000000000000002', '0000000000000001'],
    ['00000000000000010000000000000000', '0000000000000001'],
    ['00000000000000010000000000000001', '0000000000000001'],
    ['00000000000000020000000000000002', '0000000000000001'],
    ['00000000000000000000000000000001', '0000000100000000'],
  ] as const;
  const prints = ids.map(([traceId, spanId]) => {
    const { traceHigh, traceLow, spanHigh, spanLow } = source.read({}, { traceId, spanId });
    return [traceHigh, traceLow, spanHigh, spanLow].join(' ');
  });
  expect(new Set(prints).size).toBe(ids.length);
  expect(source.read({}, { traceId: ids[0][0], spanId: ids[0][1] })).toMatchObject({ spanHigh: 0, spanLow: 1 });
});

test('the service is that of the resource, and unknown_service without one', () => {
  const source = new CallSource();
  const name = (service: string): string => source.endpoints.serviceName(source.read({}, {}, service).service);
  expect([name('shop'), name('billing'), name('shop'), name('')]).toEqual([
    'shop',
    'billing',
    'shop',
    'unknown_service',
  ]);
});

test('a restored endpoint table is used at once', () => {
  const source = new CallSource();
  const before = source.read({ 'http.route': '/a' }, {}, 'shop');
  const snapshot = source.endpoints.snapshot();
  const other = new CallSource();
  other.read({ 'http.route': '/b' }, {}, 'billing');
  other.endpoints.restore(snapshot);
  const after = other.read({ 'http.route': '/b' }, {}, 'billing');
  expect(other.endpoints.describe(after.endpoint)).toEqual({ service: 'billing', endpoint: '/b' });
  expect(other.read({ 'http.route': '/a' }, {}, 'shop').endpoint).toBe(before.endpoint);
});

test.each(['user.id', 'client.address'])('after a call identified by %s every field is written anew', (identity) => {
  const source = new CallSource();
  const full = source.read(
    {
      'http.request.method': 'POST',
      'http.route': '/login/{id}',
      'url.path': '/login/17',
      'http.response.status_code': 401,
      [identity]: '203.0.113.7',
      'user_agent.original': 'curl/8.5.0',
      'session.id': 's',
      'http.request.body.size': 1,
      'http.response.body.size': 2,
    },
    { traceState: 'ot=th:8' },
  );
  const reused = source.read({}, {}, 'bare', full);
  const { endpoint, service } = reused;
  expect(reused).toEqual(Object.assign(new CallSource().read({}), { endpoint, service }));
});
