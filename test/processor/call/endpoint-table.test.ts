import {
  type EndpointName,
  type EndpointSnapshot,
  EndpointTable,
  type EndpointSource,
} from '../../../processor/src/call/endpoint-table.ts';
import { methodOf } from '../../../processor/src/call/http-method.ts';
import { MAX_CHILDREN } from '../../../processor/src/call/path-fan-out.ts';

function table(maxServices = 10, maxEndpointsPerService = 100): EndpointTable {
  return new EndpointTable({ maxServices, maxEndpointsPerService });
}

function name(endpoints: EndpointTable, text: string, source: EndpointSource = 'path', method = 'GET'): EndpointName {
  return { service: endpoints.service('shop'), method: methodOf(method), source, text };
}

function copy(snapshot: EndpointSnapshot): EndpointSnapshot {
  return JSON.parse(JSON.stringify(snapshot)) as EndpointSnapshot;
}

test('an endpoint is named by service, method and text', () => {
  const endpoints = table();
  const id = endpoints.resolve(name(endpoints, '/orders/{id}', 'route'), true);
  expect(endpoints.describe(id)).toEqual({ service: 'shop', endpoint: 'GET /orders/{id}' });
  expect(endpoints.serviceName(endpoints.service('shop'))).toBe('shop');
});

test('names that are whole, and span names that begin with the method, get no method', () => {
  const endpoints = table();
  const described = (text: string, source: EndpointSource): string =>
    endpoints.describe(endpoints.resolve(name(endpoints, text, source, 'POST'), true)).endpoint;
  expect(described('shop.Orders/Get', 'rpc')).toBe('shop.Orders/Get');
  expect(described('query Orders', 'graphql')).toBe('query Orders');
  expect(described('POST', 'name')).toBe('POST');
  expect(described('POST handler', 'name')).toBe('POST handler');
  expect(described('handler', 'name')).toBe('POST handler');
});

test('the same name has the same id, another method another one', () => {
  const endpoints = table();
  const id = endpoints.resolve(name(endpoints, '/orders'), true);
  expect(endpoints.resolve(name(endpoints, '/orders'), true)).toBe(id);
  expect(endpoints.resolve(name(endpoints, '/orders', 'path', 'POST'), true)).not.toBe(id);
  expect(endpoints.resolve({ ...name(endpoints, '/orders'), service: endpoints.service('other') }, true)).not.toBe(id);
});

test('a service with too many endpoints has {other} for the rest, another service is not touched', () => {
  const endpoints = table(10, 3);
  for (const text of ['/a', '/b', '/c']) endpoints.resolve(name(endpoints, text), true);
  const other = endpoints.resolve(name(endpoints, '/d'), true);
  expect(endpoints.describe(other)).toEqual({ service: 'shop', endpoint: '{other}' });
  expect(endpoints.isOther(other)).toBe(true);
  expect(endpoints.resolve(name(endpoints, '/e'), true)).toBe(other);
  const elsewhere = endpoints.resolve({ ...name(endpoints, '/d'), service: endpoints.service('billing') }, true);
  expect(endpoints.describe(elsewhere)).toEqual({ service: 'billing', endpoint: 'GET /d' });
});

test('services beyond the limit are one {other}, and ids stay below the limit', () => {
  const endpoints = table(3);
  const ids = ['a', 'b', 'c', 'd'].map((service) => endpoints.service(service));
  expect(new Set(ids).size).toBe(3);
  expect(Math.max(...ids)).toBeLessThan(3);
  expect(endpoints.serviceName(endpoints.service('c'))).toBe('{other}');
  const id = endpoints.resolve({ ...name(endpoints, '/x'), service: endpoints.service('d') }, true);
  expect(endpoints.describe(id)).toEqual({ service: '{other}', endpoint: '{other}' });
});

test('a call that proves nothing finds an endpoint but makes none', () => {
  const endpoints = table();
  const guess = endpoints.resolve(name(endpoints, '/wp-admin'), false);
  expect(endpoints.isOther(guess)).toBe(true);
  const { size } = endpoints;
  for (let n = 0; n < 1000; n++) endpoints.resolve(name(endpoints, `/guess-${n}`), false);
  expect(endpoints.size).toBe(size);
  const known = endpoints.resolve(name(endpoints, '/orders'), true);
  expect(endpoints.resolve(name(endpoints, '/orders'), false)).toBe(known);
});

test('what knows whether it is a login and whether it writes', () => {
  const endpoints = table();
  const login = endpoints.resolve(name(endpoints, '/login', 'route', 'POST'), true);
  const query = endpoints.resolve(name(endpoints, 'query Orders', 'graphql', 'POST'), true);
  const mutation = endpoints.resolve(name(endpoints, 'mutation Buy', 'graphql', 'POST'), true);
  expect([login, query, mutation].map((id) => endpoints.isLogin(id))).toEqual([true, false, false]);
  expect([login, query, mutation].map((id) => endpoints.isWrite(id, methodOf('POST')))).toEqual([true, false, true]);
  expect(endpoints.isWrite(login, methodOf('GET'))).toBe(false);
});

test.each([
  ['/orders/{id}/items/{item}', 4, 0b1010],
  ['/orders/:id', 2, 0b10],
  ['/orders/<int:id>', 2, 0b10],
  ['/orders/[id]', 2, 0b10],
  ['/orders', 1, 0],
])('the parameters of %s are known for a path of as many segments', (route, segments, parameters) => {
  const endpoints = table();
  const id = endpoints.resolve(name(endpoints, route, 'route'), true);
  expect(endpoints.parameters(id, segments)).toBe(parameters);
  expect(endpoints.parameters(id, segments + 1)).toBe(-1);
});

function visitShops(endpoints: EndpointTable, count: number): number[] {
  return Array.from({ length: count }, (_, index) => endpoints.resolve(name(endpoints, `/shops/shop-${index}`), true));
}

test('a position with high fan-out becomes {id}, with one id for all its children', () => {
  const endpoints = table();
  visitShops(endpoints, MAX_CHILDREN + 10);
  const ids = new Set([
    ...visitShops(endpoints, MAX_CHILDREN + 10),
    endpoints.resolve(name(endpoints, '/shops/new'), true),
  ]);
  expect(ids.size).toBe(1);
  expect(endpoints.describe([...ids][0]!).endpoint).toBe('GET /shops/{id}');
});

test('names that were merged are forgotten, and their labels do not clash', () => {
  const endpoints = table();
  visitShops(endpoints, MAX_CHILDREN + 1);
  const labels = Array.from({ length: endpoints.size }, (_, id) => endpoints.describe(id).endpoint);
  expect(labels.filter((label) => label.includes('shop-'))).toEqual([]);
  expect(new Set(labels).size).toBe(labels.length);
  expect(JSON.stringify(endpoints.snapshot())).not.toContain('shop-');
});

test('merging makes room, but not for ids without end', () => {
  const endpoints = table(10, 60);
  visitShops(endpoints, MAX_CHILDREN + 1);
  const room = endpoints.resolve(name(endpoints, '/orders'), true);
  expect(endpoints.describe(room).endpoint).toBe('GET /orders');
  for (let prefix = 0; prefix < 100; prefix++) {
    for (let n = 0; n <= MAX_CHILDREN; n++) endpoints.resolve(name(endpoints, `/p${prefix}/x${n}`), true);
  }
  expect(endpoints.size).toBeLessThanOrEqual(2 * 60 + 2);
});

test('positions below a merged one can become wide in turn', () => {
  const endpoints = table(10, 500);
  for (let owner = 0; owner <= MAX_CHILDREN; owner++) {
    endpoints.resolve(name(endpoints, `/owner-${owner}/repository-${owner}`), true);
  }
  const id = endpoints.resolve(name(endpoints, '/somebody/something'), true);
  expect(endpoints.describe(id).endpoint).toBe('GET /{id}/{id}');
  expect(JSON.stringify(endpoints.snapshot())).not.toContain('repository-');
});

test('ids survive a restart', () => {
  const endpoints = table();
  const ids = ['/orders/{id}', '/login'].map((text) => endpoints.resolve(name(endpoints, text, 'route'), true));
  visitShops(endpoints, MAX_CHILDREN + 1);
  const other = endpoints.resolve(name(endpoints, '/guess'), false);

  const restored = table();
  restored.service('came first');
  restored.restore(copy(endpoints.snapshot()));
  expect(restored.snapshot()).toEqual(endpoints.snapshot());
  expect(restored.size).toBe(endpoints.size);
  for (let id = 0; id < endpoints.size; id++) expect(restored.describe(id)).toEqual(endpoints.describe(id));
  expect(['/orders/{id}', '/login'].map((text) => restored.resolve(name(restored, text, 'route'), true))).toEqual(ids);
  expect(restored.resolve(name(restored, '/guess'), false)).toBe(other);
  expect(restored.isLogin(ids[1]!)).toBe(true);
  expect(restored.describe(restored.resolve(name(restored, '/shops/new'), true)).endpoint).toBe('GET /shops/{id}');
});

test('a snapshot of another format is refused', () => {
  const endpoints = table();
  expect(() => endpoints.restore({ ...endpoints.snapshot(), format: 2 })).toThrow('format 2');
});

test('names are cut to 256 characters and lose control characters', () => {
  const endpoints = table();
  const id = endpoints.resolve(name(endpoints, `/a\n\u0000b${'c'.repeat(1000)}`, 'route'), true);
  const { endpoint } = endpoints.describe(id);
  expect(endpoint.startsWith('GET /a??bccc')).toBe(true);
  expect(endpoint.length).toBe('GET '.length + 256);
});

test('an id that was never given is described as the overflow', () => {
  expect(table().describe(99)).toEqual({ service: '{other}', endpoint: '{other}' });
});

test('the cache finds an id by its hash, until it is replaced or cleared', () => {
  const { cache } = table();
  expect(cache.find(0, 0)).toBe(-1);
  cache.keep(0xffffffff, 0x80000001, 7);
  expect(cache.find(0xffffffff, 0x80000001)).toBe(7);
  expect(cache.find(0xfffffffe, 0x80000001)).toBe(-1);
  cache.clear();
  expect(cache.find(0xffffffff, 0x80000001)).toBe(-1);
});
