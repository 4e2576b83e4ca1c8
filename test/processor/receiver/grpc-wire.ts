import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';

export const EXPORT_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

/** A gRPC client by hand, for what no gRPC library would send. */
export class GrpcWire {
  readonly session: ClientHttp2Session;

  constructor(port: number) {
    this.session = connect(`http://127.0.0.1:${port}`);
    this.session.on('error', () => {});
  }

  /** Opens a call whose body is written by hand. */
  open(headers: Record<string, string> = {}): ClientHttp2Stream {
    const stream = this.session.request({
      ':method': 'POST',
      ':path': EXPORT_PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => {});
    return stream;
  }

  /** Sends `body` as the whole body of a call. */
  call(body: Buffer, headers: Record<string, string> = {}): Promise<WireAnswer> {
    const stream = this.open(headers);
    const answer = answerOn(stream);
    stream.end(body);
    return answer;
  }

  close(): void {
    this.session.destroy();
  }
}

export interface WireAnswer {
  readonly httpStatus: number;
  /** Undefined when the call ended without one. */
  readonly grpcStatus: number | undefined;
  readonly message: string;
  readonly details: Buffer | undefined;
  readonly body: Buffer;
  readonly resetCode: number;
}

export function answerOn(stream: ClientHttp2Stream): Promise<WireAnswer> {
  return new Promise((resolve) => {
    const headers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on('response', (received) => Object.assign(headers, received));
    stream.on('trailers', (received) => Object.assign(headers, received));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('close', () => {
      const status = headers['grpc-status'];
      const message = headers['grpc-message'];
      const details = headers['grpc-status-details-bin'];
      resolve({
        httpStatus: Number(headers[':status'] ?? 0),
        grpcStatus: status === undefined ? undefined : Number(status),
        message: typeof message === 'string' ? decodeURIComponent(message) : '',
        details: typeof details === 'string' ? Buffer.from(details, 'base64') : undefined,
        body: Buffer.concat(chunks),
        resetCode: stream.rstCode ?? constants.NGHTTP2_NO_ERROR,
      });
    });
  });
}

/** A length-prefixed message. `declaredBytes`: when it shall lie about its length. */
export function frame(message: Buffer, compressed = 0, declaredBytes = message.length): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(compressed, 0);
  header.writeUInt32BE(declaredBytes, 1);
  return Buffer.concat([header, message]);
}
