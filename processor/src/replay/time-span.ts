/** Which times a recording is about, told from its spans: what lies far outside is an absurd clock. */

/** Numbers kept to find the quantiles of; beyond that every second one is dropped, again and again. */
const KEPT = 1 << 18;
/** Share of the spans at either end that may be absurd. */
const ABSURD_SHARE = 0.005;
const DAY_SECONDS = 86_400;

export class TimeSpan {
  #kept: Float64Array = new Float64Array(KEPT);
  #size = 0;
  #stride = 1;
  #offered = 0;

  /** Takes the start of a span in Unix seconds; 0, a missing one, is passed over. */
  add(seconds: number): void {
    if (!(seconds > 0)) return;
    if (this.#offered++ % this.#stride !== 0) return;
    this.#kept[this.#size++] = seconds;
    if (this.#size < KEPT) return;
    for (let index = 0; index < KEPT / 2; index++) this.#kept[index] = this.#kept[2 * index]!;
    this.#size = KEPT / 2;
    this.#stride *= 2;
  }

  /** Whether no span had a time. */
  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** First and last plausible time, Unix seconds: beyond the middle 99 % by at most its length, or a day. Not when empty. */
  bounds(): { readonly from: number; readonly to: number } {
    const sorted = this.#kept.slice(0, this.#size).toSorted();
    const low = sorted[Math.floor(ABSURD_SHARE * this.#size)]!;
    const high = sorted[Math.min(this.#size - 1, Math.ceil((1 - ABSURD_SHARE) * this.#size))]!;
    const slack = Math.max(DAY_SECONDS, high - low);
    const plausible = sorted.filter((seconds) => seconds >= low - slack && seconds <= high + slack);
    return { from: plausible[0]!, to: plausible.at(-1)! };
  }
}
