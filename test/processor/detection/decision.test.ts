import { assert, double, property } from 'fast-check';
import { type Budget, budgetThreshold, isAnomaly } from '../../../processor/src/detection/decision.ts';

const budget: Budget = { falseIncidentsPerDay: 10, shares: { user: 0.6, address: 0.2, endpoint: 0.2 } };

/** The contract's bound: no verdict above it. */
const LARGEST_P = 1e-4;

describe('the budget', () => {
  it('flags as many normal windows a day as the share of the kind allows', () => {
    // 10 a day, 0.6 of it for users: 6 of a million windows.
    expect(budgetThreshold(budget, 'user', 1e6)).toBeCloseTo(6e-6, 18);
    expect(budgetThreshold(budget, 'address', 1e6)).toBeCloseTo(2e-6, 18);
    expect(budgetThreshold(budget, 'endpoint', 4e6)).toBeCloseTo(0.5e-6, 18);
  });

  it.each([0, 1, 100, 59_999])('is not a quota: with %d windows a day nothing above p = 1e-4 is flagged', (windows) => {
    expect(budgetThreshold(budget, 'user', windows)).toBe(LARGEST_P);
  });

  it('expects no more false incidents than it allows, over all kinds together', () => {
    const windows = double({ min: 0, max: 1e9, noNaN: true });
    assert(
      property(windows, windows, windows, (user, address, endpoint) => {
        const expected =
          user * budgetThreshold(budget, 'user', user) +
          address * budgetThreshold(budget, 'address', address) +
          endpoint * budgetThreshold(budget, 'endpoint', endpoint);
        expect(expected).toBeLessThanOrEqual(10 * (1 + 1e-9));
      }),
    );
  });

  it('of nothing flags nothing', () => {
    const none = budgetThreshold({ ...budget, falseIncidentsPerDay: 0 }, 'user', 1e6);
    expect(isAnomaly(1e6, none, true)).toBe(false);
  });
});

describe('the verdict', () => {
  it('falls where the rarity reaches the threshold', () => {
    expect(isAnomaly(-Math.log(1e-5), 1e-5, true)).toBe(true);
    expect(isAnomaly(-Math.log(1.1e-5), 1e-5, true)).toBe(false);
  });

  it('takes far more rarity, a tenth of the threshold at least, where no behavior reached its minimum effect', () => {
    expect(isAnomaly(-Math.log(1e-5), 1e-5, false)).toBe(false);
    expect(isAnomaly(-Math.log(1e-6), 1e-5, false)).toBe(false);
    expect(isAnomaly(-Math.log(1e-12), 1e-5, false)).toBe(true);
  });

  it('never flags an effect without a name that it would not flag with one', () => {
    const nats = double({ min: 0, max: 50, noNaN: true });
    assert(
      property(nats, double({ min: 1e-12, max: LARGEST_P, noNaN: true }), (rarity, threshold) => {
        if (isAnomaly(rarity, threshold, false)) expect(isAnomaly(rarity, threshold, true)).toBe(true);
      }),
    );
  });
});
