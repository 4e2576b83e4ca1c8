/** The bodies of requests: JSON, small and not deep; and uploads, where a route takes them. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ServiceError } from '../errors.ts';
import { isDeeperThan } from './json-depth.ts';

/** Far more than any call of this API needs. */
const MAX_JSON_BYTES = 256 * 1024;
const MAX_JSON_DEPTH = 32;
/** Within so much of it, history says that it is none of our JSON. */
const PEEKED_BYTES = 64 * 1024;
/** Time for a body to arrive in full, and for an upload between two pieces. */
const RECEIVE_TIMEOUT_MS = 30_000;
const IDLE_TIMEOUT_MS = 60_000;
/** How OTLP traces in JSON begin, if not with white space and other keys. */
const TRACES_KEY = '"resourceSpans"';

type JsonParser = ReturnType<FastifyInstance['getDefaultJsonParser']>;

/** Takes the place of the framework's own parsers. */
export function addBodyParser(app: FastifyInstance): void {
  // Refuses keys that are no data to JavaScript: `__proto__`, and `prototype` of a `constructor`.
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: FastifyRequest, payload: Readable) => readBody(request, payload, parseJson));
}

async function readBody(request: FastifyRequest, payload: Readable, parseJson: JsonParser): Promise<unknown> {
  const { upload } = request.routeOptions.config;
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (upload?.types.includes(type)) {
    if (upload.as === 'stream') return takeUpload(request, payload);
    return collect(payload, upload.as.whole, 'control.max_detect_bytes');
  }
  if (type !== 'application/json') {
    const expected = [...new Set([...(upload?.types ?? []), 'application/json'])].join(', ');
    throw new ServiceError('content_type_not_taken', { type: type || 'missing', expected });
  }
  if (upload?.as === 'stream') return readEither(request, payload, parseJson);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw new ServiceError('unsupported_encoding', { encoding });
  return parse(await collect(payload, MAX_JSON_BYTES, 'nothing: no call needs as much'), request, parseJson);
}

/** An upload is not read here; what stops coming is cut off. */
function takeUpload(request: FastifyRequest, upload: Readable): { readonly source: 'upload' } {
  const { socket } = request.raw;
  const cutOff = (): void => void socket.destroy();
  socket.setTimeout(IDLE_TIMEOUT_MS, cutOff);
  request.raw.once('end', () => {
    socket.setTimeout(0);
    socket.removeListener('timeout', cutOff);
  });
  request.uploaded = upload;
  return { source: 'upload' };
}

/** JSON of this API, or history in JSON: what is compressed, large, or begins as traces do is history. */
async function readEither(request: FastifyRequest, payload: Readable, parseJson: JsonParser): Promise<unknown> {
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') return takeUpload(request, payload);
  const reader = payload[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const pieces: Buffer[] = [];
  let length = 0;
  let isOver = false;
  while (!isOver && length < PEEKED_BYTES) {
    const next = await within(RECEIVE_TIMEOUT_MS, reader.next());
    if (next.done === true) isOver = true;
    else {
      pieces.push(next.value);
      length += next.value.length;
    }
  }
  const peeked = Buffer.concat(pieces);
  if (isOver && !peeked.includes(TRACES_KEY)) return parse(peeked, request, parseJson);
  return takeUpload(request, Readable.from(rejoined(peeked, isOver ? undefined : reader), { objectMode: false }));
}

async function* rejoined(first: Buffer, rest: AsyncIterator<Buffer> | undefined): AsyncGenerator<Buffer> {
  yield first;
  if (rest === undefined) return;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function parse(body: Buffer, request: FastifyRequest, parseJson: JsonParser): Promise<unknown> {
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

async function within<Value>(timeoutMs: number, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const error = new ServiceError('receive_timeout', { seconds: timeoutMs / 1000 });
    timer = setTimeout(() => reject(error), timeoutMs);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
