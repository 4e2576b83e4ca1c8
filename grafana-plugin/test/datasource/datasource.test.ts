import { type DataQueryRequest, type DataSourceInstanceSettings, dateTime, type DataFrame } from '@grafana/data';
import { of, throwError } from 'rxjs';
import { ControlClient } from '../../src/control/client';
import { proxyTransport } from '../../src/control/proxy-transport';
import { AnomalyDataSource } from '../../src/datasource/datasource';
import type { AnomalyQuery, AnomalySettings } from '../../src/datasource/query';
import { recorded, recordedClient } from '../answers';

const fetch = jest.fn();
jest.mock('@grafana/runtime', () => ({
  ...jest.requireActual('@grafana/runtime'),
  getBackendSrv: () => ({ fetch }),
  getTemplateSrv: () => ({ replace: (text: string) => text.replace('$user', 'u_1') }),
}));

const settings = (jsonData: AnomalySettings = {}) =>
  ({ uid: 'a', name: 'API anomaly', url: '/proxy', jsonData }) as DataSourceInstanceSettings<AnomalySettings>;
const range = {
  from: dateTime('2026-11-28T00:00:00Z'),
  to: dateTime('2026-11-28T12:00:00Z'),
  raw: { from: '', to: '' },
};
const request = (...targets: Array<Partial<AnomalyQuery>>) =>
  ({
    targets: targets.map((target, index) => ({ refId: String.fromCharCode(65 + index), ...target })),
    range,
    scopedVars: {},
    app: 'explore',
  }) as unknown as DataQueryRequest<AnomalyQuery>;
const frameOf = (data: unknown[]) => data[0] as DataFrame;
const column = (frame: DataFrame, name: string) => frame.fields.find((field) => field.name === name)!;

test.each([
  ['incidents', 'start', recorded.incidents.items.length],
  ['anomalies', 'time', recorded.anomalies.items.length],
  ['users', 'user', recorded.users.items.length],
  ['endpoints', 'endpoint', recorded.endpoints.items.length],
  ['models', 'version', recorded.models.items.length],
  ['jobs', 'kind', recorded.jobs.items.length],
] as const)('a query of %s gives a row each', async (type, name, rows) => {
  const { client } = recordedClient();
  const { data, errors } = await new AnomalyDataSource(settings(), client).query(request({ type }));
  expect(errors).toBeUndefined();
  expect(frameOf(data)).toMatchObject({ refId: 'A', length: rows });
  expect(column(frameOf(data), name).values).toHaveLength(rows);
});

test('a latest backtest is its incidents, and without one a notice says what to do', async () => {
  const known = new AnomalyDataSource(
    settings(),
    recordedClient({ 'GET jobs': { items: [recorded.backtest], next_cursor: null } }).client,
  );
  expect(column(frameOf((await known.query(request({ type: 'backtest' }))).data), 'change').values).toEqual([
    'vanishes',
  ]);
  const none = new AnomalyDataSource(
    settings(),
    recordedClient({ 'GET jobs': { items: [], next_cursor: null } }).client,
  );
  const { data } = await none.query(request({ type: 'backtest' }));
  expect(frameOf(data).meta?.notices?.[0]?.text).toMatch(/No backtest has been made yet/);
});

test('filters, variables and the time range reach the processor; "all" filters nothing', async () => {
  const { client, requests } = recordedClient();
  await new AnomalyDataSource(settings(), client).query(
    request({ entity: '$user', behavior: '$__all', minScore: 0.8, sort: 'score' }),
  );
  expect(requests[0]?.query).toMatchObject({
    entity: 'u_1',
    behavior: undefined,
    min_score: 0.8,
    sort: 'score',
    from: '2026-11-28T00:00:00.000Z',
    to: '2026-11-28T12:00:00.000Z',
  });
});

test('rows beyond the limit are left out, and a notice says so', async () => {
  const { client } = recordedClient({ 'GET users': recorded.users });
  const { data } = await new AnomalyDataSource(settings(), client).query(request({ type: 'users', limit: 5 }));
  expect(frameOf(data)).toMatchObject({ length: 5 });
  expect(frameOf(data).meta?.notices?.[0]?.text).toBe(
    'Only the first 5 rows are shown. Narrow the query or raise its limit.',
  );
});

test('scores have units and thresholds, and trace ids lead to the trace data source', async () => {
  const source = new AnomalyDataSource(settings({ traces: { uid: 't', name: 'Tempo' } }), recordedClient().client);
  const { data } = await source.query(request({ type: 'anomalies' }));
  expect(column(frameOf(data), 'duration').config.unit).toBe('ms');
  expect(column(frameOf(data), 'score').config).toMatchObject({ min: 0, max: 1 });
  expect(column(frameOf(data), 'traceId').config.links?.[0]?.internal).toMatchObject({ datasourceUid: 't' });
  expect(source.tracesUid).toBe('t');
});

test('one query that fails leaves the others their answers', async () => {
  const { client } = recordedClient({
    'GET users': () => {
      throw { status: 502, data: {} };
    },
  });
  const { data, errors } = await new AnomalyDataSource(settings(), client).query(
    request({ type: 'users' }, { type: 'models' }, { type: 'nonsense' as never }, { hide: true }),
  );
  expect(data).toHaveLength(1);
  expect(errors?.map(({ refId }) => refId)).toEqual(['A', 'C']);
});

test('incidents are annotations from their start to their end', async () => {
  const source = new AnomalyDataSource(settings(), recordedClient().client);
  const target = source.annotations.prepareQuery({
    name: 'x',
    enable: true,
    iconColor: 'red',
    target: { refId: 'annotations', limit: 3 },
  });
  const { data } = await source.query({ ...request(target), app: 'dashboard' });
  const [first] = recorded.incidents.items;
  expect(column(frameOf(data), 'time').values[0]).toBe(Date.parse(first!.start));
  expect(column(frameOf(data), 'timeEnd').values[0]).toBe(Date.parse(first!.last));
  expect(column(frameOf(data), 'text').values[0]).toContain(first!.reason);
});

test.each([
  ['users', recorded.users.items.length],
  ['endpoints', 12],
  ['behaviors', 14],
  ['severities', 4],
  ['models', recorded.models.items.length],
  ['incidents', recorded.incidents.items.length],
] as const)('the variable query %s has its values', async (query, count) => {
  const source = new AnomalyDataSource(settings(), recordedClient().client);
  expect((await source.metricFindQuery({ query })).length).toBeGreaterThan(0);
  expect((await source.metricFindQuery(query)).length).toBeLessThanOrEqual(count);
});

test('services are each named once, and an unknown variable query says what there is', async () => {
  const source = new AnomalyDataSource(settings(), recordedClient().client);
  const services = (await source.metricFindQuery('services')).map(({ text }) => text);
  expect(new Set(services).size).toBe(services.length);
  await expect(source.metricFindQuery('nonsense')).rejects.toThrow('use one of users');
});

test('the health check says what the processor does', async () => {
  const health = (status: unknown) =>
    new AnomalyDataSource(settings(), recordedClient({ 'GET status': status }).client).testDatasource();
  expect(await health(recorded.status)).toEqual({
    status: 'success',
    message: 'api-anomaly 0.1.0 answers: scoring with model m-tp78s3.',
  });
  const learning = {
    ...recorded.status,
    model: null,
    learning: { ...recorded.status.learning, progress: 0.4 },
    throughput: { ...recorded.status.throughput, spans: 0 },
  };
  expect((await health(learning)).message).toBe(
    'api-anomaly 0.1.0 answers: learning, 40 % done. It has received no spans yet.',
  );
  const mistaken = {
    ...recorded.status,
    config: { ...recorded.status.config, success: false, mistakes: ['forest is unknown'] },
  };
  expect((await health(mistaken)).message).toContain('forest is unknown');
});

test.each([
  [{ status: 502, data: {} }, /Check that it runs/],
  [{ status: 400, data: 'Authentication to data source failed' }, /tokens\/viewer/],
  [{ status: 404, data: {} }, /nothing but scheme, host and port/],
])('the health check after %j says what to do', async (error, remedy) => {
  const { client } = recordedClient({
    'GET status': () => {
      throw error;
    },
  });
  const health = await new AnomalyDataSource(settings(), client).testDatasource();
  expect(health.status).toBe('error');
  expect(health.message).toMatch(remedy);
});

test('calls go through the proxy with their query, and uploads as they are', async () => {
  fetch.mockReturnValue(of({ data: { items: [], next_cursor: null } }));
  const client = new ControlClient(proxyTransport('/proxy'));
  await client.users({ limit: 5, min_score: undefined });
  expect(fetch).toHaveBeenLastCalledWith(
    expect.objectContaining({ url: '/proxy/api/v1/users?limit=5', method: 'GET', showErrorAlert: false }),
  );
  const file = new Blob(['{}']);
  await client.trainUpload(file);
  expect(fetch).toHaveBeenLastCalledWith(
    expect.objectContaining({ data: file, headers: { 'Content-Type': 'application/octet-stream' } }),
  );
  fetch.mockReturnValue(throwError(() => ({ status: 403, data: {} })));
  await expect(client.trainWindow({})).rejects.toMatchObject({ kind: 'forbidden', call: 'POST /api/v1/train' });
});

test('tokens of which nothing is said count as there', () => {
  expect(new AnomalyDataSource(settings())).toMatchObject({ canOperate: true, canAdminister: true });
  expect(new AnomalyDataSource(settings({ canOperate: false, canAdminister: false }))).toMatchObject({
    canOperate: false,
    canAdminister: false,
  });
});
