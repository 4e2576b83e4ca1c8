/** OTLP/gRPC out: one request in, one request to the next hop, nothing kept. */
import { performance } from 'node:perf_hooks';
import { Client, compressionAlgorithms } from '@grpc/grpc-js';
import type { ClientUnaryCall, Metadata } from '@grpc/grpc-js';
import { StatusCode } from '../component.ts';
import type { Component, TraceConsumer, TraceOutcome, TraceRequest } from '../component.ts';
import type { Config } from '../config/schema.ts';
import { metadataOf, nextHopOf } from './next-hop.ts';
import { outcomeOfAbandoned, outcomeOfFailure } from './status.ts';

const EXPORT_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

const CHANNEL_OPTIONS = {
  // Without it all clients of one target share one connection.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_channelz': 0,
  // The spans wait in the sender's queue while the next hop is away, so look for it often.
  'grpc.initial_reconnect_backoff_ms': 500,
  'grpc.max_reconnect_backoff_ms': 5000,
  // Servers in Go close connections that are pinged more often than every five minutes.
  'grpc.keepalive_time_ms': 330_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

/** Reaches the next hop over `export.connections` connections, in turn. */
export class OtlpGrpcExporter implements Component, TraceConsumer {
  readonly #endpoint: string;
  #headers: Metadata;
  readonly #clients: readonly Client[];
  readonly #calls = new Set<ClientUnaryCall>();
  #turn = 0;
  #stopped: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  /** The time for the stop is over. */
  #isGivenUp = false;

  /** Throws `config_invalid_value` when the next hop cannot be as configured. Does not connect. */
  constructor(config: Config['export']) {
    const { target, credentials, headers } = nextHopOf(config);
    const compression = compressionAlgorithms[config.compression === 'gzip' ? 'gzip' : 'identity'];
    const options = { ...CHANNEL_OPTIONS, 'grpc.default_compression_algorithm': compression };
    this.#endpoint = config.endpoint;
    this.#headers = headers;
    this.#clients = Array.from({ length: config.connections }, () => new Client(target, credentials, options));
  }

  /** Begins to connect. Resolves at once: a next hop that is away is no reason not to start. */
  start(): Promise<void> {
    for (const client of this.#clients) client.getChannel().getConnectivityState(true);
    return Promise.resolve();
  }

  /** Waits for the calls in flight, cancels what `signal` finds unanswered, and closes the connections. */
  stop(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#shutDown(signal);
    return this.#stopped;
  }

  /** Sends other headers from the next request on. */
  useHeaders(headers: Config['export']['headers']): void {
    this.#headers = metadataOf(headers);
  }

  /** Sends the body as it is. A partial success is passed on as it came. The answer comes by the request's deadline. */
  consume({ body, deadlineMs, signal }: TraceRequest): Promise<TraceOutcome> {
    const client = this.#clients[this.#turn];
    if (client === undefined || this.#stopped !== undefined)
      return Promise.resolve(outcomeOfAbandoned('shutting_down'));
    if (signal.aborted) return Promise.resolve(outcomeOfAbandoned('cancelled'));
    this.#turn = (this.#turn + 1) % this.#clients.length;
    const deadline = Date.now() + deadlineMs - performance.now();
    return new Promise((resolve) => {
      const cancel = (): void => call.cancel();
      const call = client.makeUnaryRequest(
        EXPORT_PATH,
        unchanged,
        unchanged,
        body,
        this.#headers,
        { deadline },
        (failure, response) => {
          signal.removeEventListener('abort', cancel);
          this.#finish(call);
          if (failure === null) resolve({ code: StatusCode.OK, response: response ?? Buffer.alloc(0), message: '' });
          else if (signal.aborted) resolve(outcomeOfAbandoned('cancelled'));
          else if (this.#isGivenUp) resolve(outcomeOfAbandoned('shutting_down'));
          else resolve(outcomeOfFailure(failure, this.#endpoint));
        },
      );
      this.#calls.add(call);
      signal.addEventListener('abort', cancel, { once: true });
    });
  }

  #finish(call: ClientUnaryCall): void {
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#onIdle?.();
  }

  async #shutDown(signal: AbortSignal): Promise<void> {
    const cancelAll = (): void => {
      this.#isGivenUp = true;
      for (const call of this.#calls) call.cancel();
    };
    if (signal.aborted) cancelAll();
    else signal.addEventListener('abort', cancelAll, { once: true });
    if (this.#calls.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    signal.removeEventListener('abort', cancelAll);
    for (const client of this.#clients) client.close();
  }
}

/** Messages are bytes on both sides. */
function unchanged(bytes: Buffer): Buffer {
  return bytes;
}
