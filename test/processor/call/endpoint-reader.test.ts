import { CallSource } from './call-source.ts';

test.each([
  [{ 'http.request.method': 'GET', 'http.route': '/orders/{id}', 'url.path': '/orders/17' }, 'GET /orders/{id}'],
  [{ 'http.method': 'get', 'http.route': '/orders/:id', 'http.target': '/orders/17?x=1' }, 'GET /orders/:id'],
  [{ 'http.request.method': '_OTHER', 'http.request.method_original': 'QUERY', 'http.route': '/a' }, 'QUERY /a'],
  [{ 'http.request.method': '_OTHER', 'http.request.method_original': 'HACK', 'http.route': '/a' }, '_OTHER /a'],
  [{ 'http.request.method': 'POST', 'url.path': '/orders/17/items' }, 'POST /orders/{id}/items'],
  [{ 'http.method': 'POST', 'http.target': '/orders/17/items?page=2' }, 'POST /orders/{id}/items'],
  [{ 'http.method': 'GET', 'http.target': 'http://shop.example/orders/17' }, 'GET /orders/{id}'],
  [{ 'http.method': 'GET', 'http.url': 'https://shop.example:8443/orders/17?next=/a/b' }, 'GET /orders/{id}'],
  [{ 'http.method': 'GET', 'url.full': 'https://shop.example?next=/a/b' }, 'GET /'],
  [{ 'rpc.system': 'grpc', 'rpc.service': 'shop.Orders', 'rpc.method': 'Get' }, 'shop.Orders/Get'],
  [{ 'rpc.system.name': 'grpc', 'rpc.method': 'shop.Orders/Get' }, 'shop.Orders/Get'],
  [{ 'rpc.service': 'shop.Orders', 'rpc.method': '/shop.Orders/Get' }, 'shop.Orders/Get'],
  [{ 'rpc.service': 'shop.Orders' }, 'shop.Orders'],
  [{ 'graphql.operation.type': 'query', 'graphql.operation.name': 'Orders' }, 'query Orders'],
  [{ 'graphql.operation.type': 'mutation' }, 'mutation'],
  [{ 'messaging.operation.type': 'process', 'messaging.destination.name': 'orders' }, 'process orders'],
  [{}, 'handle order'],
])('%p is the endpoint %s', (attributes, expected) => {
  expect(new CallSource().endpointOf(attributes, { name: 'handle order' })).toBe(expected);
});

test('a span that tells its path in its name only is read from that', () => {
  expect(new CallSource().endpointOf({}, { name: 'GET /orders/17' })).toBe('GET /orders/{id}');
});

test('a span without anything still has an endpoint', () => {
  const source = new CallSource();
  expect(source.endpoints.describe(source.read({}, {}, '').endpoint).service).toBe('unknown_service');
});

test('a route that is the raw path is templated', () => {
  const source = new CallSource();
  const ids = [17, 18].map(
    (id) => source.read({ 'http.request.method': 'GET', 'http.route': `/orders/${id}` }).endpoint,
  );
  expect(ids[0]).toBe(ids[1]);
  expect(source.endpoints.describe(ids[0]!).endpoint).toBe('GET /orders/{id}');
});

test('a long name in a route stays as it is', () => {
  const route = '/rest/getAccountTransactionHistoryV2/{id}';
  expect(new CallSource().endpointOf({ 'http.route': route })).toBe(route);
});

test('the same endpoint of two services is two endpoints', () => {
  const source = new CallSource();
  const attributes = { 'http.request.method': 'GET', 'http.route': '/health' };
  const one = source.read(attributes, {}, 'shop');
  const other = source.read(attributes, {}, 'billing');
  expect(one.endpoint).not.toBe(other.endpoint);
  expect(source.endpoints.serviceName(other.service)).toBe('billing');
  expect(source.read(attributes, {}, 'shop').endpoint).toBe(one.endpoint);
});

test('the same route with another method is another endpoint', () => {
  const source = new CallSource();
  expect(source.endpointOf({ 'http.request.method': 'GET', 'http.route': '/orders' })).toBe('GET /orders');
  expect(source.endpointOf({ 'http.request.method': 'POST', 'http.route': '/orders' })).toBe('POST /orders');
  expect(source.endpointOf({ 'http.route': '/orders' })).toBe('/orders');
});

test('paths that are guessed make no endpoints; a route is believed', () => {
  const source = new CallSource();
  const status = { 'http.request.method': 'GET', 'http.response.status_code': 404 };
  for (let n = 0; n < 200; n++) expect(source.endpointOf({ ...status, 'url.path': `/guess-${n}x` })).toBe('{other}');
  expect(source.endpointOf({ ...status, 'http.route': '/orders/{id}' })).toBe('GET /orders/{id}');
  expect(source.endpointOf({ 'http.request.method': 'GET', 'url.path': '/orders' })).toBe('GET /orders');
  expect(source.endpointOf({ ...status, 'url.path': '/orders' })).toBe('GET /orders');
  // A guess that turns out to exist is an endpoint from then on.
  expect(source.endpointOf({ 'http.request.method': 'GET', 'url.path': '/guess-1x' })).toBe('GET /guess-1x');
});

test('slugs become one endpoint once there are too many of them', () => {
  const source = new CallSource();
  const endpointOf = (n: number): string => source.endpointOf({ 'http.method': 'GET', 'url.path': `/shops/shop-${n}` });
  expect(endpointOf(0)).toBe('GET /shops/shop-0');
  for (let n = 0; n < 60; n++) endpointOf(n);
  expect(endpointOf(0)).toBe('GET /shops/{id}');
  expect(source.read({ 'http.method': 'GET', 'url.path': '/shops/shop-1' }).object).not.toBe(0);
});

test('objects are told apart by the values in the path', () => {
  const source = new CallSource();
  const object = (path: string): number => source.read({ 'url.path': path }).object;
  expect(object('/orders/17')).toBe(object('/orders/17?x=1'));
  expect(object('/orders/17')).not.toBe(object('/orders/18'));
  expect(object('/users/17/orders/5')).not.toBe(object('/users/18/orders/5'));
  expect(object('/users/17/orders/5')).not.toBe(object('/users/17/orders/6'));
  expect(object('/orders')).toBe(0);
});

describe('where the path names no object', () => {
  const source = new CallSource();
  const call = (attributes: Record<string, string>) => source.read({ 'http.route': '/orders', ...attributes });

  it('what the query asks for is the object, in an attribute of its own or in the URL', () => {
    const { object, objectNumber } = call({ 'url.path': '/orders', 'url.query': 'id=1001' });
    expect([object !== 0, objectNumber]).toEqual([true, 1001]);
    expect(call({ 'http.target': '/orders?id=1001' }).object).toBe(object);
    expect(call({ 'url.full': 'https://shop.example/orders?id=1001#top' }).object).toBe(object);
    expect(call({ 'url.path': '/orders', 'url.query': 'id=1002' }).object).not.toBe(object);
  });

  it('a query with nothing but a time is none', () => {
    expect(call({ 'url.path': '/orders', 'url.query': '_=1764339000' })).toMatchObject({
      object: 0,
      objectNumber: NaN,
    });
    expect(call({ 'url.path': '/orders' })).toMatchObject({ object: 0, objectNumber: NaN });
  });
});

test('where an endpoint has no name the path is the object, unless its access was denied', () => {
  const source = new CallSource();
  const guess = (path: string, status: number) => {
    const { isNameless, object } = source.read({ 'url.path': path, 'http.response.status_code': status });
    return { isNameless, object };
  };
  const { object: setup } = guess('/setup.php', 404);
  expect(setup).not.toBe(0);
  expect(guess('/setup.php?x=1', 404)).toEqual({ isNameless: true, object: setup });
  expect(guess('/install.php', 404).object).not.toBe(setup);
  expect(guess('/install.php', 403)).toEqual({ isNameless: true, object: 0 });
  expect(guess('/index', 200)).toEqual({ isNameless: false, object: 0 });
  // A guess at an id is one at that object.
  expect(guess('/guess/17', 404).object).toBe(guess('/other/17', 404).object);
  expect(source.read({ 'http.response.status_code': 404 }, {}, '').isNameless).toBe(false);
});

test('the route tells which segments are values, also where they do not look like it', () => {
  const source = new CallSource();
  const route = { 'http.route': '/users/{name}/v1' };
  const alice = source.read({ ...route, 'url.path': '/users/alice/v1' });
  const bob = source.read({ ...route, 'url.path': '/users/bob/v1' });
  expect(alice.object).not.toBe(0);
  expect(alice.object).not.toBe(bob.object);
  expect(source.read({ 'http.route': '/years/2026', 'url.path': '/years/2026' }).endpoint).toBeGreaterThan(0);
});

test('a route below a mount point does not hide the values', () => {
  const source = new CallSource();
  const mounted = source.read({ 'http.route': '/:id', 'url.path': '/api/orders/4711' });
  expect(mounted.objectNumber).toBe(4711);
});

test('the number of an object is its last value, if that is one', () => {
  const source = new CallSource();
  const number = (path: string): number => source.read({ 'url.path': path }).objectNumber;
  expect(number('/users/17/orders/5')).toBe(5);
  expect(number('/orders/9007199254740991')).toBe(9007199254740991);
  expect(number('/orders/face1d')).toBeNaN();
  expect(number('/orders/99999999999999999999')).toBeNaN();
  expect(number('/orders')).toBeNaN();
});

test('paths are told apart without their query', () => {
  const source = new CallSource();
  const path = (text: string): number => source.read({ 'url.path': text }).path;
  expect(path('/orders/17')).toBe(path('/orders/17?x=1'));
  expect(path('/orders/17')).not.toBe(path('/orders/71'));
  expect(source.read({}).path).toBe(0);
});

test('logins and writes are known', () => {
  const source = new CallSource();
  expect(source.read({ 'http.request.method': 'POST', 'http.route': '/login' })).toMatchObject({
    isLogin: true,
    isWrite: true,
    isRouted: true,
  });
  expect(source.read({ 'http.request.method': 'GET', 'url.path': '/orders' })).toMatchObject({
    isLogin: false,
    isWrite: false,
    isRouted: false,
  });
});

test('hostile names are bounded', () => {
  const source = new CallSource();
  const long = 'x'.repeat(65_536);
  for (const attributes of [
    { 'http.route': `/${long}` },
    { 'url.path': `/a/${long}` },
    { 'url.full': `http://${long}/a` },
    { 'rpc.service': long, 'rpc.method': long },
    { 'graphql.operation.type': long, 'graphql.operation.name': long },
    { 'http.request.method': long, 'http.request.method_original': long },
  ]) {
    expect(source.endpointOf(attributes, { name: long }).length).toBeLessThanOrEqual('_OTHER '.length + 256);
  }
});
