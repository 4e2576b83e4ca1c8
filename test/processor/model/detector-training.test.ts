import { type EntityKind, FEATURE_NAMES, rowWidth } from '../../../processor/src/features/features.ts';
import {
  type ForestSettings,
  LEAST_ROWS,
  trainDetector,
  type TrainingRows,
} from '../../../processor/src/model/detector-training.ts';
import {
  BAND_STARTS,
  definitionsOf,
  type EntityDetector,
  themeCapsOf,
  themesOf,
} from '../../../processor/src/model/entity-detector.ts';
import { Crowd, type OwnedRow, trainingRows } from './synthetic-rows.ts';

/** That of themes which may decide alone. */
const LARGEST_CAP = Math.max(...Object.values(themeCapsOf('user')));
const KINDS: readonly EntityKind[] = ['user', 'address', 'endpoint'];
const FOREST: ForestSettings = { seed: 1, trees: 20, sampleSize: 64 };
/** Entities with a history: one band, so that all rows fit the same tails. */
const MATURE = [60];

function trained(training: TrainingRows, settings = FOREST): EntityDetector {
  const detector = trainDetector(training, settings);
  if (detector === undefined) throw new Error('not trained');
  return detector;
}

const rarityOf = (detector: EntityDetector, { values }: OwnedRow): number => detector.rarityOf(values);

const fusedOf = (detector: EntityDetector, rows: readonly OwnedRow[]): number[] =>
  rows.map(({ values }) => detector.evaluate(values));

const columnOf = (kind: EntityKind, name: string): number => (FEATURE_NAMES[kind] as string[]).indexOf(name);

/** The row with these quantities instead of its own, each given on the feature's own scale. */
function changed(kind: EntityKind, row: OwnedRow, values: Readonly<Record<string, number>>): OwnedRow {
  const copy = row.values.slice();
  for (const [name, value] of Object.entries(values)) copy[columnOf(kind, name)] = value;
  return { entity: row.entity, values: copy };
}

const logarithms = (quantities: Readonly<Record<string, number>>, factor: number): Record<string, number> =>
  Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, Math.log1p(factor * quantity)]));

/** What calibration promises, within what the few rows of a tail allow. */
function expectCalibrated(rarities: readonly number[]): void {
  const shareRarerThan = (p: number): number => rarities.filter((nats) => nats > -Math.log(p)).length / rarities.length;
  expect(shareRarerThan(0.1)).toBeGreaterThan(0.06);
  expect(shareRarerThan(0.1)).toBeLessThan(0.15);
  expect(shareRarerThan(0.01)).toBeGreaterThan(0.002);
  expect(shareRarerThan(0.01)).toBeLessThan(0.03);
  expect(shareRarerThan(1e-4)).toBeLessThan(1 / 400);
}

describe.each(KINDS)('a detector of a %s', (kind) => {
  const crowd = new Crowd(kind, 100, 12, MATURE);
  const detector = trained(trainingRows(kind, crowd.rows(1500)));
  const normal = crowd.rows(1500);
  const rarities = normal.map((row) => rarityOf(detector, row));
  const highest = Math.max(...fusedOf(detector, normal));
  const definitions = definitionsOf(kind);
  const themes = themesOf(kind);

  it('finds as many normal rows rarer than p as p says', () => {
    expectCalibrated(rarities);
  });

  /** Features that the own history may excuse and that no cap holds down. */
  const uncapped = FEATURE_NAMES[kind].filter((_, column) => {
    const { theme, relative, cap } = definitions[column]!;
    return relative && cap === themeCapsOf(kind)[theme] && cap === LARGEST_CAP;
  });

  it.each(uncapped)('finds an extreme of %s more unusual than every normal row, and its theme says most', (name) => {
    const column = columnOf(kind, name);
    const extreme = changed(kind, normal[0]!, { [name]: normal[0]!.values[column]! + 10 });
    expect(detector.evaluate(extreme.values)).toBeGreaterThan(highest);
    const strongest = detector.themeEvidence.indexOf(Math.max(...detector.themeEvidence));
    expect(themes[strongest]!.theme).toBe(definitions[column]!.theme);
    expect(detector.featureEvidence.indexOf(Math.max(...detector.featureEvidence))).toBe(column);
    expect(detector.isolationScore).toBeGreaterThan(0);
    expect(detector.isolationScore).toBeLessThan(1);
  });

  it('never finds a row more usual for an extreme value', () => {
    const before = detector.evaluate(normal[0]!.values);
    for (const name of FEATURE_NAMES[kind]) {
      const extreme = changed(kind, normal[0]!, { [name]: normal[0]!.values[columnOf(kind, name)]! + 10 });
      expect(detector.evaluate(extreme.values)).toBeGreaterThan(before);
    }
  });
});

describe('a detector of entities that are known for different times', () => {
  const crowd = new Crowd('address', 100, 11);
  const detector = trained(trainingRows('address', crowd.rows(2400)));

  it('finds as many normal rows rarer than p as p says', () => {
    expect(detector.parts.bands.length).toBeGreaterThan(1);
    expectCalibrated(crowd.rows(2400).map((row) => rarityOf(detector, row)));
  });
});

describe('attacks in the training rows', () => {
  const attacks: readonly Readonly<Record<string, number>>[] = [
    { failed_logins: 60, denied: 60, client_errors: 60 },
    { objects: 3000, new_objects: 3000 },
    { response_bytes: 5e9, largest_response: 5e9 },
    { calls: 3000, burst: 200, repeats: 3000 },
  ];
  const crowd = new Crowd('user', 100, 13, MATURE);
  const normal = crowd.rows(1800);
  const fresh = crowd.rows(600);
  const attacked = (row: OwnedRow, attack: number): OwnedRow =>
    changed('user', row, logarithms(attacks[attack]!, 0.8 + 0.4 * crowd.fraction()));

  /** Trains with an attack in one of `every` rows, each by a user of its own. */
  const trainedWith = (every: number, kinds: number): EntityDetector =>
    trained(
      trainingRows(
        'user',
        normal.map((row, index) => {
          if (index % every !== 7) return row;
          return { ...attacked(row, Math.floor(index / every) % kinds), entity: 1000 + index };
        }),
      ),
    );

  it.each([
    ['one row in fifty, of four kinds', 50, 4],
    ['one row in a hundred, all of one kind', 100, 1],
  ])('do not hide such attacks: %s', (_, every, kinds) => {
    const detector = trainedWith(every, kinds);
    const highest = Math.max(...fresh.map((row) => rarityOf(detector, row)));
    for (let attack = 0; attack < kinds; attack++) {
      expect(rarityOf(detector, attacked(fresh[0]!, attack))).toBeGreaterThan(highest);
    }
  });
});

/** Trained on rows in which these features are 0, but for one in a hundred, of entities of their own, with these values. */
function trainedOn(kind: EntityKind, values: Readonly<Record<string, number>>): EntityDetector {
  const nothing = Object.fromEntries(Object.keys(values).map((name) => [name, 0]));
  const rows = new Crowd(kind, 100, 17, MATURE).rows(3000).map((row, index) => {
    if (index % 100 !== 7) return changed(kind, row, nothing);
    return { ...changed(kind, row, values), entity: 1000 + index };
  });
  return trained(trainingRows(kind, rows));
}

const evidenceOf = (detector: EntityDetector, name: string, value: number): number =>
  detector.parts.bands[0]!.values[columnOf(detector.parts.kind, name)]!.evidence(value);

describe('what happens once in a hundred windows', () => {
  it('is known to do so, though such rows are the most unusual ones there are', () => {
    const names = ['failed_logins', 'client_errors', 'denied', 'denied_endpoints', 'failed_writes', 'refused_hour'];
    const once = Math.log1p(1);
    const detector = trainedOn('user', Object.fromEntries(names.map((name) => [name, once])));
    for (const name of names) expect(evidenceOf(detector, name, once)).toBeLessThan(Math.log(100) + 1.5);
  });

  it('is not known for how far it goes: an attack as large as one in training is as rare as if there had been none', () => {
    const attack = Math.log1p(60);
    const detector = trainedOn('user', { failed_logins: attack });
    expect(evidenceOf(detector, 'failed_logins', attack)).toBeGreaterThan(Math.log(100) + 8);
  });

  it('is left out of what is usual for endpoints, which fail for all their callers at once', () => {
    const outage = { server_errors: Math.log1p(60), server_error_excess: 60, failed_users: Math.log1p(60) };
    const detector = trainedOn('endpoint', outage);
    // Nothing but zeros is left: a nat is a nat.
    expect(evidenceOf(detector, 'server_error_excess', 2.5)).toBeCloseTo(2.5, 5);
  });
});

describe('an entity with many rows', () => {
  const calls = columnOf('user', 'calls');
  const crowd = new Crowd('user', 100, 14, MATURE);
  const people = crowd.rows(1000);
  /** Windows of a thousand calls and more, a third of all rows. */
  const busy = crowd.rows(500).map((row) => changed('user', row, { calls: 7 + crowd.fraction() }));

  const evidenceOfBusy = (entityOf: (index: number) => number): number => {
    const owned = busy.map((row, index) => ({ ...row, entity: entityOf(index) }));
    // Alternating, so that both are held out and both are fitted.
    const rows = people.flatMap((row, index) => (index % 2 === 0 ? [row, owned[index / 2]!] : [row]));
    const detector = trained(trainingRows('user', rows));
    detector.evaluate(changed('user', people[0]!, { calls: 7.5 }).values);
    return detector.parts.bands[0]!.values[calls]!.evidence(7.5);
  };

  it('does not define what is normal: it counts as ten windows', () => {
    const ofOneBot = evidenceOfBusy(() => 5000);
    const ofEverybody = evidenceOfBusy((index) => 5000 + index);
    // Ten windows of 1000 are rarer than one in fifty; 500 of 1500 are nothing to speak of.
    expect(ofOneBot).toBeGreaterThan(Math.log(50));
    expect(ofEverybody).toBeLessThan(Math.log(10));
  });
});

/** The bands after training on so many rows of entities with so many earlier windows. */
const bandsOf = (sizes: Readonly<Record<number, number>>) => {
  const crowd = new Crowd('address', 100, 15, MATURE);
  const rows = Object.entries(sizes).flatMap(([windows, count]) =>
    crowd.rows(count).map(({ entity, values }) => {
      values[3 * FEATURE_NAMES.address.length] = Number(windows);
      return { entity, values };
    }),
  );
  const { bands, bandOf } = trained(trainingRows('address', rows)).parts;
  return { bandOf, count: bands.length };
};

describe('bands of maturity', () => {
  it('have tails of their own where there are rows enough', () => {
    expect(bandsOf({ 0: 500, 5: 500, 20: 500, 50: 500 })).toEqual({ bandOf: [0, 1, 2, 3], count: 4 });
  });

  it.each([
    ['in the middle joins the one before', { 0: 500, 5: 20, 20: 500, 50: 500 }, 3],
    ['at the end joins the one before', { 0: 500, 5: 500, 20: 500, 50: 20 }, 3],
    ['at the start joins the next', { 0: 20, 5: 500, 20: 500, 50: 500 }, 3],
    ['that is all there is stays alone', { 50: 300 }, 1],
    ['of a few rows each become one', { 0: 60, 5: 60, 20: 60, 50: 60 }, 1],
  ])('a small one %s', (_, sizes, count) => {
    const bands = bandsOf(sizes);
    expect(bands.count).toBe(count);
    expect(bands.bandOf).toHaveLength(BAND_STARTS.length);
    // Neighbours only, in order, none left out.
    expect([...new Set(bands.bandOf)]).toEqual(Array.from({ length: count }, (_unused, band) => band));
    expect(bands.bandOf).toEqual(bands.bandOf.toSorted((a, b) => a - b));
  });
});

describe('training', () => {
  const crowd = new Crowd('endpoint', 30, 16);
  const rows = crowd.rows(400);

  it('needs some rows: with fewer there is no detector', () => {
    expect(trainDetector(trainingRows('endpoint', rows.slice(0, LEAST_ROWS - 1)), FOREST)).toBeUndefined();
    expect(trainDetector(trainingRows('endpoint', []), FOREST)).toBeUndefined();
  });

  it('makes do with the least', () => {
    const detector = trained(trainingRows('endpoint', rows.slice(0, LEAST_ROWS)));
    for (const row of crowd.rows(100)) {
      expect(rarityOf(detector, row)).toBeGreaterThanOrEqual(0);
      expect(rarityOf(detector, row)).toBeLessThan(50);
    }
  });

  it('takes rows that are all the same, of one entity: then nothing tells them apart', () => {
    const same = Array.from({ length: 200 }, () => rows[0]!);
    const detector = trained(trainingRows('endpoint', same));
    expect(rarityOf(detector, rows[0]!)).toBe(0);
    expect(detector.evaluate(rows[1]!.values)).toBeGreaterThanOrEqual(0);
  });

  it('passes over a missing value: the feature is judged by the other rows', () => {
    const users = columnOf('endpoint', 'users');
    const extreme = changed('endpoint', rows[0]!, { users: 12 });
    const whole = trained(trainingRows('endpoint', rows));
    const holed = trained(
      trainingRows(
        'endpoint',
        rows.map((row, index) => (index % 40 === 1 ? changed('endpoint', row, { users: NaN }) : row)),
      ),
    );
    whole.evaluate(extreme.values);
    holed.evaluate(extreme.values);
    expect(holed.parts.means[users]).toBeCloseTo(whole.parts.means[users]!, 1);
    expect(Math.abs(holed.featureEvidence[users]! / whole.featureEvidence[users]! - 1)).toBeLessThan(0.2);
  });

  it('weighs the moments by entity', () => {
    // One endpoint with 340 rows at 8 counts 60 of them, 60 others at 2 count one each.
    const some = rows.map((row, index) => {
      const own = index % 20 < 17;
      return { entity: own ? 0 : 1 + index, values: changed('endpoint', row, { users: own ? 8 : 2 }).values };
    });
    const { means, variances } = trained(trainingRows('endpoint', some)).parts;
    const users = columnOf('endpoint', 'users');
    expect(means[users]).toBeCloseTo(5, 0);
    expect(variances[users]).toBeCloseTo(9, 0);
  });

  it('takes any seed the configuration allows', () => {
    const training = trainingRows('endpoint', rows.slice(0, 100));
    expect(trainDetector(training, { ...FOREST, seed: 0xffff_ffff })).toBeDefined();
    expect(trainDetector(training, { ...FOREST, seed: 0 })).toBeDefined();
  });

  it('keeps how many windows a day there are to be wrong about', () => {
    const training = { ...trainingRows('endpoint', rows), windowsPerDay: 1234 };
    expect(trained(training).parts.windowsPerDay).toBe(1234);
    expect(training.width).toBe(rowWidth('endpoint'));
  });
});

describe('a feature that comes late', () => {
  const late = 'odd_hour_calls';
  const evidenceAfter = (values: readonly number[]): number => {
    const rows = new Crowd('user', 100, 21, MATURE)
      .rows(600)
      .map((row, index) => changed('user', row, { [late]: values[index % values.length]! }));
    return evidenceOf(trained(trainingRows('user', rows)), late, 3);
  };

  it('is no evidence for a model that saw nothing but zeros of it', () => {
    expect(evidenceAfter([0])).toBe(0);
  });

  it('is evidence once it came, as any other', () => {
    expect(evidenceAfter([0, 0, 0, 0, 0.1, 0.2, 0.3])).toBeGreaterThan(3);
  });

  it('is not what a failed login is, which may never have been: that is as rare as all that was seen', () => {
    const rows = new Crowd('user', 100, 21, MATURE).rows(600).map((row) => changed('user', row, { failed_logins: 0 }));
    expect(evidenceOf(trained(trainingRows('user', rows)), 'failed_logins', 3)).toBeGreaterThan(3);
  });
});
