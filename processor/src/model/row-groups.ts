/**
 * The rows of a sample grouped by a 64-bit key: how many there are of each, and which is lowest. A group is a chain of
 * slots in ascending priority; an open-addressing table finds its first.
 */

/** Instead of a slot: there is none. */
export const NONE = -1;

export class RowGroups {
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #priority: Float64Array;
  /** Chain: the slots after and before each slot. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** Table: first slot and number of rows of the group at each position; NONE where there is no group. */
  readonly #first: Int32Array;
  readonly #count: Int32Array;
  readonly #mask: number;

  /** `high`, `low`: the key of each slot, the same column twice for a 32-bit key. `priority`: of each slot. */
  constructor(high: Uint32Array, low: Uint32Array, priority: Float64Array) {
    this.#high = high;
    this.#low = low;
    this.#priority = priority;
    this.#next = new Int32Array(priority.length).fill(NONE);
    this.#previous = new Int32Array(priority.length).fill(NONE);
    // At most half full, so that a search meets a free position soon.
    const positions = 2 ** Math.ceil(Math.log2(2 * priority.length + 1));
    this.#first = new Int32Array(positions).fill(NONE);
    this.#count = new Int32Array(positions);
    this.#mask = positions - 1;
  }

  /** The lowest slot of a group; NONE if it has none. */
  lowest(high: number, low: number): number {
    return this.#first[this.#find(high, low)]!;
  }

  /** The lowest slot of a group that has `cap` rows or more; otherwise NONE. */
  lowestIfFull(high: number, low: number, cap: number): number {
    const position = this.#find(high, low);
    return this.#first[position] !== NONE && this.#count[position]! >= cap ? this.#first[position]! : NONE;
  }

  /** Adds a slot, whose key and priority are set. Walks its group: at most as far as the cap that the caller keeps. */
  insert(slot: number): void {
    const position = this.#find(this.#high[slot]!, this.#low[slot]!);
    let before = NONE;
    let after = this.#first[position]!;
    while (after !== NONE && this.#priority[after]! < this.#priority[slot]!) {
      before = after;
      after = this.#next[after]!;
    }
    this.#link(before, slot, position);
    this.#link(slot, after, position);
    this.#count[position] = before === NONE && after === NONE ? 1 : this.#count[position]! + 1;
  }

  /** Takes a slot out, whose key is still set. */
  remove(slot: number): void {
    const position = this.#find(this.#high[slot]!, this.#low[slot]!);
    const before = this.#previous[slot]!;
    const after = this.#next[slot]!;
    if (before === NONE && after === NONE) {
      this.#removeGroup(position);
      return;
    }
    this.#link(before, after, position);
    this.#count[position]! -= 1;
  }

  /** The row of slot `from` now lies in slot `to`; the key of `to` is set, that of `from` not yet changed. */
  move(from: number, to: number): void {
    const position = this.#find(this.#high[from]!, this.#low[from]!);
    this.#link(this.#previous[from]!, to, position);
    this.#link(to, this.#next[from]!, position);
  }

  /** Makes `after` follow `before` in the chain; NONE stands for its ends. */
  #link(before: number, after: number, position: number): void {
    if (before === NONE) this.#first[position] = after;
    else this.#next[before] = after;
    if (after !== NONE) this.#previous[after] = before;
  }

  /** Position of a group, or the free one where it would be. */
  #find(high: number, low: number): number {
    let position = this.#home(high, low);
    for (;;) {
      const slot = this.#first[position]!;
      if (slot === NONE || (this.#high[slot] === high && this.#low[slot] === low)) return position;
      position = (position + 1) & this.#mask;
    }
  }

  /** Keys are keyed hashes already; this only folds both halves into the bits that the mask leaves. */
  #home(high: number, low: number): number {
    const mixed = Math.imul(high, 0x85ebca6b) + Math.imul(low, 0x9e3779b1);
    return (mixed ^ (mixed >>> 15)) & this.#mask;
  }

  /** Frees a position; later groups of the same run move up, so that searches still find them. */
  #removeGroup(position: number): void {
    let free = position;
    for (let at = (free + 1) & this.#mask; this.#first[at] !== NONE; at = (at + 1) & this.#mask) {
      const slot = this.#first[at]!;
      const home = this.#home(this.#high[slot]!, this.#low[slot]!);
      const isReachedThroughFree = ((at - home) & this.#mask) >= ((at - free) & this.#mask);
      if (!isReachedThroughFree) continue;
      this.#first[free] = slot;
      this.#count[free] = this.#count[at]!;
      free = at;
    }
    this.#first[free] = NONE;
  }
}
