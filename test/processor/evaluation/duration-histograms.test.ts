import { array, assert, double, property } from 'fast-check';
import { DurationHistograms } from '../../../processor/src/evaluation/duration-histograms.ts';

const tens = (count: number) => Array.from({ length: count }, () => 10);

function p95Of(durations: readonly number[], unit = 0): number {
  const histograms = new DurationHistograms();
  for (const duration of durations) histograms.add(unit, duration);
  return histograms.p95(unit);
}

/** The definition of the nearest rank. */
function nearestRank(durations: readonly number[]): number {
  const sorted = durations.toSorted((a, b) => a - b);
  return sorted.find((_, index) => (index + 1) * 100 >= 95 * sorted.length)!;
}

test('a unit without durations has 0', () => {
  expect(new DurationHistograms().p95(0)).toBe(0);
  expect(new DurationHistograms().p95(1_000_000)).toBe(0);
});

test.each([1, 2, 19])('of %d durations it is the longest, exactly', (count) => {
  const durations = Array.from({ length: count }, (_, n) => 3 + n / 7);
  expect(p95Of(durations)).toBe(3 + (count - 1) / 7);
});

test('of 20 durations the longest no longer counts, of 40 the two longest do not', () => {
  expect(Math.abs(p95Of([5000, ...tens(19)]) / 10 - 1)).toBeLessThan(0.045);
  expect(Math.abs(p95Of([5000, 6000, 400, ...tens(37)]) / 400 - 1)).toBeLessThan(0.045);
});

test('it is never above the longest duration', () => {
  // The middle of 100's bin, 2^(53.5 / 8) ms = 103, is above it.
  expect(p95Of(Array<number>(100).fill(100))).toBe(100);
});

test('it is off by at most 4.5 % from a microsecond to 50 days', () => {
  const duration = double({ min: 0.001, max: 4e9, noNaN: true });
  assert(
    property(array(duration, { minLength: 1, maxLength: 200 }), (durations) => {
      expect(Math.abs(p95Of(durations) / nearestRank(durations) - 1)).toBeLessThan(0.045);
    }),
  );
});

test('durations beyond that range are in its first and last bin', () => {
  const histograms = new DurationHistograms();
  for (let n = 0; n < 20; n++) histograms.add(0, 1e-9);
  for (let n = 0; n < 20; n++) histograms.add(1, 1e300);
  expect(histograms.p95(0)).toBe(1e-9);
  expect(histograms.p95(1)).toBeGreaterThan(4e9);
});

test('units do not mix, however many there are', () => {
  const histograms = new DurationHistograms();
  for (let round = 1; round <= 19; round++) {
    for (let unit = 0; unit < 3000; unit++) histograms.add(unit, unit + round);
  }
  for (let unit = 0; unit < 3000; unit++) expect(histograms.p95(unit)).toBe(unit + 19);
});
