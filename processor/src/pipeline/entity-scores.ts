/** The latest evaluation of every entity of one kind, in columns: scores are read for every call but made anew seldom. */
import { carryEvidence } from '../detection/evidence.ts';
import { windowOf } from '../features/window-clock.ts';

/** Names of the top features kept with a verdict. */
export const TOP_FEATURES = 3;

/** Share by which a window's calls must grow for another evaluation: few calls count each, many in steps. */
const RESCORE_GROWTH = 1 / 4;
/** Seconds of event time after which an entity is evaluated again with less growth: at a call that failed, at any call. */
const RESCORE_FAILED_SECONDS = 1;
const RESCORE_SECONDS = 15;

export class EntityScores {
  /** Rarity of the entity's window so far: -ln p, nats. */
  readonly rarity: Float32Array;
  /** Evidence in nats, with what earlier windows carried into this one. */
  readonly evidence: Float32Array;
  readonly isolation: Float32Array;
  readonly isAnomaly: Uint8Array;
  /** Index into BEHAVIOR_NAMES. */
  readonly behavior: Uint8Array;
  /** Columns of the features with the most evidence, strongest first, TOP_FEATURES an entity. */
  readonly topFeatures: Uint8Array;
  /** Feature of the reason: column, observed and expected stored value. */
  readonly reasonColumn: Uint8Array;
  readonly observed: Float32Array;
  readonly expected: Float32Array;
  /** Whether the window showed an anomaly or something close to one: such windows are not learned from. */
  readonly wasSuspect: Uint8Array;

  readonly #window: Uint32Array;
  readonly #peak: Float32Array;
  readonly #carried: Float32Array;
  readonly #callsThen: Float32Array;
  readonly #secondsThen: Float64Array;

  constructor(capacity: number) {
    const floats = () => new Float32Array(capacity);
    const bytes = (width = 1) => new Uint8Array(capacity * width);
    this.rarity = floats();
    this.evidence = floats();
    this.isolation = floats();
    this.observed = floats();
    this.expected = floats();
    this.isAnomaly = bytes();
    this.behavior = bytes();
    this.topFeatures = bytes(TOP_FEATURES);
    this.reasonColumn = bytes();
    this.wasSuspect = bytes();
    this.#window = new Uint32Array(capacity);
    this.#peak = floats();
    this.#carried = floats();
    this.#callsThen = floats();
    this.#secondsThen = new Float64Array(capacity);
  }

  /**
   * Whether the evidence of a slot can have changed since its evaluation, for a call at `seconds`, the `calls`-th of
   * `window`. `hasFailed`: whether that call was refused or ended in an error.
   */
  isStale(slot: number, window: number, calls: number, seconds: number, hasFailed: boolean): boolean {
    if (this.#window[slot] !== window) return true;
    const grown = calls - this.#callsThen[slot]!;
    if (grown === 0) return false;
    if (grown >= 1 + calls * RESCORE_GROWTH) return true;
    return seconds - this.#secondsThen[slot]! >= (hasFailed ? RESCORE_FAILED_SECONDS : RESCORE_SECONDS);
  }

  /** Whether that window of the slot's entity was suspect. */
  wasSuspectIn(slot: number, window: number): boolean {
    return this.wasSuspect[slot] === 1 && this.#window[slot] === window;
  }

  /** Notes that a slot is being evaluated; returns the evidence carried into its window, nats. */
  begin(slot: number, window: number, calls: number, seconds: number): number {
    const before = this.#window[slot]!;
    if (before !== window) {
      const since = before === 0 ? Number.POSITIVE_INFINITY : Math.max(1, window - before);
      this.#carried[slot] = carryEvidence(this.#carried[slot]!, this.#peak[slot]!, since);
      this.#peak[slot] = 0;
      this.wasSuspect[slot] = 0;
      this.#window[slot] = window;
    }
    this.#callsThen[slot] = calls;
    // A late span, or one with an absurd clock, is not of this window: its time says nothing of when the next one is due.
    if (windowOf(seconds) === window) this.#secondsThen[slot] = seconds;
    return this.#carried[slot]!;
  }

  /** Takes the rarity of an evaluation, without what was carried. */
  notePeak(slot: number, nats: number): void {
    if (nats > this.#peak[slot]!) this.#peak[slot] = nats;
  }

  /** What earlier windows carried into the present one of a slot, nats. */
  carried(slot: number): number {
    return this.#carried[slot]!;
  }

  /** Rarity of a slot's window so far; 0 where nothing of that window was evaluated. */
  rarityIn(slot: number, window: number): number {
    return this.#window[slot] === window ? this.rarity[slot]! : 0;
  }

  /** Takes over what `from` holds of one of its slots. */
  take(slot: number, from: EntityScores, fromSlot: number): void {
    for (const [column, other] of this.#columnsBeside(from)) column[slot] = other[fromSlot]!;
    const top = from.topFeatures.subarray(fromSlot * TOP_FEATURES, (fromSlot + 1) * TOP_FEATURES);
    this.topFeatures.set(top, slot * TOP_FEATURES);
  }

  #columnsBeside(other: EntityScores) {
    return [
      [this.rarity, other.rarity],
      [this.evidence, other.evidence],
      [this.isolation, other.isolation],
      [this.isAnomaly, other.isAnomaly],
      [this.behavior, other.behavior],
      [this.reasonColumn, other.reasonColumn],
      [this.observed, other.observed],
      [this.expected, other.expected],
      [this.wasSuspect, other.wasSuspect],
      [this.#window, other.#window],
      [this.#peak, other.#peak],
      [this.#carried, other.#carried],
      [this.#callsThen, other.#callsThen],
      [this.#secondsThen, other.#secondsThen],
    ] as const;
  }

  /** Has every entity evaluated anew at its next call, keeping what was found: what counts as an anomaly has changed. */
  outdate(): void {
    this.#callsThen.fill(-1);
    this.#secondsThen.fill(Number.NEGATIVE_INFINITY);
  }

  /** Forgets a slot: its entity is gone, or the model that judged it is. */
  forget(slot: number): void {
    this.#window[slot] = 0;
    this.#peak[slot] = 0;
    this.#carried[slot] = 0;
    this.rarity[slot] = 0;
    this.isAnomaly[slot] = 0;
    this.wasSuspect[slot] = 0;
  }

  forgetAll(): void {
    this.#window.fill(0);
    for (const column of [this.#peak, this.#carried, this.rarity, this.isAnomaly, this.wasSuspect]) column.fill(0);
  }
}
