/** Rounds of each finalization; the compression's two rounds are written out below, they are the hot path. */
const FINALIZATION_ROUNDS = 4;

/** The state's upper half before the key is added, from the paper. */
const INITIAL_V2 = 0x6c796765;
const INITIAL_V3 = 0x74656462;

/**
 * HalfSipHash-2-4: a short-input hash keyed with a secret, so that nobody can make values collide on purpose.
 * Aumasson & Bernstein, "SipHash: a fast short-input PRF", 2012; the 32-bit-word variant of the authors' reference.
 * For tables and fingerprints only: its 64-bit key is no protection of the hashed values. `Pseudonyms` protects them.
 */
export class HalfSipHash {
  /** Halves of the last `hash64`, unsigned. */
  high = 0;
  low = 0;

  readonly #key0: number;
  readonly #key1: number;

  /** `key`: 8 bytes. */
  constructor(key: Uint8Array) {
    if (key.length !== 8) throw new RangeError(`The HalfSipHash key has ${key.length} bytes; give 8.`);
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    this.#key0 = view.getInt32(0, true);
    this.#key1 = view.getInt32(4, true);
  }

  /** The 32-bit hash of `length` bytes from `offset` on, unsigned. */
  hash32(bytes: Uint8Array, offset: number, length: number): number {
    return this.#digest(bytes, offset, length, false) >>> 0;
  }

  /** The 64-bit hash of `length` bytes from `offset` on, left in `high` and `low`. */
  hash64(bytes: Uint8Array, offset: number, length: number): void {
    this.high = this.#digest(bytes, offset, length, true) >>> 0;
  }

  /** Returns the 32-bit result, or the upper half of the 64-bit one whose lower half it leaves in `low`. */
  #digest(bytes: Uint8Array, offset: number, length: number, isWide: boolean): number {
    let v0 = this.#key0;
    let v1 = this.#key1 ^ (isWide ? 0xee : 0);
    let v2 = INITIAL_V2 ^ this.#key0;
    let v3 = INITIAL_V3 ^ this.#key1;

    const rest = length & 3;
    const end = offset + length - rest;
    for (let at = offset; at <= end; at += 4) {
      let word: number;
      if (at < end) {
        word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      } else {
        // The last word: what is left of the input, and the length in the top byte.
        word = length << 24;
        for (let index = 0; index < rest; index++) word |= bytes[at + index]! << (index * 8);
      }

      v3 ^= word;
      // First round.
      v0 = (v0 + v1) | 0;
      v1 = (v1 << 5) | (v1 >>> 27);
      v1 ^= v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = (v3 << 8) | (v3 >>> 24);
      v3 ^= v2;
      v0 = (v0 + v3) | 0;
      v3 = (v3 << 7) | (v3 >>> 25);
      v3 ^= v0;
      v2 = (v2 + v1) | 0;
      v1 = (v1 << 13) | (v1 >>> 19);
      v1 ^= v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      // Second round.
      v0 = (v0 + v1) | 0;
      v1 = (v1 << 5) | (v1 >>> 27);
      v1 ^= v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = (v3 << 8) | (v3 >>> 24);
      v3 ^= v2;
      v0 = (v0 + v3) | 0;
      v3 = (v3 << 7) | (v3 >>> 25);
      v3 ^= v0;
      v2 = (v2 + v1) | 0;
      v1 = (v1 << 13) | (v1 >>> 19);
      v1 ^= v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }

    v2 ^= isWide ? 0xee : 0xff;
    for (let pass = isWide ? 0 : 1; ; pass++) {
      for (let round = 0; round < FINALIZATION_ROUNDS; round++) {
        v0 = (v0 + v1) | 0;
        v1 = (v1 << 5) | (v1 >>> 27);
        v1 ^= v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = (v3 << 8) | (v3 >>> 24);
        v3 ^= v2;
        v0 = (v0 + v3) | 0;
        v3 = (v3 << 7) | (v3 >>> 25);
        v3 ^= v0;
        v2 = (v2 + v1) | 0;
        v1 = (v1 << 13) | (v1 >>> 19);
        v1 ^= v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      if (pass === 1) return v1 ^ v3;
      this.low = (v1 ^ v3) >>> 0;
      v1 ^= 0xdd;
    }
  }
}
