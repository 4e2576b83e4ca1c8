import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** One HTTP request; unlike fetch it sends any method, any path and any Host header. */
export async function ask(port: number, { method = 'GET', path, headers = {}, body }: Asked): Promise<Answer> {
  const sent = request({
    port,
    host: '127.0.0.1',
    path,
    method,
    headers: { host: 'localhost', ...headers },
    agent: false,
  });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  // Who is refused while sending may find the connection closed behind the answer.
  sent.on('error', () => undefined);
  sent.end(body);
  const [response] = await answered;
  const pieces = (await response.toArray()) as Buffer[];
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces) };
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
