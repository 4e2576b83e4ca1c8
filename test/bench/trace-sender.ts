import { Client, credentials, Metadata } from '@grpc/grpc-js';

const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const TIMEOUT_MS = 60_000;
/** Requests under way at a time. */
const CONCURRENCY = 4;

/** Sends ready-made requests over OTLP/gRPC, a few at a time, in order. */
export class TraceSender {
  readonly #client: Client;
  readonly #underWay = new Set<Promise<void>>();

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), { 'grpc.max_send_message_length': 64 << 20 });
  }

  /** Resolves when there is room for the next request. Rejects when an earlier one was refused. */
  async send(body: Buffer): Promise<void> {
    const request = this.request(body);
    this.#underWay.add(request);
    void request.then(() => this.#underWay.delete(request)).catch(() => undefined);
    if (this.#underWay.size >= CONCURRENCY) await Promise.race(this.#underWay);
  }

  /** Resolves when all is acknowledged. Rejects when a request was refused. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async close(): Promise<void> {
    await this.settle();
    this.#client.close();
  }

  /** Sends one at once, however many are under way. Rejects when it was refused. */
  request(body: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + TIMEOUT_MS;
      this.#client.makeUnaryRequest(EXPORT, asIs, asIs, body, new Metadata(), { deadline }, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }
}

const asIs = (bytes: Buffer): Buffer => bytes;
