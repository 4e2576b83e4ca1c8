import {
  BEHAVIOR_NAMES,
  BEHAVIORS,
  type Behavior,
  type BehaviorDefinition,
  severityOf,
} from '../../../processor/src/detection/behaviors.ts';
import { type EntityKind, FEATURE_NAMES } from '../../../processor/src/features/features.ts';

const KINDS: readonly EntityKind[] = ['user', 'address', 'endpoint'];
const definitions = BEHAVIORS as Record<Behavior, BehaviorDefinition>;
const named = BEHAVIOR_NAMES.filter((name) => name !== 'other');

/** Every behavior with every kind that has signals for it. */
const pairs = named.flatMap((name) => {
  return KINDS.filter((kind) => definitions[name].signals[kind] !== undefined).map((kind) => [name, kind] as const);
});

const isFeature = (kind: EntityKind, name: string): boolean => (FEATURE_NAMES[kind] as string[]).includes(name);

test('the behaviors are those that dashboards and alert rules were built on', () => {
  expect(BEHAVIOR_NAMES.toSorted()).toEqual(
    [
      'credential_stuffing',
      'enumeration',
      'scraping',
      'token_theft',
      'privilege_probing',
      'data_exfiltration',
      'off_hours',
      'latency',
      'error_burst',
      'unusual_sequence',
      'new_client',
      'rate_burst',
      'low_and_slow',
      'other',
    ].toSorted(),
  );
});

test.each(named)('%s is looked for on some kind of entity, and has a meaning to show', (name) => {
  expect(Object.keys(definitions[name].signals).length).toBeGreaterThan(0);
  expect(definitions[name].meaning).toMatch(/^[A-Z].*\w$/);
});

test('other is what is left: nothing speaks for it', () => {
  expect(BEHAVIORS.other.signals).toEqual({});
});

test.each(pairs)('the signals of %s are features of a %s, with weights above 0', (name, kind) => {
  const signals = Object.entries(definitions[name].signals[kind] ?? {});
  expect(signals.map(([feature]) => feature).filter((feature) => !isFeature(kind, feature))).toEqual([]);
  for (const [, weight] of signals) expect(weight).toBeGreaterThan(0);
});

test.each(pairs)(
  'the minimum of %s can be reached by a %s: one alternative has quantities that it has',
  (name, kind) => {
    const { minimum } = definitions[name];
    expect(minimum.some((alternative) => Object.keys(alternative).some((feature) => isFeature(kind, feature)))).toBe(
      true,
    );
  },
);

test.each(named)('the minimum of %s asks for quantities above 0 that some kind with signals for it has', (name) => {
  const kinds = KINDS.filter((kind) => definitions[name].signals[kind] !== undefined);
  const asked = definitions[name].minimum.flatMap((alternative) => Object.entries(alternative));
  expect(asked.filter(([feature]) => !kinds.some((kind) => isFeature(kind, feature)))).toEqual([]);
  for (const [, least] of asked) expect(least).toBeGreaterThan(0);
});

test.each(named)('%s names an entry of the OWASP API Security Top 10 of 2023, or none', (name) => {
  expect(definitions[name].owasp ?? 'API1:2023').toMatch(/^API(?:[1-9]|10):2023$/);
});

test.each([
  [0, 'low'],
  [0.669, 'low'],
  [0.67, 'medium'],
  [0.799, 'medium'],
  [0.8, 'high'],
  [0.949, 'high'],
  [0.95, 'critical'],
  [1, 'critical'],
])('an incident with a highest score of %d is %s', (score, severity) => {
  expect(severityOf(score)).toBe(severity);
});
