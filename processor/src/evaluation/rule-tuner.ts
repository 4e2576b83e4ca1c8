/** Thresholds for static rules from the training part: what a team would choose that looks at its own past. */
import type { EntityWindows } from './entity-windows.ts';
import type { StaticRule } from './static-rules.ts';

/** Without labels to tune on, a threshold leaves at most this share of the training windows at or above it. */
const QUIET_SHARE = 0.001;
/** The threshold's distance above the largest value seen, where none above it was seen to put it at. */
const HEADROOM = 1.01;

/** The rules with thresholds fitted to the training part, each by itself. */
export function tuneRules(rules: readonly StaticRule[], windows: EntityWindows): StaticRule[] {
  const units = windows.unitsOf('training');
  const positives = windows.positives(units);
  return rules.map((rule) => {
    const threshold = fitThreshold(windows.quantity(rule.quantity, units), positives);
    // Of what never occurred there is nothing to learn: a team leaves such a rule as it wrote it.
    return threshold === Infinity ? rule : { ...rule, threshold };
  });
}

/**
 * The threshold for a quantity, to be reached or exceeded: the observed value with the best F1 over the training
 * windows, of several equally good ones the highest. Where there is none that is better than firing always (no window
 * is positive, or the quantity says nothing about those that are), just above the 99.9 % quantile of what was seen; that
 * is in the rules' favour, since a threshold at the smallest value would drown the other rules. Infinity for a quantity
 * that never occurs.
 *
 * @param values the quantity in each training window
 * @param positives 1 for windows that carry the label
 */
export function fitThreshold(values: Float64Array, positives: Uint8Array): number {
  // All windows from the highest value down.
  const order = Uint32Array.from(values.keys()).toSorted((a, b) => values[b]! - values[a]!);
  const positive = positives.reduce((sum, one) => sum + one, 0);
  let best = 0;
  // F1 of a rule that always fires: precision p at recall 1.
  let bestF1 = (2 * positive) / (positive + values.length);
  let truePositives = 0;
  for (let n = 0; n < order.length && values[order[n]!]! > 0; n++) {
    const value = values[order[n]!]!;
    truePositives += positives[order[n]!]!;
    // Windows of the same value fire together.
    if (n + 1 < order.length && values[order[n + 1]!] === value) continue;
    const f1 = (2 * truePositives) / (positive + n + 1);
    if (f1 > bestF1) {
      best = value;
      bestF1 = f1;
    }
  }
  return best > 0 ? best : quietThreshold(values, order);
}

/** Just above the 99.9 % quantile: the next value that was seen, or a hundredth above the largest one. */
function quietThreshold(values: Float64Array, order: Uint32Array): number {
  const largest = order.length === 0 ? 0 : values[order[0]!]!;
  if (!(largest > 0)) return Infinity;
  const quantile = values[order[Math.floor(order.length * QUIET_SHARE)]!]!;
  let threshold = largest * HEADROOM;
  for (let n = 0; values[order[n]!]! > quantile; n++) threshold = values[order[n]!]!;
  return threshold;
}
