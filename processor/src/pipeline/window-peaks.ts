/**
 * The most unusual moment of the entity-windows that are the highest one in a hundred: what backtests judge again. A
 * moment is noted while its window lasts and handed over when that is closed; most windows never come near.
 */
import type { Behavior } from '../detection/behaviors.ts';
import { RunningQuantile } from '../detection/running-quantile.ts';
import { ENTITY_KINDS } from '../features/entity-states.ts';
import type { EntityKind } from '../features/features.ts';

/** What was found at the most unusual moment of a window. */
export interface WindowPeak {
  readonly window: number;
  /** Event time of that moment, unix seconds. */
  readonly seconds: number;
  /** -ln p by which the verdict was given, nats. */
  readonly rarity: number;
  /** With all that was carried, nats. */
  readonly evidence: number;
  /** Of what earlier windows carried, what counts for verdicts, nats. */
  readonly carried: number;
  readonly behavior: Behavior;
  readonly isMaterial: boolean;
  /** Id of the endpoint called then. */
  readonly endpoint: number;
  /** Names, strongest first. */
  readonly features: readonly string[];
  readonly row: Float32Array;
  readonly modelVersion: string;
}

/** A window whose peak is kept, with whose it is. */
export interface ClosedWindow extends WindowPeak {
  readonly kind: EntityKind;
  readonly entityHigh: number;
  readonly entityLow: number;
}

/** Of all windows, those kept. */
const KEPT_SHARE = 0.01;
/** By calibration that rarity should have it; until the windows seen say otherwise. */
const EXPECTED_NATS = -Math.log(KEPT_SHARE);
/** Whatever could be flagged is kept, be it more than one in a hundred: no budget flags above 1 in 10 000. */
const FLAGGABLE_NATS = Math.log(1e4);
/** Peaks of open windows held of one kind, about half a kilobyte each; beyond that the oldest gives way. */
const MOST_OPEN = 10_000;

interface Peaks {
  readonly bySlot: Map<number, WindowPeak>;
  readonly quantile: RunningQuantile;
}

const emptyPeaks = (): Peaks => ({ bySlot: new Map(), quantile: new RunningQuantile(KEPT_SHARE, EXPECTED_NATS) });

export class WindowPeaks {
  /** Peaks that gave way before their window was closed. */
  dropped = 0;
  readonly #peaks: Readonly<Record<EntityKind, Peaks>> = {
    user: emptyPeaks(),
    address: emptyPeaks(),
    endpoint: emptyPeaks(),
  };

  /** Rarity from which a window is kept, nats. */
  bar(kind: EntityKind): number {
    return Math.min(FLAGGABLE_NATS, this.#peaks[kind].quantile.value);
  }

  /** Whether a moment is the most unusual so far of a window that may be kept. */
  isPeak(kind: EntityKind, slot: number, window: number, rarity: number): boolean {
    if (rarity < this.bar(kind)) return false;
    const known = this.#peaks[kind].bySlot.get(slot);
    return known === undefined || known.window !== window || rarity > known.rarity;
  }

  note(kind: EntityKind, slot: number, peak: WindowPeak): void {
    const { bySlot } = this.#peaks[kind];
    bySlot.delete(slot);
    if (bySlot.size >= MOST_OPEN) {
      for (const oldest of bySlot.keys()) {
        bySlot.delete(oldest);
        this.dropped++;
        break;
      }
    }
    bySlot.set(slot, peak);
  }

  /** A window is over, its latest rarity known; its peak if it is to be kept. */
  close(kind: EntityKind, slot: number, window: number, rarity: number): WindowPeak | undefined {
    const { bySlot, quantile } = this.#peaks[kind];
    const peak = bySlot.get(slot);
    bySlot.delete(slot);
    const isOfWindow = peak?.window === window;
    const highest = isOfWindow ? peak.rarity : rarity;
    quantile.note(highest);
    return isOfWindow && peak.rarity >= this.bar(kind) ? peak : undefined;
  }

  forget(kind: EntityKind, slot: number): void {
    this.#peaks[kind].bySlot.delete(slot);
  }

  /** Another model is in use. */
  forgetAll(): void {
    for (const kind of ENTITY_KINDS) this.#peaks[kind].bySlot.clear();
  }
}
