import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { CallOptions, ServiceError } from '@grpc/grpc-js';
import { EXPORT_PATH } from './grpc-wire.ts';

export interface GrpcAnswer {
  readonly response?: Buffer;
  readonly error?: ServiceError;
}

/** An OTLP/gRPC sender of the gRPC library's own. */
export class GrpcSender {
  readonly #client: Client;

  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  send(body: Buffer, options: CallOptions = {}, path = EXPORT_PATH): Promise<GrpcAnswer> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(path, unchanged, unchanged, body, new Metadata(), options, (error, response) => {
        resolve(error === null ? { response: response ?? Buffer.alloc(0) } : { error });
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}

function unchanged(bytes: Buffer): Buffer {
  return bytes;
}
