/** Writes that wait for the next batch. Bounded: when it is full the oldest of the least worth goes, and is counted. */
import type { Statement } from './record-table.ts';

export interface DeferredWrite extends Statement {
  /** What is written, for the count of what was dropped. */
  readonly table: string;
  /** A later write of the same table and key takes the place of this one, where it has not been written yet. */
  readonly key?: string;
  /** Goes first when there is no room. */
  readonly isExpendable: boolean;
}

/** Beside its text, roughly: objects, numbers, the place in the queue. */
const BYTES_OF_A_WRITE = 512;

export class WriteQueue {
  readonly #maxBytes: number;
  readonly #onDrop: (table: string) => void;
  /** In the order in which they are written, and dropped. */
  readonly #lasting = new Map<string | number, DeferredWrite>();
  readonly #expendable = new Map<string | number, DeferredWrite>();
  #lastNumber = 0;
  #bytes = 0;

  /** `onDrop` is told the table of each write that was dropped. */
  constructor(maxBytes: number, onDrop: (table: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onDrop = onDrop;
  }

  get size(): number {
    return this.#lasting.size + this.#expendable.size;
  }

  push(write: DeferredWrite): void {
    this.#lastNumber += 1;
    const key = write.key === undefined ? this.#lastNumber : `${write.table} ${write.key}`;
    const writes = write.isExpendable ? this.#expendable : this.#lasting;
    const replaced = writes.get(key);
    if (replaced !== undefined) this.#bytes -= bytesOf(replaced);
    writes.set(key, write);
    this.#bytes += bytesOf(write);
    while (this.#bytes > this.#maxBytes && this.size > 0) this.#dropOldest();
  }

  /** Takes out the next writes, those that last first: one, and more as long as they are within `maxBytes` together. */
  take(maxBytes: number): DeferredWrite[] {
    const batch: DeferredWrite[] = [];
    let bytes = 0;
    for (const writes of [this.#lasting, this.#expendable]) {
      for (const [key, write] of writes) {
        bytes += bytesOf(write);
        if (bytes > maxBytes && batch.length > 0) return batch;
        this.#remove(writes, key, write);
        batch.push(write);
      }
    }
    return batch;
  }

  /** Takes out what speaks of one of `texts`. */
  purge(texts: readonly string[]): void {
    for (const writes of [this.#lasting, this.#expendable]) {
      for (const [key, write] of writes) if (mentions(write, texts)) this.#remove(writes, key, write);
    }
  }

  #dropOldest(): void {
    const writes = this.#expendable.size > 0 ? this.#expendable : this.#lasting;
    for (const [key, write] of writes) {
      this.#remove(writes, key, write);
      this.#onDrop(write.table);
      return;
    }
  }

  #remove(writes: Map<string | number, DeferredWrite>, key: string | number, write: DeferredWrite): void {
    writes.delete(key);
    this.#bytes -= bytesOf(write);
  }
}

/** Whether a parameter of the write holds one of `texts`. */
export const mentions = ({ parameters }: Statement, texts: readonly string[]): boolean =>
  parameters.some((value) => typeof value === 'string' && texts.some((text) => value.includes(text)));

/** Text takes two bytes a unit at most. */
const bytesOf = ({ parameters }: Statement): number =>
  parameters.reduce<number>((sum, value) => sum + (typeof value === 'string' ? 2 * value.length : 0), BYTES_OF_A_WRITE);
