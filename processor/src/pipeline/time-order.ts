import type { RequestView } from '../otlp/request-view.ts';

/** Spans that start within so many seconds stay as they came: what a batcher holds together, order means little there. */
export const LOOSE_SECONDS = 30;

/**
 * The order in which the scorable spans of a request are judged: as they came, or by their start where they reach over
 * more than half a minute. Batches hold the spans of one service after those of another, so a batch that holds an hour
 * would else be lived through once for every service. Reused from request to request; equal times keep their order.
 */
export class TimeOrder {
  /** Numbers of scorable spans; the first `view.scorableCount` count. */
  spans = new Int32Array(0);
  #merged = new Int32Array(0);
  #seconds = new Float64Array(0);

  /** Orders the spans of a scanned request. `isStrict`: by their start in any case. Returns `spans`. */
  arrange(view: RequestView, isStrict = false): Int32Array {
    const count = view.scorableCount;
    this.#makeRoom(count);
    let earliest = Infinity;
    let latest = -Infinity;
    let isSorted = true;
    for (let span = 0; span < count; span++) {
      this.spans[span] = span;
      const seconds = view.startSecondsOf(span);
      this.#seconds[span] = seconds;
      if (seconds < latest) isSorted = false;
      if (seconds < earliest) earliest = seconds;
      if (seconds > latest) latest = seconds;
    }
    if (!isSorted && (isStrict || latest - earliest > LOOSE_SECONDS)) this.#sort(count);
    return this.spans;
  }

  /** Bottom-up merge sort, which keeps the order of equals and allocates nothing. */
  #sort(count: number): void {
    const seconds = this.#seconds;
    for (let width = 1; width < count; width *= 2) {
      const from = this.spans;
      const to = this.#merged;
      for (let start = 0; start < count; start += 2 * width) {
        const middle = Math.min(start + width, count);
        const end = Math.min(start + 2 * width, count);
        let left = start;
        let right = middle;
        for (let place = start; place < end; place++) {
          const takesLeft = right >= end || (left < middle && seconds[from[left]!]! <= seconds[from[right]!]!);
          to[place] = takesLeft ? from[left++]! : from[right++]!;
        }
      }
      this.spans = to;
      this.#merged = from;
    }
  }

  #makeRoom(count: number): void {
    if (this.spans.length >= count) return;
    this.spans = new Int32Array(count);
    this.#merged = new Int32Array(count);
    this.#seconds = new Float64Array(count);
  }
}
