/**
 * The state of one kind of entity: a table of who is kept, and a slab of memory with a row for each of its slots.
 *
 * A row holds 32-bit words, seen as Float32 and as Uint32 at once: first the counters of the current window, beginning
 * with its calls, then what outlives the window, and last the entity's own baseline and habits.
 */
import { CALLS } from './activity.ts';
import { copyBaseline, updateBaseline } from './baseline.ts';
import { EntityTable } from './entity-table.ts';
import { type EntityKind, FEATURE_NAMES, type FeatureDefinition, FEATURES } from './features.ts';
import { copyHabits, habitWords, type StateMemory, updateHabits } from './habit.ts';
import { WINDOW_SECONDS } from './window-clock.ts';
import type { WindowCloser } from './window-closer.ts';

/** Offsets within a row, in 32-bit words. */
export interface RowLayout {
  /** The current window; everything before it is a counter of that window and starts at 0 with it. */
  readonly window: number;
  /** Closed windows with at least one call. */
  readonly windows: number;
  /** Own means and variances of all features, and behind them habits: the end of the row. */
  readonly baseline: number;
}

/** How many entities of a kind are kept, and who is told when their windows end. */
export interface SlabOptions {
  /** Most entities kept, 1 to 2^24. */
  readonly capacity: number;
  /** Share of a full table that newcomers may hold, 0 to 1. */
  readonly probationShare: number;
  readonly closer: WindowCloser;
}

/** Closed windows after which an entity has proved itself and leaves probation. */
const MATURE_WINDOWS = 2;

export abstract class EntitySlab {
  readonly table: EntityTable;
  /** 32-bit words of one entity's state. */
  readonly stride: number;
  /** All rows, one after the other: row n starts at n * stride. */
  protected readonly floats: Float32Array;
  protected readonly words: Uint32Array;
  readonly #kind: EntityKind;
  readonly #features: number;
  readonly #window: number;
  readonly #windows: number;
  readonly #baseline: number;
  readonly #closer: WindowCloser;
  readonly #values: Float32Array;
  readonly #memory: StateMemory;
  /** Where habits begin; undefined for endpoints: that one was slow yesterday does not excuse it today. */
  readonly #habits: number | undefined;
  /** The features that have habits: those that an entity's own history may excuse. */
  readonly #habitColumns: Uint8Array;

  constructor(kind: EntityKind, layout: RowLayout, options: SlabOptions) {
    const { capacity, probationShare, closer } = options;
    this.#kind = kind;
    this.#features = FEATURE_NAMES[kind].length;
    this.#window = layout.window;
    this.#windows = layout.windows;
    this.#baseline = layout.baseline;
    this.#closer = closer;
    this.#values = new Float32Array(this.#features);
    const end = layout.baseline + 2 * this.#features;
    this.#habits = kind === 'endpoint' ? undefined : end;
    this.#habitColumns = relativeColumns(kind);
    const words = end + (this.#habits === undefined ? 0 : habitWords(this.#habitColumns.length));
    // Some rows hold 64-bit numbers, which must lie at even words in every row.
    this.stride = words + (words % 2);
    this.floats = new Float32Array(capacity * this.stride);
    this.words = new Uint32Array(this.floats.buffer);
    this.#memory = { words: this.words, bytes: new Uint8Array(this.floats.buffer) };
    this.table = new EntityTable(capacity, probationShare, (slot) => this.#evict(slot));
  }

  /** Writes the entity's row as of its last call into `out`: values, own baseline, windows and habits (see rowWidth). */
  row(slot: number, out: Float32Array): void {
    const row = slot * this.stride;
    this.extract(row, out);
    copyBaseline(this.floats, row + this.#baseline, this.#features, this.floats[row + this.#windows]!, out);
    if (this.#habits === undefined) return;
    const window = this.words[row + this.#window]!;
    copyHabits(this.#memory, row + this.#habits, this.#habitColumns, window, out, 3 * this.#features + 1);
  }

  /** Closed windows with calls: the entity's maturity. */
  windows(slot: number): number {
    return this.floats[slot * this.stride + this.#windows]!;
  }

  /** Calls in the current window. */
  calls(slot: number): number {
    return this.floats[slot * this.stride + CALLS]!;
  }

  /** The current window: floor(time / 5 min). */
  window(slot: number): number {
    return this.words[slot * this.stride + this.#window]!;
  }

  /** Closes the entity's window if it ended before `window`, which then is the current one. */
  closeBefore(slot: number, window: number): void {
    if (this.words[slot * this.stride + this.#window]! < window) this.#startWindow(slot, window);
  }

  /** Forgets an entity at once; nothing is left of its row. */
  erase(slot: number): void {
    this.table.remove(slot);
    this.floats.fill(0, slot * this.stride, (slot + 1) * this.stride);
  }

  /** Copies the entity's state, `stride` words, into `out` for a snapshot. */
  copyState(slot: number, out: Float32Array, offset: number): void {
    out.set(this.floats.subarray(slot * this.stride, (slot + 1) * this.stride), offset);
  }

  /** Values of all features as of the last call, from the row that starts at word `row`. */
  protected abstract extract(row: number, out: Float32Array): void;

  /** Carries over what of a finished window lives on in decayed sums; its counters are cleared after this. */
  protected carryOver(_row: number, _elapsedSeconds: number): void {}

  /** The slot of an entity, now used most recently, or -1 for one that is not kept. */
  protected use(high: number, low: number): number {
    const slot = this.table.find(high, low);
    if (slot >= 0) this.table.touch(slot);
    return slot;
  }

  /** Takes in an entity that is not kept, with a row of zeros; returns its slot. */
  protected admit(high: number, low: number): number {
    const slot = this.table.insert(high, low);
    this.floats.fill(0, slot * this.stride, (slot + 1) * this.stride);
    return slot;
  }

  /** Takes in an entity that is not kept, with the row of a snapshot. */
  protected restore(high: number, low: number, saved: Float32Array, mature: boolean): void {
    const slot = this.table.insert(high, low);
    this.floats.set(saved, slot * this.stride);
    if (mature) this.table.promote(slot);
  }

  #startWindow(slot: number, window: number): void {
    const floats = this.floats;
    const row = slot * this.stride;
    if (floats[row + CALLS]! > 0) {
      this.extract(row, this.#values);
      this.#closer.closing(this.#kind, slot);
      const windows = floats[row + this.#windows]!;
      updateBaseline(floats, row + this.#baseline, this.#values, this.#features, windows);
      if (this.#habits !== undefined) {
        updateHabits(
          this.#memory,
          row + this.#habits,
          this.#habitColumns,
          this.#values,
          this.words[row + this.#window]!,
        );
      }
      floats[row + this.#windows] = windows + 1;
      if (windows + 1 >= MATURE_WINDOWS) this.table.promote(slot);
    }
    this.carryOver(row, (window - this.words[row + this.#window]!) * WINDOW_SECONDS);
    floats.fill(0, row, row + this.#window);
    this.words[row + this.#window] = window;
  }

  #evict(slot: number): void {
    if (this.calls(slot) > 0) this.#closer.closing(this.#kind, slot);
    this.#closer.evicted(this.#kind, slot);
  }
}

function relativeColumns(kind: EntityKind): Uint8Array {
  const definitions = Object.values<FeatureDefinition>(FEATURES[kind]);
  return Uint8Array.from(definitions.flatMap(({ relative }, column) => (relative ? [column] : [])));
}
