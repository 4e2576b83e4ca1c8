/** The body of an HTTP request and how it is encoded. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { ServiceError } from '../errors.ts';
import type { Reservation } from './reservation.ts';

export type BodyEncoding = 'http_protobuf' | 'http_json';

/** Undefined for every other media type. Parameters, such as a charset, are ignored: OTLP/JSON is UTF-8. */
export function bodyEncodingOf(headers: IncomingHttpHeaders): BodyEncoding | undefined {
  const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'application/x-protobuf') return 'http_protobuf';
  return mediaType === 'application/json' ? 'http_json' : undefined;
}

/** Whether the body is gzip. Throws `unsupported_encoding`, also for an encoding within an encoding. */
export function isGzip(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return false;
  if (encoding === 'gzip' || encoding === 'x-gzip') return true;
  throw new ServiceError('unsupported_encoding', { encoding });
}

/**
 * The body as it was sent. Every byte is taken from `reservation` before it is kept.
 * Rejects with `request_too_large` (above `maxBytes`, declared or sent), `overloaded`, or `cancelled` when the sender
 * goes away. What follows a refusal is read and forgotten, so that the sender gets to see the answer.
 */
export function readBody(request: IncomingMessage, maxBytes: number, reservation: Reservation): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const refuse = (error: ServiceError): void => {
      chunks.length = 0;
      request.removeListener('data', take);
      request.resume();
      reject(error);
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > maxBytes) refuse(new ServiceError('request_too_large', { limit: maxBytes }));
      else if (reservation.add(chunk.length)) chunks.push(chunk);
      else refuse(new ServiceError('overloaded', { reason: 'too many bytes are in flight' }));
    };
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
      refuse(new ServiceError('request_too_large', { limit: maxBytes }));
      return;
    }
    request.on('data', take);
    request.once('end', () => resolve(Buffer.concat(chunks, length)));
    // After the end this comes too, and changes nothing.
    request.once('close', () => reject(new ServiceError('cancelled')));
    request.once('error', (error) => reject(new ServiceError('cancelled', {}, { cause: error })));
  });
}
