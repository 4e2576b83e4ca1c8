/** Numbers and times for the eye, in the dashboard's time zone and the browser's locale. */
import { dateTimeFormat, formattedValueToString, getValueFormat } from '@grafana/data';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const count = (value: number): string => value.toLocaleString(undefined, { maximumFractionDigits: 0 });

/** `131 K`: as short as it goes. */
export const short = (value: number): string => formattedValueToString(getValueFormat('short')(value));

/** A share, 0..1, as a percentage; of small ones two digits stay. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) {
    return '–';
  }
  const value = 100 * share;
  const digits = value === 0 || value >= 99.95 ? 0 : value >= 10 && value < 90 ? 0 : 1;
  return `${value.toLocaleString(undefined, { maximumFractionDigits: digits, minimumFractionDigits: digits })} %`;
}

export const score = (value: number): string => value.toFixed(2);

/** `unit`: UCUM, as features have it. */
export function measure(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return '–';
  }
  if (unit === 'By') {
    return formattedValueToString(getValueFormat('decbytes')(value, 1));
  }
  if (unit === 'ms') {
    return formattedValueToString(getValueFormat('ms')(value, value < 10 ? 1 : 0));
  }
  // Counts come back from a logarithm, so 8.0000003 is meant to be 8.
  const whole = Math.round(value);
  const isWhole = Math.abs(value - whole) < 1e-4 * Math.max(1, Math.abs(whole));
  const digits = isWhole || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const text = value.toLocaleString(undefined, { maximumFractionDigits: digits });
  return unit === 'nats' ? `${text} nats` : text;
}

export function time(timeMs: number, timeZone: string, format = 'HH:mm'): string {
  return dateTimeFormat(timeMs, { timeZone, format });
}

/** With the day where that is another one than `nowMs`'s. */
export function moment(timeMs: number, timeZone: string, nowMs: number = Date.now()): string {
  const isToday = time(timeMs, timeZone, 'YYYY-MM-DD') === time(nowMs, timeZone, 'YYYY-MM-DD');
  return time(timeMs, timeZone, isToday ? 'HH:mm' : 'D MMM HH:mm');
}

/** `41 min`, `5 days`: the largest unit of which there is one. */
export function duration(milliseconds: number): string {
  const value = Math.max(0, milliseconds);
  if (value < MINUTE) {
    return `${Math.round(value / SECOND)} s`;
  }
  if (value < 2 * HOUR) {
    return `${Math.round(value / MINUTE)} min`;
  }
  if (value < 2 * DAY) {
    return `${Math.round(value / HOUR)} h`;
  }
  return `${Math.round(value / DAY)} days`;
}

/** A pseudonym by its first digits; the whole of it is in the title. */
export const shortName = (pseudonym: string): string =>
  /^[ua]_[0-9a-f]{16}$/.test(pseudonym) ? `${pseudonym.slice(0, 6)}…` : pseudonym;
