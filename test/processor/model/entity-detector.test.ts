import { array, assert, constantFrom, double, property } from 'fast-check';
import { Tail } from '../../../processor/src/detection/tail.ts';
import { type EntityKind, FEATURE_NAMES, rowWidth, type Theme } from '../../../processor/src/features/features.ts';
import { IsolationForest } from '../../../processor/src/forest/isolation-forest.ts';
import { Random } from '../../../processor/src/forest/random.ts';
import {
  ACCESS_WEIGHT,
  BAND_STARTS,
  type BandTails,
  definitionsOf,
  type DetectorParts,
  EntityDetector,
  themeCapsOf,
  themesOf,
} from '../../../processor/src/model/entity-detector.ts';

const KINDS: readonly EntityKind[] = ['user', 'address', 'endpoint'];

/** Evidence x at x, of an exponential distribution; times `slope`. */
const exponentialTail = (slope = 1): Tail =>
  Tail.fit(Float64Array.from({ length: 4000 }, (_, i) => -Math.log(1 - (i + 0.5) / 4000) / slope));

const nats = exponentialTail();
/** Nothing is surprising to it. */
const indifferent = Tail.fit(new Float64Array());

/** A forest for each theme of a kind, over rows of independent numbers from 0 to 1. */
function forestsOf(kind: EntityKind): IsolationForest[] {
  const features = definitionsOf(kind);
  const random = new Random(3, 0);
  return themesOf(kind).map(({ columns }) => {
    const width = columns.reduce((sum, column) => sum + (features[column]!.relative ? 2 : 1), 0);
    const rows = Float64Array.from({ length: 100 * width }, () => random.fraction());
    return IsolationForest.train(rows, width, { seed: 1, trees: 10, sampleSize: 32 });
  });
}

function bandOf(kind: EntityKind, forest: Tail = indifferent): BandTails {
  const features = FEATURE_NAMES[kind].map(() => nats);
  const themes = themesOf(kind);
  return {
    values: features,
    distances: features,
    themes: themes.map(() => nats),
    forests: themes.map(() => forest),
    fused: nats,
  };
}

/** A detector to which every value and distance x, and every sum of them, is worth x nats. */
function detectorOf(kind: EntityKind, parts: Partial<DetectorParts> = {}): EntityDetector {
  return new EntityDetector({
    kind,
    means: new Float64Array(FEATURE_NAMES[kind].length),
    // With the floor of 0.04 this makes a standard deviation of 1.
    variances: new Float64Array(FEATURE_NAMES[kind].length).fill(0.96),
    bandOf: BAND_STARTS.map(() => 0),
    bands: [bandOf(kind)],
    forests: forestsOf(kind),
    windowsPerDay: 1000,
    ...parts,
  });
}

interface OwnHistory {
  readonly windows?: number;
  readonly mean?: number;
  readonly habit?: number;
}

/** A row with these values, others 0, of an entity with so many windows whose means are all the same. */
function rowOf(kind: EntityKind, values: Readonly<Record<string, number>>, own: OwnHistory = {}): Float32Array {
  const features = FEATURE_NAMES[kind].length;
  const row = new Float32Array(rowWidth(kind));
  FEATURE_NAMES[kind].forEach((name, column) => (row[column] = values[name] ?? 0));
  row.fill(own.mean ?? 0, features, 2 * features);
  row.fill(0.96, 2 * features, 3 * features);
  row[3 * features] = own.windows ?? 0;
  row.fill(own.habit ?? 0, 3 * features + 1);
  return row;
}

const columnOf = (kind: EntityKind, name: string): number => (FEATURE_NAMES[kind] as string[]).indexOf(name);
const themeOf = (kind: EntityKind, name: Theme): number => themesOf(kind).findIndex(({ theme }) => theme === name);

describe('themes', () => {
  it.each(KINDS)('of a %s hold every feature once, each with its own kind', (kind) => {
    const themes = themesOf(kind);
    const columns = themes.flatMap((theme) => theme.columns);
    expect(columns.toSorted((a, b) => a - b)).toEqual(FEATURE_NAMES[kind].map((_, column) => column));
    for (const { theme, columns: own } of themes) {
      for (const column of own) expect(definitionsOf(kind)[column]!.theme).toBe(theme);
    }
    expect(new Set(themes.map(({ theme }) => theme)).size).toBe(themes.length);
  });
});

describe('evidence of a feature', () => {
  it('is the average of that among everybody beyond the usual and that against the own history, each capped', () => {
    const detector = detectorOf('user');
    // Against an own mean of 2 from very many windows the distance of 5 is 3; and 2 is what everybody sees every day.
    detector.evaluate(rowOf('user', { calls: 5 }, { windows: 1e7, mean: 2 }));
    expect(detector.featureEvidence[columnOf('user', 'calls')]).toBeCloseTo(
      (nats.evidence(5) - nats.evidence(2) + nats.evidence(3)) / 2,
      4,
    );
  });

  it('is only of what goes beyond a habit, where that is higher than the mean', () => {
    const detector = detectorOf('user');
    const calls = columnOf('user', 'calls');
    const evidenceOf = (value: number, habit: number): number => {
      detector.evaluate(rowOf('user', { calls: value }, { windows: 1e7, mean: 2, habit }));
      return detector.featureEvidence[calls]!;
    };
    expect(evidenceOf(5, 4)).toBeCloseTo((nats.evidence(5) - nats.evidence(4) + nats.evidence(1)) / 2, 4);
    expect(evidenceOf(5, 5)).toBeCloseTo(0, 5);
    expect(evidenceOf(5, 9)).toBeCloseTo(0, 5);
    expect(evidenceOf(5, 1)).toBe(evidenceOf(5, 0));
  });

  it('goes with the maturity of the entity that a row is of, whatever its habits', () => {
    const bands = [bandOf('user'), { ...bandOf('user'), fused: exponentialTail(3) }];
    const detector = detectorOf('user', { bands, bandOf: [0, 0, 0, 1] });
    const row = rowOf('user', { calls: 5 }, { windows: 60, habit: 1 });
    expect(detector.rarityOf(row)).toBe(detector.rarity(detector.evaluate(row), 60));
    expect(detector.rarityOf(row)).not.toBeCloseTo(detector.rarity(detector.evaluate(row), 1), 3);
  });

  it('of failed access no habit excuses', () => {
    const detector = detectorOf('user');
    detector.evaluate(rowOf('user', { denied: 3 }, { windows: 1e7, habit: 9 }));
    expect(detector.featureEvidence[columnOf('user', 'denied')]).toBeCloseTo(nats.evidence(3), 6);
  });

  it('is capped, so that no nearly binary feature decides alone', () => {
    const detector = detectorOf('user');
    detector.evaluate(new Float32Array(rowWidth('user')).fill(1e6, 0, FEATURE_NAMES.user.length));
    definitionsOf('user').forEach(({ cap, relative }, column) => {
      // A distance ends at 20 standard deviations.
      const expected = relative ? (cap + Math.min(cap, nats.evidence(20))) / 2 : cap;
      expect(detector.featureEvidence[column]).toBeCloseTo(expected, 10);
    });
  });

  it('of access is never excused by what the entity did before', () => {
    const [stranger, regular] = [0, 6].map((mean) => {
      const detector = detectorOf('user');
      detector.evaluate(rowOf('user', { failed_logins: 6, calls: 6 }, { windows: 1000, mean }));
      return detector.featureEvidence.slice();
    });
    const [login, calls] = [columnOf('user', 'failed_logins'), columnOf('user', 'calls')];
    expect(regular![login]).toBe(stranger![login]);
    expect(regular![calls]).toBeLessThan(stranger![calls]! - 2);
  });

  it('that is missing is none', () => {
    const detector = detectorOf('user');
    detector.evaluate(rowOf('user', { calls: 4, objects: Number.NaN }));
    expect(detector.featureEvidence[columnOf('user', 'objects')]).toBe(0);
    expect(detector.featureEvidence[columnOf('user', 'calls')]).toBeGreaterThan(3);
  });
});

/** The distance of so many calls, log1p, from the own baseline. */
function distanceOf(calls: number, own: OwnHistory): number {
  const out = new Float32Array(FEATURE_NAMES.user.length);
  detectorOf('user').measureDistances(rowOf('user', { calls }, own), out);
  return out[columnOf('user', 'calls')]!;
}

describe('the distance from the own baseline', () => {
  it('is taken from the population while there is no history', () => {
    expect(distanceOf(3, { windows: 0, mean: 3 })).toBeCloseTo(3, 6);
  });

  it('is taken more and more from the own history as it grows', () => {
    const distances = [0, 1, 3, 10, 100, 1e6].map((windows) => distanceOf(3, { windows, mean: 3 }));
    expect(distances).toEqual(distances.toSorted((a, b) => b - a));
    expect(distances.at(-1)).toBeCloseTo(0, 4);
  });

  it('is 0 below the baseline: less than usual is no evidence', () => {
    expect(distanceOf(2, { windows: 1e6, mean: 5 })).toBe(0);
    expect(distanceOf(-1e30, {})).toBe(0);
  });

  it('ends at 20 standard deviations, and a spread of nothing is no reason for more', () => {
    expect(distanceOf(1e30, {})).toBe(20);
    const row = rowOf('user', { calls: 1 }, { windows: 1e6 });
    row.fill(0, 2 * FEATURE_NAMES.user.length, 3 * FEATURE_NAMES.user.length);
    const out = new Float32Array(FEATURE_NAMES.user.length);
    detectorOf('user').measureDistances(row, out);
    // One more than always, on the logarithmic scale: 1 / sqrt(0.04).
    expect(out[0]).toBeCloseTo(5, 2);
  });
});

describe('evidence of a theme', () => {
  it('is that of the ordered sum of its features, and counts more for access', () => {
    const detector = detectorOf('user');
    detector.evaluate(rowOf('user', { denied: 1.6, not_found: 1 }));
    const sum = nats.evidence(1.6) + nats.evidence(1) / 2;
    expect(detector.themeEvidence[themeOf('user', 'access')]).toBeCloseTo(ACCESS_WEIGHT * nats.evidence(sum), 6);
    const sums = new Float64Array(themesOf('user').length);
    detector.themeSums(rowOf('user', { denied: 1.6, not_found: 1 }), sums);
    expect(sums[themeOf('user', 'access')]).toBeCloseTo(sum, 6);
  });

  it.each(KINDS)('of a %s never exceeds its cap', (kind) => {
    const detector = detectorOf(kind, { bands: [bandOf(kind, exponentialTail(1000))] });
    detector.evaluate(new Float32Array(rowWidth(kind)).fill(1e6, 0, 3 * FEATURE_NAMES[kind].length));
    themesOf(kind).forEach(({ theme }, index) => {
      expect(detector.themeEvidence[index]).toBeGreaterThan(0);
      expect(detector.themeEvidence[index]).toBeLessThanOrEqual(themeCapsOf(kind)[theme]);
    });
  });

  it('of a cold address is halved, except for access; it comes to count fully', () => {
    const detector = detectorOf('address');
    const { themeEvidence } = detector;
    const [rate, access] = [themeOf('address', 'rate'), themeOf('address', 'access')];
    detector.evaluate(rowOf('address', { calls: 2, denied: 2 }, { windows: 0 }));
    expect(themeEvidence[rate]).toBeCloseTo(nats.evidence(2) / 2, 2);
    expect(themeEvidence[access]).toBeCloseTo(ACCESS_WEIGHT * nats.evidence(2), 2);
    detector.evaluate(rowOf('address', { calls: 2, denied: 2 }, { windows: 1e6 }));
    expect(themeEvidence[rate]).toBeCloseTo(nats.evidence(2), 2);
    expect(themeEvidence[access]).toBeCloseTo(ACCESS_WEIGHT * nats.evidence(2), 2);
  });

  it('of a user is not discounted: known users would go unseen', () => {
    const detector = detectorOf('user');
    detector.evaluate(rowOf('user', { calls: 2 }, { windows: 0 }));
    expect(detector.themeEvidence[themeOf('user', 'rate')]).toBeCloseTo(nats.evidence(2), 2);
  });
});

describe('fused evidence', () => {
  it('is the strongest theme plus half the second', () => {
    const detector = detectorOf('user');
    const fused = detector.evaluate(rowOf('user', { calls: 1, denied: 2, objects: 0.5 }));
    expect(fused).toBeCloseTo(ACCESS_WEIGHT * nats.evidence(2) + nats.evidence(1) / 2, 2);
  });

  it('is finite and at least that of any theme, whatever the row', () => {
    const detectors = new Map(KINDS.map((kind) => [kind, detectorOf(kind)]));
    const value = constantFrom(0, 1, 20, 1e30, -1e30, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    const any = constantFrom<EntityKind>(...KINDS).chain((kind) => {
      const length = FEATURE_NAMES[kind].length;
      return array(value, { minLength: 2 * length, maxLength: 2 * length }).chain((values) =>
        double({ min: 0, max: 1000, noNaN: true }).map((windows) => {
          const row = new Float32Array(rowWidth(kind));
          row.set(values);
          row.fill(1, 2 * length, 3 * length);
          row[3 * length] = windows;
          return { kind, row };
        }),
      );
    });
    assert(
      property(any, ({ kind, row }) => {
        const detector = detectors.get(kind)!;
        const fused = detector.evaluate(row);
        expect(fused).toBeLessThan(100);
        expect(fused).toBeGreaterThanOrEqual(detector.themeEvidence.reduce((a, b) => Math.max(a, b), 0));
        const isolation = detector.isolate(row);
        expect(isolation).toBeGreaterThan(0);
        expect(isolation).toBeLessThan(1);
      }),
    );
  });
});

describe('the forest of a theme', () => {
  it('is asked where something is odd, and its score told; elsewhere it can be asked', () => {
    const detector = detectorOf('user');
    const [odd, usual] = [rowOf('user', { calls: 9 }), rowOf('user', { calls: 0.5 })];
    const scoreOf = (row: Float32Array): number => {
      const distances = new Float32Array(FEATURE_NAMES.user.length);
      detector.measureDistances(row, distances);
      const forest = detector.parts.forests[themeOf('user', 'rate')]!;
      const themeRow = new Float64Array(forest.columns);
      const length = detector.themeRow(themeOf('user', 'rate'), row, distances, themeRow, 0);
      expect(length).toBe(forest.columns);
      return forest.score(themeRow);
    };
    detector.evaluate(odd);
    expect(detector.isolationScore).toBe(scoreOf(odd));
    expect(detector.isolate(odd)).toBe(scoreOf(odd));
    detector.evaluate(usual);
    expect(detector.isolationScore).toBeNaN();
    expect(detector.isolate(usual)).toBe(scoreOf(usual));
  });

  it('gives its evidence a say: what it finds usual counts less than what it finds odd', () => {
    const [low, high] = [indifferent, exponentialTail(100)].map((forest) =>
      detectorOf('user', { bands: [bandOf('user', forest)] }).evaluate(rowOf('user', { calls: 9 })),
    );
    expect(low).toBeLessThan(nats.evidence(9));
    expect(high).toBeGreaterThan(nats.evidence(9));
  });

  it('is asked about the second theme too, as it counts half', () => {
    const row = rowOf('user', { calls: 9, denied: 8 });
    const evidence = (theme: Theme): number => {
      const forests = themesOf('user').map((own) => (own.theme === theme ? exponentialTail(100) : indifferent));
      return detectorOf('user', { bands: [{ ...bandOf('user'), forests }] }).evaluate(row);
    };
    const neither = evidence('latency');
    expect(evidence('rate')).toBeGreaterThan(neither);
    expect(evidence('access')).toBeGreaterThan(neither);
    expect(evidence('data')).toBe(neither);
  });
});

describe('bands of maturity', () => {
  const slopes = [1, 2, 3, 4];
  const detector = detectorOf('user', {
    bandOf: [0, 1, 2, 3],
    bands: slopes.map((slope) => ({ ...bandOf('user'), fused: exponentialTail(slope) })),
  });

  it.each([
    [0, 0],
    [2, 0],
    [3, 1],
    [9, 1],
    [10, 2],
    [29, 2],
    [30, 3],
    [10_000, 3],
  ])('an entity of %d earlier windows is judged in band %d', (windows, band) => {
    expect(detector.rarity(2, windows)).toBeCloseTo(exponentialTail(slopes[band]).evidence(2), 10);
  });

  it('may be shared', () => {
    const shared = detectorOf('user', { ...detector.parts, bandOf: [1, 1, 3, 3] });
    expect(shared.rarity(2, 0)).toBe(detector.rarity(2, 3));
    expect(shared.rarity(2, 10)).toBe(detector.rarity(2, 30));
  });
});

describe('what is usual for an entity', () => {
  const calls = columnOf('user', 'calls');
  const expected = (windows: number, column = calls): number => {
    const means = new Float64Array(FEATURE_NAMES.user.length).fill(2);
    return detectorOf('user', { means }).expected(rowOf('user', {}, { windows, mean: 6 }), column);
  };

  it('is what is usual for all while there is no history, then more and more its own mean', () => {
    const means = [0, 1, 3, 10, 100, 1e6].map((windows) => expected(windows));
    expect(means[0]).toBe(2);
    expect(means).toEqual(means.toSorted((a, b) => a - b));
    expect(means.at(-1)).toBeCloseTo(6, 3);
  });

  it('stays what is usual for all where the own history excuses nothing', () => {
    expect(expected(1000, columnOf('user', 'failed_logins'))).toBe(2);
  });
});
