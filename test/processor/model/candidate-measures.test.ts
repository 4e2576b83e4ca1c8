import { rowWidth } from '../../../processor/src/features/features.ts';
import { measureCandidate } from '../../../processor/src/model/candidate-measures.ts';
import { type TrainingRows, trainDetector } from '../../../processor/src/model/detector-training.ts';
import type { EntityDetector } from '../../../processor/src/model/entity-detector.ts';
import { checkGates } from '../../../processor/src/model/gates.ts';
import { goldenAttacks } from '../../../processor/src/model/golden-attacks.ts';
import { Crowd, type OwnedRow, trainingRows } from './synthetic-rows.ts';

const SETTINGS = { seed: 1, trees: 10, sampleSize: 64 };
const WIDTH = rowWidth('user');
const features = (WIDTH - 1) / 3;

/** To which the first value of a row is its rarity, shifted. */
const detectorOf = (shift = 0): EntityDetector =>
  ({
    rarityOf: (row: Float32Array) => row[0]! + shift,
    parts: { kind: 'user', means: new Float64Array(features), variances: new Float64Array(features) },
  }) as unknown as EntityDetector;

const rowsOf = (rarities: readonly number[]): TrainingRows => {
  const row = (rarity: number): number[] => [rarity, ...Array.from({ length: WIDTH - 1 }, () => 0)];
  return {
    kind: 'user',
    size: rarities.length,
    width: WIDTH,
    rows: Float32Array.from(rarities.flatMap(row)),
    entityHigh: new Uint32Array(rarities.length),
    entityLow: Uint32Array.from(rarities, (_, index) => index % 7),
    windowsPerDay: 1,
  };
};

/** As rare as it is common: p uniform in (0, 1). */
const calibrated = Array.from({ length: 2000 }, (_, index) => -Math.log((index + 0.5) / 2000));

describe('measures of a candidate', () => {
  it('count rows, entities, what was left out, and rows rarer than one in ten thousand', () => {
    // ln 10 000 is 9.21.
    const measures = measureCandidate(detectorOf(), rowsOf([0, 9.2, 9.22, 20]), 1, 1e-4, undefined);
    expect(measures).toMatchObject({ rows: 4, entities: 4, leftOutShare: 0.2, rareShare: 0.5, against: undefined });
  });

  it('are estimated from some rows, evenly spread, where there are very many', () => {
    const rows = rowsOf(Array.from({ length: 40_001 }, (_, index) => (index < 10_000 ? 20 : 0)));
    expect(measureCandidate(detectorOf(), rows, 0, 1e-4, undefined).rareShare).toBeCloseTo(0.25, 2);
  });

  it('set both models side by side on the same rows', () => {
    const rows = rowsOf(calibrated);
    const approved = { detector: detectorOf(), rows: 2000 };
    expect(measureCandidate(detectorOf(), rows, 0, 1e-4, approved).against).toEqual({
      oddShare: 0.01,
      approvedOddShare: 0.01,
      shift: 0,
    });
    // One nat more for every row: p is at most 1 / e, and 0.1 e of the rows fall into each of the first three tenths.
    const { against } = measureCandidate(detectorOf(1), rows, 0, 1e-4, approved);
    expect(against!.oddShare).toBeCloseTo(0.01 * Math.E, 2);
    const tenths = [0, 1, 2].reduce((sum) => sum + 0.1 * (Math.E - 1) * 1, 0);
    const fourth = (1 - 0.3 * Math.E - 0.1) * Math.log((1 - 0.3 * Math.E) / 0.1);
    const empty = 6 * (0.001 - 0.1) * Math.log(0.001 / 0.1);
    expect(against!.shift).toBeCloseTo(tenths + fourth + empty, 1);
  });

  it('are not compared with a model of too few rows to tell', () => {
    const approved = { detector: detectorOf(), rows: 999 };
    expect(measureCandidate(detectorOf(), rowsOf(calibrated), 0, 1e-4, approved).against).toBeUndefined();
  });
});

const detectorFrom = (rows: readonly OwnedRow[]): EntityDetector =>
  trainDetector(trainingRows('user', rows), SETTINGS)!;

describe('a candidate of poisoned rows', () => {
  const crowd = new Crowd('user', 200, 5);
  const ordinary = crowd.rows(2000);
  const approved = { detector: detectorFrom(ordinary), rows: 2000 };

  const goldenGate = (rows: readonly OwnedRow[]): boolean => {
    const measures = measureCandidate(detectorFrom(rows), trainingRows('user', rows), 0, 1e-4, approved);
    return checkGates([measures], { judged: [], minEntities: 1 }).find(({ gate }) => gate === 'golden_attacks')!.passed;
  };

  it('passes the golden attacks while its rows are ordinary', () => {
    expect(goldenGate(new Crowd('user', 200, 6).rows(2000))).toBe(true);
  });

  it('fails them when many entities have shown it the attacks as ordinary', () => {
    const poison = goldenAttacks(approved.detector.parts).flatMap(({ rows }) =>
      Array.from({ length: rows.length / WIDTH }, (_, index) => rows.subarray(index * WIDTH, (index + 1) * WIDTH)),
    );
    const owned = poison.map((values, index) => ({ entity: 1000 + index, values }));
    expect(goldenGate([...ordinary.slice(0, 4 * owned.length), ...owned])).toBe(false);
  });
});
