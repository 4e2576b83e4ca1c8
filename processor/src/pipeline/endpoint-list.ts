/** The endpoints there are: what is usual for each, and now. */
import type { EntityNames } from '../call/entity-names.ts';
import type { EntityStates } from '../features/entity-states.ts';
import { rowWidth } from '../features/features.ts';
import { type Watermark, windowOf } from '../features/window-clock.ts';
import type { Scorer } from './scorer.ts';

/** NaN where unknown. Errors are shares of calls, 0..1. */
export interface EndpointMeasures {
  /** In five minutes. */
  readonly calls: number;
  readonly serverErrors: number;
  readonly clientErrors: number;
  readonly durationMs: number;
}

export interface EndpointSummary {
  readonly service: string;
  readonly endpoint: string;
  /** Of the present window, 0..1. */
  readonly score: number;
  readonly behavior: string | undefined;
  /** Closed windows with calls. */
  readonly windows: number;
  readonly now: EndpointMeasures;
  readonly usual: EndpointMeasures & { readonly responseBytes: number };
  /** Highest scores of late, one a minute, the oldest first. */
  readonly series: readonly number[];
}

export interface EndpointListParts {
  readonly states: EntityStates;
  readonly scorer: Scorer;
  readonly watermark: Watermark;
  readonly names: EntityNames;
}

/** Minutes of scores that are kept. */
const SERIES_LENGTH = 30;
const QUIET = { calls: 0, serverErrors: Number.NaN, clientErrors: Number.NaN, durationMs: Number.NaN };

export class EndpointList {
  readonly #parts: EndpointListParts;
  /** Scores by slot and minute; the minute that comes next is `#next`. */
  readonly #scores: Float32Array;
  #next = 0;

  constructor(parts: EndpointListParts) {
    this.#parts = parts;
    this.#scores = new Float32Array(parts.states.endpoint.table.capacity * SERIES_LENGTH);
  }

  /** Takes down the present scores; to be called once a minute. */
  sample(): void {
    const { table } = this.#parts.states.endpoint;
    for (let slot = 0; slot < table.capacity; slot++) {
      this.#scores[slot * SERIES_LENGTH + this.#next] = table.isUsed(slot) ? this.#scoreNow(slot) : 0;
    }
    this.#next = (this.#next + 1) % SERIES_LENGTH;
  }

  /** All of them, in no order. */
  list(): EndpointSummary[] {
    const { states, names, scorer } = this.#parts;
    const { endpoint: state } = states;
    const row = new Float32Array(rowWidth('endpoint'));
    const features = (row.length - 1) / 2;
    const found: EndpointSummary[] = [];
    for (let slot = 0; slot < state.table.capacity; slot++) {
      if (!state.table.isUsed(slot)) continue;
      state.row(slot, row);
      const { now, usual } = state.profile(slot);
      const isCurrent = this.#isCurrent(slot);
      found.push({
        ...names.endpoint(state.table.keyLow(slot)),
        score: this.#scoreNow(slot),
        behavior: isCurrent ? scorer.finding('endpoint', slot).behavior : undefined,
        windows: state.windows(slot),
        now: isCurrent ? { calls: state.calls(slot), ...now } : QUIET,
        // Its own history of the first feature, calls.
        usual: { calls: state.windows(slot) > 0 ? Math.expm1(row[features]!) : Number.NaN, ...usual },
        series: this.#series(slot),
      });
    }
    return found;
  }

  #series(slot: number): number[] {
    const own = this.#scores.subarray(slot * SERIES_LENGTH, (slot + 1) * SERIES_LENGTH);
    return [...own.subarray(this.#next), ...own.subarray(0, this.#next)];
  }

  #scoreNow(slot: number): number {
    return this.#isCurrent(slot) ? this.#parts.scorer.finding('endpoint', slot).score : 0;
  }

  #isCurrent(slot: number): boolean {
    return this.#parts.states.endpoint.window(slot) === windowOf(this.#parts.watermark.seconds);
  }
}
