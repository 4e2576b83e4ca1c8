/** A web server in Grafana's place: the built plugin, a page that loads it as Grafana does, and the data source proxy. */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { proxied, type Route } from '../grafana-proxy.ts';
import type { Prometheus, PrometheusQuery } from './prometheus.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const DASHBOARD = path.join(ROOT, '../deploy/grafana/dashboards/api-anomalies.json');
const APP = 'apianomaly-anomaly-app';
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.css': 'text/css',
  '.map': 'application/json',
};

/** Where the processor's control API is, and its tokens by the name of the secret. */
export interface Behind {
  url: string;
  secrets: Readonly<Record<string, string>>;
}

/** What something on the way does to a call instead of passing it on. */
export interface Trick {
  readonly status?: number;
  readonly body?: string;
  readonly delayMs?: number;
  /** What becomes of the processor's own answer. */
  readonly change?: (answer: unknown) => unknown;
}

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

interface PluginMeta {
  readonly id: string;
  readonly routes?: readonly Route[];
}

export class Grafana {
  behind: Behind;
  prometheus: Prometheus | undefined;
  /** Tampers with calls of the proxy; undefined leaves one alone. */
  trick: ((method: string, path: string, query: URLSearchParams) => Trick | undefined) | undefined;
  readonly #server: Server;
  readonly #plugins = new Map<string, { readonly folder: string; readonly meta: PluginMeta }>();
  /** Requests to the proxy: role, method, path and status. */
  readonly asked: string[] = [];

  constructor(behind: Behind) {
    this.behind = behind;
    for (const folder of ['', 'panel', 'datasource']) {
      const meta = JSON.parse(readFileSync(path.join(ROOT, 'dist', folder, 'plugin.json'), 'utf8')) as PluginMeta;
      this.#plugins.set(meta.id, { folder, meta });
    }
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.writeHead(502).end(String(error)));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://x');
    const place = decodeURIComponent(url.pathname);
    if (place.startsWith('/d/')) {
      response.setHeader('content-type', 'text/html');
      response.end(this.#page(settingsOf(url)));
      return;
    }
    const plugin = /^\/public\/plugins\/[^/]+\/(.*)$/.exec(place);
    if (plugin) return serve(response, path.join(ROOT, 'dist', plugin[1]!));
    const icon = /^\/public\/build\/img\/icons\/(.*)$/.exec(place);
    if (icon) {
      const file = path.join(ROOT, 'node_modules/@grafana/ui/dist/public/img/icons', icon[1]!);
      // A few icons are Grafana's own and in none of its packages.
      return serve(response, existsSync(file) ? file : path.join(ROOT, 'src/img/logo.svg'));
    }
    if (place.startsWith('/host/')) return serve(response, path.join(ROOT, 'artifacts', place));
    const call = /^\/api\/datasources\/proxy\/uid\/[^/]+\/(.*)$/.exec(place);
    if (call) return this.#proxy(request, response, call[1]!, url.search);
    if (place === '/api/ds/query') return this.#query(request, response);
    if (place === '/favicon.ico' || place.startsWith('/public/fonts/')) {
      response.writeHead(204).end();
      return;
    }
    response.writeHead(404).end();
  }

  async #proxy(request: IncomingMessage, response: ServerResponse, place: string, search: string): Promise<void> {
    const referer = new URL(request.headers.referer ?? 'http://x/');
    const { role = 'Admin' } = settingsOf(referer);
    const { method = 'GET' } = request;
    const { routes = [] } = this.#plugins.get('apianomaly-anomaly-datasource')!.meta;
    const outcome = proxied(routes, { method, path: place, role }, this.behind.secrets);
    const note = (status: number) => this.asked.push(`${role} ${method} ${place} ${status}`);
    response.setHeader('content-type', 'application/json');
    if (outcome.kind === 'denied') {
      note(403);
      response.writeHead(403).end('{"message":"plugin proxy route access denied"}');
      return;
    }
    const trick = this.trick?.(method, outcome.path, new URLSearchParams(search)) ?? {};
    if (trick.delayMs !== undefined) await sleep(trick.delayMs, undefined, { ref: false });
    if (trick.body !== undefined) {
      note(trick.status ?? 200);
      response.writeHead(trick.status ?? 200).end(trick.body);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const type = request.headers['content-type'];
    let answer: Response;
    try {
      answer = await fetch(`${this.behind.url}/${outcome.path}${search}`, {
        method,
        headers: { ...(type !== undefined && chunks.length > 0 && { 'content-type': type }), ...outcome.headers },
        ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      });
    } catch {
      note(502);
      response.writeHead(502).end('{"message":"bad gateway"}');
      return;
    }
    note(answer.status);
    if (answer.status === 401) {
      response.writeHead(400).end('{"message":"Authentication to data source failed"}');
      return;
    }
    const body = await answer.text();
    response.writeHead(answer.status).end(trick.change ? JSON.stringify(trick.change(JSON.parse(body))) : body);
  }

  /** Queries to Prometheus, which Grafana's backend makes. */
  async #query(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { queries, from, to } = JSON.parse(await bodyOf(request)) as {
      readonly queries: readonly PrometheusQuery[];
      readonly from: string;
      readonly to: string;
    };
    const results: Record<string, object> = {};
    let status = 200;
    for (const query of queries) {
      try {
        const frames = (await this.prometheus?.frames(query, Number(from), Number(to))) ?? [];
        results[query.refId] = { status: 200, frames };
      } catch (error) {
        status = 400;
        results[query.refId] = { status, error: (error as Error).message };
      }
    }
    response.setHeader('content-type', 'application/json');
    response.writeHead(status).end(JSON.stringify({ results }));
  }

  #page({
    theme = 'dark',
    page,
    role = 'Admin',
    options = { view: 'tabs', control: 'anomaly' },
    isPrometheus = false,
    from = 'now-24h',
    width,
    height = 700,
  }: PageSettings): string {
    const meta = (id: string) => {
      const { folder, meta: found } = this.#plugins.get(id)!;
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

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The settings of a page are the last part of its path. */
function settingsOf({ pathname }: URL): PageSettings {
  const text = /^\/d\/(.+)$/.exec(decodeURIComponent(pathname))?.[1];
  return text === undefined ? {} : (JSON.parse(text) as PageSettings);
}

export const pageOf = (settings: PageSettings): string => `/d/${encodeURIComponent(JSON.stringify(settings))}`;

function serve(response: ServerResponse, file: string): void {
  if (!existsSync(file) || statSync(file).isDirectory()) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader('content-type', TYPES[path.extname(file)] ?? 'application/octet-stream');
  createReadStream(file).pipe(response);
}
