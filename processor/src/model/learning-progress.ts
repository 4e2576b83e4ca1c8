/** How far learning has come: what the first model needs and what has been seen of it. */
import type { EntityStates } from '../features/entity-states.ts';
import type { Watermark } from '../features/window-clock.ts';

export interface FirstModelNeeds {
  readonly minRows: number;
  readonly minEntities: number;
  /** Of event time. */
  readonly minHours: number;
}

const HOUR = 3600;

export class LearningProgress {
  /** Calls observed, whether or not the sample keeps their rows. */
  rowsSeen = 0;
  readonly #needs: FirstModelNeeds;
  readonly #states: EntityStates;
  readonly #watermark: Watermark;

  constructor(needs: FirstModelNeeds, states: EntityStates, watermark: Watermark) {
    this.#needs = needs;
    this.#states = states;
    this.#watermark = watermark;
  }

  /** Share of what the first model needs that has been seen, 0..1. */
  get share(): number {
    const { minRows, minEntities, minHours } = this.#needs;
    const { user, address } = this.#states;
    const entities = Math.max(user.table.size, address.table.size);
    return Math.min(1, this.rowsSeen / minRows, entities / minEntities, minHours === 0 ? 1 : this.#hours / minHours);
  }

  get #hours(): number {
    return (this.#watermark.seconds - this.#watermark.firstSeconds) / HOUR;
  }
}
