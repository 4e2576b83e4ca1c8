import { Everywhere } from '../../../processor/src/features/everywhere.ts';

/** Forty calls of one endpoint, ten of them failed, and sixty of the others, thirty failed. */
function outage(): Everywhere {
  const everywhere = new Everywhere();
  for (let call = 0; call < 40; call++) everywhere.count(7, call < 10);
  for (let call = 0; call < 60; call++) everywhere.count(7, call < 30);
  return everywhere;
}

describe('what all endpoints have in common', () => {
  it('is the error rate of the others, with fifty calls that went well', () => {
    expect(outage().errorRateBeside(7, 40, 10)).toBeCloseTo(30 / (60 + 50), 9);
  });

  it('is how much slower the others are, with fifty calls of usual duration; faster is nothing', () => {
    const everywhere = new Everywhere();
    for (const deviation of [3, 3, 2]) everywhere.countDuration(7, deviation);
    expect(everywhere.slownessBeside(7, 1, 3)).toBeCloseTo(5 / (2 + 50), 9);
    for (let call = 0; call < 9; call++) everywhere.countDuration(7, -2);
    expect(everywhere.slownessBeside(7, 1, 3)).toBe(0);
  });

  it('is of the present window only: nothing of one that is over, and a late call counts in none', () => {
    const everywhere = outage();
    everywhere.count(8, false);
    everywhere.count(7, true);
    expect([everywhere.errorRateBeside(7, 0, 0), everywhere.errorRateBeside(8, 0, 0)]).toEqual([0, 0]);
  });

  it('survives in a snapshot', () => {
    const restored = new Everywhere();
    restored.restore(outage().snapshot());
    expect(restored.errorRateBeside(7, 40, 10)).toBe(outage().errorRateBeside(7, 40, 10));
  });
});
