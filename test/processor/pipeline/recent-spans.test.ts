import * as fc from 'fast-check';
import { ApiCall } from '../../../processor/src/call/api-call.ts';
import { RecentSpans } from '../../../processor/src/pipeline/recent-spans.ts';
import { seededRandom } from '../../support/otlp-samples.ts';

interface Ids {
  traceHigh: number;
  traceLow: number;
  spanHigh: number;
  spanLow: number;
}

const callOf = (ids: Partial<Ids>): ApiCall => Object.assign(new ApiCall(), ids);

/** Calls of different spans. */
function randomCalls(count: number, seed: number): ApiCall[] {
  const random = seededRandom(seed);
  const word = (): number => Math.floor(random() * 2 ** 32);
  return Array.from({ length: count }, () =>
    callOf({ traceHigh: word(), traceLow: word(), spanHigh: word(), spanLow: word() }),
  );
}

describe('the recent spans', () => {
  test('a span is new once and repeated from then on', () => {
    const recent = new RecentSpans(1000);
    const [call] = randomCalls(1, 1);
    expect([1, 2, 3].map(() => recent.isRepeated(call!))).toEqual([false, true, true]);
  });

  test('spans that differ in their span id or in their trace id are different', () => {
    const recent = new RecentSpans(1000);
    const base = { traceHigh: 10, traceLow: 20, spanHigh: 30, spanLow: 41 };
    const others = Object.entries(base).map(([half, word]) => ({ ...base, [half]: word + 1 }));
    const repeated = [base, ...others].filter((ids) => recent.isRepeated(callOf(ids)));
    expect(repeated).toEqual([]);
  });

  test('ids that count up, as some tools make them, are different spans and are found again', () => {
    const recent = new RecentSpans(20_000);
    const counted: ApiCall[] = [];
    for (let trace = 1; trace <= 100; trace++) {
      for (let span = 1; span <= 100; span++) counted.push(callOf({ traceLow: trace, spanLow: span }));
    }
    expect(counted.filter((call) => recent.isRepeated(call))).toEqual([]);
    expect(counted.every((call) => recent.isRepeated(call))).toBe(true);
  });

  test('a span without an id is always new', () => {
    const recent = new RecentSpans(1000);
    const call = callOf({ traceHigh: 1, traceLow: 2 });
    expect([recent.isRepeated(call), recent.isRepeated(call)]).toEqual([false, false]);
  });

  test('no two of twenty thousand random spans are taken for one another', () => {
    const recent = new RecentSpans(40_000);
    const calls = randomCalls(20_000, 2);
    expect(calls.filter((call) => recent.isRepeated(call))).toEqual([]);
    expect(calls.every((call) => recent.isRepeated(call))).toBe(true);
  });

  test('the latest half of the capacity is always remembered, and no more than all of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.integer({ min: 0, max: 900 }), (capacity, before) => {
        const recent = new RecentSpans(capacity);
        const latest = Math.floor(capacity / 2);
        const calls = randomCalls(before + latest, capacity);
        for (const call of calls) recent.isRepeated(call);
        expect(calls.slice(before).every((call) => recent.isRepeated(call))).toBe(true);
        const forgotten = calls.slice(0, Math.max(0, calls.length - 2 * latest));
        // Asking remembers: only the first that was forgotten can be asked without pushing out others.
        if (forgotten.length > 0) expect(recent.isRepeated(forgotten[0]!)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('a capacity of one works', () => {
    const recent = new RecentSpans(1);
    const [first, second, third] = randomCalls(3, 3);
    expect([first, second, third, first].map((call) => recent.isRepeated(call!))).toEqual([false, false, false, false]);
  });
});
