import { array, assert, integer, property } from 'fast-check';
import {
  addToMemory,
  countFrequent,
  distinctFromBits,
  frequency,
  remember,
  scatter,
  setBit,
} from '../../../processor/src/features/sketches.ts';
import { Random } from '../../../processor/src/forest/random.ts';

/** What linear counting makes of these hashes in a bitmap of so many words. */
function estimate(hashes: Iterable<number>, words: number): number {
  const bits = new Uint32Array(words);
  let set = 0;
  for (const hash of hashes) if (setBit(bits, 0, words, hash)) set++;
  return distinctFromBits(set, words * 32);
}

/** Standard error of linear counting, relative: sqrt(m (e^t - t - 1)) / (t m), t = n / m (Whang et al. 1990, eq. 11). */
function standardError(distinct: number, bits: number): number {
  const load = distinct / bits;
  return Math.sqrt(bits * (Math.exp(load) - load - 1)) / (load * bits);
}

/** Expected value over the true one, less 1: (e^t - t - 1) / (2 n) (the same, eq. 8). */
function bias(distinct: number, bits: number): number {
  const load = distinct / bits;
  return (Math.exp(load) - load - 1) / (2 * distinct);
}

describe('a bitmap', () => {
  it('tells a value that is new from one that is not, and touches its own words only', () => {
    const bits = new Uint32Array(4);
    expect(setBit(bits, 1, 2, 33)).toBe(true);
    expect(setBit(bits, 1, 2, 33)).toBe(false);
    expect(setBit(bits, 1, 2, 33 + 64)).toBe(false);
    expect(setBit(bits, 1, 2, 31)).toBe(true);
    expect([...bits]).toEqual([0, 0x8000_0000, 2, 0]);
  });

  it('takes hashes of 32 bits', () => {
    const bits = new Uint32Array(8);
    expect(setBit(bits, 0, 8, 0xffff_ffff)).toBe(true);
    expect([...bits]).toEqual([0, 0, 0, 0, 0, 0, 0, 0x8000_0000]);
  });
});

describe('linear counting', () => {
  const cases = [64, 256].flatMap((bits) =>
    [0.1, 0.5, 1, 1.5, 2].map((load) => ({ bits, distinct: (bits * load) | 0 })),
  );

  it.each(cases)('of $distinct values in $bits bits errs as the theory says', ({ bits, distinct }) => {
    const random = new Random(bits, distinct);
    const runs = 400;
    let sum = 0;
    let squares = 0;
    for (let run = 0; run < runs; run++) {
      const hashes = Array.from({ length: distinct }, () => random.next());
      const error = estimate([...hashes, ...hashes], bits / 32) / distinct - 1;
      sum += error;
      squares += error * error;
    }
    const expected = standardError(distinct, bits);
    const mean = sum / runs;
    // The mean of 400 runs errs by a twentieth; the series behind the bias ends after its second term.
    expect(Math.abs(mean - bias(distinct, bits))).toBeLessThan(expected / 4);
    expect(Math.sqrt(squares / runs) / expected).toBeGreaterThan(0.8);
    expect(Math.sqrt(squares / runs) / expected).toBeLessThan(1.4);
  });

  it.each([10, 20, 40, 60, 100])('of %d successive ids errs no more than of random values', (distinct) => {
    let squares = 0;
    for (let start = 0; start < 1000; start++) {
      const ids = Array.from({ length: distinct }, (_, n) => scatter(start * 7 + n));
      squares += (estimate(ids, 2) / distinct - 1) ** 2;
    }
    expect(Math.sqrt(squares / 1000) / standardError(distinct, 64)).toBeLessThan(1.4);
  });

  it('is 0 for nothing and finite for a full bitmap', () => {
    expect(distinctFromBits(0, 64)).toBe(0);
    expect(distinctFromBits(64, 64)).toBeCloseTo(64 * Math.log(128), 9);
  });

  it('never falls as bits are set', () => {
    for (let set = 1; set <= 256; set++) {
      expect(distinctFromBits(set, 256)).toBeGreaterThan(distinctFromBits(set - 1, 256));
    }
  });
});

test('scattering keeps numbers apart: it is a bijection of 32 bits', () => {
  const seen = new Set(Array.from({ length: 100_000 }, (_, n) => scatter(n)));
  expect(seen.size).toBe(100_000);
  // The first two of MurmurHash3's fmix32, worked out from its definition.
  expect([scatter(0), scatter(1)]).toEqual([0, 0x514e28b7]);
});

describe('a memory', () => {
  const WORDS = 16;
  const memory = () => new Uint32Array(2 * WORDS + 1);

  it('never calls a value new that was just added', () => {
    const bits = memory();
    const random = new Random(1, 1);
    for (let n = 0; n < 5000; n++) {
      const hash = random.next();
      addToMemory(bits, 0, WORDS, hash);
      expect(addToMemory(bits, 0, WORDS, hash)).toBe(false);
    }
  });

  it('remembers the last hundred values at any time', () => {
    const bits = memory();
    const random = new Random(2, 1);
    const values = Array.from({ length: 3000 }, () => random.next());
    for (const [n, value] of values.entries()) {
      addToMemory(bits, 0, WORDS, value);
      // A generation is half full after 128 values of two bits each at the earliest.
      const copy = bits.slice();
      const earlier = values[Math.max(0, n - 100)]!;
      expect(addToMemory(copy, 0, WORDS, earlier)).toBe(false);
    }
  });

  it('takes a value for known wrongly in less than 7 / 16 of cases when fullest, a third on average', () => {
    const bits = memory();
    const random = new Random(3, 1);
    let wrong = 0;
    for (let n = 0; n < 20_000; n++) if (!addToMemory(bits, 0, WORDS, random.next())) wrong++;
    // Half of the bits set in both generations: 1 - (1 - 1/4)^2. The younger one is emptier on average.
    expect(wrong / 20_000).toBeLessThan(0.35);
    expect(wrong / 20_000).toBeGreaterThan(0.25);
  });

  it('is hardly ever wrong about a user of few objects', () => {
    const random = new Random(4, 1);
    let wrong = 0;
    for (let run = 0; run < 500; run++) {
      const bits = memory();
      for (let n = 0; n < 20; n++) if (!addToMemory(bits, 0, WORDS, random.next())) wrong++;
    }
    // At most 40 of 512 bits are set: (40 / 512)^2 = 0.6 %, or 1 / 512 more where both probes fall on one bit.
    expect(wrong / 10_000).toBeLessThan(0.006);
  });

  it('forgets what was not seen for long', () => {
    const bits = memory();
    const random = new Random(5, 1);
    const old = Array.from({ length: 100 }, () => random.next());
    for (const value of old) addToMemory(bits, 0, WORDS, value);
    for (let n = 0; n < 2000; n++) addToMemory(bits, 0, WORDS, random.next());
    const forgotten = old.filter((value) => addToMemory(bits.slice(), 0, WORDS, value)).length;
    expect(forgotten).toBeGreaterThan(100 * (1 - 7 / 16) - 15);
  });

  it('stays within its words', () => {
    const bits = new Uint32Array(2 * WORDS + 3).fill(0xdead_beef, 0, 1).fill(0xdead_beef, 2 * WORDS + 2);
    const random = new Random(6, 1);
    for (let n = 0; n < 3000; n++) addToMemory(bits, 1, WORDS, random.next());
    expect([bits[0], bits.at(-1)]).toEqual([0xdead_beef, 0xdead_beef]);
    expect(bits[2 * WORDS + 1]).toBeLessThan(WORDS * 16);
  });
});

describe('the most frequent keys', () => {
  const ENTRIES = 4;
  const keys = array(integer({ min: 1, max: 12 }), { maxLength: 200 });

  it('have counts that are never too low, and too high by a quarter of all at most (Space-Saving, theorem 2)', () => {
    assert(
      property(keys, (sequence) => {
        const words = new Uint32Array(2 * ENTRIES);
        const truth = new Map<number, number>();
        for (const [n, key] of sequence.entries()) {
          truth.set(key, (truth.get(key) ?? 0) + 1);
          const count = countFrequent(words, 0, ENTRIES, key);
          expect(count).toBeGreaterThanOrEqual(truth.get(key)!);
          expect(count).toBeLessThanOrEqual(truth.get(key)! + n / ENTRIES);
          expect(frequency(words, 0, ENTRIES, key)).toBe(count);
        }
        // Every call is counted once.
        expect(words.filter((_, index) => index % 2 === 1).reduce((a, b) => a + b, 0)).toBe(sequence.length);
      }),
    );
  });

  it('hold every key of more than a quarter of all (Space-Saving, theorem 3)', () => {
    assert(
      property(keys, (sequence) => {
        const words = new Uint32Array(2 * ENTRIES);
        for (const key of sequence) countFrequent(words, 0, ENTRIES, key);
        for (const key of new Set(sequence)) {
          const count = sequence.filter((other) => other === key).length;
          if (count > sequence.length / ENTRIES)
            expect(frequency(words, 0, ENTRIES, key)).toBeGreaterThanOrEqual(count);
        }
      }),
    );
  });

  it('are exact as long as there is room', () => {
    const words = new Uint32Array(2 * ENTRIES);
    for (const key of [1, 2, 3, 4, 1, 1, 2]) countFrequent(words, 0, ENTRIES, key);
    expect([1, 2, 3, 4, 5].map((key) => frequency(words, 0, ENTRIES, key))).toEqual([3, 2, 1, 1, 0]);
  });
});

describe('a table of keys with stamps', () => {
  it('holds the latest ones of a sequence, as a list does that moves the key to its end', () => {
    assert(
      property(array(integer({ min: 1, max: 8 }), { maxLength: 60 }), (sequence) => {
        const words = new Uint32Array(8);
        let model: number[] = [];
        for (const [stamp, key] of sequence.entries()) {
          expect(remember(words, 0, 4, key, stamp + 1)).toBe(!model.includes(key));
          model = [...model.filter((other) => other !== key), key].slice(-4);
        }
      }),
    );
  });
});
