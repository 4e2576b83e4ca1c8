import {
  hourOf,
  hourOfWeek,
  hourSurprisal,
  nearHour,
  nearHourOfWeek,
} from '../../../processor/src/features/usual-hours.ts';
import { DAY, HOUR, MONDAY } from './observations.ts';

test.each([
  [MONDAY, 0, 0],
  [MONDAY - 1, 23, 167],
  [MONDAY + 9 * HOUR, 9, 9],
  [MONDAY + 6 * DAY + 23.99 * HOUR, 23, 167],
  [0, 0, 72],
])('second %d is hour %d of the day and %d of the week', (seconds, hour, weekHour) => {
  expect([hourOf(seconds), hourOfWeek(seconds)]).toEqual([hour, weekHour]);
  expect(new Date(seconds * 1000).getUTCHours()).toBe(hour);
  expect((((new Date(seconds * 1000).getUTCDay() + 6) % 7) * 24 + hour) % 168).toBe(weekHour);
});

/** A Gaussian with a standard deviation of two hours. */
const kernel = (hours: number): number => Math.exp(-(hours ** 2) / 8);
const KERNEL_SUM = [-4, -3, -2, -1, 0, 1, 2, 3, 4].reduce((sum, hours) => sum + kernel(hours), 0);
/** Its weights, cut at four hours, that add up to 1. */
const weight = (distance: number): number => kernel(distance) / KERNEL_SUM;

/** Counts by hour of the week: `windows` on each of the days (0 is Monday) in each of the hours. */
function countsOf(days: readonly number[], hours: readonly number[], windows: number): Uint8Array {
  const counts = new Uint8Array(168);
  for (const day of days) for (const hour of hours) counts[day * 24 + hour] = windows;
  return counts;
}

const WEEKDAYS = [0, 1, 2, 3, 4];
const EVERY_DAY = [...WEEKDAYS, 5, 6];
const OFFICE = [9, 10, 11, 12, 13, 14, 15, 16];

/** Somebody is active at any hour of any day. */
const evenly = (knowsTheWeek: boolean) => ({
  knowsTheWeek,
  hourShare: () => 1 / 24,
  weekHourShare: () => 1 / 168,
});

test('windows near an hour are smoothed over two hours, on all days or on the one', () => {
  const counts = countsOf([0, 3], [12], 10);
  expect(nearHour(counts, 12)).toBeCloseTo(20 * weight(0), 9);
  expect(nearHour(counts, 14)).toBeCloseTo(20 * weight(2), 9);
  expect(nearHour(counts, 17)).toBe(0);
  expect(nearHourOfWeek(counts, 3 * 24 + 12)).toBeCloseTo(10 * weight(0), 9);
  expect(nearHourOfWeek(counts, 4 * 24 + 12)).toBe(0);
});

test('midnight and the end of the week are no borders', () => {
  const counts = countsOf([6], [23], 10);
  expect(nearHour(counts, 1)).toBeCloseTo(10 * weight(2), 9);
  expect(nearHourOfWeek(counts, 1)).toBeCloseTo(10 * weight(2), 9);
});

describe('the surprise at an hour', () => {
  const saturday = MONDAY + 5 * DAY + 12 * HOUR;
  const wednesday = MONDAY + 2 * DAY + 12 * HOUR;
  const clerk = countsOf(WEEKDAYS, OFFICE, 5);

  test('is that of the hour of the day while the week is not known', () => {
    expect(hourSurprisal(clerk, saturday, evenly(false))).toBe(0);
    const night = hourSurprisal(clerk, MONDAY + 3 * HOUR, evenly(false));
    expect(night).toBeCloseTo(Math.log(1 / 24 / (10 / 24 / (200 + 10))), 6);
  });

  test('is that of the hour of the week then: who never works on Saturdays is odd on one', () => {
    expect(hourSurprisal(clerk, wednesday, evenly(true))).toBe(0);
    const own = (nearHour(clerk, 12) + 10 / 24) / 210;
    const expected = 1 / 168 / ((30 * own * (24 / 168)) / 230);
    expect(hourSurprisal(clerk, saturday, evenly(true))).toBeCloseTo(Math.max(0, Math.log(expected)), 6);
    expect(hourSurprisal(countsOf(WEEKDAYS, OFFICE, 20), saturday, evenly(true))).toBeGreaterThan(1);
    expect(hourSurprisal(countsOf(EVERY_DAY, OFFICE, 5), saturday, evenly(true))).toBe(0);
  });

  test('is none on the days that everybody takes off, beyond that of everybody', () => {
    const everybody = {
      knowsTheWeek: true,
      hourShare: () => 1 / 24,
      weekHourShare: (hour: number) => (hour < 5 * 24 ? 1 / 121 : 1 / 5000),
    };
    expect(hourSurprisal(clerk, saturday, everybody)).toBe(hourSurprisal(clerk, saturday, evenly(true)));
  });

  test('is small for who has few windows to tell days apart by', () => {
    const newcomer = countsOf([0], [12], 6);
    expect(hourSurprisal(newcomer, wednesday, evenly(true))).toBeLessThan(Math.log(36 / 30) + 1e-9);
  });

  test('is that of everybody for who has none', () => {
    expect(hourSurprisal(new Uint8Array(168), saturday, evenly(true))).toBeCloseTo(0, 9);
  });
});
