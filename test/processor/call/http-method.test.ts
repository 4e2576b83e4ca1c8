import { isWriteMethod, methodName, methodOf, NO_METHOD } from '../../../processor/src/call/http-method.ts';

test('the methods of RFC 9110 and 5789 and QUERY are known in either case, all others are _OTHER', () => {
  for (const name of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY']) {
    expect(methodName(methodOf(name))).toBe(name);
    expect(methodName(methodOf(name.toLowerCase()))).toBe(name);
  }
  for (const name of ['_OTHER', 'PROPFIND', 'GETS', 'GE', 'X'.repeat(1000)])
    expect(methodName(methodOf(name))).toBe('_OTHER');
});

test('no method is no method', () => {
  expect(methodOf('')).toBe(NO_METHOD);
  expect(methodName(NO_METHOD)).toBe('');
});

test('safe methods do not write, and a call without method is not taken for a write', () => {
  const writes = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', '', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'].filter(
    (name) => isWriteMethod(methodOf(name)),
  );
  expect(writes).toEqual(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']);
});
