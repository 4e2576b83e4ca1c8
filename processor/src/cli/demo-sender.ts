/** The demo's sender: OTLP/gRPC over loopback with several requests in flight, as a collector's exporter sends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';

const EXPORT_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const IN_FLIGHT = 4;
const TIMEOUT_MS = 10_000;
/** Pause before a request that was refused for the moment is sent again, and how often that is done. */
const RETRY_MS = 200;
const RETRIES = 50;

const bytes = (buffer: Buffer): Buffer => buffer;

export class DemoSender {
  readonly #client: Client;
  readonly #inFlight = new Set<Promise<void>>();
  #failure: Error | undefined;

  /** `address`: host:port of the receiver. Connects at the first request. */
  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  /** Sends a request; resolves when there is room for the next. Rejects when one was refused for good. */
  async send(body: Buffer): Promise<void> {
    const call = this.#deliver(body)
      .catch((error: Error) => void (this.#failure ??= error))
      .finally(() => this.#inFlight.delete(call));
    this.#inFlight.add(call);
    if (this.#inFlight.size >= IN_FLIGHT) await Promise.race(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when all that was sent is acknowledged. */
  async settle(): Promise<void> {
    await Promise.all(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure;
  }

  stop(): void {
    this.#client.close();
  }

  async #deliver(body: Buffer): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const error = await this.#call(body);
      if (error === null) return;
      if (error.code !== status.UNAVAILABLE || attempt === RETRIES) throw error;
      await sleep(RETRY_MS);
    }
  }

  #call(body: Buffer): Promise<ServiceError | null> {
    return new Promise((resolve) => {
      const options = { deadline: Date.now() + TIMEOUT_MS };
      this.#client.makeUnaryRequest(EXPORT_PATH, bytes, bytes, body, new Metadata(), options, resolve);
    });
  }
}
