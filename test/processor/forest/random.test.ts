import { Random } from '../../../processor/src/forest/random.ts';

const WORD = 0xffff_ffffn;

/** sfc32 once more, in unbounded integers. */
function* sfc32(seed: bigint, stream: bigint): Generator<number, never> {
  let [a, b, c, counter] = [0n, seed, stream, 1n];
  for (let round = 0; ; round++) {
    const result = (a + b + counter) & WORD;
    counter = (counter + 1n) & WORD;
    a = b ^ (b >> 9n);
    b = (c * 9n) & WORD;
    c = ((((c << 21n) & WORD) | (c >> 11n)) + result) & WORD;
    if (round >= 16) yield Number(result);
  }
}

describe('Random', () => {
  it.each([
    [0, 0],
    [1, 199],
    [0xffff_ffff, 7],
  ])('draws the words of sfc32 for seed %i and stream %i', (seed, stream) => {
    const random = new Random(seed, stream);
    const reference = sfc32(BigInt(seed), BigInt(stream));
    for (let i = 0; i < 1000; i++) expect(random.next()).toBe(reference.next().value);
  });

  it('draws something else for a neighbouring seed and for a neighbouring stream', () => {
    const first = new Set(
      [new Random(5, 5), new Random(6, 5), new Random(5, 6), new Random(6, 6)].map((r) => r.next()),
    );
    expect(first.size).toBe(4);
  });

  it('draws integers below a bound evenly', () => {
    const random = new Random(1, 1);
    const counts = Array.from({ length: 7 }, () => 0);
    for (let i = 0; i < 70_000; i++) counts[random.below(7)]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    // 99.9 % quantile of chi-square with 6 degrees of freedom.
    expect(chiSquare).toBeLessThan(22.46);
  });

  it('draws fractions evenly over [0, 1)', () => {
    const random = new Random(1, 2);
    const sorted = Float64Array.from({ length: 10_000 }, () => random.fraction()).toSorted();
    const gap = sorted.reduce((most, value, i) => Math.max(most, Math.abs(value - (i + 0.5) / sorted.length)), 0);
    // Kolmogorov-Smirnov, 99.9 %: 1.95 / sqrt(n).
    expect(gap).toBeLessThan(0.0195);
    expect(sorted[0]).toBeGreaterThanOrEqual(0);
    expect(sorted.at(-1)).toBeLessThan(1);
  });
});
