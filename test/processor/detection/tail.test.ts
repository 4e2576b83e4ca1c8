import { array, assert, double, integer, property } from 'fast-check';
import { Tail } from '../../../processor/src/detection/tail.ts';

/** The `count` quantiles at the middles of equal shares: a sample without sampling error. */
function sampleOf(quantile: (p: number) => number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => quantile((i + 0.5) / count));
}

/** Each value as often as `counts` says. */
function repeated(counts: Record<number, number>): Float64Array {
  return Float64Array.from(
    Object.entries(counts).flatMap(([value, count]) => Array.from({ length: count }, () => Number(value))),
  );
}

const exponential = Tail.fit(sampleOf((p) => -Math.log(1 - p), 20_000));

describe('evidence of a continuous sample', () => {
  it.each([0.01, 0.1, 0.5, 1, 2, 2.9, 3.1, 5, 8])('of a standard exponential one is x itself at x = %d', (x) => {
    // -ln P(X >= x) = x. Interpolation reaches across 0.1 nats at most.
    expect(Math.abs(exponential.evidence(x) - x)).toBeLessThan(0.03);
  });

  it('extrapolates an exponential tail beyond the highest value seen', () => {
    expect(Math.abs(exponential.evidence(20) / 20 - 1)).toBeLessThan(0.03);
  });

  it('extrapolates a heavy tail by its power law', () => {
    // Generalised Pareto with shape 0.2 and scale 1: P(X >= x) = (1 + 0.2 x)^-5.
    const tail = Tail.fit(sampleOf((p) => ((1 - p) ** -0.2 - 1) / 0.2, 100_000));
    for (const x of [0.5, 4, 10, 30]) {
      const expected = 5 * Math.log1p(0.2 * x);
      expect(Math.abs(tail.evidence(x) / expected - 1)).toBeLessThan(0.03);
    }
  });

  it('goes on beyond the end of a bounded sample as an exponential tail would', () => {
    const tail = Tail.fit(sampleOf((p) => p, 10_000));
    // Above 0.95 the mean excess is 0.025: ln 20 nats at 0.95, and one more for every 0.025.
    expect(tail.evidence(0.5)).toBeCloseTo(Math.log(2), 1);
    expect(tail.evidence(0.95)).toBeCloseTo(Math.log(20), 2);
    expect(tail.evidence(1.2) - Math.log(20)).toBeCloseTo(0.25 / 0.025, 0);
  });

  it('believes no tail to be heavier than a shape of 0.3', () => {
    // Pareto with shape 1, which has no mean.
    const tail = Tail.fit(sampleOf((p) => 1 / (1 - p), 10_000));
    const doubling = tail.evidence(2e9) - tail.evidence(1e9);
    expect(doubling).toBeCloseTo(Math.LN2 / 0.3, 3);
  });

  it('trusts the scale of few observations less: a tail of ten predicts a power law with shape 1/10', () => {
    const tail = Tail.fit(sampleOf((p) => -Math.log(1 - p), 20));
    const doubling = tail.evidence(2e9) - tail.evidence(1e9);
    expect(doubling).toBeCloseTo(Math.LN2 / 0.1, 3);
  });
});

describe('evidence of a discrete sample', () => {
  const counts = Tail.fit(repeated({ 0: 500, 1: 300, 2: 160, 3: 30, 4: 10 }));

  it.each([
    [0, 1000],
    [1, 500],
    [2, 200],
    [3, 40],
  ])('of %i is that of %i in a thousand', (value, orMore) => {
    expect(counts.evidence(value)).toBeCloseTo(Math.log(1000 / orMore), 12);
  });

  it('continues by the factor that the tail falls per step', () => {
    // Geometric, P(X >= k) = 3^-k: exact in the body, and ln 3 a step beyond.
    const geometric = Tail.fit(repeated({ 0: 1458, 1: 486, 2: 162, 3: 54, 4: 18, 5: 6, 6: 2, 7: 1 }));
    expect(geometric.evidence(2)).toBeCloseTo(2 * Math.log(3), 12);
    expect(Math.abs(geometric.evidence(10) / (10 * Math.log(3)) - 1)).toBeLessThan(0.1);
  });

  it('is small for a common value, however far it lies above the rest', () => {
    const values = Float64Array.from([
      ...sampleOf((p) => p, 500),
      ...repeated({ 1000: 400 }),
      ...sampleOf((p) => 1001 + p, 100),
    ]);
    const tail = Tail.fit(values);
    expect(tail.evidence(1000)).toBeCloseTo(Math.log(1000 / 500), 12);
    // Halfway up to the common value, interpolation in log survival: between ln(1000/501) and ln 2.
    expect(tail.evidence(500)).toBeLessThan(Math.LN2);
  });

  it('is 0 for a constant and below it, and ln(n + 1) above', () => {
    const constant = Tail.fit(repeated({ 5: 99 }));
    expect([4, 5].map((x) => constant.evidence(x))).toEqual([0, 0]);
    expect([5.001, 6, 1e12, Infinity].map((x) => constant.evidence(x))).toEqual(
      Array.from({ length: 4 }, () => Math.log(100)),
    );
  });

  it('above a constant is by two resolutions what the rule of succession says, then rises by one nat per resolution', () => {
    const constant = Tail.fit(repeated({ 5: 99 }), undefined, { resolution: 2, isCount: true });
    expect(constant.evidence(5)).toBe(0);
    expect(constant.evidence(7)).toBeCloseTo(Math.log(100) / 2, 12);
    expect(constant.evidence(9)).toBeCloseTo(Math.log(100), 12);
    expect(constant.evidence(25)).toBeCloseTo(Math.log(100) + 8, 12);
  });

  it('of a heavy tail grows in proportion where no shape is allowed', () => {
    const pareto = sampleOf((p) => (1 - p) ** -0.3, 1000);
    const straight = Tail.fit(pareto, undefined, { maxShape: 0 });
    const step = straight.evidence(20) - straight.evidence(10);
    expect(straight.evidence(30) - straight.evidence(20)).toBeCloseTo(step, 9);
    const free = Tail.fit(pareto);
    expect(free.evidence(30) - free.evidence(20)).toBeLessThan(free.evidence(20) - free.evidence(10));
  });

  it('rises no steeper than one nat per resolution in the tail', () => {
    const values = sampleOf((p) => 1e-6 * p, 1000);
    const tail = Tail.fit(values, undefined, { resolution: 0.5 });
    expect(tail.evidence(0.5)).toBeCloseTo(Math.log(20) + 1, 1);
    expect(Tail.fit(values).evidence(0.5)).toBeGreaterThan(100);
  });

  it('stays finite where a flag is set more often than one time in twenty', () => {
    const flag = Tail.fit(repeated({ 0: 60, 1: 40 }));
    expect(flag.evidence(1)).toBeCloseTo(Math.log(100 / 40), 12);
    expect(flag.evidence(2)).toBeCloseTo(Math.log(101), 12);
  });
});

describe('weights', () => {
  it('count an observation as often as they say', () => {
    // Below a half every observation counts three times: 150 of 200 in weight.
    const values = sampleOf((p) => p, 100);
    const tail = Tail.fit(
      values,
      values.map((value) => (value < 0.5 ? 3 : 1)),
    );
    expect(tail.evidence(0.505)).toBeCloseTo(Math.log(200 / 50), 12);
    expect(Math.abs(tail.evidence(0.205) - Math.log(200 / (50 + 3 * 30)))).toBeLessThan(0.05);
  });

  it('matter only relative to each other', () => {
    const values = sampleOf((p) => p * p, 500);
    const one = Tail.fit(values);
    const seven = Tail.fit(values, new Float64Array(500).fill(7));
    for (let x = 0; x < 3; x += 0.01) expect(seven.evidence(x)).toBeCloseTo(one.evidence(x), 10);
  });

  it('of 0 leave an observation out', () => {
    const tail = Tail.fit(Float64Array.of(1, 9), Float64Array.of(1, 0));
    expect(tail.evidence(2)).toBeCloseTo(Math.log(2), 12);
  });

  it('bound what is inferred from them: one heavy observation is not many', () => {
    // Kish's effective size: (100 + 10)^2 / (100^2 + 10).
    const tail = Tail.fit(new Float64Array(11), Float64Array.of(100, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
    expect(tail.evidence(1)).toBeCloseTo(Math.log(110 ** 2 / 10_010 + 1), 12);
  });

  it.each([-1, NaN, Infinity])('of %d are refused', (weight) => {
    expect(() => Tail.fit(Float64Array.of(1, 2), Float64Array.of(1, weight))).toThrow(
      `The weight of observation 1 is ${weight}; use a finite number that is not negative.`,
    );
  });

  it('are refused when there are fewer than values', () => {
    expect(() => Tail.fit(Float64Array.of(1, 2), Float64Array.of(1))).toThrow('observation 1 is undefined');
  });
});

describe('whatever the sample', () => {
  const samples = array(integer({ min: -3, max: 30 }), { maxLength: 300 });

  it('evidence never falls, is never negative, and finite even for infinity', () => {
    assert(
      property(samples, array(double({ noNaN: true }), { maxLength: 50 }), (values, asked) => {
        const tail = Tail.fit(Float64Array.from([...values, ...asked]));
        let before = 0;
        for (const x of [-Infinity, ...asked, ...values, 1e308, Infinity].toSorted((a, b) => a - b)) {
          const evidence = tail.evidence(x);
          expect(evidence).toBeGreaterThanOrEqual(before);
          before = evidence;
        }
        expect(before).toBeLessThan(Infinity);
      }),
    );
  });

  it('no value of the body is off by more than a tenth of a nat', () => {
    assert(
      property(array(double({ min: 0, max: 1, noNaN: true }), { minLength: 30, maxLength: 400 }), (values) => {
        const tail = Tail.fit(Float64Array.from(values));
        for (const x of values) {
          const orMore = values.filter((value) => value >= x).length / values.length;
          if (orMore > 0.35) expect(Math.abs(tail.evidence(x) + Math.log(orMore))).toBeLessThan(0.1);
        }
      }),
    );
  });

  it('a missing value is no evidence, asked for or observed', () => {
    expect(exponential.evidence(NaN)).toBe(0);
    const tail = Tail.fit(Float64Array.of(NaN, 1, NaN, 1));
    expect(tail.evidence(2)).toBeCloseTo(Math.log(3), 12);
  });

  it('nothing is surprising where nothing was observed', () => {
    for (const values of [new Float64Array(0), Float64Array.of(NaN)]) expect(Tail.fit(values).evidence(1e9)).toBe(0);
  });

  it('an infinity among the observations is one very high value', () => {
    const tail = Tail.fit(Float64Array.from([...sampleOf((p) => p, 99), Infinity]));
    expect(tail.evidence(0.5)).toBeCloseTo(Math.LN2, 1);
    expect(tail.evidence(Infinity)).toBeLessThan(Infinity);
  });
});

describe('parameters', () => {
  it('make the same tail again', () => {
    const again = new Tail(Float64Array.from(exponential.parameters));
    for (let x = -1; x < 30; x += 0.1) expect(again.evidence(x)).toBe(exponential.evidence(x));
  });

  it('may be a part of a larger array', () => {
    const all = new Float64Array(3 * Tail.LENGTH);
    all.set(exponential.parameters, Tail.LENGTH);
    expect(new Tail(all.subarray(Tail.LENGTH, 2 * Tail.LENGTH)).evidence(7)).toBe(exponential.evidence(7));
  });

  it('are refused when they are no tail', () => {
    expect(() => new Tail(new Float64Array(3))).toThrow(`use ${Tail.LENGTH} numbers that a tail was stored in`);
    expect(() => new Tail(new Float64Array(Tail.LENGTH).fill(65))).toThrow('A tail of 65 knots');
  });
});
