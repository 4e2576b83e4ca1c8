import { createServer } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';

export type Answer = (call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>) => void;

export interface NextHopServer {
  readonly port: number;
  readonly received: { readonly body: Buffer; readonly metadata: Metadata; readonly peer: string }[];
  /** How it answers; may be replaced at any time. */
  answer: Answer;
  stop(): void;
}

const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

/** An OTLP/gRPC receiver of the gRPC library's own, which answers as told. */
export async function startNextHop(port = 0, path = TRACES): Promise<NextHopServer> {
  const server = new Server();
  const nextHop: Omit<NextHopServer, 'port'> = {
    received: [],
    answer: (_call, respond) => respond(null, Buffer.alloc(0)),
    stop: () => server.forceShutdown(),
  };
  const method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: unchanged,
    requestDeserialize: unchanged,
    responseSerialize: unchanged,
    responseDeserialize: unchanged,
  };
  const handler = (call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>): void => {
    nextHop.received.push({ body: call.request, metadata: call.metadata, peer: call.getPeer() });
    nextHop.answer(call, respond);
  };
  server.addService({ method }, { method: handler });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, found) => {
      if (error === null) resolve(found);
      else reject(error);
    });
  });
  return Object.assign(nextHop, { port: bound });
}

function unchanged(bytes: Buffer): Buffer {
  return bytes;
}

/** An answer with a status, and google.rpc.Status in its trailers when `details` are given. */
export function failing(code: number, details: string, statusDetails?: Buffer): Answer {
  return (_call, respond) => {
    const metadata = new Metadata();
    if (statusDetails !== undefined) metadata.set('grpc-status-details-bin', statusDetails);
    respond({ code, details, metadata });
  };
}

/** An HTTP/2 server that answers calls as `answer` likes, gRPC or not. */
export async function startHttp2(
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<{ port: number; stop: () => void }> {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    stream.resume();
    answer(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): void => {
    for (const session of sessions) session.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, stop };
}
