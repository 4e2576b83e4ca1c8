/** The bodies of requests: JSON, small and not deep; and uploads, where a route takes them. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type ErrorCode, ServiceError } from '../errors.ts';
import { isDeeperThan } from './json-depth.ts';

/** Far more than any call of this API needs. */
const MAX_JSON_BYTES = 256 * 1024;
const MAX_JSON_DEPTH = 32;
/** Within so much of it, history says that it is none of our JSON. */
const PEEKED_BYTES = 64 * 1024;
/** Time for a body to arrive in full. */
const RECEIVE_TIMEOUT_MS = 30_000;
/** How OTLP traces in JSON begin, if not with white space and other keys. */
const TRACES_KEY = '"resourceSpans"';

type JsonParser = ReturnType<FastifyInstance['getDefaultJsonParser']>;

/** Takes the place of the framework's own parsers. `uploadIdleSeconds`: longest wait for the next piece of an upload. */
export function addBodyParser(app: FastifyInstance, uploadIdleSeconds: number): void {
  // Refuses keys that are no data to JavaScript: `__proto__`, and `prototype` of a `constructor`.
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: FastifyRequest, payload: Readable) =>
    readBody(request, payload, { parseJson, uploadIdleSeconds }),
  );
}

interface Reading {
  readonly parseJson: JsonParser;
  readonly uploadIdleSeconds: number;
}

async function readBody(request: FastifyRequest, payload: Readable, reading: Reading): Promise<unknown> {
  const { upload } = request.routeOptions.config;
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (upload?.types.includes(type)) {
    if (upload.as === 'stream') return takeUpload(request, piecesOf(payload), reading);
    return collect(payload, upload.as.whole, 'control.max_detect_bytes');
  }
  if (type !== 'application/json') {
    const expected = [...new Set([...(upload?.types ?? []), 'application/json'])].join(', ');
    throw new ServiceError('content_type_not_taken', { type: type || 'missing', expected });
  }
  if (upload?.as === 'stream') return readEither(request, payload, reading);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw new ServiceError('unsupported_encoding', { encoding });
  return parse(await collect(payload, MAX_JSON_BYTES, 'nothing: no call needs as much'), request, reading);
}

/** An upload is not read here. `first`: what of it was read already. */
function takeUpload(
  request: FastifyRequest,
  rest: AsyncIterator<Buffer>,
  { uploadIdleSeconds }: Reading,
  first?: Buffer,
): { readonly source: 'upload' } {
  request.uploaded = Readable.from(uploaded(first, rest, uploadIdleSeconds), { objectMode: false });
  return { source: 'upload' };
}

/** Throws `upload_stalled` when a piece that is waited for does not come. */
async function* uploaded(
  first: Buffer | undefined,
  rest: AsyncIterator<Buffer>,
  idleSeconds: number,
): AsyncGenerator<Buffer, void, void> {
  if (first !== undefined) yield first;
  for (;;) {
    const next = await within(idleSeconds, rest.next(), 'upload_stalled');
    if (next.done === true) return;
    yield next.value;
  }
}

/** JSON of this API, or history in JSON: what is compressed, large, or begins as traces do is history. */
async function readEither(request: FastifyRequest, payload: Readable, reading: Reading): Promise<unknown> {
  const reader = piecesOf(payload);
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') return takeUpload(request, reader, reading);
  const pieces: Buffer[] = [];
  let length = 0;
  let isOver = false;
  while (!isOver && length < PEEKED_BYTES) {
    const next = await within(RECEIVE_TIMEOUT_MS / 1000, reader.next(), 'receive_timeout');
    if (next.done === true) isOver = true;
    else {
      pieces.push(next.value);
      length += next.value.length;
    }
  }
  const peeked = Buffer.concat(pieces);
  if (isOver && !peeked.includes(TRACES_KEY)) return parse(peeked, request, reading);
  return takeUpload(request, reader, reading, peeked);
}

/** Who stops to read leaves the connection as it is: the answer goes over it. */
const piecesOf = (payload: Readable): AsyncIterator<Buffer> =>
  payload.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;

function parse(body: Buffer, request: FastifyRequest, { parseJson }: Reading): Promise<unknown> {
  if (isDeeperThan(body, MAX_JSON_DEPTH)) {
    throw new ServiceError('invalid_request', { reason: `it is nested deeper than ${MAX_JSON_DEPTH} levels` });
  }
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, value?: unknown): void => {
      if (error === null) resolve(value);
      else reject(new ServiceError('malformed_request', { reason: error.message }, { cause: error }));
    };
    void parseJson(request, body.toString('utf8'), done);
  });
}

/** A body of at most `limit` bytes. `key`: the option that would let more through. */
async function collect(payload: Readable, limit: number, key: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => {
    payload.destroy(new ServiceError('receive_timeout', { seconds: RECEIVE_TIMEOUT_MS / 1000 }));
  }, RECEIVE_TIMEOUT_MS);
  try {
    // Reading stops at a refusal; what still comes is dropped by the server, which has answered by then.
    for await (const piece of payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > limit) throw new ServiceError('body_too_large', { limit, key });
      pieces.push(piece);
    }
    return Buffer.concat(pieces, length);
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw new ServiceError('cancelled', {}, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects with the error of that `code` when `promise` takes longer. */
async function within<Value>(seconds: number, promise: Promise<Value>, code: ErrorCode): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ServiceError(code, { seconds })), seconds * 1000);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
