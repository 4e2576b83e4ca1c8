/**
 * A bounded map from 64-bit entity keys to slots 0..capacity-1, in flat typed arrays.
 *
 * Newcomers sit in a probation segment until `promote` is called for them. When the table is full, probation gives way
 * first as long as it holds more than its share, so a stream of one-time ids can never flush the entities that have
 * proved themselves (segmented LRU: Karedla, Love, Wherry 1994). Within a segment the least recently used one goes.
 */
export class EntityTable {
  readonly capacity: number;
  /** Entities thrown out to make room since the start. */
  evicted = 0;
  size = 0;

  readonly #probationShare: number;
  readonly #onEvict: (slot: number) => void;
  /** Open addressing with linear probing; holds slot + 1, 0 is empty. At most half full. */
  readonly #index: Int32Array;
  readonly #mask: number;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #segment: Uint8Array;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  readonly #newest = new Int32Array(SEGMENTS).fill(NONE);
  readonly #oldest = new Int32Array(SEGMENTS).fill(NONE);
  readonly #count = new Int32Array(SEGMENTS);

  /**
   * @param capacity most entities kept, 1 to 2^24
   * @param probationShare share of a full table that newcomers may hold, 0 to 1
   * @param onEvict called with the slot of an entity just before it is thrown out
   */
  constructor(capacity: number, probationShare: number, onEvict: (slot: number) => void = () => {}) {
    this.capacity = capacity;
    this.#probationShare = Math.max(1, Math.floor(capacity * probationShare));
    this.#onEvict = onEvict;
    const indexSize = 2 ** Math.ceil(Math.log2(capacity * 2));
    this.#index = new Int32Array(indexSize);
    this.#mask = indexSize - 1;
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#segment = new Uint8Array(capacity);
    this.#newer = new Int32Array(capacity).fill(NONE);
    this.#older = new Int32Array(capacity).fill(NONE);
    for (let slot = capacity - 1; slot >= 0; slot--) this.#link(slot, FREE);
  }

  /** The slot of a key, or -1. Does not count as use. */
  find(high: number, low: number): number {
    let position = this.#home(high, low);
    for (;;) {
      const slot = this.#index[position]! - 1;
      if (slot < 0) return NONE;
      if (this.#low[slot] === low && this.#high[slot] === high) return slot;
      position = (position + 1) & this.#mask;
    }
  }

  /** Marks a slot as just used. */
  touch(slot: number): void {
    const segment = this.#segment[slot]!;
    if (this.#newest[segment] === slot) return;
    this.#unlink(slot);
    this.#link(slot, segment);
  }

  /** Takes a slot for a key that is not in the table, throwing another entity out where it is full. */
  insert(high: number, low: number): number {
    if (this.#count[FREE] === 0) this.#evictOne();
    const slot = this.#newest[FREE]!;
    this.#unlink(slot);
    this.#link(slot, PROBATION);
    this.size++;
    this.#addToIndex(slot, high, low);
    return slot;
  }

  /** Moves an entity that has proved itself out of probation. */
  promote(slot: number): void {
    if (this.#segment[slot] !== PROBATION) return;
    this.#unlink(slot);
    this.#link(slot, MATURE);
  }

  /** Gives an entity another key, which is not in the table; its slot, segment and age stay. */
  rename(slot: number, high: number, low: number): void {
    this.#removeFromIndex(slot);
    this.#addToIndex(slot, high, low);
  }

  /** Forgets an entity at once (erasure); its slot is free afterwards. */
  remove(slot: number): void {
    this.#removeFromIndex(slot);
    this.#unlink(slot);
    this.#link(slot, FREE);
    this.size--;
  }

  isUsed(slot: number): boolean {
    return this.#segment[slot] !== FREE;
  }

  isMature(slot: number): boolean {
    return this.#segment[slot] === MATURE;
  }

  keyHigh(slot: number): number {
    return this.#high[slot]!;
  }

  keyLow(slot: number): number {
    return this.#low[slot]!;
  }

  /** Calls `visit` for every used slot, the least recently used first, so that inserting in this order keeps the order. */
  forEachByAge(visit: (slot: number) => void): void {
    for (const segment of [PROBATION, MATURE]) {
      for (let slot = this.#oldest[segment]!; slot !== NONE; slot = this.#newer[slot]!) visit(slot);
    }
  }

  #evictOne(): void {
    const fromProbation = this.#count[PROBATION]! >= this.#probationShare || this.#count[MATURE] === 0;
    const slot = this.#oldest[fromProbation ? PROBATION : MATURE]!;
    this.#onEvict(slot);
    this.remove(slot);
    this.evicted++;
  }

  #addToIndex(slot: number, high: number, low: number): void {
    this.#high[slot] = high;
    this.#low[slot] = low;
    let position = this.#home(high, low);
    while (this.#index[position] !== 0) position = (position + 1) & this.#mask;
    this.#index[position] = slot + 1;
  }

  #home(high: number, low: number): number {
    // Keys are keyed hashes already; one multiplication spreads the restored or sequential keys of tests too.
    return (Math.imul(low ^ (high >>> 7), 0x9e3779b1) >>> 7) & this.#mask;
  }

  /** Deletion by backward shift keeps probe sequences unbroken without tombstones (Knuth, TAOCP 3, 6.4, algorithm R). */
  #removeFromIndex(slot: number): void {
    const index = this.#index;
    let hole = this.#home(this.#high[slot]!, this.#low[slot]!);
    while (index[hole] !== slot + 1) hole = (hole + 1) & this.#mask;
    for (let next = (hole + 1) & this.#mask; index[next] !== 0; next = (next + 1) & this.#mask) {
      const candidate = index[next]! - 1;
      const home = this.#home(this.#high[candidate]!, this.#low[candidate]!);
      if (((next - home) & this.#mask) < ((next - hole) & this.#mask)) continue;
      index[hole] = candidate + 1;
      hole = next;
    }
    index[hole] = 0;
  }

  #link(slot: number, segment: number): void {
    const previous = this.#newest[segment]!;
    this.#segment[slot] = segment;
    this.#older[slot] = previous;
    this.#newer[slot] = NONE;
    if (previous === NONE) this.#oldest[segment] = slot;
    else this.#newer[previous] = slot;
    this.#newest[segment] = slot;
    this.#count[segment]!++;
  }

  #unlink(slot: number): void {
    const segment = this.#segment[slot]!;
    const newer = this.#newer[slot]!;
    const older = this.#older[slot]!;
    if (newer === NONE) this.#newest[segment] = older;
    else this.#older[newer] = older;
    if (older === NONE) this.#oldest[segment] = newer;
    else this.#newer[older] = newer;
    this.#count[segment]!--;
  }
}

const NONE = -1;
const FREE = 0;
const PROBATION = 1;
const MATURE = 2;
const SEGMENTS = 3;
