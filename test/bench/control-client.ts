import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { performance } from 'node:perf_hooks';

/** A call of the control API. */
export interface ControlCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Buffer | string;
  readonly type?: string;
}

/** Calls the control API over connections that stay open. */
export class ControlClient {
  readonly #url: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(url: string, token: string, connections: number) {
    this.#url = url;
    this.#token = token;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** The body of the answer. Rejects when the call was refused. */
  async call({ method, path, body, type = 'application/json' }: ControlCall): Promise<string> {
    const headers = {
      authorization: `Bearer ${this.#token}`,
      ...(body !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
    };
    const sent = request(`${this.#url}${path}`, { agent: this.#agent, method, headers });
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const text = Buffer.concat((await answer.toArray()) as Buffer[]).toString();
    if (answer.statusCode! >= 300) throw new Error(`${method} ${path} was answered ${answer.statusCode}: ${text}`);
    return text;
  }

  /** As `call`; the milliseconds it took. */
  async time(call: ControlCall): Promise<number> {
    const began = performance.now();
    await this.call(call);
    return performance.now() - began;
  }

  close(): void {
    this.#agent.destroy();
  }
}
