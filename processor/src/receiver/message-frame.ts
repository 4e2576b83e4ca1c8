/** The one length-prefixed message of a unary gRPC call, as it arrives in pieces. */
import { ServiceError } from '../errors.ts';
import type { BufferPool } from '../otlp/buffer-pool.ts';
import type { Reservation } from './reservation.ts';

/** Compressed flag (one byte) and message length (four bytes, big endian), before the message. */
export const FRAME_HEADER_BYTES = 5;

export class MessageFrame {
  readonly #maxBytes: number;
  readonly #pool: BufferPool;
  readonly #reservation: Reservation;
  readonly #pieces: Buffer[] = [];
  #received = 0;
  /** Of header and message; unknown until the header is there. */
  #frameBytes: number | undefined;

  /**
   * `maxBytes`: largest message. Every byte is taken from `reservation` before it is kept. `pool`: where the memory of the
   * whole frame comes from.
   */
  constructor(maxBytes: number, reservation: Reservation, pool: BufferPool) {
    this.#pool = pool;
    this.#maxBytes = maxBytes;
    this.#reservation = reservation;
  }

  /**
   * Takes the next piece; returns the frame, header included, once it is whole.
   * Throws `request_too_large` as soon as the declared length is known, `overloaded`, or `malformed_call`.
   */
  add(piece: Buffer): Buffer | undefined {
    // Only what has arrived is reserved: whoever declares 64 MiB and sends nothing must not hold 64 MiB of the budget.
    if (!this.#reservation.add(piece.length)) {
      throw new ServiceError('overloaded', { reason: 'too many bytes are in flight' });
    }
    this.#pieces.push(piece);
    this.#received += piece.length;
    this.#frameBytes ??= this.#readHeader();
    if (this.#frameBytes === undefined || this.#received < this.#frameBytes) return undefined;
    if (this.#received > this.#frameBytes) {
      throw new ServiceError('malformed_call', { reason: 'a unary call has one message, this one has more' });
    }
    return this.#joined();
  }

  #readHeader(): number | undefined {
    if (this.#received < FRAME_HEADER_BYTES) return undefined;
    const header = this.#joined();
    const compressed = header.readUInt8(0);
    const messageBytes = header.readUInt32BE(1);
    if (compressed > 1) throw new ServiceError('malformed_call', { reason: `the compressed flag is ${compressed}` });
    if (messageBytes > this.#maxBytes) throw new ServiceError('request_too_large', { limit: this.#maxBytes });
    return FRAME_HEADER_BYTES + messageBytes;
  }

  #joined(): Buffer {
    const [first] = this.#pieces;
    if (this.#pieces.length === 1 && first !== undefined) return first;
    const joined = this.#pool.take(this.#received);
    let offset = 0;
    for (const piece of this.#pieces) offset += piece.copy(joined, offset);
    return joined;
  }
}
