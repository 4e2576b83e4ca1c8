/** OTLP/HTTP in: protobuf and JSON, chosen by Content-Type, on one path. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { fastify } from 'fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Component, TraceOutcome } from '../component.ts';
import type { ListenerTls } from '../config/listener-tls.ts';
import type { Config } from '../config/schema.ts';
import { ServiceError } from '../errors.ts';
import { JsonError, jsonToProtobuf } from '../otlp/json.ts';
import { bodyEncodingOf, isGzip, readBody } from './http-body.ts';
import type { BodyEncoding } from './http-body.ts';
import { answerOf, rawAnswerOf } from './http-answer.ts';
import { type Intake, type ReceivedBody, SENDER_GONE } from './intake.ts';
import { requirePlaintextAllowed } from './plaintext.ts';
import type { Reservation } from './reservation.ts';
import { httpStatusOf, httpStatusOfError, outcomeOfError } from './status.ts';

/** Time for a request to arrive in full; a quarter of it, at most, for the headers alone. */
const RECEIVE_TIMEOUT_MS = 30_000;

/** Longer than the minute after which most clients and load balancers drop an idle connection, so that they do first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

export class HttpReceiver implements Component {
  readonly #config: Config['receiver'];
  readonly #intake: Intake;
  readonly #server: FastifyInstance;
  #stopping = false;
  #stopped: Promise<void> | undefined;

  /** Throws `plaintext_not_allowed`. */
  constructor(config: Config['receiver'], intake: Intake, receiveTimeoutMs = RECEIVE_TIMEOUT_MS, tls?: ListenerTls) {
    requirePlaintextAllowed(config);
    this.#config = config;
    this.#intake = intake;
    const http = {
      headersTimeout: receiveTimeoutMs / 4,
      connectionsCheckingInterval: Math.min(2000, receiveTimeoutMs / 4),
    };
    const secure = tls?.serverOptions();
    this.#server = fastify({
      logger: false,
      exposeHeadRoutes: false,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      requestTimeout: receiveTimeoutMs,
      ...(secure === undefined ? { http } : { https: { ...secure, ...http } }),
      // While stopping we answer for ourselves, in the encoding of the request.
      return503OnClosing: false,
      forceCloseConnections: 'idle',
      clientErrorHandler: (error, socket) => this.#answerUnreadable(error, socket),
      // A URL that cannot be decoded is not ours.
      frameworkErrors: (_error, request, reply) => void this.#refuse(this.#notFound(request), request, reply),
    });
    if (secure !== undefined) tls?.renews(this.#server.server as HttpsServer);
    this.#server.server.maxConnections = config.max_connections;
    this.#server.server.on('drop', () => {
      this.#intake.refuse('http', new ServiceError('overloaded', { reason: 'receiver.max_connections' }));
    });
    // Bodies are read by us, with their limits, and not before the headers are accepted.
    this.#server.removeAllContentTypeParsers();
    this.#server.addContentTypeParser('*', (_request, _payload, done) => done(null));
    this.#server.addHook('onRequest', async (request) => this.#acceptHeaders(request));
    this.#server.setErrorHandler((error: FastifyError, request, reply) => this.#refuse(error, request, reply));
    this.#server.post(config.http_path, (request, reply) => this.#export(request, reply));
  }

  /** Where it listens, once started. */
  address(): AddressInfo {
    return this.#server.server.address() as AddressInfo;
  }

  /** Rejects with `listen_failed`. */
  async start(): Promise<void> {
    const { bind_address: host, http_port: port } = this.#config;
    try {
      await this.#server.listen({ host, port });
    } catch (error) {
      const values = { address: `${host}:${port}`, reason: (error as Error).message, key: 'receiver.http_port' };
      throw new ServiceError('listen_failed', values, { cause: error });
    }
  }

  /** Takes no new connections, answers the requests in flight, and cuts off what `signal` finds open. */
  stop(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#shutDown(signal);
    return this.#stopped;
  }

  async #shutDown(signal: AbortSignal): Promise<void> {
    this.#stopping = true;
    const cutOff = (): void => this.#server.server.closeAllConnections();
    signal.addEventListener('abort', cutOff, { once: true });
    const closed = this.#server.close();
    if (signal.aborted) cutOff();
    await closed;
  }

  /** Refuses what can be refused without looking at the body. */
  #acceptHeaders({ raw, headers }: FastifyRequest): void {
    if (pathOf(raw.url) !== this.#config.http_path) throw this.#notFound(raw);
    if (raw.method !== 'POST')
      throw new ServiceError('method_not_allowed', { method: `${raw.method}`, allowed: 'POST' });
    this.#intake.requireAdmitted(headers.authorization);
    if (bodyEncodingOf(headers) === undefined) {
      throw new ServiceError('unsupported_media_type', { type: headers['content-type'] ?? 'missing' });
    }
    isGzip(headers);
    if (this.#stopping) throw new ServiceError('shutting_down');
  }

  #notFound({ url }: { readonly url?: string | undefined }): ServiceError {
    return new ServiceError('not_found', { path: pathOf(url), served: `POST ${this.#config.http_path}` });
  }

  async #export(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const cancelled = new AbortController();
    reply.raw.once('close', () => cancelled.abort(SENDER_GONE));
    // #acceptHeaders has refused every other encoding.
    const encoding = bodyEncodingOf(request.headers) ?? 'http_protobuf';
    const reservation = this.#intake.reserve();
    let body: Buffer;
    try {
      body = await this.#receiveBody(request, encoding, reservation);
    } catch (error) {
      reservation.release();
      throw error;
    }
    const received: ReceivedBody = { body, reservation };
    const outcome = await this.#intake.consume(received, encoding, Infinity, cancelled.signal);
    await answer(reply, request.headers, outcome, httpStatusOf(outcome));
  }

  /** The body as protobuf. */
  async #receiveBody({ raw }: FastifyRequest, encoding: BodyEncoding, reservation: Reservation): Promise<Buffer> {
    let body = await readBody(raw, this.#intake.maxRequestBytes, reservation);
    if (isGzip(raw.headers)) body = await this.#intake.inflate(body, 'gzip', reservation);
    return encoding === 'http_json' ? protobufOf(body, reservation) : body;
  }

  /** Answers a request that ended in `error`: one of ours, or one that the HTTP framework made of broken input. */
  #refuse(error: FastifyError | ServiceError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const cause = error instanceof ServiceError ? error : unreadable(error);
    const outcome = this.#intake.refuse('http', cause);
    if (cause instanceof ServiceError && cause.code === 'method_not_allowed') void reply.header('allow', 'POST');
    if (cause instanceof ServiceError && cause.code === 'unsupported_encoding') {
      void reply.header('accept-encoding', 'gzip, identity');
    }
    return answer(reply, request.headers, outcome, httpStatusOfError(cause));
  }

  /** Answers what never became a request: bytes that are not HTTP, headers too long or a sender too slow. */
  #answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const cause =
      error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new ServiceError('receive_timeout', { seconds: this.#server.server.requestTimeout / 1000 })
        : new ServiceError('malformed_request', { reason: error.message });
    this.#intake.refuse('http', cause);
    socket.end(rawAnswerOf(outcomeOfError(cause), httpStatusOfError(cause)), () => socket.destroy());
  }
}

function pathOf(url = ''): string {
  return url.split('?', 1)[0] ?? '';
}

function answer(
  reply: FastifyReply,
  request: IncomingHttpHeaders,
  outcome: TraceOutcome,
  status: number,
): FastifyReply {
  const { headers, body } = answerOf(outcome, bodyEncodingOf(request));
  return reply.code(status).headers(headers).send(body);
}

/** The protobuf body takes the place of the JSON one in `reservation`. Throws `malformed_json` or `overloaded`. */
function protobufOf(json: Buffer, reservation: Reservation): Buffer {
  let body: Buffer;
  try {
    body = jsonToProtobuf(json);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ServiceError('malformed_json', { reason: error.message.replace(/\.$/, '') }, { cause: error });
  }
  if (!reservation.add(body.length)) throw new ServiceError('overloaded', { reason: 'too many bytes are in flight' });
  reservation.subtract(json.length);
  return body;
}

/** What the framework found wrong with a request; a server error of it is a defect. */
function unreadable(error: FastifyError): Error {
  const status = error.statusCode ?? 500;
  if (status === 415) return new ServiceError('unsupported_media_type', { type: 'not well-formed' }, { cause: error });
  return status < 500 ? new ServiceError('malformed_request', { reason: error.message }, { cause: error }) : error;
}
