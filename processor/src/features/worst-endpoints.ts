/** The endpoints that fare worst in one window, with what each of them has counted in it. */
/** Columns of what is counted of an endpoint. */
export const CALLS = 0;
export const SERVER_ERRORS = 1;
/** Calls whose duration could be compared with the endpoint's usual one, the sum of their deviations, how many are slow. */
export const TIMED = 2;
export const SLOWNESS = 3;
export const SLOW = 4;
export const WINDOW_COUNTS = 5;

/** Endpoints that are told apart. */
const WORST = 6;
/** Of them, not counting the one that is asked for, those that are passed over. */
const PASSED_OVER = 3;
/** How bad a failed call is, in standard deviations of a duration: as the slowest. */
const ERROR_DEVIATIONS = 6;

export class WorstEndpoints {
  static readonly SNAPSHOT_LENGTH = 1 + WORST * (1 + WINDOW_COUNTS);

  window = 0;
  /** Ids plus one, the worst first; 0 where there is none. What each counted stands at its place. */
  readonly #ids = new Float64Array(WORST);
  readonly #counts = Array.from({ length: WORST }, () => new Float64Array(WINDOW_COUNTS));
  readonly #others = new Float64Array(WINDOW_COUNTS);

  /** Begins a window anew. */
  begin(window: number): void {
    this.window = window;
    this.#ids.fill(0);
  }

  /** Puts an endpoint in its place among the worst by what it has counted so far, if it is one of them. */
  rank(endpoint: number, counts: Float64Array): void {
    const bad = badness(counts);
    let place = this.#ids.indexOf(endpoint + 1);
    if (place < 0) {
      place = WORST - 1;
      if (bad <= 0 || (this.#ids[place] !== 0 && badness(this.#counts[place]!) >= bad)) return;
      this.#ids[place] = endpoint + 1;
    }
    this.#counts[place]!.set(counts);
    while (place > 0 && (this.#ids[place - 1] === 0 || badness(this.#counts[place - 1]!) < bad)) this.#swap(place--);
    // Slowness comes and goes.
    while (place < WORST - 1 && this.#ids[place + 1] !== 0 && badness(this.#counts[place + 1]!) > bad)
      this.#swap(++place);
  }

  /** What the worst have counted together, but for an endpoint and for the three worst others. Valid until the next call. */
  othersOf(endpoint: number): Float64Array {
    const others = this.#others;
    others.fill(0);
    let passed = 0;
    for (let place = 0; place < WORST; place++) {
      const id = this.#ids[place]!;
      if (id === 0 || id === endpoint + 1 || passed++ < PASSED_OVER) continue;
      for (let column = 0; column < WINDOW_COUNTS; column++) others[column]! += this.#counts[place]![column]!;
    }
    return others;
  }

  /** All there is to it: `SNAPSHOT_LENGTH` numbers. */
  snapshot(): number[] {
    return [this.window, ...this.#ids, ...this.#counts.flatMap((counts) => [...counts])];
  }

  /** Takes what `snapshot` gave. */
  restore([window = 0, ...saved]: readonly number[]): void {
    this.window = window;
    this.#ids.set(saved.slice(0, WORST));
    for (const [place, counts] of this.#counts.entries()) {
      const from = WORST + place * WINDOW_COUNTS;
      counts.set(saved.slice(from, from + WINDOW_COUNTS));
    }
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
