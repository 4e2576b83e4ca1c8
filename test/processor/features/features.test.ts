import { ENTITY_KINDS } from '../../../processor/src/features/entity-states.ts';
import { FEATURE_NAMES, type FeatureDefinition, FEATURES, rowWidth } from '../../../processor/src/features/features.ts';

const table = ENTITY_KINDS.flatMap((kind) =>
  Object.entries<FeatureDefinition>(FEATURES[kind]).map(([name, definition]) => ({ kind, name, ...definition })),
);

const capsOf = (theme: string) => table.filter((feature) => feature.theme === theme).map(({ cap }) => cap);

test.each(ENTITY_KINDS)('the columns of a %s are its features in the order of the table', (kind) => {
  expect(FEATURE_NAMES[kind]).toEqual(Object.keys(FEATURES[kind]));
  expect(rowWidth(kind)).toBe(4 * Object.keys(FEATURES[kind]).length + 1);
});

test('a theme has at most twelve features, beyond which a forest dilutes what one of them says', () => {
  for (const kind of ENTITY_KINDS) {
    const themes = Object.groupBy(
      table.filter((feature) => feature.kind === kind),
      ({ theme }) => theme,
    );
    for (const features of Object.values(themes)) expect(features.length).toBeLessThanOrEqual(12);
  }
});

test('failures of access are never excused by earlier failures', () => {
  const access = table.filter(({ theme }) => theme === 'access');
  expect(access.length).toBeGreaterThan(10);
  expect(access.filter(({ relative }) => relative)).toEqual([]);
});

test('a new network and an odd hour give six nats at most, novelties and timing eight, clients twelve', () => {
  for (const name of ['hour_surprisal', 'network_novelty'] as const) expect(FEATURES.user[name].cap).toBe(6);
  expect(FEATURES.user.client_novelty.cap).toBe(8);
  expect(Math.max(...capsOf('timing'), ...capsOf('novelty'))).toBe(8);
  expect(Math.max(...capsOf('client'))).toBe(12);
});

test.each(table)(
  '$kind.$name says what it measures, how, and in which unit',
  ({ name, noun, formula, unit, scale }) => {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect([noun.length > 4, formula.length > 4]).toEqual([true, true]);
    if (scale === 'nats') expect(unit).toBe('nats');
    if (scale === 'log1p' || scale === 'log') expect(['1', 'By', 'ms']).toContain(unit);
  },
);

test('features of size and status name the attributes without which they are unavailable', () => {
  for (const { name, source, unit } of table) {
    if (unit === 'By' || name === 'response_excess' || name === 'response_shift') {
      expect(source.join()).toMatch(/http\.(request|response)\.body\.size/);
    }
    if (/error|denied|not_found|failed/.test(name)) expect(source).toContain('http.response.status_code');
  }
});
