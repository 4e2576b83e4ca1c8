import { array, assert, constantFrom, double, property } from 'fast-check';
import {
  BEHAVIOR_NAMES,
  BEHAVIORS,
  type Behavior,
  type BehaviorDefinition,
} from '../../../processor/src/detection/behaviors.ts';
import { BehaviorNaming, type Finding } from '../../../processor/src/detection/naming.ts';
import {
  type EntityKind,
  type FeatureDefinition,
  FEATURE_NAMES,
  FEATURES,
} from '../../../processor/src/features/features.ts';

const KINDS: readonly EntityKind[] = ['user', 'address', 'endpoint'];
const definitions = BEHAVIORS as Record<Behavior, BehaviorDefinition>;

const columnsOf = (kind: EntityKind) =>
  Object.entries<FeatureDefinition>(FEATURES[kind]).map(([name, { scale }]) => ({ name, scale }));

const columnOf = (kind: EntityKind, name: string): number => (FEATURE_NAMES[kind] as string[]).indexOf(name);

function namingOf(kind: EntityKind, disabled: readonly string[] = []): BehaviorNaming {
  return new BehaviorNaming(kind, columnsOf(kind), new Set(disabled));
}

const namingOfOnly = (kind: EntityKind, behavior: Behavior): BehaviorNaming =>
  namingOf(
    kind,
    BEHAVIOR_NAMES.filter((name) => name !== behavior),
  );

/** A row with these quantities, each in its own unit; all others are 0. */
function rowOf(kind: EntityKind, quantities: Readonly<Record<string, number>>): Float64Array {
  return Float64Array.from(columnsOf(kind), ({ name, scale }) => {
    const quantity = quantities[name] ?? 0;
    return scale === 'log1p' ? Math.log1p(quantity) : quantity;
  });
}

function evidenceOf(kind: EntityKind, nats: Readonly<Record<string, number>>): Float64Array {
  return Float64Array.from(FEATURE_NAMES[kind], (name) => nats[name] ?? 0);
}

function find(
  kind: EntityKind,
  quantities: Readonly<Record<string, number>>,
  nats: Readonly<Record<string, number>>,
): Finding {
  return namingOf(kind).name(rowOf(kind, quantities), evidenceOf(kind, nats));
}

/** The quantities of an alternative that a kind has. */
const quantitiesOf = (kind: EntityKind, alternative: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(alternative).filter(([feature]) => columnOf(kind, feature) >= 0));

/** Every behavior, kind with signals for it and alternative of its minimum that the kind can reach. */
const alternatives = BEHAVIOR_NAMES.flatMap((behavior) =>
  KINDS.filter((kind) => definitions[behavior].signals[kind] !== undefined).flatMap((kind) =>
    definitions[behavior].minimum
      .map((alternative) => quantitiesOf(kind, alternative))
      .filter((quantities) => Object.keys(quantities).length > 0)
      .map((quantities) => [behavior, kind, quantities] as const),
  ),
);

describe('the minimum effect', () => {
  it.each(alternatives)('of %s on a %s is reached at %j', (behavior, kind, quantities) => {
    const naming = namingOfOnly(kind, behavior);
    const evidence = new Float64Array(FEATURE_NAMES[kind].length).fill(20);
    expect(naming.name(rowOf(kind, quantities), evidence)).toMatchObject({ behavior, isMaterial: true });
  });

  it.each(alternatives)('of %s on a %s needs all of %j', (behavior, kind, quantities) => {
    const naming = namingOfOnly(kind, behavior);
    const evidence = new Float64Array(FEATURE_NAMES[kind].length).fill(20);
    for (const [feature, least] of Object.entries(quantities)) {
      const row = rowOf(kind, { ...quantities, [feature]: least * 0.99 });
      expect(naming.name(row, evidence)).toMatchObject({ behavior: 'other', isMaterial: false });
    }
  });

  it('is not reached by evidence alone, however strong', () => {
    expect(find('user', {}, { failed_logins: 24, objects: 24 })).toMatchObject({
      behavior: 'other',
      isMaterial: false,
    });
  });
});

describe('the name', () => {
  const busy = { failed_logins: 1000, objects: 1000, object_runs: 1000 };

  it('is that of the behavior whose signals carry the most evidence', () => {
    expect(find('user', busy, { failed_logins: 20, objects: 8 }).behavior).toBe('credential_stuffing');
    expect(find('user', busy, { failed_logins: 8, objects: 20 }).behavior).toBe('scraping');
  });

  it('counts half of the second signal: two that agree weigh more than a somewhat stronger one alone', () => {
    const { scraping, credential_stuffing: stuffing } = BEHAVIORS;
    const { objects, new_objects: newObjects } = scraping.signals.user;
    // 10 + 10 / 2 against 12.
    const nats = { objects: 10 / objects, new_objects: 10 / newObjects };
    const alone = { failed_logins: 12 / stuffing.signals.user.failed_logins };
    expect(find('user', busy, { ...nats, ...alone }).behavior).toBe('scraping');
    expect(find('user', busy, { objects: nats.objects, ...alone }).behavior).toBe('credential_stuffing');
  });

  it('goes to the next behavior where the strongest does not reach its minimum', () => {
    expect(find('user', { objects: 1000 }, { failed_logins: 20, objects: 18 })).toMatchObject({
      behavior: 'scraping',
      isMaterial: true,
    });
  });

  it('does not go to a behavior that explains only a small part of what is odd', () => {
    expect(find('user', { objects: 1000 }, { failed_logins: 20, objects: 4 })).toMatchObject({
      behavior: 'other',
      isMaterial: false,
      column: columnOf('user', 'failed_logins'),
    });
  });

  it('is not given for evidence that every other window has', () => {
    expect(find('user', busy, { failed_logins: Math.LN2, objects: Math.LN2 }).behavior).toBe('other');
  });

  it('of many object ids is scraping where they open, and enumeration where they are refused', () => {
    const many = { objects: 60, object_runs: 50, denied: 55, denied_endpoints: 1 };
    const ids = { objects: 10, object_runs: 12, new_objects: 10 };
    expect(find('user', many, ids).behavior).toBe('scraping');
    expect(find('user', many, { ...ids, denied: 24, error_excess: 20 }).behavior).toBe('enumeration');
  });

  it('of unknown paths is enumeration only where object ids were tried, and probing otherwise', () => {
    const refused = { not_found: 30, denied: 10, denied_endpoints: 20 };
    const evidence = { not_found: 20, denied_endpoints: 14, denied: 12 };
    expect(find('user', { ...refused, objects: 8 }, evidence).behavior).toBe('enumeration');
    expect(find('user', { ...refused, objects: 2 }, evidence).behavior).toBe('privilege_probing');
  });

  it('of an address that asks for much that is not there is probing, which takes more than some dead links', () => {
    const evidence = { not_found: 12, client_errors: 14 };
    expect(find('address', { not_found: 15, client_errors: 15 }, evidence).behavior).toBe('privilege_probing');
    expect(find('address', { not_found: 14, client_errors: 14 }, evidence).behavior).toBe('other');
  });

  it('of many doors that refuse an address is probing, and of many objects enumeration', () => {
    const refused = { denied: 20, client_errors: 25, objects: 14 };
    const probing = { error_excess: 24, denied: 20 };
    expect(find('address', refused, probing).behavior).toBe('privilege_probing');
    expect(find('address', refused, { ...probing, objects: 18 }).behavior).toBe('enumeration');
  });

  it('of logins that a site never refuses goes by how often they were tried', () => {
    const evidence = { login_attempts: 12, calls: 4 };
    expect(find('user', { login_attempts: 10 }, evidence).behavior).toBe('credential_stuffing');
    expect(find('user', { login_attempts: 9 }, evidence).behavior).toBe('other');
  });

  it('is never that of a behavior that is switched off', () => {
    const naming = namingOf('user', ['credential_stuffing']);
    const evidence = evidenceOf('user', { failed_logins: 20, objects: 15 });
    expect(naming.name(rowOf('user', busy), evidence).behavior).toBe('scraping');
  });

  it('is that of a behavior with signals of this kind only', () => {
    const evidence = new Float64Array(FEATURE_NAMES.endpoint.length).fill(20);
    const row = new Float64Array(FEATURE_NAMES.endpoint.length).fill(1000);
    for (const behavior of BEHAVIOR_NAMES) {
      const found = namingOfOnly('endpoint', behavior).name(row, evidence).behavior;
      expect(found).toBe(definitions[behavior].signals.endpoint === undefined ? 'other' : behavior);
    }
  });

  it('of any row goes to the strongest of those that reach their minimum: strongest signal plus half the second', () => {
    const cases = constantFrom<EntityKind>(...KINDS).chain((kind) => {
      const length = FEATURE_NAMES[kind].length;
      const some = (max: number) =>
        array(double({ min: 0, max, noNaN: true }), { minLength: length, maxLength: length }).map((values) =>
          Float64Array.from(values),
        );
      return some(12).chain((row) => some(24).map((evidence) => ({ kind, row, evidence })));
    });
    assert(
      property(cases, ({ kind, row, evidence }) => {
        const { behavior, isMaterial } = namingOf(kind).name(row, evidence);
        const strength = (name: Behavior): number => {
          const signals = Object.entries(definitions[name].signals[kind] ?? {});
          const weighed = signals.map(([feature, weight]) => evidence[columnOf(kind, feature)]! * weight);
          const [first = 0, second = 0] = weighed.toSorted((a, b) => b - a);
          return first + second / 2;
        };
        const isReached = (name: Behavior): boolean =>
          definitions[name].minimum.some((alternative) => {
            const quantities = quantitiesOf(kind, alternative);
            const least = rowOf(kind, quantities);
            const columns = Object.keys(quantities).map((feature) => columnOf(kind, feature));
            return columns.length > 0 && columns.every((column) => row[column]! >= least[column]!);
          });
        expect(isMaterial).toBe(behavior !== 'other');
        if (behavior === 'other') return;
        expect(isReached(behavior)).toBe(true);
        const others = BEHAVIOR_NAMES.filter((name) => isReached(name) && strength(name) > strength(behavior));
        expect(others).toEqual([]);
      }),
    );
  });
});

describe('what is told', () => {
  it('is the strongest signal of the named behavior', () => {
    const { column } = find('user', { objects: 1000, object_runs: 1000 }, { object_runs: 20, objects: 11, calls: 15 });
    expect(column).toBe(columnOf('user', 'object_runs'));
  });

  it('is a quantity rather than nats, if it says at least half as much', () => {
    const denied = { denied: 100, denied_endpoints: 100 };
    const told = (nats: number) => find('user', denied, { error_excess: 20, denied: nats }).column;
    expect(told(11)).toBe(columnOf('user', 'denied'));
    expect(told(9)).toBe(columnOf('user', 'error_excess'));
  });

  it('is the strongest feature of all where nothing has a name', () => {
    expect(find('user', {}, { calls: 2, endpoints: 9, denied: 4 }).column).toBe(columnOf('user', 'endpoints'));
  });
});
