import { BEHAVIORS } from '../../../processor/src/detection/behaviors.ts';
import { ENTITY_KINDS } from '../../../processor/src/features/entity-states.ts';
import { FEATURE_NAMES, rowWidth } from '../../../processor/src/features/features.ts';
import type { EntityDetector } from '../../../processor/src/model/entity-detector.ts';
import { type GoldenAnchor, goldenAttacks, recall } from '../../../processor/src/model/golden-attacks.ts';

function anchorOf(kind: GoldenAnchor['kind'], mean = 1): GoldenAnchor {
  const features = FEATURE_NAMES[kind].length;
  return { kind, means: new Float64Array(features).fill(mean), variances: new Float64Array(features).fill(0.25) };
}

const column = (name: string): number => (FEATURE_NAMES.user as readonly string[]).indexOf(name);

function rowsOf(behavior: string, anchor = anchorOf('user')): Float32Array[] {
  const { rows } = goldenAttacks(anchor).find((attack) => attack.behavior === behavior)!;
  const width = rowWidth(anchor.kind);
  return Array.from({ length: rows.length / width }, (_, index) => rows.subarray(index * width, (index + 1) * width));
}

describe('golden attacks', () => {
  it.each(ENTITY_KINDS)('are made for every behaviour that a %s can show, but for launches', (kind) => {
    const shown = Object.entries(BEHAVIORS).flatMap(([name, { signals }]) => (kind in signals ? [name] : []));
    const expected = kind === 'endpoint' ? shown.filter((name) => name !== 'rate_burst') : shown;
    expect(goldenAttacks(anchorOf(kind)).map(({ behavior }) => behavior)).toEqual(expected);
  });

  it('are the same whenever they are made, and follow nothing but their anchor', () => {
    expect(goldenAttacks(anchorOf('user'))).toEqual(goldenAttacks(anchorOf('user')));
    expect(goldenAttacks(anchorOf('user', 2))).not.toEqual(goldenAttacks(anchorOf('user')));
  });

  it('raise the signals of their behaviour by 8 to 12 standard deviations and leave the others as they are', () => {
    for (const row of rowsOf('rate_burst')) {
      expect(row[column('burst')]).toBeGreaterThanOrEqual(1 + 8 * 0.5);
      expect(row[column('burst')]).toBeLessThanOrEqual(1 + 12 * 0.5);
      expect(row[column('largest_response')]).toBeLessThan(1 + 5 * 0.25);
    }
  });

  it('are at least eight times what the behaviour takes at least', () => {
    const anchor = anchorOf('user', 0);
    anchor.variances.fill(0);
    // Five failed logins are the minimum.
    for (const row of rowsOf('credential_stuffing', anchor)) {
      expect(Math.expm1(row[column('failed_logins')]!)).toBeGreaterThanOrEqual(40 - 1e-3);
    }
  });

  it('are of calls that can be: failed logins are denied, refused and calls', () => {
    for (const row of rowsOf('credential_stuffing')) {
      const [logins, ...implied] = ['failed_logins', 'denied', 'client_errors', 'calls', 'calls_hour'].map(column);
      for (const other of implied) expect(row[other]).toBeGreaterThanOrEqual(row[logins!]!);
    }
  });

  it('are of entities of every maturity', () => {
    const windows = rowsOf('scraping').map((row) => row[3 * FEATURE_NAMES.user.length]);
    expect(new Set(windows)).toEqual(new Set([0, 5, 20, 60]));
  });
});

test('recall is the share of the rows that are rare enough', () => {
  const width = rowWidth('user');
  const rows = new Float32Array(4 * width);
  [1, 5, 9, 20].forEach((rarity, index) => rows.set([rarity], index * width));
  const detector = {
    rarityOf: (row: Float32Array) => row[0]!,
    parts: { kind: 'user' },
  } as unknown as EntityDetector;
  expect(recall(detector, { behavior: 'scraping', rows }, 9)).toBe(0.5);
});
