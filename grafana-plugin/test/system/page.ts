/** A page of Grafana's, with what it tells the browser of data sources, plugins and who looks. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Route } from '../grafana-proxy.ts';
import type { PrometheusQuery } from './prometheus.ts';

const DASHBOARD = path.join(import.meta.dirname, '../../../deploy/grafana/dashboards/api-anomalies.json');
const APP = 'apianomaly-anomaly-app';

export interface PageSettings {
  readonly theme?: 'dark' | 'light';
  /** In place of a dashboard: the app's page, or the settings of the data source. */
  readonly page?: 'configuration' | 'settings';
  readonly role?: 'Viewer' | 'Editor' | 'Admin';
  /** Options of the panel. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Whether the queries are those of the dashboard, to Prometheus. */
  readonly isPrometheus?: boolean;
  readonly from?: string;
  readonly width?: number;
  readonly height?: number;
}

export interface PluginMeta {
  readonly id: string;
  readonly routes?: readonly Route[];
}

/** `folder`: within dist/. */
export interface LoadedPlugin {
  readonly folder: string;
  readonly meta: PluginMeta;
}

/** The settings of a page are the last part of its path. */
export function settingsOf({ pathname }: URL): PageSettings {
  const text = /^\/d\/(.+)$/.exec(decodeURIComponent(pathname))?.[1];
  return text === undefined ? {} : (JSON.parse(text) as PageSettings);
}

export const pageOf = (settings: PageSettings): string => `/d/${encodeURIComponent(JSON.stringify(settings))}`;

export function pageHtml(
  plugins: ReadonlyMap<string, LoadedPlugin>,
  {
    theme = 'dark',
    page,
    role = 'Admin',
    options = { view: 'tabs', control: 'anomaly' },
    isPrometheus = false,
    from = 'now-24h',
    width,
    height = 700,
  }: PageSettings,
): string {
  const meta = (id: string) => {
    const { folder, meta: found } = plugins.get(id)!;
    const base = path.posix.join('public/plugins', APP, folder);
    return {
      ...found,
      module: `${base}/module.js`,
      baseUrl: base,
      sort: 100,
      signature: 'unsigned',
      angular: { detected: false },
    };
  };
  const source = {
    id: 2,
    uid: 'anomaly',
    name: 'API anomaly',
    type: 'apianomaly-anomaly-datasource',
    access: 'proxy',
    url: '/api/datasources/proxy/uid/anomaly',
    jsonData: { traces: { uid: 'tempo', name: 'Tempo' } },
    meta: meta('apianomaly-anomaly-datasource'),
  };
  const boot = {
    settings: {
      datasources: {
        [source.name]: source,
        Prometheus: ofGrafana(3, 'prometheus'),
        Tempo: ofGrafana(4, 'tempo'),
      },
      defaultDatasource: source.name,
      panels: { 'apianomaly-anomaly-panel': meta('apianomaly-anomaly-panel') },
      apps: { [APP]: { ...meta(APP), enabled: true } },
      appSubUrl: '',
      buildInfo: { version: '13.2.2', env: 'production', commit: 'x' },
      featureToggles: {},
      rbacEnabled: true,
    },
    user: {
      id: 1,
      isSignedIn: true,
      login: 'u',
      orgId: 1,
      orgRole: role,
      theme,
      timezone: 'utc',
      language: 'en-US',
      permissions: {},
    },
    navTree: [],
  };
  const panel = {
    page,
    type: 'apianomaly-anomaly-panel',
    title: '',
    options,
    from,
    width,
    height,
    datasource: { uid: isPrometheus ? 'prometheus' : source.uid },
    targets: isPrometheus ? panelQueries() : [{ refId: 'A', type: 'models' }],
  };
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>API anomalies</title><base href="/">
<link rel="stylesheet" href="/host/host.css"><style>html,body,#reactRoot{height:100%;margin:0}</style></head>
<body class="theme-${theme}"><main id="reactRoot"></main>
<script>window.__grafana_public_path__='/public/';window.panelOfPage=${JSON.stringify(panel)};window.grafanaBootData=${JSON.stringify(boot)};</script>
<script type="module" src="/host/host.js"></script></body></html>`;
}

/** A data source of Grafana's own. */
const ofGrafana = (id: number, type: string) => ({
  id,
  uid: type,
  name: type,
  type,
  access: 'proxy',
  url: `/api/datasources/proxy/uid/${type}`,
  jsonData: {},
  meta: {
    id: type,
    name: type,
    type: 'datasource',
    module: '',
    baseUrl: '',
    info: { logos: { small: '', large: '' } },
  },
});

/** The queries of our panel on the dashboard, with all of everything chosen. */
function panelQueries(): PrometheusQuery[] {
  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
    readonly panels: ReadonlyArray<{ readonly type: string; readonly targets: readonly PrometheusQuery[] }>;
  };
  const { targets } = panels.find(({ type }) => type === 'apianomaly-anomaly-panel')!;
  return targets.map((query) => ({ ...query, expr: query.expr.replace(/\$\w+/g, '.*') }));
}
