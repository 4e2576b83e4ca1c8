import type { ByteBudget } from '../component.ts';

/** Share of the budget above which scoring is shed, and below which it is taken up again. */
const SHED_ABOVE = 0.8;
const SHED_BELOW = 0.6;

/** Bytes of requests and answers in flight, bounded. What does not fit is refused, never queued. */
export class InFlightBytes implements ByteBudget {
  readonly #limit: number;
  #used = 0;
  #isShedding = false;

  /** @param limit most bytes in flight, input and output together */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /**
   * Whether spans should pass unscored for now: the budget is nearly used up, and the first thing to give up is our own
   * work, not anybody's data. With hysteresis, so that it does not flap.
   */
  get isShedding(): boolean {
    const share = this.#used / this.#limit;
    if (share > SHED_ABOVE) this.#isShedding = true;
    else if (share < SHED_BELOW) this.#isShedding = false;
    return this.#isShedding;
  }

  tryReserve(bytes: number): boolean {
    if (this.#used + bytes > this.#limit) return false;
    this.#used += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#used -= bytes;
  }
}
