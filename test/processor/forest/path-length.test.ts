import { averagePathLength, isolationScore } from '../../../processor/src/forest/path-length.ts';

describe('averagePathLength', () => {
  it('is 0 for a leaf of at most one row and 1 for two rows', () => {
    expect([0, 1, 2].map(averagePathLength)).toEqual([0, 0, 1]);
  });

  // scikit-learn 1.9.1, sklearn.ensemble._iforest._average_path_length.
  it.each([
    [3, 1.207392],
    [4, 1.851656],
    [8, 3.296252],
    [16, 4.695532],
    [64, 7.471951],
    [128, 8.858431],
  ])('of %i rows is %d', (rows, expected) => {
    expect(averagePathLength(rows)).toBeCloseTo(expected, 6);
  });

  it('agrees with scikit-learn to the last digits at the default sample sizes', () => {
    expect(averagePathLength(256)).toBeCloseTo(10.244770920119917, 13);
    expect(averagePathLength(1024)).toBeCloseTo(13.017373986706318, 13);
  });

  it('follows the harmonic numbers it approximates', () => {
    let harmonic = 0;
    for (let rows = 2; rows <= 1024; rows++) {
      harmonic += 1 / (rows - 1);
      // ln(n) + gamma falls short of H(n) by less than 1/(2n), and enters twice.
      const exact = 2 * harmonic - (2 * (rows - 1)) / rows;
      if (rows > 2) expect(Math.abs(averagePathLength(rows) - exact)).toBeLessThan(1 / (rows - 1));
    }
  });
});

describe('isolationScore', () => {
  it('is 1 for an empty path, a half for the expected one and a quarter for twice that', () => {
    expect([0, 10, 20].map((path) => isolationScore(path, 10))).toEqual([1, 0.5, 0.25]);
  });

  it('is a half where nothing can be expected', () => {
    expect(isolationScore(0, 0)).toBe(0.5);
  });
});
