import { TimeSpan } from '../../../processor/src/replay/time-span.ts';

const DAY = 86_400;
/** Wednesday, 14 January 2026, 06:00 UTC. */
const START = Date.UTC(2026, 0, 14, 6) / 1000;
const YEAR_2100 = Date.UTC(2100, 0, 1) / 1000;

function spanOf(times: Iterable<number>): TimeSpan {
  const span = new TimeSpan();
  for (const time of times) span.add(time);
  return span;
}

/** `count` times, evenly from START on. */
const every = (seconds: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => START + index * seconds);

test('without a time, or with zeros and other no-times alone, it is empty', () => {
  expect(new TimeSpan().isEmpty).toBe(true);
  expect(spanOf([0, -5, Number.NaN]).isEmpty).toBe(true);
  expect(spanOf([START]).isEmpty).toBe(false);
});

test.each([
  ['one time', [START], [START, START]],
  ['two times', [START + 60, START], [START, START + 60]],
  ['an hour of times in no order', every(1, 3600).toSorted((a, b) => (a % 7) - (b % 7)), [START, START + 3599]],
])('of %s it tells the first and the last', (_name, times, [from, to]) => {
  expect(spanOf(times).bounds()).toEqual({ from, to });
});

test('absurd times do not stretch it: none, 1970, and the year 2100', () => {
  const times = [...every(60, 1000), 0, 0, 1, 3600, YEAR_2100, YEAR_2100 + DAY, YEAR_2100 * 2];
  expect(spanOf(times).bounds()).toEqual({ from: START, to: START + 999 * 60 });
});

test('up to a half percent at either end may be absurd', () => {
  // 1000 times: the middle 99 % are those from place 5 to 995.
  const absurd = (count: number): number[] => Array.from({ length: count }, (_, index) => YEAR_2100 + index);
  expect(spanOf([...every(60, 996), ...absurd(4)]).bounds().to).toBe(START + 995 * 60);
  expect(spanOf([...every(60, 990), ...absurd(10)]).bounds().to).toBe(YEAR_2100 + 9);
});

test('what lies beyond the middle by its length, or by a day, belongs to it', () => {
  // 1000 times in ten days: nine days before and after are a part of it, eleven are not.
  const tenDays = every((10 * DAY) / 999, 1000);
  const times = [...tenDays, START - 9 * DAY, START + 19 * DAY, START - 11 * DAY, START + 21 * DAY];
  const { from, to } = spanOf(times).bounds();
  expect([(from - START) / DAY, (to - START) / DAY]).toEqual([-9, 19]);

  // A minute of times: a day more counts, two do not.
  const minute = every(0.06, 1000);
  expect(spanOf([...minute, START - DAY + 60, START - 2 * DAY, START + 2 * DAY]).bounds()).toEqual({
    from: START - DAY + 60,
    to: minute.at(-1),
  });
});

test('of more times than it keeps it tells the ends to a few spans', () => {
  const count = 3 * 2 ** 18 + 15;
  const span = new TimeSpan();
  // Every thousandth clock is in the year 2100.
  for (let index = 0; index < count; index++) span.add(index % 1000 === 500 ? YEAR_2100 : START + index);
  const { from, to } = span.bounds();
  // Of them every fourth is kept in the end.
  expect(from - START).toBe(0);
  expect(START + count - 1 - to).toBeGreaterThanOrEqual(0);
  expect(START + count - 1 - to).toBeLessThan(5);
});

test('it can be asked between times', () => {
  const span = spanOf(every(60, 10));
  expect(span.bounds().to).toBe(START + 540);
  span.add(START + 600);
  expect(span.bounds()).toEqual({ from: START, to: START + 600 });
});
