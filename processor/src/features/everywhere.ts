/**
 * How all endpoints together fare in the present window. What fails or slows down everywhere at once is one outage or one
 * release; an endpoint answers only for what it has beyond the others.
 */
/** Calls and timed calls of usual outcome that the others are shrunk by: the first calls of a window say little. */
const CALLS_PRIOR = 50;

export class Everywhere {
  #window = 0;
  #calls = 0;
  #errors = 0;
  #timed = 0;
  #slowness = 0;

  /** Counts a call. `window`: that of its start; one that is over is not counted. */
  count(window: number, isServerError: boolean): void {
    if (!this.#isCurrent(window)) return;
    this.#calls++;
    if (isServerError) this.#errors++;
  }

  /** Counts a duration by its deviation from the endpoint's usual one, in standard deviations. */
  countDuration(window: number, deviation: number): void {
    if (!this.#isCurrent(window)) return;
    this.#timed++;
    this.#slowness += deviation;
  }

  /** Share of 5xx among the calls of a window but for those of one endpoint, 0..1; 0 for a window that is over. */
  errorRateBeside(window: number, calls: number, errors: number): number {
    if (window !== this.#window) return 0;
    return Math.max(0, this.#errors - errors) / (Math.max(0, this.#calls - calls) + CALLS_PRIOR);
  }

  /** Mean deviation of the durations of a window but for those of one endpoint, at least 0; 0 for a window that is over. */
  slownessBeside(window: number, timed: number, slowness: number): number {
    if (window !== this.#window) return 0;
    return Math.max(0, this.#slowness - slowness) / (Math.max(0, this.#timed - timed) + CALLS_PRIOR);
  }

  /** All there is to it, for a snapshot. */
  snapshot(): number[] {
    return [this.#window, this.#calls, this.#errors, this.#timed, this.#slowness];
  }

  restore([window = 0, calls = 0, errors = 0, timed = 0, slowness = 0]: readonly number[]): void {
    this.#window = window;
    this.#calls = calls;
    this.#errors = errors;
    this.#timed = timed;
    this.#slowness = slowness;
  }

  #isCurrent(window: number): boolean {
    if (window > this.#window) {
      this.restore([window]);
    }
    return window === this.#window;
  }
}
