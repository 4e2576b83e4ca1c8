/**
 * What an endpoint is excused for because others have it as well. What fails or slows down in many places at once is one
 * outage or one release, and an endpoint answers only for what it has beyond the others. Of these the three worst are
 * passed over, since whoever calls a failing endpoint fails as well and would excuse it; the next three are gone by. The many
 * that are well, health checks among them, make an outage no smaller.
 */
import { CALLS, SERVER_ERRORS, SLOW, SLOWNESS, TIMED, WorstEndpoints } from './worst-endpoints.ts';

/** Calls and timed calls of usual outcome that the others are shrunk by: the first calls of a window say little. */
const CALLS_PRIOR = 10;
/** An outage is uneven: an endpoint is excused for twice what the others have. */
const UNEVENNESS = 2;

export interface Excuse {
  /** Share of 5xx, 0..1. */
  serverErrorRate: number;
  /** Mean deviation of durations, in standard deviations, at least 0. */
  slowness: number;
  /** Share of slow calls among the timed ones, 0..1. */
  slowRate: number;
}

export class Everywhere {
  /** The latest window, and the one before: some hosts' clocks are ahead, and an outage need not begin anew with a window. */
  #present = new WorstEndpoints();
  #before = new WorstEndpoints();
  readonly #excuse: Excuse = { serverErrorRate: 0, slowness: 0, slowRate: 0 };

  /** Takes in what an endpoint has counted in a window so far. */
  note(window: number, endpoint: number, counts: Float64Array): void {
    if (window > this.#present.window) {
      [this.#present, this.#before] = [this.#before, this.#present];
      this.#present.begin(window);
      if (this.#before.window !== window - 1) this.#before.begin(window - 1);
    }
    if (window === this.#present.window) this.#present.rank(endpoint, counts);
    else if (window === this.#before.window) this.#before.rank(endpoint, counts);
  }

  /** What an endpoint is excused for in a window; nothing in one that is long over. Valid until the next call. */
  excuse(window: number, endpoint: number): Readonly<Excuse> {
    const excuse = this.#excuse;
    excuse.serverErrorRate = excuse.slowness = excuse.slowRate = 0;
    if (window === this.#present.window) this.#add(this.#present.othersOf(endpoint));
    if (window === this.#present.window || window === this.#before.window) this.#add(this.#before.othersOf(endpoint));
    return excuse;
  }

  /** All there is to it, for a snapshot. */
  snapshot(): number[] {
    return [...this.#present.snapshot(), ...this.#before.snapshot()];
  }

  /** Takes what `snapshot` gave. */
  restore(saved: readonly number[]): void {
    this.#present.restore(saved.slice(0, WorstEndpoints.SNAPSHOT_LENGTH));
    this.#before.restore(saved.slice(WorstEndpoints.SNAPSHOT_LENGTH));
  }

  #add(others: Float64Array): void {
    const excuse = this.#excuse;
    excuse.serverErrorRate = Math.max(excuse.serverErrorRate, Math.min(1, shareOf(others, SERVER_ERRORS, CALLS)));
    excuse.slowness = Math.max(excuse.slowness, shareOf(others, SLOWNESS, TIMED));
    excuse.slowRate = Math.max(excuse.slowRate, Math.min(1, shareOf(others, SLOW, TIMED)));
  }
}

const shareOf = (others: Float64Array, sum: number, calls: number): number =>
  (UNEVENNESS * others[sum]!) / (others[calls]! + CALLS_PRIOR);
