import type { EntityKind } from '../../../processor/src/features/features.ts';
import type { EntityDetector } from '../../../processor/src/model/entity-detector.ts';
import { checkGates, rareShare } from '../../../processor/src/model/gates.ts';
import { Model, type Provenance } from '../../../processor/src/model/model.ts';

const provenance: Provenance = {
  version: 'm-1',
  trainedAtSeconds: 0,
  rows: { user: 0, address: 0, endpoint: 0 },
  entities: { user: 0, address: 0, endpoint: 0 },
  seed: 1,
};

/** To which the first value of a row is its rarity in nats. */
const detector = {
  evaluate: (row: Float32Array) => row[0]!,
  rarity: (fused: number) => fused,
} as unknown as EntityDetector;

const modelOf = (...kinds: EntityKind[]): Model =>
  new Model(provenance, Object.fromEntries(kinds.map((kind) => [kind, detector])));

const failed = (...[candidate, active, shares]: Parameters<typeof checkGates>): string[] =>
  checkGates(candidate, active, shares)
    .filter(({ passed }) => !passed)
    .map(({ gate, detail }) => `${gate}: ${detail}`);

describe('the gate on kinds', () => {
  it('lets pass what judges some kind, where there was no model', () => {
    expect(failed(modelOf('user'), undefined, {})).toEqual([]);
  });

  it('lets pass what judges as many kinds as before, or more', () => {
    expect(failed(modelOf('user', 'address'), modelOf('user'), {})).toEqual([]);
    expect(checkGates(modelOf('user', 'address'), modelOf('user'), {})[0]!.detail).toBe('judges user, address');
  });

  it('keeps out what judges nobody', () => {
    expect(failed(modelOf(), undefined, {})).toEqual(['kinds: judges nobody']);
  });

  it('keeps out what no longer judges a kind that is judged now', () => {
    expect(failed(modelOf('user'), modelOf('user', 'address', 'endpoint'), {})).toEqual([
      'kinds: no longer judges address, endpoint',
    ]);
  });
});

describe('the gate on the alert rate', () => {
  it('lets pass what finds hardly any of its own rows rare', () => {
    expect(failed(modelOf('user'), undefined, { user: 0.0001, endpoint: 0 })).toEqual([]);
  });

  it.each<EntityKind>(['user', 'address', 'endpoint'])(
    'keeps out what finds many a %s row rare, with the share',
    (kind) => {
      const [reason] = failed(modelOf('user', 'address', 'endpoint'), undefined, { [kind]: 0.1234 });
      expect(reason).toMatch(/^alert_rate: /);
      expect(reason).toContain(`${kind} 12.34 %`);
    },
  );
});

/** Rows of two values: a rarity, and the windows. */
const sharesOf = (rarities: readonly number[]): number =>
  rareShare(detector, {
    kind: 'user',
    size: rarities.length,
    width: 2,
    rows: Float32Array.from(rarities.flatMap((rarity) => [rarity, 10])),
    entityHigh: new Uint32Array(rarities.length),
    entityLow: new Uint32Array(rarities.length),
    windowsPerDay: 1,
  });

describe('the share of rare rows', () => {
  it('counts rows rarer than one in ten thousand', () => {
    // ln 10 000 is 9.21.
    expect(sharesOf([0, 9.2, 9.22, 20])).toBe(0.5);
    expect(sharesOf([1, 2, 3])).toBe(0);
  });

  it('is estimated from some rows, evenly spread, where there are very many', () => {
    const share = sharesOf(Array.from({ length: 40_001 }, (_, index) => (index < 10_000 ? 20 : 0)));
    expect(share).toBeCloseTo(0.25, 2);
  });
});
