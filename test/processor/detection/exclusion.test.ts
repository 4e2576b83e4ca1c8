import {
  covers,
  type Exclusion,
  ExclusionList,
  type ExclusionSubject,
  MOST_EXCLUSIONS,
} from '../../../processor/src/detection/exclusion.ts';

const NOON = Date.UTC(2027, 0, 31, 12);
const SCRAPER: ExclusionSubject = {
  entity: 'u_0123456789abcdef',
  service: 'shop',
  endpoint: 'GET /orders/{id}',
  behavior: 'scraping',
};

const exclusion = (part: Partial<Exclusion> = {}): Exclusion => ({
  id: 'e1',
  expiresMs: NOON,
  entity: SCRAPER.entity,
  ...part,
});

test.each([
  ['the entity', { entity: SCRAPER.entity }],
  ['the endpoint', { endpoint: 'GET /orders/{id}' }],
  ['the endpoint of that service', { endpoint: 'shop GET /orders/{id}' }],
  ['the behavior', { behavior: 'scraping' }],
  ['all three', { entity: SCRAPER.entity, endpoint: 'GET /orders/{id}', behavior: 'scraping' }],
])('a scope of %s covers it', (_, scope) => {
  expect(covers(scope, SCRAPER)).toBe(true);
});

test.each([
  ['another entity', { entity: 'u_fedcba9876543210', behavior: 'scraping' }],
  ['another endpoint', { entity: SCRAPER.entity, endpoint: 'GET /orders' }],
  ['the endpoint of another service', { endpoint: 'billing GET /orders/{id}' }],
  ['another behavior', { entity: SCRAPER.entity, behavior: 'enumeration' }],
  ['nothing, which would be everything,', {}],
])('a scope of %s does not', (_, scope) => {
  expect(covers(scope, SCRAPER)).toBe(false);
});

test('an exclusion holds until the millisecond at which it expires', () => {
  const list = new ExclusionList([exclusion()]);
  expect(list.covering(SCRAPER, NOON - 1)).toEqual(exclusion());
  expect(list.covering(SCRAPER, NOON)).toBeUndefined();
  expect([list.mayCover(NOON - 1), list.mayCover(NOON)]).toEqual([true, false]);
});

test('with no exclusion in force nobody needs to be named', () => {
  expect(new ExclusionList().mayCover(0)).toBe(false);
});

test('an exclusion may be ended at once, or be replaced under its id', () => {
  const list = new ExclusionList([exclusion(), exclusion({ id: 'e2', expiresMs: NOON + 1 })]);
  list.add(exclusion({ expiresMs: NOON + 5 }));
  expect([list.size, list.covering(SCRAPER, NOON + 4)?.id]).toEqual([2, 'e1']);
  expect([list.remove('e1'), list.remove('e1')]).toEqual([true, false]);
  expect([list.mayCover(NOON), list.mayCover(NOON + 1)]).toEqual([true, false]);
});

test('what has expired is forgotten when asked', () => {
  const list = new ExclusionList([exclusion(), exclusion({ id: 'e2', expiresMs: NOON + 1 })]);
  expect(list.removeExpired(NOON)).toBe(1);
  expect([...list].map(({ id }) => id)).toEqual(['e2']);
});

test('an exclusion without scope or without end is refused', () => {
  const list = new ExclusionList();
  expect(() => list.add(exclusion({ entity: undefined }))).toThrow('names no entity, endpoint or behavior; name one.');
  expect(() => list.add(exclusion({ expiresMs: Infinity }))).toThrow('ends at Infinity; give a time.');
  expect(list.size).toBe(0);
});

test('there are a thousand at most, and 200 more where they are those of the file', () => {
  const list = new ExclusionList(Array.from({ length: MOST_EXCLUSIONS }, (_, index) => exclusion({ id: `e${index}` })));
  expect(list.hasRoom).toBe(false);
  for (let index = 1; index <= 200; index++) list.add(exclusion({ id: `file-${index}` }));
  expect(() => list.add(exclusion({ id: 'more' }))).toThrow('There are 1200 exclusions already; remove one.');
  expect(() => list.add(exclusion({ id: 'e7', behavior: 'scraping' }))).not.toThrow();
});

test('an entity that goes by another name stays excluded, also when the exclusion is added again by the former one', () => {
  const list = new ExclusionList([exclusion(), exclusion({ id: 'e2', entity: undefined, behavior: 'latency' })]);
  const renamed = { ...SCRAPER, entity: 'u_fedcba9876543210' };
  list.rename(SCRAPER.entity, renamed.entity);
  expect(list.covering(renamed, NOON - 1)?.id).toBe('e1');
  expect(list.covering(SCRAPER, NOON - 1)).toBeUndefined();
  list.remove('e1');
  list.add(exclusion({ id: 'e3' }));
  expect(list.covering(renamed, NOON - 1)?.id).toBe('e3');
});
