import { Rhythm } from '../../../processor/src/simulation/rhythm.ts';

const HOUR_MS = 3_600_000;
/** A Monday. */
const MONDAY = Date.UTC(2026, 0, 12);

describe('Rhythm', () => {
  it('puts office work into the office hours of working days, in local time', () => {
    const newYork = new Rhythm('office', -5);
    expect(newYork.at(MONDAY + 15 * HOUR_MS)).toBe(1); // 10:00 there
    expect(newYork.at(MONDAY + 8 * HOUR_MS)).toBeLessThan(0.01); // 03:00
    expect(newYork.at(MONDAY + (5 * 24 + 15) * HOUR_MS)).toBeCloseTo(0.08); // Saturday
    expect(newYork.at(MONDAY + 3 * HOUR_MS)).toBe(newYork.at(MONDAY + (7 * 24 + 3) * HOUR_MS));
    // Monday 03:00 UTC is still Sunday evening in New York.
    expect(newYork.at(MONDAY + 3 * HOUR_MS)).toBeCloseTo(0.02 * 0.08);
  });

  it('has as its mean the average over the hours of a week', () => {
    for (const pattern of ['leisure', 'office'] as const) {
      const rhythm = new Rhythm(pattern, 2);
      let sum = 0;
      for (let hour = 0; hour < 168; hour++) sum += rhythm.at(MONDAY + hour * HOUR_MS);
      expect(rhythm.mean).toBeCloseTo(sum / 168, 10);
    }
  });
});
