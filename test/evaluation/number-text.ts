/** Numbers as the results page shows them. */
import type { MeanEstimate } from './mean-estimate.ts';

const NONE = '–';

/** `0.71 [0.66, 0.75]`. */
export function estimateText({ value, low, high }: MeanEstimate, digits: number): string {
  if (Number.isNaN(value)) return NONE;
  return `${numberText(value, digits)} [${numberText(low, digits)}, ${numberText(high, digits)}]`;
}

export function numberText(value: number, digits: number): string {
  if (Number.isNaN(value)) return NONE;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  // Nothing is minus zero.
  return value.toFixed(digits).replace(/^-(0(\.0*)?)$/, '$1');
}

/** `0.92 (22 of 24)`. */
export function shareText(part: number, whole: number): string {
  return whole === 0 ? NONE : `${(part / whole).toFixed(2)} (${part} of ${whole})`;
}

/** A share as per cent. */
export function percentText(share: number, digits = 2): string {
  return Number.isNaN(share) ? NONE : `${(100 * share).toFixed(digits)} %`;
}

/** `45 s`, `12 min`, `3.1 h`. */
export function durationText(seconds: number): string {
  if (Number.isNaN(seconds)) return NONE;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
}
