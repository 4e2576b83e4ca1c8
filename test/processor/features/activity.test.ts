import {
  ACTIVITY_END,
  addToActivity,
  boundedBytes,
  BURST,
  CALLS,
  distinctEndpoints,
  distinctObjects,
  poissonExcess,
  regularity,
  REPEATS,
  RESPONSE_BYTES,
} from '../../../processor/src/features/activity.ts';
import { Random } from '../../../processor/src/forest/random.ts';
import { type CallFields, callOf, linearCount, repeat } from './observations.ts';

/** Counters at offset 5 of a row whose other words must not be touched. */
function activityOf(calls: readonly CallFields[], pauses: readonly number[] = []): Float32Array {
  const floats = new Float32Array(5 + ACTIVITY_END + 5);
  const words = new Uint32Array(floats.buffer);
  for (const [n, call] of calls.entries()) addToActivity(floats, words, 5, callOf(call), 0, 1, pauses[n] ?? NaN);
  expect([...floats.subarray(0, 5), ...floats.subarray(5 + ACTIVITY_END)]).toEqual(Array<number>(10).fill(0));
  return floats;
}

describe('the excess over a Poisson rate', () => {
  it.each([
    [5, 1, 5 * Math.log(5) - 4],
    [1, 0.1, Math.log(10) - 0.9],
    [100, 50, 100 * Math.log(2) - 50],
  ])('of %d where %d are usual is the log-likelihood ratio', (observed, expected, nats) => {
    expect(poissonExcess(observed, expected)).toBeCloseTo(nats, 9);
    // ln of the ratio of the Poisson probabilities of what was observed: at its own rate, and at the usual one.
    const logarithm = (rate: number) => observed * Math.log(rate) - rate;
    expect(poissonExcess(observed, expected)).toBeCloseTo(logarithm(observed) - logarithm(expected), 9);
  });

  it('is 0 where no more than the usual was observed', () => {
    expect([poissonExcess(1, 1), poissonExcess(0, 0), poissonExcess(3, 10)]).toEqual([0, 0, 0]);
  });
});

describe('a burst', () => {
  it('is the most calls that share the same 10 s of the clock', () => {
    const random = new Random(1, 1);
    const times = Array.from({ length: 300 }, () => random.below(300)).toSorted((a, b) => a - b);
    const counts = Map.groupBy(times, (at) => Math.floor(at / 10));
    const most = Math.max(...Array.from(counts.values(), (calls) => calls.length));
    expect(activityOf(times.map((at) => ({ at })))[5 + BURST]).toBe(most);
  });

  it('is not interrupted by calls that come late', () => {
    const times = [8, 9, 10, 11, 8, 9, 12, 13, 7, 14];
    // The late ones at 8, 9 and 7 s are past counting; five calls fell between 10 and 20 s.
    expect(activityOf(times.map((at) => ({ at })))[5 + BURST]).toBe(5);
  });
});

test('pauses are as regular as one over their coefficient of variation, by a two-pass model', () => {
  const random = new Random(2, 1);
  const pauses = Array.from({ length: 99 }, () => 2 + random.fraction());
  const floats = activityOf(
    Array.from({ length: 100 }, () => ({})),
    [NaN, ...pauses],
  );
  const mean = pauses.reduce((a, b) => a + b) / 99;
  const deviation = Math.sqrt(pauses.reduce((sum, pause) => sum + (pause - mean) ** 2, 0) / 99);
  expect(regularity(floats, 5)).toBeCloseTo(Math.log(100 / 5) * -Math.log(deviation / mean), 4);
});

test('calls at the same time have a pause of 0 s, which counts', () => {
  const floats = activityOf(repeat(7, {}), [NaN, 0, 3, 3, 3, 3, 3]);
  // Mean 2.5, variance (2.5^2 + 5 x 0.5^2) / 6 = 1.25.
  expect(regularity(floats, 5)).toBeCloseTo(Math.log(7 / 5) * -Math.log(Math.sqrt(1.25) / 2.5), 5);
});

test('equal pauses of any length are regular, not undefined by rounding', () => {
  const random = new Random(3, 1);
  for (let n = 0; n < 500; n++) {
    const floats = activityOf(repeat(8, {}), Array<number>(8).fill(random.fraction() * 40));
    expect(regularity(floats, 5)).toBeCloseTo(Math.log(8 / 5) * Math.log(100), 3);
  }
});

test('endpoints and objects are counted apart, repeats by the endpoint with most calls', () => {
  const calls = [1, 1, 2, 3, 1].map((endpoint, object) => ({ endpoint, object }));
  const floats = activityOf(calls);
  expect(floats[5 + CALLS]).toBe(5);
  expect(floats[5 + REPEATS]).toBe(3);
  expect(distinctEndpoints(floats, 5)).toBeCloseTo(linearCount(3, 64), 5);
  expect(distinctObjects(floats, 5)).toBeCloseTo(linearCount(5, 256), 5);
});

test('sixty endpoints that came into being one after the other are about sixty', () => {
  const estimates = Array.from({ length: 50 }, (_, run) =>
    distinctEndpoints(activityOf(Array.from({ length: 60 }, (_call, n) => ({ endpoint: run * 60 + n }))), 5),
  );
  const mean = estimates.reduce((a, b) => a + b) / 50;
  // The standard error of one is 10.5 %, that of the mean of fifty 1.5 %, beside a bias of 0.5 %.
  expect(Math.abs(mean / 60 - 1)).toBeLessThan(0.06);
});

test('a size of any finite number leaves a finite sum', () => {
  const floats = activityOf([1e308, 1e300, 5, NaN, -1].map((responseBytes) => ({ responseBytes })));
  expect(floats[5 + RESPONSE_BYTES]).toBe(2 ** 51);
  expect([boundedBytes(7), boundedBytes(NaN), boundedBytes(1e18)]).toEqual([7, NaN, 2 ** 50]);
});
