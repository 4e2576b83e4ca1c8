/** More than the endpoints of most sites; a miss costs a microsecond, not correctness. */
const SLOTS = 2 ** 14;

/**
 * Direct-mapped cache from the keyed 64-bit hash of what names an endpoint to the endpoint's id, so that a known
 * endpoint is found without making a string.
 */
export class EndpointCache {
  /** Per slot: hash high, hash low, id + 1; 0 is free. */
  readonly #slots = new Uint32Array(SLOTS * 3);

  /** The id kept for a hash (two unsigned halves), or -1. */
  find(high: number, low: number): number {
    const slot = (low & (SLOTS - 1)) * 3;
    const slots = this.#slots;
    return slots[slot] === high && slots[slot + 1] === low ? slots[slot + 2]! - 1 : -1;
  }

  keep(high: number, low: number, id: number): void {
    const slot = (low & (SLOTS - 1)) * 3;
    this.#slots[slot] = high;
    this.#slots[slot + 1] = low;
    this.#slots[slot + 2] = id + 1;
  }

  clear(): void {
    this.#slots.fill(0);
  }
}
