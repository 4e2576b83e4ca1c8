import type { EntityKind } from './features.ts';

/** Told by the states when an entity's window is over, while its counters can still be read. */
export interface WindowCloser {
  /** The window of `slot` is complete: its row is the one to learn from. */
  closing(kind: EntityKind, slot: number): void;
  /** The entity in `slot` is being thrown out; whatever was kept beside its state is void. */
  evicted(kind: EntityKind, slot: number): void;
}
