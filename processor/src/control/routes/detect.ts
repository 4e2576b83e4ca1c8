/** `/detect`: the given spans come back with what the model says of them, and nothing else has happened. */
import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import type { FastifyRequest } from 'fastify';
import { ServiceError } from '../../errors.ts';
import type { ControlApp } from '../call.ts';

export type DetectEncoding = 'protobuf' | 'json';

export interface DetectView {
  /**
   * An ExportTraceServiceRequest, annotated in full and in the same encoding. Each span is judged as if it came now,
   * after the spans before it in the request. Moves no state. Rejects with `malformed_protobuf`, `malformed_json` or,
   * when too many wait, `overloaded`.
   */
  detect(request: Buffer, encoding: DetectEncoding): Promise<Buffer>;
}

const ENCODINGS: Readonly<Record<string, DetectEncoding>> = {
  'application/x-protobuf': 'protobuf',
  'application/json': 'json',
};

const inflate = promisify(gunzip);

export function addDetectRoute(app: ControlApp, view: DetectView, maxBytes: number, isAlias: boolean): void {
  const types = Object.keys(ENCODINGS);
  const meaning = 'OTLP traces: an ExportTraceServiceRequest, compressed with gzip or not.';
  app.post(
    '/detect',
    {
      config: { access: 'operator', upload: { as: { whole: maxBytes }, types, meaning } },
      bodyLimit: maxBytes,
      schema: {
        hide: isAlias,
        tags: ['detection'],
        summary: 'Score spans without side effects; they come back annotated in the same encoding',
      },
    },
    async (request, reply) => {
      const type = mediaTypeOf(request);
      const encoding = ENCODINGS[type];
      if (encoding === undefined || !Buffer.isBuffer(request.body)) {
        throw new ServiceError('content_type_not_taken', { type: type || 'missing', expected: types.join(' or ') });
      }
      const body = await inflated(request, request.body, maxBytes);
      return reply.type(type).send(await view.detect(body, encoding));
    },
  );
}

function mediaTypeOf({ headers }: FastifyRequest): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

async function inflated({ headers }: FastifyRequest, body: Buffer, maxBytes: number): Promise<Buffer> {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return body;
  if (encoding !== 'gzip') throw new ServiceError('unsupported_encoding', { encoding });
  try {
    return await inflate(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new ServiceError('body_too_large', { limit: maxBytes, key: 'control.max_detect_bytes' }, { cause: error });
    }
    const reason = (error as Error).message;
    throw new ServiceError('malformed_compression', { encoding, reason }, { cause: error });
  }
}
