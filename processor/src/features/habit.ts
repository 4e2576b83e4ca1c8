/**
 * An entity's habits: how high each of its features went on more than one day. Mean and variance know one level only; a
 * client that asks for news all day and fetches everything at night has two, and its night is no news.
 *
 * Kept are the highest value of the present day and the two highest of the days before, as levels of a byte each. The
 * habit is the second of these two: what happened on one day alone is none, so that an attack does not excuse itself.
 */
import { WINDOW_SECONDS } from './window-clock.ts';

const DAY_WINDOWS = 86_400 / WINDOW_SECONDS;
/** A level, in what features are stored in: 8 % of a quantity. What is above the highest level counts as that. */
const STEP = 0.08;
const HIGHEST = 255;

/** The rows of bytes, one behind the other, after the word that tells the day. */
const TODAY = 0;
const FIRST = 1;
const SECOND = 2;
const KEPT = 3;

const rowBytes = (features: number): number => 4 * Math.ceil(features / 4);

/** 32-bit words that the habits of so many features take. */
export const habitWords = (features: number): number => 1 + (KEPT * rowBytes(features)) / 4;

/** Views of the memory that rows of state lie in. */
export interface StateMemory {
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
}

/**
 * Takes the values of a window that is over into the habits that begin at word `offset`. `columns`: the features that have
 * habits.
 */
export function updateHabits(
  { words, bytes }: StateMemory,
  offset: number,
  columns: Uint8Array,
  values: Float32Array,
  window: number,
): void {
  const features = columns.length;
  const day = Math.floor(window / DAY_WINDOWS);
  const today = 4 * (offset + 1) + TODAY * rowBytes(features);
  const days = day - words[offset]!;
  if (days > 0) {
    closeDay(bytes, offset, features, days);
    words[offset] = day;
  }
  for (let feature = 0; feature < features; feature++) {
    const level = Math.ceil(values[columns[feature]!]! / STEP);
    if (level > bytes[today + feature]!) bytes[today + feature] = Math.min(level, HIGHEST);
  }
}

/** Writes the habits that begin at word `offset`, as of a window, to `row`, those of column c to `at` + c. */
export function copyHabits(
  { words, bytes }: StateMemory,
  offset: number,
  columns: Uint8Array,
  window: number,
  row: Float32Array,
  at: number,
): void {
  const features = columns.length;
  const length = rowBytes(features);
  const today = 4 * (offset + 1);
  const days = Math.floor(window / DAY_WINDOWS) - words[offset]!;
  const faded = Math.max(0, days - 1);
  for (let feature = 0; feature < features; feature++) {
    const first = bytes[today + FIRST * length + feature]!;
    const second = bytes[today + SECOND * length + feature]!;
    const latest = days > 0 ? bytes[today + feature]! : 0;
    row[at + columns[feature]!] = STEP * Math.max(0, Math.max(second, Math.min(first, latest)) - faded);
  }
}

/** The day that was the present one is one of the days before; these fade by a level a day. */
function closeDay(bytes: Uint8Array, offset: number, features: number, days: number): void {
  const length = rowBytes(features);
  const today = 4 * (offset + 1);
  for (let feature = 0; feature < features; feature++) {
    const at = today + feature;
    // Its own day fades from the next one on.
    const latest = Math.max(0, bytes[at]! - (days - 1));
    const first = Math.max(0, bytes[at + FIRST * length]! - days);
    const second = Math.max(0, bytes[at + SECOND * length]! - days);
    bytes[at] = 0;
    bytes[at + FIRST * length] = Math.max(first, latest);
    bytes[at + SECOND * length] = Math.max(second, Math.min(first, latest));
  }
}
