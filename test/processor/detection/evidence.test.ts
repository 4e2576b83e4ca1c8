import { array, assert, double, integer, property } from 'fast-check';
import { carryEvidence, orderedSum, rarityOf, scoreOf } from '../../../processor/src/detection/evidence.ts';

const nats = () => double({ min: 0, max: 1000, noNaN: true });

describe('the ordered sum', () => {
  it.each([
    [[], 0],
    [[0, 0], 0],
    [[5], 5],
    [[5, 3], 6.5],
    [[3, 5], 6.5],
    [[4, 4], 6],
    [[2, 9, 1, 6], 12],
  ])('of %j is the strongest plus half the second: %d', (values, expected) => {
    expect(orderedSum(Float64Array.from(values), 0, values.length)).toBe(expected);
  });

  it('takes only the places it is given', () => {
    expect(orderedSum(Float64Array.of(100, 2, 8, 100), 1, 3)).toBe(9);
  });

  it('is what sorting gives, whatever the order', () => {
    assert(
      property(array(nats(), { maxLength: 12 }), (values) => {
        const [first = 0, second = 0] = values.toSorted((a, b) => b - a);
        expect(orderedSum(Float64Array.from(values), 0, values.length)).toBe(first + second / 2);
      }),
    );
  });
});

describe('persistence', () => {
  it('carries three fifths of the excess over 3 nats into the next window', () => {
    expect(carryEvidence(0, 13, 1)).toBeCloseTo(6, 12);
  });

  it('carries nothing of a window that was not odd', () => {
    expect(carryEvidence(0, 3, 1)).toBe(0);
    expect(carryEvidence(0, 1, 1)).toBe(0);
  });

  it('fades by the window, with calls or without, and is gone after an hour of silence', () => {
    expect(carryEvidence(0, 13, 2)).toBeCloseTo(3.6, 12);
    expect(carryEvidence(carryEvidence(0, 13, 1), 0, 1)).toBeCloseTo(3.6, 12);
    expect(carryEvidence(0, 13, 12)).toBeGreaterThan(0);
    expect(carryEvidence(50, 13, 13)).toBe(0);
    expect(carryEvidence(50, 13, Number.POSITIVE_INFINITY)).toBe(0);
  });

  it('passes on what was carried before, so that staying odd adds up', () => {
    // Peaks of 13, 13, 13: 6 into the second, 0.6 (6 + 10) into the third, 0.6 (9.6 + 10) into the fourth.
    let carried = 0;
    const into = [1, 2, 3].map(() => (carried = carryEvidence(carried, 13, 1)));
    for (const [place, sum] of [6, 9.6, 11.76].entries()) expect(into[place]).toBeCloseTo(sum, 12);
  });

  it('never exceeds one and a half times the highest excess, however long it lasts', () => {
    assert(
      property(array(nats(), { minLength: 1, maxLength: 30 }), integer({ min: 1, max: 3 }), (peaks, gap) => {
        let carried = 0;
        for (const peak of peaks) carried = carryEvidence(carried, peak, gap);
        expect(carried).toBeGreaterThanOrEqual(0);
        expect(carried).toBeLessThanOrEqual(1.5 * Math.max(0, Math.max(...peaks) - 3) + 1e-9);
      }),
    );
  });
});

describe('the score', () => {
  // The contract: 0.5 is one entity-window in a thousand, 1 one in a million or rarer.
  it.each([
    [1, 0],
    [0.1, 1 / 6],
    [1e-3, 0.5],
    [1e-6, 1],
    [1e-9, 1],
  ])('of a rarity p = %d is %d', (p, expected) => {
    expect(scoreOf(-Math.log(p))).toBeCloseTo(expected, 12);
  });

  it.each([1, 0.1, 1e-3, 1e-6])('of a rarity p = %d leads back to it', (p) => {
    expect(rarityOf(scoreOf(-Math.log(p)))).toBeCloseTo(-Math.log(p), 12);
  });

  it('stays within 0 and 1 and never falls as the row gets rarer', () => {
    assert(
      property(double({ min: -10, max: 1e6, noNaN: true }), nats(), (rarity, more) => {
        expect(scoreOf(rarity)).toBeGreaterThanOrEqual(0);
        expect(scoreOf(rarity + more)).toBeLessThanOrEqual(1);
        expect(scoreOf(rarity + more)).toBeGreaterThanOrEqual(scoreOf(rarity));
      }),
    );
  });
});
