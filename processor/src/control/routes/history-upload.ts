/** History as the body of a call, in place of its JSON. */
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ServiceError } from '../../errors.ts';
import type { UploadTypes } from '../call.ts';

const TYPES = ['application/x-protobuf', 'application/x-ndjson', 'application/gzip', 'application/octet-stream'];

/** What a route says of itself that takes it. */
export const historyUpload: UploadTypes = {
  as: 'stream',
  types: TYPES,
  meaning:
    'Or the history itself: OTLP traces as protobuf, JSON or JSON lines, compressed with gzip or not. It is read as it comes.',
};

export const uploadBody = z.strictObject({
  source: z.literal('upload').describe('Put in place of a body of another media type.'),
});

/** The history of a call whose body is `uploadBody`. Throws `content_type_not_taken` where it only says so. */
export function uploadOf({ uploaded }: FastifyRequest): Readable {
  if (uploaded !== undefined) return uploaded;
  const expected = `one of ${TYPES.join(', ')} for an upload`;
  throw new ServiceError('content_type_not_taken', { type: 'application/json', expected });
}
