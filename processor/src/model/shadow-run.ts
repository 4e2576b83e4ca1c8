/** Whether a shadow runs, and which: what an entity's closed windows are handed to. */
import type { Budget } from '../detection/decision.ts';
import type { EntityState, EntityStates } from '../features/entity-states.ts';
import { type EntityKind, rowWidth } from '../features/features.ts';
import type { Model } from './model.ts';
import { Shadow, type ShadowAgreement } from './shadow.ts';

const emptyRow = (kind: EntityKind): Float32Array => new Float32Array(rowWidth(kind));

export class ShadowRun {
  readonly #states: EntityStates;
  #budget: Budget;
  #switchedOff: ReadonlySet<string>;
  #minimumEffect: number;
  readonly #rows: Readonly<Record<EntityKind, Float32Array>>;
  #active: Model | undefined;
  #model: Model | undefined;
  #shadow: Shadow | undefined;

  constructor(states: EntityStates, budget: Budget, switchedOff: ReadonlySet<string>, minimumEffect = 1) {
    this.#states = states;
    this.#budget = budget;
    this.#switchedOff = switchedOff;
    this.#minimumEffect = minimumEffect;
    this.#rows = { user: emptyRow('user'), address: emptyRow('address'), endpoint: emptyRow('endpoint') };
  }

  /** This model is active from now on: what was counted beside the one before is void. */
  compareWith(active: Model): void {
    this.#active = active;
    this.run(this.#model);
  }

  /** Another budget, other behaviors that raise no anomaly, or another minimum effect: what was counted before is void. */
  useSensitivity(budget: Budget, switchedOff: ReadonlySet<string>, minimumEffect = 1): void {
    this.#budget = budget;
    this.#switchedOff = switchedOff;
    this.#minimumEffect = minimumEffect;
    this.run(this.#model);
  }

  /** Runs a model beside the active one, in place of the one before; undefined ends it. */
  run(model: Model | undefined): void {
    this.#model = model;
    this.#shadow =
      model === undefined || this.#active === undefined
        ? undefined
        : new Shadow(model, this.#active, this.#budget, this.#switchedOff, this.#minimumEffect);
  }

  /** The window of an entity is over. */
  note(kind: EntityKind, slot: number): void {
    if (this.#shadow === undefined) return;
    const state: EntityState = this.#states[kind];
    const row = this.#rows[kind];
    state.row(slot, row);
    this.#shadow.note(kind, row);
  }

  agreement(): ShadowAgreement | undefined {
    return this.#shadow?.agreement();
  }
}
