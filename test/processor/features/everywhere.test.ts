import { Everywhere } from '../../../processor/src/features/everywhere.ts';

/** Counts of one endpoint in a window: calls, server errors, timed calls, the sum of their deviations, slow calls. */
type Counts = readonly [number, number, number, number, number];
const NOTHING = Float64Array.of(0, 0, 0, 0, 0);

/** What endpoints counted in window 7, each under its place. */
function window7(...endpoints: readonly Counts[]): Everywhere {
  const everywhere = new Everywhere();
  for (const [id, counts] of endpoints.entries()) everywhere.count(7, id, NOTHING, Float64Array.from(counts));
  return everywhere;
}

/** What an endpoint is excused for. */
function besideOf(everywhere: Everywhere, endpoint: number, counts: Counts, window = 7): readonly number[] {
  everywhere.lookBeside(window, endpoint, Float64Array.from(counts));
  return [everywhere.serverErrorRate, everywhere.slowness, everywhere.slowRate];
}

const FAILING: Counts = [100, 60, 100, 200, 30];
const WELL: Counts = [100, 0, 100, 0, 1];

describe('what all endpoints have in common', () => {
  it('is twice what those have that are left without the three worst, with fifty calls that went well', () => {
    const outage = window7(FAILING, FAILING, FAILING, FAILING, FAILING, [100, 10, 100, 50, 6]);
    const [errors, slowness, slow] = besideOf(outage, 0, FAILING);
    expect(errors).toBeCloseTo((2 * (60 + 10)) / (200 + 50), 9);
    expect(slowness).toBeCloseTo((2 * (200 + 50)) / (200 + 50), 9);
    expect(slow).toBeCloseTo((2 * (30 + 6)) / (200 + 50), 9);
  });

  it('is nothing where an endpoint fails with those that call it', () => {
    const fault = window7(FAILING, FAILING, FAILING, FAILING, WELL, WELL);
    expect(besideOf(fault, 0, FAILING)).toEqual([0, 0, (2 * 2) / (200 + 50)]);
  });

  it('leaves the worst out wherever they stood before, and no endpoint twice', () => {
    const everywhere = window7(WELL, WELL, WELL, WELL, [100, 5, 100, 0, 1]);
    for (const id of [0, 1, 2]) everywhere.count(7, id, Float64Array.from(WELL), Float64Array.from(FAILING));
    expect(besideOf(everywhere, 3, WELL)[0]).toBeCloseTo((2 * 5) / (100 + 50), 9);
    expect(besideOf(everywhere, 0, FAILING)[0]).toBe(0);
  });

  it('excuses no more errors than there are calls, and faster answers excuse nothing', () => {
    const all = window7(...Array.from({ length: 20 }, (): Counts => [100, 90, 100, -50, 0]));
    expect(besideOf(all, 0, [100, 90, 100, -50, 0])).toEqual([1, 0, 0]);
  });

  it('is of the present window only: nothing of one that is over, and a late call counts in none', () => {
    const everywhere = window7(...Array.from({ length: 6 }, () => FAILING));
    everywhere.count(8, 0, NOTHING, Float64Array.from(WELL));
    everywhere.count(7, 1, NOTHING, Float64Array.from(FAILING));
    expect(besideOf(everywhere, 9, NOTHING as never)).toEqual([0, 0, 0]);
    expect(besideOf(everywhere, 9, NOTHING as never, 8)[0]).toBe(0);
  });

  it('survives in a snapshot', () => {
    const outage = window7(FAILING, FAILING, FAILING, FAILING, FAILING, WELL);
    const restored = new Everywhere();
    restored.restore(outage.snapshot());
    expect(besideOf(restored, 0, FAILING)).toEqual(besideOf(outage, 0, FAILING));
    expect(besideOf(restored, 0, FAILING)[0]).toBeGreaterThan(0);
  });

  it('is nothing after an empty snapshot', () => {
    const everywhere = new Everywhere();
    everywhere.restore([]);
    expect(besideOf(everywhere, 0, [0, 0, 0, 0, 0], 0)).toEqual([0, 0, 0]);
  });
});
