import { Random } from '../../../processor/src/simulation/random.ts';

const DRAWS = 200_000;

function draws(draw: (random: Random) => number): { mean: number; variance: number; lowest: number; highest: number } {
  const random = new Random(1, 'moments');
  let [sum, squares, lowest, highest] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < DRAWS; i++) {
    const value = draw(random);
    sum += value;
    squares += value * value;
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  const mean = sum / DRAWS;
  return { mean, variance: squares / DRAWS - mean * mean, lowest, highest };
}

const sequence = (...seed: (number | string)[]) => {
  const random = new Random(...seed);
  return Array.from({ length: 20 }, () => random.word());
};

describe('Random', () => {
  it('gives the same sequence for the same seed and another for another', () => {
    expect(sequence(1, 'user', 7)).toEqual(sequence(1, 'user', 7));
    expect(sequence(1, 'user', 7)).not.toEqual(sequence(1, 'user', 8));
    expect(sequence(1, 2)).not.toEqual(sequence(12));
  });

  // Bounds: six standard errors of the theoretical moments.
  it('is uniform in the open unit interval', () => {
    const { mean, variance, lowest, highest } = draws((random) => random.uniform());
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(6 * Math.sqrt(1 / 12 / DRAWS));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(6 * Math.sqrt(1 / 180 / DRAWS));
    expect(lowest).toBeGreaterThan(0);
    expect(highest).toBeLessThan(1);
  });

  it('draws standard normal, exponential and log-normal numbers with their textbook moments', () => {
    const normal = draws((random) => random.normal());
    expect(Math.abs(normal.mean)).toBeLessThan(6 / Math.sqrt(DRAWS));
    expect(Math.abs(normal.variance - 1)).toBeLessThan(6 * Math.sqrt(2 / DRAWS));
    const exponential = draws((random) => random.exponential(3));
    expect(Math.abs(exponential.mean - 3)).toBeLessThan((6 * 3) / Math.sqrt(DRAWS));
    const logarithm = draws((random) => Math.log(random.logNormal(50, 0.4)));
    expect(Math.abs(logarithm.mean - Math.log(50))).toBeLessThan((6 * 0.4) / Math.sqrt(DRAWS));
    expect(Math.abs(logarithm.variance - 0.16)).toBeLessThan(6 * 0.16 * Math.sqrt(2 / DRAWS));
  });

  it('draws indexes in proportion to their weights and never one of weight zero', () => {
    const random = new Random(2);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < DRAWS; i++) counts[random.weighted([1, 0, 3, 0])]!++;
    expect(counts[1]! + counts[3]!).toBe(0);
    expect(Math.abs(counts[2]! / DRAWS - 0.75)).toBeLessThan(6 * Math.sqrt((0.75 * 0.25) / DRAWS));
  });

  it('writes eight hexadecimal digits a word', () => {
    const random = new Random(3);
    for (let i = 0; i < 1000; i++) expect(random.hex(4)).toMatch(/^[0-9a-f]{32}$/);
  });
});
