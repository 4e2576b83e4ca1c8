/**
 * A gRPC hop on grpc-js that looks at nothing: it hands each request on as the bytes it is and answers when the next hop
 * did. Without a next hop it only acknowledges. The floor for any hop of the same library, run as a process of its own.
 *
 * Usage: node grpc-hop.ts PORT [NEXT_HOST:PORT]
 */
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';

const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const SUCCESS = Buffer.alloc(0);
const TIMEOUT_MS = 30_000;
const limits = { 'grpc.max_receive_message_length': 64 << 20, 'grpc.max_send_message_length': 64 << 20 };

const [port, next] = process.argv.slice(2);
const client = next === undefined ? undefined : new Client(next, credentials.createInsecure(), limits);
const server = new Server(limits);
const method = {
  path: EXPORT,
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};
server.addService({ Export: method }, { Export: client === undefined ? acknowledge : relayTo(client) });
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
  process.stdout.write('ready\n');
});

function acknowledge(_call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void {
  answer(null, SUCCESS);
}

function relayTo(nextHop: Client) {
  return (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
    const deadline = Date.now() + TIMEOUT_MS;
    nextHop.makeUnaryRequest(EXPORT, bytes, bytes, call.request, new Metadata(), { deadline }, (error, response) => {
      answer(error, response ?? SUCCESS);
    });
  };
}

function bytes(buffer: Buffer): Buffer {
  return buffer;
}
