import { Everywhere, type Excuse } from '../../../processor/src/features/everywhere.ts';

/** What an endpoint counted in a window: calls, server errors, timed calls, the sum of their deviations, slow calls. */
type Counts = readonly [number, number, number, number, number];

const FAILING: Counts = [90, 60, 90, 180, 30];

/** Endpoints 0, 1, 2 and so on with these counts in a window. */
function noted(everywhere: Everywhere, window: number, ...endpoints: readonly Counts[]): Everywhere {
  for (const [id, counts] of endpoints.entries()) everywhere.note(window, id, Float64Array.from(counts));
  return everywhere;
}

const outage = (window: number, failing = 6): Everywhere =>
  noted(new Everywhere(), window, ...Array.from({ length: failing }, (): Counts => FAILING));

const excuse = (everywhere: Everywhere, window: number, endpoint = 0): Excuse => ({
  ...everywhere.excuse(window, endpoint),
});

const NONE: Excuse = { serverErrorRate: 0, slowness: 0, slowRate: 0 };
/** Two others beside three that are passed over, with ten calls that went well, and twice that. */
const TWO_OTHERS: Excuse = { serverErrorRate: 1, slowness: (2 * 360) / 190, slowRate: (2 * 60) / 190 };

describe('an endpoint', () => {
  it('is excused for twice what others have, with ten calls that went well', () => {
    expect(excuse(outage(7), 7)).toEqual(TWO_OTHERS);
    const mild = noted(new Everywhere(), 7, ...Array.from({ length: 6 }, (): Counts => [90, 19, 90, 19, 19]));
    expect(excuse(mild, 7).serverErrorRate).toBeCloseTo((2 * 38) / 190, 12);
  });

  it('is not excused by the three that fare worst: they may fail because it does', () => {
    expect(excuse(outage(7, 4), 7)).toEqual(NONE);
    expect(excuse(outage(7, 5), 7)).not.toEqual(NONE);
  });

  it('is excused in a new window by what was in the one before', () => {
    const everywhere = outage(7);
    everywhere.note(8, 0, Float64Array.of(1, 0, 1, 0, 0));
    expect(excuse(everywhere, 8)).toEqual(TWO_OTHERS);
    everywhere.note(9, 0, Float64Array.of(1, 0, 1, 0, 0));
    expect(excuse(everywhere, 9)).toEqual(NONE);
  });

  it('is excused in the window before as well, which hosts with a slow clock are still in', () => {
    const everywhere = outage(7, 5);
    everywhere.note(8, 9, Float64Array.of(1, 1, 1, 0, 0));
    expect(excuse(everywhere, 7, 9)).toEqual(TWO_OTHERS);
    everywhere.note(7, 6, Float64Array.from(FAILING));
    expect(excuse(everywhere, 7, 9).slowness).toBeCloseTo((2 * 540) / 280, 12);
  });

  it('is not excused by what is over, or after a pause', () => {
    expect(excuse(outage(7), 6)).toEqual(NONE);
    const everywhere = outage(7);
    everywhere.note(5, 0, Float64Array.from(FAILING));
    expect(excuse(everywhere, 5)).toEqual(NONE);
    everywhere.note(99, 0, Float64Array.of(1, 0, 1, 0, 0));
    expect(excuse(everywhere, 99)).toEqual(NONE);
  });

  it('is not excused by others that are faster than usual', () => {
    const everywhere = noted(new Everywhere(), 7, ...Array.from({ length: 6 }, (): Counts => [90, 1, 90, -5, 0]));
    expect(excuse(everywhere, 7).slowness).toBe(0);
  });
});

it('survives in a snapshot, the window before too', () => {
  const everywhere = outage(7);
  everywhere.note(8, 3, Float64Array.from(FAILING));
  const restored = new Everywhere();
  restored.restore(everywhere.snapshot());
  expect([excuse(restored, 7), excuse(restored, 8)]).toEqual([excuse(everywhere, 7), excuse(everywhere, 8)]);
  expect(excuse(restored, 8).serverErrorRate).toBe(1);
  restored.restore([]);
  expect(excuse(restored, 8)).toEqual(NONE);
});
