import { CALLS, proxyRoutes, ROLE_OF } from '../../src/control/calls';
import plugin from '../../src/datasource/plugin.json';
import { proxied } from '../grafana-proxy';

const SECRETS = { readToken: 'read', operateToken: 'operate', adminToken: 'admin' };
const ask = (role: string, method: string, path: string) => proxied(plugin.routes, { role, method, path }, SECRETS);
const bearer = (role: string, method: string, path: string) => {
  const outcome = ask(role, method, path);
  return outcome.kind === 'denied' ? 'denied' : (outcome.headers['authorization'] ?? 'none');
};

test('the routes of plugin.json are those of the table of calls', () => {
  expect(plugin.routes).toEqual(proxyRoutes());
});

test.each(CALLS)('$method $path carries the token of $access, and needs that role', ({ method, path, access }) => {
  const token = { viewer: 'read', operator: 'operate', admin: 'admin' }[access];
  expect(bearer(ROLE_OF[access], method, path)).toBe(`Bearer ${token}`);
  if (access !== 'viewer') {
    expect(bearer('Viewer', method, path)).toBe('denied');
  }
  if (access === 'admin') {
    expect(bearer('Editor', method, path)).toBe('denied');
  }
});

test.each([
  ['POST', 'api/v1/detect'],
  ['PUT', 'api/v1/models'],
  ['DELETE', 'api/v1/status'],
  ['POST', 'api/v1/status'],
  ['GET', 'metrics'],
  ['GET', 'openapi.json'],
  ['POST', 'train'],
  ['GET', ''],
])('%s /%s goes on without a token', (method, path) => {
  expect(bearer('Admin', method, path)).toBe('none');
});

test('a detour over dots ends at the call it leads to, not at the one it began with', () => {
  expect(bearer('Viewer', 'GET', 'api/v1/status/../audit')).toBe('denied');
  expect(bearer('Viewer', 'POST', 'api/v1/train/../models/m-1/activate')).toBe('denied');
  expect(bearer('Viewer', 'GET', 'api/v1//audit')).toBe('denied');
});

test('no read token goes with anything that changes something', () => {
  const changing = plugin.routes.filter(({ method }) => method !== 'GET');
  expect(changing.filter(({ headers }) => headers.some(({ content }) => content.includes('readToken')))).toEqual([]);
  expect(changing.filter(({ reqRole }) => reqRole === 'Viewer')).toEqual([]);
});
