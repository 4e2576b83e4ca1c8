/** The most unusual users of late, for the one metric that carries a user: bounded, and without flapping. */

/** A user that has not called for this long, seconds of event time, leaves the list. */
const STALE_SECONDS = 600;
/** A newcomer must be this much more unusual than the one it displaces. */
const DISPLACE_BY = 0.02;

interface Entry {
  high: number;
  low: number;
  score: number;
  seconds: number;
}

export class TopUsers {
  #size: number;
  #entries: Entry[] = [];

  /** @param size users listed at most */
  constructor(size: number) {
    this.#size = size;
  }

  /** Lists another number of users; of too many the least unusual leave. */
  resize(size: number): void {
    this.#size = size;
    this.#entries = this.#entries.toSorted((a, b) => b.score - a.score).slice(0, size);
  }

  /** Takes note of a user's score, 0..1, at a time in unix seconds. */
  offer(high: number, low: number, score: number, seconds: number): void {
    let least: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.low === low && entry.high === high) {
        entry.score = score;
        entry.seconds = seconds;
        return;
      }
      if (least === undefined || entry.score < least.score) least = entry;
    }
    if (this.#entries.length < this.#size) this.#entries.push({ high, low, score, seconds });
    else if (least !== undefined && score > least.score + DISPLACE_BY)
      Object.assign(least, { high, low, score, seconds });
  }

  forget(high: number, low: number): void {
    const index = this.#entries.findIndex((entry) => entry.low === low && entry.high === high);
    if (index >= 0) this.#entries.splice(index, 1);
  }

  /** Those still active at `nowSeconds`. */
  *list(nowSeconds: number): Generator<Readonly<Entry>> {
    for (let index = this.#entries.length - 1; index >= 0; index--) {
      const entry = this.#entries[index]!;
      if (nowSeconds - entry.seconds > STALE_SECONDS) this.#entries.splice(index, 1);
      else yield entry;
    }
  }
}
