/** The part of the byte budget that one request holds. */
import type { ByteBudget } from '../component.ts';

/** Grows as the bytes of a request arrive and are inflated; goes back to the budget as a whole when it is answered. */
export class Reservation {
  readonly #budget: ByteBudget;
  #bytes = 0;
  #released = false;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** True once the request is over: whoever still works on it may stop. */
  get released(): boolean {
    return this.#released;
  }

  /** Takes `bytes` more. False when they do not fit, or when the request is over. */
  add(bytes: number): boolean {
    if (this.#released || !this.#budget.tryReserve(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Gives back `bytes` of what was added, for a buffer that is no longer needed. */
  subtract(bytes: number): void {
    if (this.#released) return;
    this.#bytes -= bytes;
    this.#budget.release(bytes);
  }

  /** Gives everything back. Safe twice. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#budget.release(this.#bytes);
  }
}
