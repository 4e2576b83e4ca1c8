/** Copies of the states of a few entities, in which calls can be observed while the originals stay as they are. */
import type { ApiCall } from '../call/api-call.ts';
import { ENTITY_KINDS, EntityStates, NO_SLOT } from './entity-states.ts';
import type { EntityKind } from './features.ts';

export interface Borrower {
  /** `slot` holds a copy of what is in the original's slot `from`. */
  borrowed(kind: EntityKind, slot: number, from: number): void;
  /** What was in `slot` is gone. */
  returned(kind: EntityKind, slot: number): void;
}

/** Entities of a kind that are borrowed at a time; of more, the one longest unused is borrowed anew if it comes again. */
const MOST_BORROWED = 512;
/** Newcomers may fill all of it. */
const PROBATION_SHARE = 1;

export class BorrowedStates {
  readonly states: EntityStates;
  readonly #originals: EntityStates;
  readonly #borrower: Borrower;
  readonly #rows: Record<EntityKind, Float32Array>;

  /** `services`: as many as the originals count. */
  constructor(originals: EntityStates, services: number, borrower: Borrower) {
    this.#originals = originals;
    this.#borrower = borrower;
    const capacity = (kind: EntityKind): number => Math.min(MOST_BORROWED, originals[kind].table.capacity);
    this.states = new EntityStates(
      {
        users: capacity('user'),
        addresses: capacity('address'),
        endpoints: capacity('endpoint'),
        services,
        probationShare: PROBATION_SHARE,
      },
      { closing: () => {}, evicted: (kind, slot) => borrower.returned(kind, slot) },
    );
    const row = (kind: EntityKind): Float32Array => new Float32Array(originals[kind].stride);
    this.#rows = { user: row('user'), address: row('address'), endpoint: row('endpoint') };
  }

  /** Gives everything back, and takes over what all entities have in common. */
  begin(): void {
    for (const kind of ENTITY_KINDS) {
      const { table } = this.states[kind];
      for (let slot = 0; table.size > 0 && slot < table.capacity; slot++) {
        if (!table.isUsed(slot)) continue;
        table.remove(slot);
        this.#borrower.returned(kind, slot);
      }
    }
    const { population, endpoint } = this.#originals;
    this.states.population.restore(population.snapshot());
    this.states.endpoint.everywhere.restore(endpoint.everywhere.snapshot());
    this.states.endpoint.takeServiceCounts(endpoint);
  }

  /** Borrows the entities of a call that are known and not borrowed yet. */
  borrow(call: ApiCall): void {
    this.#borrowOne('endpoint', 0, call.endpoint);
    if (call.countsForUser) this.#borrowOne('user', call.userHigh, call.userLow);
    if (call.countsForAddress) this.#borrowOne('address', call.addressHigh, call.addressLow);
  }

  #borrowOne(kind: EntityKind, high: number, low: number): void {
    const { table } = this.states[kind];
    if (table.find(high, low) !== NO_SLOT) return;
    const original = this.#originals[kind];
    const from = original.table.find(high, low);
    if (from === NO_SLOT) return;
    const row = this.#rows[kind];
    original.copyState(from, row, 0);
    const isMature = original.table.isMature(from);
    if (kind === 'endpoint') this.states.endpoint.restoreState(low, row, isMature);
    else this.states[kind].restoreState(high, low, row, isMature);
    this.#borrower.borrowed(kind, table.find(high, low), from);
  }
}
