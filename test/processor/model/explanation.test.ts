import { assert, double, integer, property, record } from 'fast-check';
import { ENTITY_KINDS } from '../../../processor/src/features/entity-states.ts';
import { type EntityKind, FEATURE_NAMES } from '../../../processor/src/features/features.ts';
import { contributionsOf } from '../../../processor/src/model/contributions.ts';
import { trainDetector } from '../../../processor/src/model/detector-training.ts';
import { EntityDetector, themesOf } from '../../../processor/src/model/entity-detector.ts';
import { explain } from '../../../processor/src/model/explanation.ts';
import { Crowd, trainingRows } from './synthetic-rows.ts';

const trained = Object.fromEntries(
  ENTITY_KINDS.map((kind) => {
    const crowd = new Crowd(kind, 40, 5);
    const detector = trainDetector(trainingRows(kind, crowd.rows(600)), { seed: 1, trees: 20, sampleSize: 64 })!;
    return [kind, { crowd, detector }];
  }),
) as Record<EntityKind, { crowd: Crowd; detector: EntityDetector }>;

const USER = FEATURE_NAMES.user;
const column = (name: (typeof USER)[number]): number => USER.indexOf(name);

/** The row of a user known for 60 windows, with these stored values raised by so much. */
function oddRow(raised: Partial<Record<(typeof USER)[number], number>>): Float32Array {
  const { values } = trained.user.crowd.row(3);
  for (const [name, by] of Object.entries(raised)) values[USER.indexOf(name as (typeof USER)[number])]! += by;
  return values;
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

describe('contributions', () => {
  test.each(ENTITY_KINDS)('of the features of any %s and of what was carried add up to the evidence', (kind) => {
    const { crowd, detector } = trained[kind];
    const features = FEATURE_NAMES[kind].length;
    assert(
      property(
        record({
          first: integer({ min: 0, max: features - 1 }),
          second: integer({ min: 0, max: features - 1 }),
          by: double({ min: 0, max: 8, noNaN: true }),
          carried: double({ min: 0, max: 10, noNaN: true }),
        }),
        ({ first, second, by, carried }) => {
          const { values } = crowd.row();
          values[first]! += by;
          values[second]! += by / 2;
          const nats = detector.rarityOf(values) + carried;
          const contributions = contributionsOf(detector, values, nats, carried);
          expect(sum(contributions.features) + contributions.carried).toBeCloseTo(nats, 9);
          expect(Math.min(...contributions.features, contributions.carried)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  test('are of the two strongest themes only, and the forest has its say in both', () => {
    const { detector } = trained.user;
    const row = oddRow({ calls: 5, response_bytes: 4 });
    const nats = detector.rarityOf(row);
    expect(sum(detector.forestNats)).toBeGreaterThan(0);
    const { features } = contributionsOf(detector, row, nats, 0);
    const byTheme = themesOf('user').map(
      ({ theme, columns }) => [theme, sum(columns.map((place) => features[place]!))] as const,
    );
    expect(new Set(byTheme.filter(([, share]) => share > 0).map(([theme]) => theme))).toEqual(
      new Set(['rate', 'data']),
    );
    expect(features.indexOf(Math.max(...features))).toBe(column('calls'));
  });

  test('by hand: without a forest two features share 2 : 1 what the first has twice of', () => {
    // 12 nats, 3 of which were carried: 9 are left to the row, for a fused evidence of 6.
    const featureEvidence = new Float64Array(USER.length);
    featureEvidence[column('calls')] = 4;
    featureEvidence[column('burst')] = 4;
    const themes = themesOf('user');
    const themeEvidence = Float64Array.from(themes, ({ theme }) => (theme === 'rate' ? 6 : 0));
    const told = { parts: { kind: 'user' }, featureEvidence, themeEvidence, forestNats: themeEvidence.map(() => 0) };
    const { features, carried } = contributionsOf(told as unknown as EntityDetector, new Float32Array(), 12, 3);
    expect([features[column('calls')], features[column('burst')], carried]).toEqual([6, 3, 3]);
  });

  test('where the row shows nothing, all there is was carried', () => {
    const none = new Float64Array(USER.length);
    const told = { parts: { kind: 'user' }, featureEvidence: none, themeEvidence: none, forestNats: none };
    expect(contributionsOf(told as unknown as EntityDetector, new Float32Array(), 5, 3).carried).toBe(5);
  });
});

/** What is told of a user's odd row. */
function explained(raised: Parameters<typeof oddRow>[0], { detector } = trained.user, carried = 0) {
  const row = oddRow(raised);
  const nats = detector.rarityOf(row) + carried;
  return { row, nats, features: explain(detector, row, nats, carried) };
}

describe('an explanation', () => {
  test('has the features that contribute, strongest first, with shares that add up to 1', () => {
    const { features, nats } = explained({ calls: 5, response_bytes: 3 });
    expect(features[0]).toMatchObject({ name: 'calls', unit: '1', direction: 'above' });
    expect(features.map((feature) => feature.nats)).toEqual(
      features.map((feature) => feature.nats).toSorted((one, other) => other - one),
    );
    expect(sum(features.map(({ share }) => share))).toBeCloseTo(1, 9);
    expect(sum(features.map((feature) => feature.nats))).toBeCloseTo(nats, 9);
  });

  test('leaves to earlier windows the share of what they carried', () => {
    const { features } = explained({ calls: 5 }, trained.user, 4);
    const total = sum(features.map(({ share }) => share));
    expect(total).toBeGreaterThan(0.3);
    expect(total).toBeLessThan(0.95);
  });

  test('tells quantities in their own unit: calls, not logarithms of calls', () => {
    const { features, row } = explained({ calls: 3 });
    const [calls] = features;
    expect(calls!.observed).toBeCloseTo(Math.expm1(row[column('calls')]!), 3);
    expect(calls!.expected).toBeGreaterThan(3);
    expect(calls!.expected).toBeLessThan(calls!.observed);
  });

  test("compares with the entity's own history: mean and spread, as of a normal distribution", () => {
    const { features, row } = explained({ calls: 0.3 + 5 });
    const mean = row[USER.length + column('calls')]!;
    const deviation = Math.sqrt(row[2 * USER.length + column('calls')]!);
    const own = features[0]!.own!;
    expect(own.p50).toBeCloseTo(Math.expm1(mean), 3);
    expect(own.p5).toBeCloseTo(Math.expm1(mean - 1.6449 * deviation), 3);
    expect(own.p95).toBeCloseTo(Math.expm1(mean + 1.6449 * deviation), 3);
    expect(own.percentile).toBe(100);
  });

  test('gives the own percentile of a value one deviation above the mean as 84', () => {
    const { detector } = trained.user;
    const row = oddRow({ burst: 5 });
    row[column('calls_hour')] = 0;
    row[column('repeats')] = 0;
    row[column('calls')] = row[USER.length + column('calls')]! + Math.sqrt(row[2 * USER.length + column('calls')]!);
    const nats = detector.rarityOf(row);
    const calls = explain(detector, row, nats, 0).find(({ name }) => name === 'calls');
    expect(calls!.own!.percentile).toBeCloseTo(84.13, 1);
  });

  test('compares with the rows of the training', () => {
    const { features } = explained({ calls: 5 });
    const { p5, p50, p95, percentile } = features[0]!.peers!;
    // Habits of e^2 - 1 calls, give or take.
    expect(p5).toBeLessThan(p50);
    expect(p50).toBeGreaterThan(4);
    expect(p50).toBeLessThan(10);
    expect(p95).toBeGreaterThan(p50);
    expect(percentile).toBe(100);
  });

  test('has nothing of peers where the model kept nothing of them, and nothing of a history that is too short', () => {
    const { parts } = trained.user.detector;
    const detector = new EntityDetector({ ...parts, quantiles: undefined });
    expect(explained({ calls: 5 }, { ...trained.user, detector }).features[0]).not.toHaveProperty('peers');
    const row = oddRow({ calls: 5 });
    row[3 * USER.length] = 2;
    const nats = detector.rarity(detector.evaluate(row), 2);
    const [first] = explain(detector, row, nats, 0);
    expect(first).toMatchObject({ name: 'calls' });
    expect(first).not.toHaveProperty('own');
  });
});
