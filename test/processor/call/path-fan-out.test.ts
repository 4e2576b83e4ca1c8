import { MAX_CHILDREN, PathFanOut } from '../../../processor/src/call/path-fan-out.ts';

/** Learns the templates that stand for the paths, as the endpoint table does; true when one of them widened a position. */
function learnAll(fanOut: PathFanOut, paths: readonly string[]): boolean {
  return paths.map((path) => fanOut.learn(fanOut.apply(path))).includes(true);
}

function shops(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `/shops/shop-${index}`);
}

test('a position with up to 50 children keeps their names', () => {
  const fanOut = new PathFanOut();
  expect(learnAll(fanOut, shops(MAX_CHILDREN))).toBe(false);
  expect(fanOut.apply('/shops/shop-3')).toBe('/shops/shop-3');
  expect(fanOut.apply('/shops/new')).toBe('/shops/new');
});

test('one child more, and the position is an identifier, for old children and new ones', () => {
  const fanOut = new PathFanOut();
  expect(learnAll(fanOut, shops(MAX_CHILDREN + 1))).toBe(true);
  expect(fanOut.apply('/shops/shop-3')).toBe('/shops/{id}');
  expect(fanOut.apply('/shops/new/products')).toBe('/shops/{id}/products');
  expect(fanOut.apply('/orders/new')).toBe('/orders/new');
  expect(fanOut.apply('/')).toBe('/');
});

test('children that hold identifiers themselves are collections and keep their names', () => {
  const fanOut = new PathFanOut();
  learnAll(fanOut, ['/v1/orders/{id}', '/v1/users/me']);
  learnAll(
    fanOut,
    Array.from({ length: MAX_CHILDREN }, (_, index) => `/v1/page-${index}`),
  );
  expect(fanOut.apply('/v1/orders/{id}')).toBe('/v1/orders/{id}');
  expect(fanOut.apply('/v1/users/me')).toBe('/v1/{id}/me');
});

test('identifiers that the scanner found are no children of their own', () => {
  const fanOut = new PathFanOut();
  learnAll(fanOut, ['/shops/{id}', ...shops(MAX_CHILDREN)]);
  expect(fanOut.apply('/shops/shop-3')).toBe('/shops/shop-3');
});

test('a snapshot keeps wide positions and their collections', () => {
  const fanOut = new PathFanOut();
  learnAll(fanOut, ['/shops/sales/{id}', ...shops(MAX_CHILDREN)]);
  const restored = new PathFanOut();
  restored.restore(JSON.parse(JSON.stringify(fanOut.snapshot())) as ReturnType<PathFanOut['snapshot']>);
  expect(restored.apply('/shops/shop-3')).toBe('/shops/{id}');
  expect(restored.apply('/shops/sales')).toBe('/shops/sales');
});
