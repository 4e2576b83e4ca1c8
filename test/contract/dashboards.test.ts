import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { dashboards } from '../../deploy/grafana/dashboards.ts';
import { METRICS } from '../../processor/src/telemetry/metrics.ts';
import { dashboardModels, dashboardQueries } from '../support/dashboards.ts';
import { namesIn, unknownNames } from './promql.ts';

const root = path.resolve(import.meta.dirname, '../..');

test('the dashboards are what the generator makes', () => {
  const generated = dashboards();
  for (const [file, content] of generated) expect(readFileSync(path.join(root, file), 'utf8')).toBe(content);
  const folders = new Set([...generated.keys()].map((file) => path.dirname(file)));
  const found = [...folders].flatMap((folder) =>
    readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`),
  );
  expect(found.toSorted()).toEqual([...generated.keys()].toSorted());
});

test('the app brings every dashboard along', () => {
  const app = JSON.parse(readFileSync(path.join(root, 'grafana-plugin/src/plugin.json'), 'utf8')) as {
    includes: { type: string; name: string; path: string }[];
  };
  const included = app.includes.filter(({ type }) => type === 'dashboard');
  const made = readdirSync(path.join(root, 'grafana-plugin/src/dashboards')).map((name) => {
    const { title } = JSON.parse(readFileSync(path.join(root, 'grafana-plugin/src/dashboards', name), 'utf8')) as {
      title: string;
    };
    return { type: 'dashboard', name: title, path: `dashboards/${name}` };
  });
  expect(included).toEqual(made);
});

test.each(dashboardQueries())(
  '$dashboard, $place uses only metrics and labels there are: $expression',
  ({ expression }) => {
    expect(unknownNames(expression)).toEqual([]);
  },
);

test('every metric is on a dashboard', () => {
  const shown = new Set(
    dashboardQueries().flatMap(({ expression }) =>
      namesIn(expression).metrics.map((name) => name.replace(/_(?:bucket|count|sum)$/, '')),
    ),
  );
  expect(Object.keys(METRICS).filter((name) => !shown.has(name))).toEqual([
    'api_anomaly_config_reload_timestamp_seconds',
  ]);
});

test.each(dashboardModels())(
  '$title uses only variables it has, and places no panel over another',
  ({ panels, templating, ...rest }) => {
    const text = JSON.stringify([panels, rest]);
    const builtIn = /^(?:__\w+)$/;
    const used = new Set(
      Array.from(text.matchAll(/\$\{?(\w+)/g), ([, name]) => name!).filter((name) => !builtIn.test(name)),
    );
    const declared = new Set(templating.list.map(({ name }) => name));
    expect([...used].filter((name) => !declared.has(name))).toEqual([]);

    const cells = (panels as unknown as { gridPos: { x: number; y: number; w: number; h: number } }[]).flatMap(
      ({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(cells.length).toBe(new Set(cells).size);
  },
);
