import { mean, meanOf, median, reductionOf } from './mean-estimate.ts';

describe('a mean over worlds', () => {
  it('has an interval that covers it and lies within what was seen', () => {
    const { value, low, high } = meanOf([1, 2, 3, 10]);
    expect(value).toBe(4);
    expect(low).toBeGreaterThanOrEqual(1);
    expect(low).toBeLessThan(4);
    expect(high).toBeGreaterThan(4);
    expect(high).toBeLessThanOrEqual(10);
  });

  it('is about as wide as the normal approximation says', () => {
    const values = Array.from({ length: 100 }, (_, n) => n % 10);
    const { low, high } = meanOf(values);
    // Of the digits the variance is 8.25.
    expect(high - low).toBeCloseTo(2 * 1.96 * Math.sqrt(8.25 / 100), 0);
  });

  it('leaves worlds out that have no such number', () => {
    expect(meanOf([Number.NaN, 5]).value).toBe(5);
    expect(meanOf([Number.NaN]).value).toBeNaN();
  });
});

describe('a reduction', () => {
  it('is that of the means, not the mean of those', () => {
    expect(reductionOf([0, 10], [10, 90]).value).toBe(90);
  });

  it('is exact where ours is the same share of theirs in every world', () => {
    expect(reductionOf([1, 2, 3], [4, 8, 12])).toEqual({ value: 75, low: 75, high: 75 });
  });

  it('is nothing where neither has anything, and has no bound where only theirs is nothing', () => {
    expect(reductionOf([0, 0], [0, 0]).value).toBe(0);
    expect(reductionOf([1, 1], [0, 0]).value).toBe(-Infinity);
  });

  it('looks only at worlds in which both exist', () => {
    expect(reductionOf([5, Number.NaN, 1], [10, 1, Number.NaN]).value).toBe(50);
  });
});

test('of two in the middle the median is the lower one', () => {
  expect(median([4, 1, 3, 2])).toBe(2);
  expect(median([9, 1, 5])).toBe(5);
  expect([median([]), mean([])]).toEqual([Number.NaN, Number.NaN]);
});
