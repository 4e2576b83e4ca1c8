/** TLS, mutual TLS and tokens on the listeners of a whole service. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { type TLSSocket, connect } from 'node:tls';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { writeCertificate } from '../support/certificates.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { TOKENS } from './control/control-server.ts';
import { EXPORT_PATH } from './receiver/grpc-wire.ts';
import { until } from './receiver/running-receiver.ts';
import { RunningService, type Settings } from './running-service.ts';

const SENDER = 'sender-token-0123456789';
const EMPTY_REQUEST = Buffer.alloc(0);

let service: RunningService;
afterEach(async () => {
  await service.stop();
  removeTemporaryFolders();
});

const portOf = (listener: 'grpc' | 'http' | 'control'): number =>
  Number(service.service.addresses()[listener].split(':').at(-1));

async function start(settings: Settings): Promise<void> {
  service = await RunningService.start(temporaryFolder(), settings);
}

async function askSecurely(options: RequestOptions & { body?: Buffer }): Promise<number> {
  const { body, ...rest } = options;
  const sent = request({ host: 'localhost', agent: false, ...rest });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode!;
}

const same = (bytes: Buffer): Buffer => bytes;

/** The gRPC status of an empty trace request. */
function exportTo(channel: ReturnType<typeof credentials.createSsl>, token?: string): Promise<number> {
  const client = new Client(`localhost:${portOf('grpc')}`, channel, { 'grpc.enable_http_proxy': 0 });
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return new Promise((resolve) => {
    const done = (error: ServiceError | null): void => {
      client.close();
      resolve(error === null ? status.OK : error.code);
    };
    client.makeUnaryRequest(EXPORT_PATH, same, same, EMPTY_REQUEST, metadata, { deadline: Date.now() + 5000 }, done);
  });
}

const postTraces = (options: RequestOptions = {}): Promise<number> =>
  askSecurely({
    port: portOf('http'),
    path: '/v1/traces',
    method: 'POST',
    ...options,
    headers: { 'content-type': 'application/x-protobuf' },
    body: EMPTY_REQUEST,
  });

/** The certificate that the HTTP receiver shows. */
async function shown(): Promise<string> {
  const socket: TLSSocket = connect({ port: portOf('http'), host: 'localhost', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return raw.toString('base64');
}

async function postInPlain(headers: Record<string, string>): Promise<number> {
  const url = `http://localhost:${portOf('http')}/v1/traces`;
  const sent = { 'content-type': 'application/x-protobuf', ...headers };
  return (await fetch(url, { method: 'POST', headers: sent, body: EMPTY_REQUEST })).status;
}

test('with a certificate every listener speaks TLS, and no plain text needs to be allowed', async () => {
  const { cert, key: _key, ...files } = await writeCertificate(temporaryFolder(), 'server');
  const tokens = { viewer: [TOKENS.viewer] };
  await start({ receiver: { tls: files }, control: { tls: files, tokens } });
  expect(await exportTo(credentials.createSsl(Buffer.from(cert)))).toBe(status.OK);
  expect(await postTraces({ ca: cert })).toBe(200);
  const headers = { authorization: `Bearer ${TOKENS.viewer}` };
  expect(await askSecurely({ ca: cert, port: portOf('control'), path: '/api/v1/status', headers })).toBe(200);
  await expect(fetch(`http://localhost:${portOf('control')}/health`)).rejects.toThrow(/fetch failed/);
  expect(await exportTo(credentials.createInsecure())).toBe(status.UNAVAILABLE);
});

test('versions of TLS before 1.2 are refused', async () => {
  const { cert, key: _key, ...files } = await writeCertificate(temporaryFolder(), 'server');
  await start({ control: { tls: files } });
  const socket = connect({
    port: portOf('control'),
    host: 'localhost',
    ca: cert,
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toMatch(/version|alert/i);
});

test('with authorities of clients only those with a certificate of theirs are taken', async () => {
  const folder = temporaryFolder();
  const { cert, key: _key, ...files } = await writeCertificate(folder, 'server');
  const client = await writeCertificate(folder, 'client');
  const stranger = await writeCertificate(folder, 'stranger');
  await start({ receiver: { tls: { ...files, client_ca_file: client.cert_file } } });
  const ssl = (own?: { readonly cert: string; readonly key: string }) =>
    own === undefined
      ? credentials.createSsl(Buffer.from(cert))
      : credentials.createSsl(Buffer.from(cert), Buffer.from(own.key), Buffer.from(own.cert));
  expect(await exportTo(ssl(client))).toBe(status.OK);
  expect(await exportTo(ssl(stranger))).toBe(status.UNAVAILABLE);
  expect(await exportTo(ssl())).toBe(status.UNAVAILABLE);
  expect(await postTraces({ ca: cert, cert: client.cert, key: client.key })).toBe(200);
  await expect(postTraces({ ca: cert, cert: stranger.cert, key: stranger.key })).rejects.toThrow();
  await expect(postTraces({ ca: cert })).rejects.toThrow();
});

test('a new certificate is in use without a restart; one that does not fit its key leaves the old one', async () => {
  const folder = temporaryFolder();
  const first = await writeCertificate(folder, 'server');
  await start({ receiver: { tls: { cert_file: first.cert_file, key_file: first.key_file } } });
  const before = await shown();
  await writeCertificate(folder, 'server');
  let after = before;
  for (let tries = 0; tries < 100 && after === before; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    after = await shown();
  }
  expect(after).not.toBe(before);
  const { cert_file: foreign } = await writeCertificate(folder, 'other');
  const { copyFileSync } = await import('node:fs');
  copyFileSync(foreign, first.cert_file);
  await until(() => service.log.some(({ msg }) => String(msg).startsWith('a changed certificate cannot be used')));
  expect(await shown()).toBe(after);
}, 30_000);

test('with tokens of senders only those that show one are taken, several at once, over gRPC and HTTP', async () => {
  await start({ receiver: { tokens: [SENDER, `${SENDER}-new`] } });
  const plain = credentials.createInsecure();
  expect(await exportTo(plain, SENDER)).toBe(status.OK);
  expect(await exportTo(plain, `${SENDER}-new`)).toBe(status.OK);
  expect(await exportTo(plain, `${SENDER}-old`)).toBe(status.UNAUTHENTICATED);
  expect(await exportTo(plain)).toBe(status.UNAUTHENTICATED);
  expect(await postInPlain({ authorization: `Bearer ${SENDER}` })).toBe(200);
  expect(await postInPlain({})).toBe(401);
  expect(await service.metric('api_anomaly_refused_spans_total', 'reason="sender_not_admitted"')).toBe(3);
});
