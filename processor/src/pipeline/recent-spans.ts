import type { ApiCall } from '../call/api-call.ts';
import { mixWord } from '../call/mixing-hash.ts';

/** Generations: when the younger is full it becomes the older one, so between half of and all the capacity is remembered. */
const GENERATIONS = 2;
/** Makes the two halves of a trace's hash different functions of its id. */
const SECOND_SEED = 0x9e3779b1;

/**
 * The spans seen lately, by 64-bit fingerprints of trace and span id: batchers regroup what they send again, so a
 * repeated span may come in another request. A false match leaves one call uncounted, which is harmless.
 */
export class RecentSpans {
  readonly #perGeneration: number;
  readonly #mask: number;
  /** [high, low] pairs, open addressing; 0, 0 is empty. */
  #younger: Uint32Array;
  #older: Uint32Array;
  #count = 0;

  /** @param capacity spans remembered at most; 8 to 16 bytes each */
  constructor(capacity: number) {
    this.#perGeneration = Math.max(1, Math.floor(capacity / GENERATIONS));
    const places = 2 ** Math.ceil(Math.log2(this.#perGeneration * 1.5));
    this.#mask = places - 1;
    this.#younger = new Uint32Array(places * 2);
    this.#older = new Uint32Array(places * 2);
  }

  /** Whether the call's span was seen before; remembers it. A span without id is always new. */
  isRepeated(call: ApiCall): boolean {
    if (call.spanHigh === 0 && call.spanLow === 0) return false;
    // Ids may be counters: within a trace spans stay different, and neighbouring traces have nothing in common.
    const high = (call.spanHigh ^ mixWord(mixWord(0, call.traceLow), call.traceHigh)) >>> 0;
    const low = (call.spanLow ^ mixWord(mixWord(SECOND_SEED, call.traceHigh), call.traceLow)) >>> 0 || 1;
    const place = this.#find(this.#younger, high, low);
    if (place < 0) return true;
    if (this.#find(this.#older, high, low) < 0) return true;
    this.#younger[place] = high;
    this.#younger[place + 1] = low;
    if (++this.#count >= this.#perGeneration) this.#age();
    return false;
  }

  /** The free place for a fingerprint, or -1 if it is there. */
  #find(table: Uint32Array, high: number, low: number): number {
    let place = (low ^ Math.imul(high, 0x85ebca6b)) & this.#mask;
    for (;;) {
      const at = place * 2;
      // `low` is never 0, so an empty place never looks like a fingerprint.
      if (table[at + 1] === 0) return at;
      if (table[at + 1] === low && table[at] === high) return -1;
      place = (place + 1) & this.#mask;
    }
  }

  #age(): void {
    const oldest = this.#older;
    this.#older = this.#younger;
    this.#younger = oldest.fill(0);
    this.#count = 0;
  }
}
