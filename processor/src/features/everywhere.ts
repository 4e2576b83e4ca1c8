/**
 * How all endpoints together fare in the present window. What fails or slows down everywhere at once is one outage or one
 * release; an endpoint answers only for what it has beyond the others. Of these the three that fare worst are left out:
 * whoever calls a failing endpoint fails as well, and would excuse it.
 */
// What is counted, of an endpoint or of all: one group of columns.
export const CALLS = 0;
export const SERVER_ERRORS = 1;
/** Calls whose duration could be compared with the endpoint's usual one, the sum of their deviations, how many are slow. */
export const TIMED = 2;
export const SLOWNESS = 3;
export const SLOW = 4;
export const WINDOW_COUNTS = 5;

/** Endpoints that are told apart: the worst ones, so that one may ask and three are left out. */
const WORST = 4;
const LEFT_OUT = 3;
/** Calls and timed calls of usual outcome that the others are shrunk by: the first calls of a window say little. */
const CALLS_PRIOR = 50;
/** What goes wrong everywhere goes wrong unevenly: an endpoint is excused for twice what the others have. */
const UNEVENNESS = 2;
/** How bad a failed call is, in standard deviations of a duration: as the slowest. */
const ERROR_DEVIATIONS = 6;

export class Everywhere {
  #window = 0;
  /** Of all endpoints. */
  readonly #all = new Float64Array(WINDOW_COUNTS);
  /** Ids of the worst endpoints plus one, the worst first; 0 where there is none. What each counted stands at its place. */
  readonly #ids = new Float64Array(WORST);
  readonly #counts = Array.from({ length: WORST }, () => new Float64Array(WINDOW_COUNTS));
  readonly #others = new Float64Array(WINDOW_COUNTS);

  /**
   * Takes a call in. `window`: that of its endpoint; one that is over is not counted. `before`, `after`: what the endpoint
   * counted in it without the call and with it.
   */
  count(window: number, endpoint: number, before: Float64Array, after: Float64Array): void {
    if (window < this.#window) return;
    if (window > this.#window) {
      this.#window = window;
      this.#all.fill(0);
      this.#ids.fill(0);
    }
    for (let column = 0; column < WINDOW_COUNTS; column++) this.#all[column]! += after[column]! - before[column]!;
    this.#rank(endpoint + 1, after);
  }

  /** Looks at a window beside one endpoint with its counts; the figures below are then those of the others. */
  lookBeside(window: number, endpoint: number, counts: Float64Array): void {
    const others = this.#others;
    if (window !== this.#window) {
      others.fill(0);
      return;
    }
    for (let column = 0; column < WINDOW_COUNTS; column++) others[column] = this.#all[column]! - counts[column]!;
    let left = LEFT_OUT;
    for (let place = 0; place < WORST && left > 0; place++) {
      const id = this.#ids[place]!;
      if (id === 0 || id === endpoint + 1) continue;
      left--;
      const worst = this.#counts[place]!;
      for (let column = 0; column < WINDOW_COUNTS; column++) others[column]! -= worst[column]!;
    }
  }

  /** Share of 5xx that an endpoint is excused for, 0..1. */
  get serverErrorRate(): number {
    return excused(this.#others[SERVER_ERRORS]!, this.#others[CALLS]!, 1);
  }

  /** Mean deviation of durations that it is excused for, at least 0. */
  get slowness(): number {
    return excused(this.#others[SLOWNESS]!, this.#others[TIMED]!, Infinity);
  }

  /** Share of slow calls among the timed ones that it is excused for, 0..1. */
  get slowRate(): number {
    return excused(this.#others[SLOW]!, this.#others[TIMED]!, 1);
  }

  /** All there is to it, for a snapshot. */
  snapshot(): number[] {
    return [this.#window, ...this.#all, ...this.#ids, ...this.#counts.flatMap((counts) => [...counts])];
  }

  /** Takes what `snapshot` gave. */
  restore([window = 0, ...saved]: readonly number[]): void {
    this.#window = window;
    this.#all.set(saved.slice(0, WINDOW_COUNTS));
    this.#ids.set(saved.slice(WINDOW_COUNTS, WINDOW_COUNTS + WORST));
    for (const [place, counts] of this.#counts.entries()) {
      const from = WINDOW_COUNTS + WORST + place * WINDOW_COUNTS;
      counts.set(saved.slice(from, from + WINDOW_COUNTS));
    }
  }

  /** Puts an endpoint in its place among the worst, if it is one of them. */
  #rank(id: number, counts: Float64Array): void {
    const bad = badness(counts);
    let place = this.#ids.indexOf(id);
    if (place < 0) {
      place = WORST - 1;
      if (bad <= 0 || (this.#ids[place] !== 0 && badness(this.#counts[place]!) >= bad)) return;
      this.#ids[place] = id;
    }
    this.#counts[place]!.set(counts);
    while (place > 0 && (this.#ids[place - 1] === 0 || badness(this.#counts[place - 1]!) < bad)) this.#swap(place--);
  }

  /** Exchanges an endpoint with the one before it. */
  #swap(place: number): void {
    const [id, counts] = [this.#ids[place]!, this.#counts[place]!];
    this.#ids[place] = this.#ids[place - 1]!;
    this.#counts[place] = this.#counts[place - 1]!;
    this.#ids[place - 1] = id;
    this.#counts[place - 1] = counts;
  }
}

const badness = (counts: Float64Array): number => ERROR_DEVIATIONS * counts[SERVER_ERRORS]! + counts[SLOWNESS]!;

const excused = (sum: number, calls: number, most: number): number =>
  Math.min(most, (UNEVENNESS * Math.max(0, sum)) / (Math.max(0, calls) + CALLS_PRIOR));
