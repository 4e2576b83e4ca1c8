import { AttributeKeys, SEMANTIC_CONVENTIONS } from '../../../processor/src/call/semantic-conventions.ts';

test('every attribute of the table has one number, and its meanings name it in order', () => {
  const keys = new AttributeKeys([]);
  expect(new Set(keys.names).size).toBe(keys.names.length);
  for (const [meaning, names] of Object.entries(SEMANTIC_CONVENTIONS)) {
    const numbers = keys.of[meaning as keyof typeof SEMANTIC_CONVENTIONS];
    expect(numbers.map((number) => keys.names[number])).toEqual([...names]);
  }
});

test('configured attributes come after those of the table, which are not listed twice', () => {
  const keys = new AttributeKeys(['tenant.user', 'session.id', 'tenant.user']);
  expect(keys.names.at(-1)).toBe('tenant.user');
  expect(keys.number('tenant.user')).toBe(keys.names.length - 1);
  expect(keys.number('session.id')).toBe(keys.of.session[0]);
});

test('an attribute that is not read has no number', () => {
  expect(() => new AttributeKeys([]).number('user.email')).toThrow('user.email');
});

test('stable names are read before the old ones', () => {
  const { method, path, httpStatus, clientAddress, userAgent } = SEMANTIC_CONVENTIONS;
  expect([method[0], path[0], httpStatus[0], clientAddress[0], userAgent[0]]).toEqual([
    'http.request.method',
    'url.path',
    'http.response.status_code',
    'client.address',
    'user_agent.original',
  ]);
});
