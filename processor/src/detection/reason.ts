/** The plain sentence of an anomaly: what was observed, then what is usual. Never an id, a path or an address. */

export interface ReasonFeature {
  readonly noun: string;
  readonly unit: string;
  readonly scale: 'log1p' | 'log' | 'nats' | 'plain';
  /** Whether it may be less than what there was: a sum that fades, or one less what others had as well. */
  readonly isLeast?: boolean;
}

/**
 * "41 distinct object ids in 5 min, usually 2".
 *
 * @param observed stored value of the feature
 * @param expected stored value that is usual for this entity
 */
export function reason(feature: ReasonFeature, observed: number, expected: number): string {
  return `${quantity(feature, observed)}, usually ${number(natural(feature, expected), feature.unit)}`;
}

/** What was counted is told as a whole number: sketches estimate "5.2 endpoints", and a part of a call was one. */
function quantity(feature: ReasonFeature, stored: number): string {
  const value = natural(feature, stored);
  const isCount = feature.scale === 'log1p' && feature.unit === '1' && value > 0;
  const told = isCount ? Math.max(1, Math.round(value)) : value;
  const noun = isCount && told === 1 ? singular(feature.noun) : feature.noun;
  return `${feature.isLeast === true ? 'at least ' : ''}${number(told, feature.unit)} ${noun}`;
}

/** The noun for one: "call answered 404 in 5 min". Its first word in s is the plural. */
const singular = (noun: string): string => noun.replace(/(?<=ch)es\b|s\b/, '');

/** The quantity behind a stored value. */
export function natural(feature: ReasonFeature, stored: number): number {
  if (feature.scale === 'log1p') return Math.expm1(stored);
  return feature.scale === 'log' ? Math.exp(stored) : stored;
}

const BYTE_UNITS = ['', ' k', ' M', ' G', ' T'];

function number(value: number, unit: string): string {
  if (unit !== 'By') return rounded(value);
  let power = 0;
  // What rounds up to a thousand is one of the next unit.
  while (power < BYTE_UNITS.length - 1 && Math.round(value / 1000 ** power) >= 1000) power++;
  return `${rounded(value / 1000 ** power)}${BYTE_UNITS[power]}`;
}

/** Whole numbers from 10 on, one decimal below, two below 1. */
function rounded(value: number): string {
  if (Math.abs(value) >= 10) return String(Math.round(value));
  return String(Number(value.toFixed(Math.abs(value) >= 1 ? 1 : 2)));
}
