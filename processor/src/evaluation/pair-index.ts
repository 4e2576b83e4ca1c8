import { finishHash, mixWord } from '../call/mixing-hash.ts';

/** Pairs there is room for at first; doubled when they run out. */
const FIRST_CAPACITY = 1024;

/** Gives every pair of unsigned 32-bit numbers an id: 0, 1, 2 … in the order in which they are first asked for. */
export class PairIndex {
  size = 0;
  /** Two words an id. */
  #pairs = new Uint32Array(2 * FIRST_CAPACITY);
  /** Open addressing with linear probing; holds id + 1, 0 is empty. At most half full. */
  #index = new Int32Array(2 * FIRST_CAPACITY);

  /** The id of a pair, a new one for a pair that was never asked for. */
  idOf(first: number, second: number): number {
    const pairs = this.#pairs;
    const mask = this.#index.length - 1;
    let position = place(first, second) & mask;
    for (;;) {
      const id = this.#index[position]! - 1;
      if (id < 0) break;
      if (pairs[2 * id] === first && pairs[2 * id + 1] === second) return id;
      position = (position + 1) & mask;
    }
    if (2 * this.size === this.#index.length) {
      this.#grow();
      return this.idOf(first, second);
    }
    this.#index[position] = this.size + 1;
    pairs[2 * this.size] = first;
    pairs[2 * this.size + 1] = second;
    return this.size++;
  }

  first(id: number): number {
    return this.#pairs[2 * id]!;
  }

  second(id: number): number {
    return this.#pairs[2 * id + 1]!;
  }

  #grow(): void {
    const pairs = new Uint32Array(2 * this.#pairs.length);
    pairs.set(this.#pairs);
    this.#pairs = pairs;
    this.#index = new Int32Array(pairs.length);
    const mask = pairs.length - 1;
    for (let id = 0; id < this.size; id++) {
      let position = place(pairs[2 * id]!, pairs[2 * id + 1]!) & mask;
      while (this.#index[position] !== 0) position = (position + 1) & mask;
      this.#index[position] = id + 1;
    }
  }
}

const place = (first: number, second: number): number => finishHash(mixWord(mixWord(0, first), second));
