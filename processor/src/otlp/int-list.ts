/** A growing list of 32-bit integers, reused from request to request: a hot loop may fill it without allocating. */
export class IntList {
  /** The storage; only the first `length` integers count. Growing replaces it, so do not hold on to it across a push. */
  values: Int32Array;
  length = 0;

  constructor(capacity: number) {
    this.values = new Int32Array(capacity);
  }

  /** Makes room for `count` more integers and returns the index of the first; the caller sets them all. */
  extend(count: number): number {
    const start = this.length;
    this.length = start + count;
    if (this.length > this.values.length) {
      const grown = new Int32Array(Math.max(this.length, this.values.length * 2));
      grown.set(this.values);
      this.values = grown;
    }
    return start;
  }

  push(value: number): void {
    const index = this.extend(1);
    this.values[index] = value;
  }

  /** Empties the list. Storage above `keep` integers, grown by an unusual request, is given back. */
  clear(keep: number): void {
    this.length = 0;
    if (this.values.length > keep) this.values = new Int32Array(keep);
  }
}
