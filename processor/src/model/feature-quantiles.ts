/** Where values of each feature lie among the rows that a model was trained on: what peers do, for explanations. */
import type { TrainingRows } from './detector-training.ts';

/** Shares of the rows at or below each quantile kept: denser where unusual values lie. */
const LEVELS = [
  0, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9,
  0.95, 0.975, 0.99, 0.995, 0.999, 1,
] as const;

export class FeatureQuantiles {
  /** Quantiles kept of each feature. */
  static readonly LEVELS = LEVELS.length;

  /** All there is to it: the stored values of each feature's quantiles, one feature after the other. */
  readonly values: Float32Array;

  constructor(values: Float32Array) {
    this.values = values;
  }

  /** Of the first `features` columns of the rows, each row as much as its weight. */
  static of({ size, width, rows }: TrainingRows, features: number, weights: Float64Array): FeatureQuantiles {
    const values = new Float32Array(features * LEVELS.length);
    for (let column = 0; column < features; column++) {
      const present = Array.from({ length: size }, (_, row) => row)
        .filter((row) => !Number.isNaN(rows[row * width + column]!) && weights[row]! > 0)
        .toSorted((one, other) => rows[one * width + column]! - rows[other * width + column]!);
      const total = present.reduce((sum, row) => sum + weights[row]!, 0);
      let below = 0;
      let place = 0;
      for (const [index, level] of LEVELS.entries()) {
        while (place < present.length - 1 && below + weights[present[place]!]! < level * total) {
          below += weights[present[place++]!]!;
        }
        values[column * LEVELS.length + index] =
          present.length === 0 ? Number.NaN : rows[present[place]! * width + column]!;
      }
    }
    return new FeatureQuantiles(values);
  }

  /** The value that a share `level` of the rows is at or below; NaN where none had the feature. `level`: one of those kept. */
  quantile(column: number, level: (typeof LEVELS)[number]): number {
    return this.values[column * LEVELS.length + LEVELS.indexOf(level)]!;
  }

  /** Percentage of the rows at or below a value, 0..100; between two quantiles in proportion. */
  percentile(column: number, value: number): number {
    const from = column * LEVELS.length;
    let above = 0;
    while (above < LEVELS.length && this.values[from + above]! <= value) above++;
    if (above === 0) return 0;
    if (above === LEVELS.length) return 100;
    const low = this.values[from + above - 1]!;
    const high = this.values[from + above]!;
    const [lowLevel, highLevel] = [LEVELS[above - 1]!, LEVELS[above]!];
    return 100 * (lowLevel + ((value - low) / (high - low)) * (highLevel - lowLevel));
  }
}
