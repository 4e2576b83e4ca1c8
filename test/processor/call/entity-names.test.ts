import { EntityNames } from '../../../processor/src/call/entity-names.ts';
import { CallSource } from './call-source.ts';

const source = new CallSource();
const names = new EntityNames(source.endpoints);
const { endpoint } = source.read({ 'http.request.method': 'GET', 'http.route': '/orders/{id}' });

test('users and addresses are named by their pseudonyms, endpoints with their service', () => {
  expect(names.entity('user', 0x01234567, 0x89abcdef)).toBe('u_0123456789abcdef');
  expect(names.entity('address', 1, 2)).toBe('a_0000000100000002');
  expect(names.entity('endpoint', 0, endpoint)).toBe('shop GET /orders/{id}');
});

test('a name leads back to the key', () => {
  expect(names.keyOf('user', 'u_0123456789abcdef')).toEqual({ high: 0x01234567, low: 0x89abcdef });
  expect(names.keyOf('address', 'a_0000000100000002')).toEqual({ high: 1, low: 2 });
  expect(names.keyOf('endpoint', 'shop GET /orders/{id}')).toEqual({ high: 0, low: endpoint });
});

test('all endpoints have their ids by name', () => {
  expect(Object.fromEntries(names.endpointIds())).toEqual({ '{other} {other}': 0, 'shop GET /orders/{id}': endpoint });
});

test.each([
  ['user', 'a_0000000100000002'],
  ['address', 'u_0000000100000002'],
  ['user', 'ada@example.com'],
  ['endpoint', 'GET /orders/{id}'],
  ['endpoint', 'billing GET /orders/{id}'],
] as const)('no %s is named %s', (kind, name) => {
  expect(names.keyOf(kind, name)).toBeUndefined();
});
