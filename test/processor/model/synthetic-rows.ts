/** Made-up entities with habits, and rows of their windows: what a detector is trained on and judges. */
import { type EntityKind, FEATURE_NAMES, rowWidth } from '../../../processor/src/features/features.ts';
import { Random } from '../../../processor/src/forest/random.ts';
import type { TrainingRows } from '../../../processor/src/model/detector-training.ts';
import { definitionsOf } from '../../../processor/src/model/entity-detector.ts';

/** Themes whose features are 0 in most windows. */
const SELDOM: readonly string[] = ['access', 'errors', 'timing', 'novelty', 'client'];
/** Spread of an entity's windows around its habit, on the features' own scale. */
const SPREAD = 0.3;
const MATURITIES = [1, 5, 20, 60];

/** One row and whose it is. */
export interface OwnedRow {
  readonly entity: number;
  readonly values: Float32Array;
}

export class Crowd {
  readonly kind: EntityKind;
  readonly #random: Random;
  /** Habit of each entity, per feature: the mean of its windows. */
  readonly #habits: Float64Array[];
  readonly #isSeldom: readonly boolean[];
  readonly #maturities: readonly number[];

  constructor(kind: EntityKind, entities: number, seed: number, maturities: readonly number[] = MATURITIES) {
    this.kind = kind;
    this.#random = new Random(seed, entities);
    this.#maturities = maturities;
    this.#isSeldom = definitionsOf(kind).map(({ theme }) => SELDOM.includes(theme));
    this.#habits = Array.from({ length: entities }, () =>
      Float64Array.from(this.#isSeldom, (seldom) => (seldom ? 0 : 2 + 0.4 * this.#gauss())),
    );
  }

  /** A window of an entity drawn at random, or of the one given. */
  row(entity = this.#random.below(this.#habits.length)): OwnedRow {
    const features = FEATURE_NAMES[this.kind].length;
    const values = new Float32Array(rowWidth(this.kind));
    const windows = this.#maturities[entity % this.#maturities.length]!;
    this.#isSeldom.forEach((seldom, column) => {
      const habit = this.#habits[entity]![column]!;
      values[column] = seldom ? this.#seldomValue() : Math.max(0, habit + SPREAD * this.#gauss());
      if (windows === 0) return;
      values[features + column] = seldom ? 0.05 : habit + (SPREAD * this.#gauss()) / Math.sqrt(windows);
      values[2 * features + column] = seldom ? 0.1 : SPREAD ** 2;
    });
    values[3 * features] = windows;
    return { entity, values };
  }

  rows(count: number): OwnedRow[] {
    return Array.from({ length: count }, () => this.row());
  }

  /** A number from 0 to 1. */
  fraction(): number {
    return this.#random.fraction();
  }

  /** 0 in nineteen windows of twenty, else as an exponential distribution falls. */
  #seldomValue(): number {
    return this.#random.fraction() < 0.95 ? 0 : 0.7 - 0.5 * Math.log(1 - this.#random.fraction());
  }

  /** Normally distributed: Box and Muller 1958. */
  #gauss(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random.fraction()));
    return radius * Math.cos(2 * Math.PI * this.#random.fraction());
  }
}

/** Rows as the training takes them, their order shuffled by nothing but their own. */
export function trainingRows(kind: EntityKind, rows: readonly OwnedRow[]): TrainingRows {
  const width = rowWidth(kind);
  const all = new Float32Array(rows.length * width);
  rows.forEach(({ values }, index) => all.set(values, index * width));
  return {
    kind,
    size: rows.length,
    width,
    rows: all,
    entityHigh: Uint32Array.from(rows, () => 1),
    entityLow: Uint32Array.from(rows, ({ entity }) => entity),
    windowsPerDay: 5000,
  };
}
