/** A quantile of evidence as it comes in: a histogram in which older values fade. */
const STEP_NATS = 0.25;
/** Up to 50 nats; what is higher counts as the highest. */
const STEPS = 200;
/** Values over which the quantile is taken; older ones fade. */
const HORIZON = 50_000;
/** With fewer values the quantile is not known. */
const LEAST = 500;

export class RunningQuantile {
  readonly #share: number;
  readonly #counts = new Float64Array(STEPS + 1);
  #total = 0;
  #sinceUpdate = 0;
  #value: number;

  /**
   * @param share of the values that are to be at or above the quantile, or somewhat fewer
   * @param initial taken for the quantile until enough values are known, nats
   */
  constructor(share: number, initial: number) {
    this.#share = share;
    this.#value = initial;
  }

  /** Nats, in steps of a quarter. */
  get value(): number {
    return this.#value;
  }

  note(nats: number): void {
    this.#counts[Math.max(0, Math.min(STEPS, Math.floor(nats / STEP_NATS)))]!++;
    this.#total++;
    if (this.#total >= 2 * HORIZON) {
      for (let step = 0; step <= STEPS; step++) this.#counts[step]! /= 2;
      this.#total /= 2;
    }
    if (++this.#sinceUpdate < LEAST) return;
    this.#sinceUpdate = 0;
    this.#update();
  }

  #update(): void {
    let above = 0;
    let step = STEPS;
    while (step > 0 && above + this.#counts[step]! <= this.#share * this.#total) above += this.#counts[step--]!;
    this.#value = (step + 1) * STEP_NATS;
  }
}
