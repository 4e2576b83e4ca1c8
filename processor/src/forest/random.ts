/** Rounds after which the two seed words have reached every bit of the state. */
const MIXING_ROUNDS = 16;

/**
 * The sfc32 generator (Chris Doty-Humphrey, PractRand): 32-bit integers only, hence the same numbers on every platform.
 * `seed` and `stream` are unsigned 32-bit integers; two pairs that differ never share a state, since a round is a
 * bijection of the state and both words enter it whole.
 */
export class Random {
  #a = 0;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream: number) {
    this.#b = seed | 0;
    this.#c = stream | 0;
    for (let round = 0; round < MIXING_ROUNDS; round++) this.next();
  }

  /** A uniform integer in [0, 2^32). */
  next(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A uniform integer in [0, bound); `bound` is an integer from 1 to 2^32 - 1. The bias is below bound / 2^32. */
  below(bound: number): number {
    return ((this.next() / 0x1_0000_0000) * bound) >>> 0;
  }

  /** A uniform number in [0, 1) with 53 random bits. */
  fraction(): number {
    const high = this.next() >>> 5;
    const low = this.next() >>> 6;
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }
}
