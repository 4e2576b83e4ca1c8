/** The Grafana plugin against the control API: its routes, the answers its tests rest on, and the words it shows. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { BEHAVIOR_NAMES } from '../../processor/src/detection/behaviors.ts';
import { ADDRESS_FEATURES, ENDPOINT_FEATURES, USER_FEATURES } from '../../processor/src/features/features.ts';
import { createControlServer } from '../processor/control/control-server.ts';
import { everyView } from '../processor/control/every-view.ts';

const PLUGIN = path.join(import.meta.dirname, '../../grafana-plugin');

interface Call {
  readonly method: string;
  readonly path: string;
  readonly access: string;
}

/** Of the plugin, which another TypeScript checks. */
const ofPlugin = async (file: string): Promise<unknown> => import(path.join(PLUGIN, 'src/control', file));
const { CALLS } = (await ofPlugin('calls.ts')) as { readonly CALLS: readonly Call[] };
const { FEATURE_NOUNS } = (await ofPlugin('feature-nouns.ts')) as {
  readonly FEATURE_NOUNS: Readonly<Record<string, string>>;
};
const { paths = {} } = await createControlServer({}, { views: everyView() }).openApi();

const operations = Object.entries(paths).flatMap(([name, item]) =>
  (['get', 'post', 'put', 'delete'] as const).flatMap((method) => {
    const operation = item?.[method] as { readonly 'x-role'?: string } | undefined;
    return operation === undefined
      ? []
      : [{ method: method.toUpperCase(), path: name.slice(1), role: operation['x-role'] }];
  }),
);
const firstRoute = (method: string, name: string) =>
  CALLS.find((call) => call.method === method && name.startsWith(call.path));

test('every operation that a route of the plugin reaches needs the role whose token the route carries', () => {
  const reached = operations.flatMap(({ method, path: name, role }) => {
    const route = firstRoute(method, name);
    return route === undefined ? [] : [{ call: `${method} /${name}`, role, access: route.access }];
  });
  expect(reached.length).toBeGreaterThan(20);
  expect(reached.filter(({ role, access }) => role !== access)).toEqual([]);
});

test('every route of the plugin reaches an operation', () => {
  const reached = new Set(operations.map(({ method, path: name }) => firstRoute(method, name)));
  expect(CALLS.filter((call) => !reached.has(call))).toEqual([]);
});

test('what no route reaches is what the plugin has no use for', () => {
  const unreached = operations.filter(({ method, path: name }) => firstRoute(method, name) === undefined);
  expect(unreached.map(({ method, path: name }) => `${method} /${name}`).toSorted()).toEqual([
    'GET /health',
    'GET /metrics',
    'GET /openapi.json',
    'GET /ready',
    'POST /api/v1/detect',
  ]);
});

/** Which call gave a recorded answer. */
const RECORDED: Readonly<Record<string, readonly [string, 'get' | 'post']>> = {
  anomalies: ['/api/v1/anomalies', 'get'],
  backtest: ['/api/v1/jobs/{id}', 'get'],
  endpoints: ['/api/v1/endpoints', 'get'],
  'feedback-preview': ['/api/v1/incidents/{id}/feedback', 'post'],
  incident: ['/api/v1/incidents/{id}', 'get'],
  incidents: ['/api/v1/incidents', 'get'],
  jobs: ['/api/v1/jobs', 'get'],
  models: ['/api/v1/models', 'get'],
  sensitivity: ['/api/v1/sensitivity', 'get'],
  status: ['/api/v1/status', 'get'],
  user: ['/api/v1/users/{id}', 'get'],
  users: ['/api/v1/users', 'get'],
};

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** Paths of the properties that a schema names and an answer lacks, or the other way round. */
function differences(schema: Schema, value: unknown, at: string): string[] {
  const alternatives = schema.anyOf ?? [schema];
  const known = alternatives.find(({ properties, items }) => (Array.isArray(value) ? items : properties) !== undefined);
  if (known === undefined || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item) => differences(known.items!, item, `${at}[]`));
  const found = value as Readonly<Record<string, unknown>>;
  const names = new Set([...Object.keys(known.properties ?? {}), ...Object.keys(found)]);
  return [...names].flatMap((name) => {
    const property = known.properties?.[name];
    if (property === undefined || !(name in found)) return [`${at}.${name}`];
    return differences(property, found[name], `${at}.${name}`);
  });
}

test.each(readdirSync(path.join(PLUGIN, 'test/recorded')).map((file) => path.parse(file).name))(
  'the recorded %s has the properties that the API says',
  (name) => {
    const [place, method] = RECORDED[name]!;
    const operation = paths[place]?.[method];
    const response = operation?.responses?.['200'] as {
      readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
    };
    const answer: unknown = JSON.parse(readFileSync(path.join(PLUGIN, 'test/recorded', `${name}.json`), 'utf8'));
    const { schema } = response.content['application/json']!;
    expect(schema.properties).toBeDefined();
    expect([...new Set(differences(schema, answer, name))]).toEqual([]);
  },
);

test('features are called by the plugin what the processor calls them', () => {
  const tables = [USER_FEATURES, ADDRESS_FEATURES, ENDPOINT_FEATURES] as readonly Readonly<
    Record<string, { readonly noun: string }>
  >[];
  const names = new Set(tables.flatMap((table) => Object.keys(table)));
  expect(Object.keys(FEATURE_NOUNS).toSorted()).toEqual([...names].toSorted());
  for (const [name, noun] of Object.entries(FEATURE_NOUNS)) {
    expect(tables.map((table) => table[name]?.noun)).toContain(noun);
  }
});

test('every behaviour has words in the plugin', () => {
  const words = readFileSync(path.join(PLUGIN, 'src/control/words.ts'), 'utf8');
  expect(BEHAVIOR_NAMES.filter((name) => !new RegExp(`^  ${name}: '`, 'm').test(words))).toEqual([]);
});
