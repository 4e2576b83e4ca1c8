import { EntityScores } from '../../../processor/src/pipeline/entity-scores.ts';

const WINDOW = 6_000_000;
/** Start of the window in Unix seconds: windows are 5 minutes. */
const START = WINDOW * 300;

describe('when an entity is evaluated', () => {
  let scores: EntityScores;
  beforeEach(() => {
    scores = new EntityScores(4);
  });

  test('at its first call, and at the first of every window', () => {
    expect(scores.isStale(1, WINDOW, 1, START, false)).toBe(true);
    scores.begin(1, WINDOW, 1, START);
    expect(scores.isStale(1, WINDOW, 1, START, false)).toBe(false);
    expect(scores.isStale(1, WINDOW + 1, 1, START + 300, false)).toBe(true);
    expect(scores.isStale(2, WINDOW, 1, START, false)).toBe(true);
  });

  test('not again while nothing was added, whatever the time', () => {
    scores.begin(1, WINDOW, 5, START);
    expect(scores.isStale(1, WINDOW, 5, START + 200, true)).toBe(false);
  });

  test('again at a call that failed a second later, at any call 15 seconds later', () => {
    scores.begin(1, WINDOW, 100, START + 10);
    expect([10.9, 11].map((second) => scores.isStale(1, WINDOW, 101, START + second, true))).toEqual([false, true]);
    expect([24.9, 25].map((second) => scores.isStale(1, WINDOW, 101, START + second, false))).toEqual([false, true]);
  });

  test('earlier than that when its calls have grown by a quarter and one: each of the first few, then in steps', () => {
    // From grown >= 1 + calls / 4: 7 calls after 5 do not reach it (2 < 2.75), 8 do (3 >= 3).
    scores.begin(1, WINDOW, 5, START);
    expect([6, 7, 8].map((calls) => scores.isStale(1, WINDOW, calls, START, false))).toEqual([false, false, true]);
    // 134 calls after 100 do not (34 < 34.5), 135 do (35 >= 34.75).
    scores.begin(1, WINDOW, 100, START);
    expect([134, 135].map((calls) => scores.isStale(1, WINDOW, calls, START, false))).toEqual([false, true]);
  });

  test.each([
    ['a clock far ahead', START + 1e9],
    ['no time', 0],
    ['a span of an earlier window', START - 400],
  ])('%s does not put off the next evaluation', (_name, seconds) => {
    scores.begin(1, WINDOW, 100, START + 10);
    scores.begin(1, WINDOW, 101, seconds);
    expect(scores.isStale(1, WINDOW, 102, START + 25, false)).toBe(true);
  });
});

describe('what a window carries into the next', () => {
  test('three fifths of what its highest rarity had above 3 nats, and nothing after an hour', () => {
    const scores = new EntityScores(1);
    expect(scores.begin(0, WINDOW, 1, START)).toBe(0);
    scores.notePeak(0, 14);
    scores.notePeak(0, 9);
    expect(scores.begin(0, WINDOW + 1, 1, START + 300)).toBeCloseTo(6.6, 5);
    expect(scores.begin(0, WINDOW + 1, 5, START + 301)).toBeCloseTo(6.6, 5);
    scores.notePeak(0, 8);
    // 0.6 (6.6 + 5)
    expect(scores.begin(0, WINDOW + 2, 1, START + 600)).toBeCloseTo(6.96, 5);
    scores.notePeak(0, 30);
    expect(scores.begin(0, WINDOW + 15, 1, START + 4500)).toBe(0);
  });

  test('a new window has had no anomaly yet', () => {
    const scores = new EntityScores(1);
    scores.begin(0, WINDOW, 1, START);
    scores.wasSuspect[0] = 1;
    scores.begin(0, WINDOW, 2, START + 2);
    expect(scores.wasSuspect[0]).toBe(1);
    scores.begin(0, WINDOW + 1, 1, START + 300);
    expect(scores.wasSuspect[0]).toBe(0);
  });
});

/** Scores of two entities that were anomalies a moment ago. */
function judged(): EntityScores {
  const scores = new EntityScores(2);
  for (const slot of [0, 1]) {
    scores.begin(slot, WINDOW, 1, START);
    scores.notePeak(slot, 20);
    scores.rarity[slot] = 20;
    scores.isAnomaly[slot] = 1;
    scores.wasSuspect[slot] = 1;
  }
  return scores;
}
/** What there is in a slot, and what it carries into the next window. */
const stateOf = (scores: EntityScores, slot: number): unknown[] => [
  scores.rarity[slot],
  scores.isAnomaly[slot],
  scores.wasSuspect[slot],
  scores.isStale(slot, WINDOW, 1, START, false),
  scores.begin(slot, WINDOW + 1, 1, START + 300),
];

describe('forgetting', () => {
  test('an entity that is gone leaves nothing to the next one in its slot', () => {
    const scores = judged();
    scores.forget(0);
    expect(stateOf(scores, 0)).toEqual([0, 0, 0, true, 0]);
    expect(stateOf(scores, 1)).toEqual([20, 1, 1, false, expect.closeTo(10.2, 5)]);
  });

  test('another model begins anew with everybody', () => {
    const scores = judged();
    scores.forgetAll();
    expect([stateOf(scores, 0), stateOf(scores, 1)]).toEqual([
      [0, 0, 0, true, 0],
      [0, 0, 0, true, 0],
    ]);
  });
});
