import { STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Component } from '../component.ts';
import type { Config } from '../config/schema.ts';
import { ServiceError } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { HostCheck } from './host-check.ts';
import { PROBLEM_TYPE, problemOf, sendError } from './problem.ts';
import { addHealthRoutes, type Readiness } from './routes/health.ts';
import { addMetricsRoute } from './routes/metrics.ts';

export interface ControlServerOptions {
  readonly config: Config['control'];
  readonly telemetry: Pick<Telemetry, 'prometheus'>;
  readonly unreadyBecause: Readiness;
  readonly log: Log;
}

/** Slow clients are cut off: headers within 10 s, the whole request within 30 s. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Above the 60 s at which Prometheus and load balancers usually reuse a connection. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_CONNECTIONS = 256;
const MAX_BODY_BYTES = 1024 * 1024;

/** The HTTP server of the control API. */
export class ControlServer implements Component {
  readonly #config: Config['control'];
  readonly #log: Log;
  readonly #app: FastifyInstance;
  /** Methods served, by path. */
  readonly #served = new Map<string, string[]>();

  constructor({ config, telemetry, unreadyBecause, log }: ControlServerOptions) {
    this.#config = config;
    this.#log = log;
    this.#app = fastify({
      bodyLimit: MAX_BODY_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      http: { headersTimeout: HEADERS_TIMEOUT_MS },
      clientErrorHandler: answerMalformed,
      frameworkErrors: (error, _, reply) => void this.#answerError(error, reply),
    });
    this.#app.server.maxConnections = MAX_CONNECTIONS;

    this.#addChecks();
    this.#app.addHook('onRoute', ({ url, method }) => {
      this.#served.set(url, [...(this.#served.get(url) ?? []), ...[method].flat()]);
    });
    addHealthRoutes(this.#app, unreadyBecause);
    addMetricsRoute(this.#app, async () => {
      if (!config.public_metrics) throw new ServiceError('metrics_not_public');
      return telemetry.prometheus();
    });
    this.#refuseOtherMethods();
  }

  /** Rejects with listen_failed where the port is taken. */
  async start(): Promise<void> {
    const { bind_address: host, port } = this.#config;
    try {
      await this.#app.listen({ host, port });
    } catch (error) {
      const values = { address: `${host}:${port}`, reason: (error as Error).message, key: 'control.port' };
      throw new ServiceError('listen_failed', values, { cause: error });
    }
  }

  async stop(signal: AbortSignal): Promise<void> {
    const giveUp = (): void => this.#app.server.closeAllConnections();
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await this.#app.close();
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Where it listens; after `start`. */
  address(): AddressInfo {
    return this.#app.server.address() as AddressInfo;
  }

  #addChecks(): void {
    const hosts = new HostCheck(this.#config.bind_address, this.#config.allowed_hosts);
    this.#app.addHook('onRequest', async (request, reply) => {
      reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
      const { host } = request.headers;
      if (!hosts.allows(host)) throw new ServiceError('host_not_allowed', { host: host ?? 'missing' });
    });
    this.#app.setNotFoundHandler((request, reply) => {
      const served = [...this.#served.keys()].join(', ');
      return sendError(reply, new ServiceError('not_found', { path: pathOf(request), served }));
    });
    this.#app.setErrorHandler((error: FastifyError | ServiceError, _, reply) => this.#answerError(error, reply));
  }

  /** After all routes are known: a known path with another method is 405 and says which ones there are. */
  #refuseOtherMethods(): void {
    for (const [url, methods] of this.#served) {
      const others = this.#app.supportedMethods.filter((method) => !methods.includes(method));
      const allowed = methods.join(', ');
      const refuse = async (request: FastifyRequest, reply: FastifyReply): Promise<never> => {
        reply.header('allow', allowed);
        throw new ServiceError('method_not_allowed', { method: request.method, allowed });
      };
      // As a hook it answers before a body is read.
      this.#app.route({ method: others, url, onRequest: refuse, handler: refuse });
    }
  }

  #answerError(error: FastifyError | ServiceError, reply: FastifyReply): FastifyReply {
    if (error instanceof ServiceError) return sendError(reply, error);
    const status = error.statusCode ?? 500;
    if (status < 500) return sendError(reply, new ServiceError('malformed_request', { reason: error.message }));
    this.#log.error({ err: error }, 'A control request failed');
    return sendError(reply, new ServiceError('fault'));
  }
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0]!;
}

/** Answers what is no HTTP; there is no request or reply to do it with. */
function answerMalformed(error: Error, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const document = problemOf(new ServiceError('malformed_request', { reason: error.message }));
  const body = JSON.stringify(document);
  const head = [
    `HTTP/1.1 ${document.status} ${STATUS_CODES[document.status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
