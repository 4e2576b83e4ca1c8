/** Sizes kept: powers of two from 64 KiB, below which an allocation is cheap, to 4 MiB, above which requests are rare. */
const SMALLEST_BITS = 16;
const LARGEST_BITS = 22;

/**
 * Memory of large requests, used again. A buffer that is thrown away costs more than its bytes: the system makes a
 * mapping for it, fills it with zeros and takes it back in pieces that fit nothing else.
 */
export class BufferPool {
  readonly #maxBytes: number;
  readonly #ours = new WeakSet<ArrayBufferLike>();
  readonly #free = new Map<number, ArrayBuffer[]>();
  #freeBytes = 0;

  /** @param maxBytes most bytes kept while nobody uses them */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A buffer of that length with any content. */
  take(length: number): Buffer {
    const bits = Math.max(SMALLEST_BITS, 32 - Math.clz32(Math.max(1, length) - 1));
    if (length <= 2 ** (SMALLEST_BITS - 1) || bits > LARGEST_BITS) return Buffer.allocUnsafe(length);
    let memory = this.#free.get(bits)?.pop();
    if (memory === undefined) {
      memory = new ArrayBuffer(2 ** bits);
      this.#ours.add(memory);
    } else this.#freeBytes -= memory.byteLength;
    return Buffer.from(memory, 0, length);
  }

  /**
   * Takes back what `take` gave, or any view into it; nobody may hold on to it any more. Other memory is left to the
   * collector of garbage.
   */
  give({ buffer }: Buffer): void {
    if (!this.#ours.has(buffer) || this.#freeBytes + buffer.byteLength > this.#maxBytes) return;
    const bits = 31 - Math.clz32(buffer.byteLength);
    const kept = this.#free.get(bits) ?? [];
    if (kept.includes(buffer as ArrayBuffer)) return;
    kept.push(buffer as ArrayBuffer);
    this.#free.set(bits, kept);
    this.#freeBytes += buffer.byteLength;
  }
}
