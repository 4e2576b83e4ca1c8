/** A web server in Grafana's place: the built plugin, a page that loads it as Grafana does, and the data source proxy. */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { proxied } from '../grafana-proxy.ts';
import { type LoadedPlugin, pageHtml, type PluginMeta, settingsOf } from './page.ts';
import type { Prometheus, PrometheusQuery } from './prometheus.ts';

const ROOT = path.join(import.meta.dirname, '../..');
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

export class Grafana {
  behind: Behind;
  prometheus: Prometheus | undefined;
  /** Tampers with calls of the proxy; undefined leaves one alone. */
  trick: ((method: string, path: string, query: URLSearchParams) => Trick | undefined) | undefined;
  readonly #server: Server;
  readonly #plugins = new Map<string, LoadedPlugin>();
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
      response.end(pageHtml(this.#plugins, settingsOf(url)));
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
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function serve(response: ServerResponse, file: string): void {
  if (!existsSync(file) || statSync(file).isDirectory()) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader('content-type', TYPES[path.extname(file)] ?? 'application/octet-stream');
  createReadStream(file).pipe(response);
}
