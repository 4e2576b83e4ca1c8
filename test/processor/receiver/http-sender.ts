import { Agent, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

export const PROTOBUF = 'application/x-protobuf';
export const JSON_TYPE = 'application/json';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An OTLP/HTTP sender that keeps its connections. */
export class HttpSender {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(port: number) {
    this.#port = port;
  }

  /** Protobuf, unless `headers` say otherwise. */
  send(
    body: Buffer,
    headers: Record<string, string> = {},
    { path = '/v1/traces', method = 'POST' } = {},
  ): Promise<HttpAnswer> {
    const target = { port: this.#port, host: '127.0.0.1', path, method, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const request = httpRequest({ ...target, headers: { 'content-type': PROTOBUF, ...headers } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  /** Writes `bytes` to a connection of its own and resolves with all that comes back until it closes. */
  sendRaw(bytes: Buffer | string): Promise<string> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      const socket = connect(this.#port, '127.0.0.1', () => socket.write(bytes));
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('error', () => {});
      socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
