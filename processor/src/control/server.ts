import { STATUS_CODES } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  isResponseSerializationError,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import type { Component } from '../component.ts';
import type { ListenerTls } from '../config/listener-tls.ts';
import type { Config } from '../config/schema.ts';
import { ServiceError } from '../errors.ts';
import type { Audit } from '../store/audit.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { ControlAccess } from './auth/control-access.ts';
import { withSchemas } from './call.ts';
import { addGuard } from './guard.ts';
import { addDocumentation, addOpenApi, type OpenApiDocument } from './openapi.ts';
import { PROBLEM_TYPE, problemOf, sendError } from './problem.ts';
import { addBodyParser } from './request-body.ts';
import { addHealthRoutes, type Readiness } from './routes/health.ts';
import { addMetricsRoute } from './routes/metrics.ts';
import { addRoutes, addShortRoutes, refuseUnknownQueries } from './routes/v1.ts';
import type { ControlViews } from './views.ts';

export interface ControlServerOptions {
  readonly config: Config['control'];
  readonly version: string;
  readonly telemetry: Pick<Telemetry, 'prometheus'>;
  readonly unreadyBecause: Readiness;
  readonly access: Pick<ControlAccess, 'caller'>;
  /** What there is to show and do; the routes of what is missing are not served. */
  readonly views: Partial<ControlViews>;
  readonly audit?: Pick<Audit, 'append'> | undefined;
  /** Undefined: plain text. */
  readonly tls?: ListenerTls | undefined;
  /** Wall clock, unix milliseconds. */
  readonly nowMs: () => number;
  readonly log: Log;
}

/** Slow clients are cut off: headers within 10 s; bodies have limits of their own, uploads may take hours. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 6 * 3_600_000;
/** Time for what is left of a request that was answered early, so that its sender sees the answer. */
const LINGER_MS = 2000;
/** Above the 60 s at which Prometheus and load balancers usually reuse a connection. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_CONNECTIONS = 256;
const MAX_HEADER_BYTES = 16 * 1024;
/** Callers whose requests are counted; those beyond take the place of the ones longest quiet. */
const COUNTED_CALLERS = 5000;
const YEAR_SECONDS = 31_536_000;

/** The HTTP server of the control API. */
export class ControlServer implements Component {
  readonly #options: ControlServerOptions;
  readonly #app: FastifyInstance;
  readonly #isSecure: boolean;
  /** Methods served, by path, and whether anyone may call. */
  readonly #served = new Map<string, { readonly methods: string[]; isOpen: boolean }>();
  #ready: Promise<void> | undefined;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    const tls = options.tls?.serverOptions();
    this.#isSecure = tls !== undefined;
    this.#app = fastify({
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      http: { headersTimeout: HEADERS_TIMEOUT_MS, maxHeaderSize: MAX_HEADER_BYTES },
      ...(tls !== undefined && {
        https: { ...tls, headersTimeout: HEADERS_TIMEOUT_MS, maxHeaderSize: MAX_HEADER_BYTES },
      }),
      clientErrorHandler: answerMalformed,
      frameworkErrors: (error, _, reply) => void this.#answerError(error, reply),
    });
    if (tls !== undefined) options.tls?.renews(this.#app.server as unknown as HttpsServer);
    this.#app.server.maxConnections = MAX_CONNECTIONS;
    this.#app.setErrorHandler((error: FastifyError | ServiceError, _, reply) => this.#answerError(error, reply));
  }

  /** Rejects with listen_failed where the port is taken. */
  async start(): Promise<void> {
    await this.#build();
    const { bind_address: host, port } = this.#options.config;
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

  /** The OpenAPI document of the routes that are served. */
  async openApi(): Promise<OpenApiDocument> {
    await this.#build();
    return this.#app.swagger() as OpenApiDocument;
  }

  #build(): Promise<void> {
    return (this.#ready ??= this.#addEverything());
  }

  async #addEverything(): Promise<void> {
    const app = this.#app;
    const { config, version, telemetry, unreadyBecause, views } = this.#options;
    app.setValidatorCompiler(validatorCompiler);
    app.setSerializerCompiler(serializerCompiler);
    app.addHook('onRoute', (route) => this.#noteRoute(route.url, [route.method].flat(), route.config?.access));
    app.addHook('onResponse', async ({ raw }) => {
      if (!raw.complete) setTimeout(() => raw.destroy(), LINGER_MS).unref();
    });
    await app.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      strictTransportSecurity: this.#isSecure && { maxAge: YEAR_SECONDS },
    });
    await app.register(rateLimit, { global: false, cache: COUNTED_CALLERS });
    addGuard(app, this.#options);
    addBodyParser(app, config.upload_idle_seconds);
    this.#answerUnknownPaths();

    await addOpenApi(app, version);
    addHealthRoutes(withSchemas(app), unreadyBecause);
    addMetricsRoute(withSchemas(app), () => telemetry.prometheus(), config.public_metrics);
    await app.register(
      async (api) => {
        refuseUnknownQueries(withSchemas(api));
        addRoutes(withSchemas(api), views, config.max_detect_bytes);
      },
      { prefix: '/api/v1' },
    );
    await app.register(async (api) => {
      refuseUnknownQueries(withSchemas(api));
      addShortRoutes(withSchemas(api), views, config.max_detect_bytes, true);
    });
    await addDocumentation(app);
    this.#refuseOtherMethods();
    await app.ready();
  }

  /** Those so far: to answer their other methods adds routes. */
  #added() {
    return Array.from(this.#served);
  }

  #noteRoute(url: string, methods: readonly string[], access: string | undefined): void {
    const served = this.#served.get(url) ?? { methods: [], isOpen: false };
    served.methods.push(...methods);
    served.isOpen ||= access === 'anyone';
    this.#served.set(url, served);
  }

  #answerUnknownPaths(): void {
    this.#app.setNotFoundHandler((request, reply) => {
      const served = 'one of the paths in /openapi.json';
      return sendError(reply, new ServiceError('not_found', { path: pathOf(request), served }));
    });
  }

  /** After all routes are known: a known path with another method is 405 and says which ones there are. */
  #refuseOtherMethods(): void {
    for (const [url, { methods, isOpen }] of this.#added()) {
      const others = this.#app.supportedMethods.filter((method) => !this.#app.hasRoute({ method, url }));
      if (others.length === 0) continue;
      const allowed = methods.join(', ');
      const refuse = async (request: FastifyRequest, reply: FastifyReply): Promise<never> => {
        reply.header('allow', allowed);
        throw new ServiceError('method_not_allowed', { method: request.method, allowed });
      };
      // As a hook it answers before a body is read, and after the guard.
      this.#app.route({
        method: others,
        url,
        config: { access: isOpen ? 'anyone' : 'viewer' },
        schema: { hide: true },
        onRequest: refuse,
        handler: refuse,
      });
    }
  }

  #answerError(error: FastifyError | ServiceError, reply: FastifyReply): FastifyReply {
    if (error instanceof ServiceError) {
      if ((error.code as string) === 'fault') this.#options.log.error({ err: error }, 'A control request failed');
      return sendError(reply, error);
    }
    if (hasZodFastifySchemaValidationErrors(error)) {
      return sendError(reply, new ServiceError('invalid_request', { reason: reasonOf(error) }, { cause: error }));
    }
    const status = isResponseSerializationError(error) ? 500 : (error.statusCode ?? 500);
    if (status === 415) {
      const values = { type: 'not well-formed', expected: 'application/json' };
      return sendError(reply, new ServiceError('content_type_not_taken', values));
    }
    if (status < 500) return sendError(reply, new ServiceError('malformed_request', { reason: error.message }));
    this.#options.log.error({ err: error }, 'A control request failed');
    return sendError(reply, new ServiceError('fault'));
  }
}

/** Where the first mistakes are and what they are; values are not repeated, for they may be personal. */
function reasonOf({ validation }: { validation: readonly { instancePath: string; message?: string }[] }): string {
  return validation
    .slice(0, 3)
    .map(({ instancePath, message = 'it is not valid' }) => `${instancePath || 'the whole'}: ${message}`)
    .join('; ');
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
