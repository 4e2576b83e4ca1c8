/** Finds the row of lowest priority: a binary min-heap of slots that knows where each slot is, so that any can leave. */
import { NONE } from './row-groups.ts';

export class RowHeap {
  readonly #priority: Float64Array;
  readonly #slots: Int32Array;
  /** Index in `#slots` of each slot. */
  readonly #indexOf: Int32Array;
  #size = 0;

  /** `priority`: of each slot; a slot's priority must not change while it is in the heap. */
  constructor(priority: Float64Array) {
    this.#priority = priority;
    this.#slots = new Int32Array(priority.length);
    this.#indexOf = new Int32Array(priority.length);
  }

  /** The slot of lowest priority; NONE when empty. */
  get lowest(): number {
    return this.#size === 0 ? NONE : this.#slots[0]!;
  }

  insert(slot: number): void {
    this.#size += 1;
    this.#rise(this.#size - 1, slot);
  }

  remove(slot: number): void {
    const index = this.#indexOf[slot]!;
    this.#size -= 1;
    const last = this.#slots[this.#size]!;
    if (last === slot) return;
    // The last one fills the gap; it may belong further up or further down.
    this.#rise(index, last);
    this.#sink(this.#indexOf[last]!, last);
  }

  /** The row of slot `from` now lies in slot `to`. */
  move(from: number, to: number): void {
    this.#put(this.#indexOf[from]!, to);
  }

  #rise(index: number, slot: number): void {
    let at = index;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#slots[parent]!;
      if (this.#priority[above]! <= this.#priority[slot]!) break;
      this.#put(at, above);
      at = parent;
    }
    this.#put(at, slot);
  }

  #sink(index: number, slot: number): void {
    let at = index;
    for (let child = 2 * at + 1; child < this.#size; child = 2 * at + 1) {
      const right = child + 1;
      if (right < this.#size && this.#priority[this.#slots[right]!]! < this.#priority[this.#slots[child]!]!)
        child = right;
      const below = this.#slots[child]!;
      if (this.#priority[slot]! <= this.#priority[below]!) break;
      this.#put(at, below);
      at = child;
    }
    this.#put(at, slot);
  }

  #put(index: number, slot: number): void {
    this.#slots[index] = slot;
    this.#indexOf[slot] = index;
  }
}
