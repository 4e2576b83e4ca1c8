import { ROLES } from '../../../processor/src/control/auth/role.ts';
import { type ApiOperation, operationsOf } from '../../support/openapi-requests.ts';
import { createControlServer, startControlServer, stopControlServers, TOKENS } from './control-server.ts';
import { everyView } from './every-view.ts';
import { ask, bearer } from './http-ask.ts';

afterAll(() => stopControlServers());

const asked: string[] = [];
const port = startControlServer({}, { views: everyView(asked) }).then((server) => server.address().port);

const document = await createControlServer({}, { views: everyView() }).openApi();
const operations = operationsOf(document);
const guarded = operations.filter(({ role }) => role !== undefined);
const named = (list: readonly ApiOperation[]) => list.map((one) => [`${one.method} ${one.path}`, one] as const);

/** With ids that could be some. */
const pathOf = ({ path }: ApiOperation): string =>
  path.replace('/users/{id}', '/users/u_0123456789abcdef').replaceAll('{id}', '1');

const BAD_CREDENTIALS: readonly (readonly [string, Record<string, string>])[] = [
  ['no token', {}],
  ['an empty token', { authorization: 'Bearer ' }],
  ['an unknown token', bearer('unknown-token-0123456789')],
  ['a token cut short', bearer(TOKENS.admin.slice(0, -1))],
  ['a token that goes on', bearer(`${TOKENS.admin}x`)],
  ['a token in another case', bearer(TOKENS.admin.toUpperCase())],
  ['two tokens', bearer(`${TOKENS.admin} ${TOKENS.admin}`)],
  ['another scheme', { authorization: `Token ${TOKENS.admin}` }],
  ['no scheme', { authorization: TOKENS.admin }],
  ['a token of a megabyte, nearly', bearer('x'.repeat(15_000))],
  ['a token in a cookie', { cookie: `token=${TOKENS.admin}` }],
];

test('the document holds every call of the contract, with the role of the contract', () => {
  expect(Object.fromEntries(guarded.map(({ method, path, role }) => [`${method} ${path}`, role]))).toEqual({
    'GET /openapi.json': 'viewer',
    'GET /api/v1/status': 'viewer',
    'POST /api/v1/train': 'operator',
    'GET /api/v1/jobs': 'viewer',
    'GET /api/v1/jobs/{id}': 'viewer',
    'DELETE /api/v1/jobs/{id}': 'operator',
    'POST /api/v1/detect': 'operator',
    'GET /api/v1/models': 'viewer',
    'GET /api/v1/models/{id}': 'viewer',
    'POST /api/v1/models': 'admin',
    'POST /api/v1/models/{id}/activate': 'admin',
    'DELETE /api/v1/models/{id}': 'admin',
    'GET /api/v1/anomalies': 'viewer',
    'GET /api/v1/anomalies/{id}': 'viewer',
    'GET /api/v1/incidents': 'viewer',
    'GET /api/v1/incidents/{id}': 'viewer',
    'POST /api/v1/incidents/{id}/feedback': 'operator',
    'GET /api/v1/users': 'viewer',
    'GET /api/v1/users/{id}': 'viewer',
    'POST /api/v1/users/erase': 'admin',
    'GET /api/v1/endpoints': 'viewer',
    'GET /api/v1/sensitivity': 'viewer',
    'PUT /api/v1/sensitivity': 'operator',
    'POST /api/v1/backtest': 'operator',
    'GET /api/v1/exclusions': 'viewer',
    'POST /api/v1/exclusions': 'operator',
    'DELETE /api/v1/exclusions/{id}': 'operator',
    'GET /api/v1/audit': 'admin',
  });
});

describe.each(named(guarded))('%s', (_, operation) => {
  test.each(BAD_CREDENTIALS)('is 401 with %s, and asks nothing of the service', async (__, headers) => {
    asked.length = 0;
    const { method } = operation;
    const answer = await ask(await port, { method, path: pathOf(operation), headers });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('Bearer');
    expect(answer.body.toString()).not.toContain(TOKENS.admin);
    expect(asked).toEqual([]);
  });

  test.each(ROLES.map((role) => [role] as const))('with the token of a %s is as the document says', async (role) => {
    asked.length = 0;
    const { method, role: needed } = operation;
    const answer = await ask(await port, { method, path: pathOf(operation), headers: bearer(TOKENS[role]) });
    if (ROLES.indexOf(role) < ROLES.indexOf(needed as (typeof ROLES)[number])) {
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ type: 'urn:api-anomaly:error:forbidden' });
      expect(asked).toEqual([]);
    } else expect([401, 403]).not.toContain(answer.status);
  });
});

test.each(['/status', '/train', '/detect'])('%s without the prefix is guarded as with it', async (path) => {
  const method = path === '/status' ? 'GET' : 'POST';
  expect((await ask(await port, { method, path })).status).toBe(401);
  const viewer = await ask(await port, { method, path, headers: bearer(TOKENS.viewer) });
  expect(viewer.status === 403).toBe(path !== '/status');
});

test('a path that does not exist tells nothing to those without a token', async () => {
  expect((await ask(await port, { path: '/api/v1/nope' })).status).toBe(401);
  expect((await ask(await port, { path: '/api/v1/nope', headers: bearer(TOKENS.viewer) })).status).toBe(404);
});

test('a method that a path does not have is 405 with those it has', async () => {
  for (const { path } of guarded) {
    const answer = await ask(await port, {
      method: 'PATCH',
      path: path.replaceAll('{id}', '1'),
      headers: bearer(TOKENS.admin),
    });
    expect([path, answer.status]).toEqual([path, 405]);
    expect(answer.headers['allow']).toMatch(/GET|POST|PUT|DELETE/);
  }
});

test('the pages take a token as password of HTTP Basic, other calls do not', async () => {
  const headers = { authorization: `Basic ${Buffer.from(`me:${TOKENS.viewer}`).toString('base64')}` };
  for (const path of ['/docs/', '/docs/static/swagger-ui.css', '/openapi.json'])
    expect([path, (await ask(await port, { path, headers })).status]).toEqual([path, 200]);
  for (const path of ['/api/v1/status', '/api/v1/jobs'])
    expect((await ask(await port, { path, headers })).status).toBe(401);
  expect((await ask(await port, { path: '/docs/' })).headers['www-authenticate']).toMatch(/^Basic /);
});

test('the documentation page loads scripts and styles of its own only', async () => {
  const page = await ask(await port, { path: '/docs/', headers: bearer(TOKENS.viewer) });
  expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self';");
  expect(page.body.toString()).not.toMatch(/(src|href)="https?:/);
  expect(page.body.toString()).not.toMatch(/<script>/);
});

test.each([
  ['a page of another site', { origin: 'http://evil.example' }, 403],
  ['a page without origin', { origin: 'null' }, 403],
  ['a page of another port', { origin: 'http://localhost:1', host: 'localhost:8000' }, 403],
  ['its own page', { origin: 'http://localhost:8000', host: 'localhost:8000' }, 404],
])('%s is answered as it should be', async (_, headers: Record<string, string>, status) => {
  const answer = await ask(await port, { path: '/api/v1/jobs/1', headers: { ...bearer(TOKENS.viewer), ...headers } });
  expect(answer.status).toBe(status);
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
});

test('who shows no valid token too often is asked to wait; who has one is not', async () => {
  const server = await startControlServer({ max_refused_per_minute: 3 });
  const statuses: number[] = [];
  for (let n = 0; n < 5; n++) statuses.push((await ask(server.address().port, { path: '/openapi.json' })).status);
  expect(statuses).toEqual([401, 401, 401, 429, 429]);
  const answer = await ask(server.address().port, { path: '/openapi.json', headers: bearer(TOKENS.viewer) });
  expect(answer.status).toBe(200);
});

test('feedback is limited more strictly than other calls, by token', async () => {
  const server = await startControlServer({ max_feedback_per_minute: 1 }, { views: everyView() });
  const give = (token: string) =>
    ask(server.address().port, { method: 'POST', path: '/api/v1/incidents/1/feedback', headers: bearer(token) });
  expect((await give(TOKENS.operator)).status).not.toBe(429);
  const second = await give(TOKENS.operator);
  expect(second.status).toBe(429);
  expect(Number(second.headers['retry-after'])).toBeGreaterThan(0);
  expect((await give(TOKENS.admin)).status).not.toBe(429);
});
