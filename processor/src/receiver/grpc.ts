/** OTLP/gRPC in: opentelemetry.proto.collector.trace.v1.TraceService, and grpc.health.v1.Health for probes. */
import { createServer } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { MethodDefinition, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { StatusCode } from '../component.ts';
import type { Component } from '../component.ts';
import type { ListenerTls } from '../config/listener-tls.ts';
import type { Config } from '../config/schema.ts';
import { ServiceError } from '../errors.ts';
import { receiveCall } from './grpc-call.ts';
import { type Intake, type ReceivedBody, SENDER_GONE } from './intake.ts';
import { requirePlaintextAllowed } from './plaintext.ts';
import { grpcStatusOf } from './status.ts';

const EXPORT_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const HEALTH_CHECK_PATH = '/grpc.health.v1.Health/Check';

/** grpc.health.v1.HealthCheckResponse with status SERVING. */
const SERVING = Buffer.from([0x08, 0x01]);

/** A connection without calls is closed after five minutes; a peer that is gone is noticed after 80 s at most. */
const LIBRARY_OPTIONS = {
  'grpc.max_connection_idle_ms': 300_000,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  // Megabytes of frames and headers that one connection may have queued in the HTTP/2 library.
  'grpc-node.max_session_memory': 16,
  'grpc.enable_channelz': 0,
};

/** Time for a call to arrive in full, from its headers on. */
const RECEIVE_TIMEOUT_MS = 30_000;

const HANDSHAKE_TIMEOUT_MS = 10_000;

type Handler = (call: ServerUnaryCall<ReceivedBody, Buffer>, respond: sendUnaryData<Buffer>) => void;

export class GrpcReceiver implements Component {
  readonly #config: Config['receiver'];
  readonly #intake: Intake;
  readonly #server: Server;
  readonly #listener: NetServer;
  readonly #tls: ListenerTls | undefined;
  readonly #sockets = new Set<Socket>();
  #stopped: Promise<void> | undefined;

  /** Throws `plaintext_not_allowed`. */
  constructor(config: Config['receiver'], intake: Intake, receiveTimeoutMs = RECEIVE_TIMEOUT_MS, tls?: ListenerTls) {
    requirePlaintextAllowed(config);
    this.#tls = tls;
    this.#config = config;
    this.#intake = intake;
    this.#server = new Server({
      ...LIBRARY_OPTIONS,
      'grpc.max_concurrent_streams': config.max_concurrent_streams,
      interceptors: [(method, call) => receiveCall(call, intake, receiveTimeoutMs, method.path === HEALTH_CHECK_PATH)],
    });
    this.#addMethod(EXPORT_PATH, (call, respond) => void this.#export(call, respond));
    this.#addMethod(HEALTH_CHECK_PATH, (call, respond) => {
      call.request.reservation.release();
      respond(null, SERVING);
    });
    this.#listener = this.#createListener();
  }

  /** Where it listens, once started. */
  address(): AddressInfo {
    return this.#listener.address() as AddressInfo;
  }

  /** Rejects with `listen_failed`. */
  start(): Promise<void> {
    const { bind_address: host, grpc_port: port } = this.#config;
    return new Promise((resolve, reject) => {
      this.#listener.once('error', (error) => {
        const values = { address: `${host}:${port}`, reason: error.message, key: 'receiver.grpc_port' };
        reject(new ServiceError('listen_failed', values, { cause: error }));
      });
      this.#listener.listen({ host, port }, () => resolve());
    });
  }

  /** Takes no new connections and calls (GOAWAY), answers those in flight, and cuts off what `signal` finds open. */
  stop(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#shutDown(signal);
    return this.#stopped;
  }

  async #shutDown(signal: AbortSignal): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    const cutOff = (): void => {
      for (const socket of this.#sockets) socket.destroy();
    };
    // Its callback comes too early (on Node 24 it does not wait for calls), the end of the last connection does not.
    this.#server.tryShutdown(() => {});
    if (signal.aborted) cutOff();
    else signal.addEventListener('abort', cutOff, { once: true });
    await closed;
    signal.removeEventListener('abort', cutOff);
  }

  #addMethod(path: string, handler: Handler): void {
    // Messages stay bytes: requests come as `ReceivedBody` from receiveCall, answers are encoded already.
    const method: MethodDefinition<ReceivedBody, Buffer> = {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: ({ body }) => body,
      requestDeserialize: (bytes) => bytes as unknown as ReceivedBody,
      responseSerialize: (bytes) => bytes,
      responseDeserialize: (bytes) => bytes,
    };
    this.#server.addService({ method }, { method: handler });
  }

  /** Our own listener before the library's server: it limits connections and knows the sockets to cut off. */
  #createListener(): NetServer {
    const injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    const take = (socket: Socket): void => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      injector.injectConnection(socket);
    };
    const tls = this.#tls?.serverOptions();
    const listener = tls === undefined ? createServer({ noDelay: true }, take) : this.#createTlsListener(tls, take);
    listener.maxConnections = this.#config.max_connections;
    listener.on('drop', () => {
      this.#intake.refuse('grpc', new ServiceError('overloaded', { reason: 'receiver.max_connections' }));
    });
    return listener;
  }

  /** The library gets what is decrypted. */
  #createTlsListener(options: TlsOptions, take: (socket: Socket) => void): NetServer {
    const listener = createTlsServer(
      { ...options, ALPNProtocols: ['h2'], handshakeTimeout: HANDSHAKE_TIMEOUT_MS, noDelay: true },
      take,
    );
    listener.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#tls?.renews(listener);
    return listener;
  }

  async #export(call: ServerUnaryCall<ReceivedBody, Buffer>, respond: sendUnaryData<Buffer>): Promise<void> {
    const cancelled = new AbortController();
    call.on('cancelled', () => cancelled.abort(SENDER_GONE));
    const remainingMs = Number(call.getDeadline()) - Date.now();
    const outcome = await this.#intake.consume(call.request, 'grpc', remainingMs, cancelled.signal);
    if (outcome.code === StatusCode.OK) respond(null, outcome.response);
    else respond(grpcStatusOf(outcome));
  }
}
