/** Decompression that a hostile sender cannot turn into memory: bounded in size, in number and by the byte budget. */
import { createGunzip, createInflate, gunzipSync, inflateSync } from 'node:zlib';
import { ServiceError } from '../errors.ts';
import type { Reservation } from './reservation.ts';

export type Compression = 'gzip' | 'deflate';

/**
 * Bodies up to so many compressed bytes are inflated on the spot, which costs less than a trip to the thread pool, and
 * up to so many inflated bytes, so that a bomb holds the event loop for about a millisecond before it goes the long way.
 */
const INLINE_COMPRESSED_BYTES = 32 * 1024;
const INLINE_INFLATED_BYTES = 1024 * 1024;

const CHUNK_BYTES = 64 * 1024;

export class Inflater {
  readonly #maxBytes: number;
  #freeSlots: number;
  readonly #waiting: (() => void)[] = [];

  /** At most `maxConcurrent` inflations at a time, none of them beyond `maxBytes` of output. */
  constructor(maxConcurrent: number, maxBytes: number) {
    this.#freeSlots = maxConcurrent;
    this.#maxBytes = maxBytes;
  }

  /**
   * The inflated body, held by `reservation` in place of the compressed one, which it must hold already.
   * Rejects with `malformed_compression`, `request_too_large`, `overloaded` (it does not fit the budget) or, when the
   * request is over, `cancelled`.
   */
  async inflate(compressed: Buffer, compression: Compression, reservation: Reservation): Promise<Buffer> {
    const inflated =
      this.#inflateInline(compressed, compression, reservation) ??
      (await this.#inflateInSlot(compressed, compression, reservation));
    reservation.subtract(compressed.length);
    return inflated;
  }

  /** Undefined when the body is too large for it. */
  #inflateInline(compressed: Buffer, compression: Compression, reservation: Reservation): Buffer | undefined {
    if (compressed.length > INLINE_COMPRESSED_BYTES) return undefined;
    const options = { maxOutputLength: Math.min(INLINE_INFLATED_BYTES, this.#maxBytes) };
    let inflated: Buffer;
    try {
      inflated = compression === 'gzip' ? gunzipSync(compressed, options) : inflateSync(compressed, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
      throw malformed(compression, error);
    }
    if (!reservation.add(inflated.length)) throw notKept(reservation);
    return inflated;
  }

  async #inflateInSlot(compressed: Buffer, compression: Compression, reservation: Reservation): Promise<Buffer> {
    if (this.#freeSlots > 0) this.#freeSlots -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      if (reservation.released) throw new ServiceError('cancelled');
      return await this.#stream(compressed, compression, reservation);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#freeSlots += 1;
      else next();
    }
  }

  /**
   * A body that does not fit the budget is inflated to its end all the same, keeping nothing: only then is it known
   * whether sending it again can help (it was the moment) or not (it is too large, or broken).
   */
  #stream(compressed: Buffer, compression: Compression, reservation: Reservation): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const options = { chunkSize: CHUNK_BYTES };
      const stream = compression === 'gzip' ? createGunzip(options) : createInflate(options);
      const chunks: Buffer[] = [];
      let length = 0;
      let keptLength = 0;
      const admitsTooMuch = admitsToBeTooLarge(compressed, compression, this.#maxBytes);
      let keeping = !admitsTooMuch;
      const drop = (): void => {
        keeping = false;
        chunks.length = 0;
        reservation.subtract(keptLength);
        keptLength = 0;
      };
      const fail = (error: ServiceError): void => {
        drop();
        stream.destroy();
        reject(error);
      };
      stream.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > this.#maxBytes) fail(new ServiceError('request_too_large', { limit: this.#maxBytes }));
        else if (reservation.released) fail(new ServiceError('cancelled'));
        else if (keeping && reservation.add(chunk.length)) {
          keptLength += chunk.length;
          chunks.push(chunk);
        } else if (keeping) drop();
      });
      stream.on('error', (error) => fail(malformed(compression, error)));
      stream.on('end', () => {
        if (keeping) resolve(Buffer.concat(chunks, length));
        else if (admitsTooMuch) fail(malformed(compression, new Error('its length is not the one at its end')));
        else fail(notKept(reservation));
      });
      stream.end(compressed);
    });
  }
}

/**
 * Whether the size at the end of a gzip body (RFC 1952, ISIZE) is above the limit. Only a hint, since it may lie or be
 * cut off: it decides whether the output is worth keeping, not what the sender is told.
 */
function admitsToBeTooLarge(compressed: Buffer, compression: Compression, maxBytes: number): boolean {
  return compression === 'gzip' && compressed.length >= 18 && compressed.readUInt32LE(compressed.length - 4) > maxBytes;
}

function malformed(encoding: Compression, cause: unknown): ServiceError {
  return new ServiceError('malformed_compression', { encoding, reason: (cause as Error).message }, { cause });
}

function notKept(reservation: Reservation): ServiceError {
  if (reservation.released) return new ServiceError('cancelled');
  return new ServiceError('overloaded', { reason: 'too many bytes are in flight' });
}
