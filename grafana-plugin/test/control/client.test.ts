import { allPages } from '../../src/control/all-pages';
import { ControlClient, type ControlRequest } from '../../src/control/client';
import {
  featureInWords,
  gateInWords,
  oddsInWords,
  owaspInWords,
  owaspUrl,
  behaviorInWords,
  stageInWords,
} from '../../src/control/words';

const answering = (answer: unknown) => {
  const requests: ControlRequest[] = [];
  const client = new ControlClient((request) => {
    requests.push(request);
    return Promise.resolve(answer);
  });
  return { client, requests };
};

test('ids are escaped in paths', async () => {
  const { client, requests } = answering({});
  await client.incident('../audit');
  await client.user('a/b');
  await client.deleteModel('m 1');
  expect(requests.map(({ path }) => path)).toEqual([
    'api/v1/incidents/..%2Faudit',
    'api/v1/users/a%2Fb',
    'api/v1/models/m%201',
  ]);
});

test.each(['<html>', undefined, null, 7])('an answer that is %p is said to be none of a processor', async (answer) => {
  await expect(answering(answer).client.status()).rejects.toMatchObject({ kind: 'garbled' });
});

test('a list without a list is garbled', async () => {
  await expect(answering({ rows: [] }).client.models()).rejects.toMatchObject({ kind: 'garbled' });
});

test('all pages are read, up to the limit', async () => {
  const pages = new Map([
    [undefined, { items: [1, 2, 3], next_cursor: 'b' }],
    ['b', { items: [4, 5, 6], next_cursor: 'c' }],
    ['c', { items: [7], next_cursor: null }],
  ]);
  const read = ({ cursor }: { cursor?: string }) => Promise.resolve(pages.get(cursor)!);
  expect(await allPages(100, read)).toEqual({ rows: [1, 2, 3, 4, 5, 6, 7], isCut: false });
  expect(await allPages(5, read)).toEqual({ rows: [1, 2, 3, 4, 5], isCut: true });
});

test('a cursor that leads nowhere does not go on for ever', async () => {
  const read = jest.fn(() => Promise.resolve({ items: [], next_cursor: 'again' }));
  expect(await allPages(100, read)).toEqual({ rows: [], isCut: false });
  expect(read).toHaveBeenCalledTimes(1);
});

test('names in words, and names nobody knows as they are', () => {
  expect(behaviorInWords('credential_stuffing')).toBe('Credential stuffing');
  expect(behaviorInWords('brand_new')).toBe('Brand new');
  expect(featureInWords('objects')).toBe('Distinct object ids in 5 min');
  expect(featureInWords('__proto__')).toBe('  proto  ');
  expect(gateInWords('sample')).toBe('Enough data');
  expect(gateInWords('new_gate')).toBe('New gate');
  expect(stageInWords('train')).toMatch(/forests/);
  expect(stageInWords('polish')).toBe('Polish');
  expect(owaspInWords('API1:2023')).toBe('OWASP API1:2023 Broken object level authorization');
  expect(owaspUrl('API1:2023')).toBe(
    'https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/',
  );
  expect(owaspUrl('API99:2023')).toBeUndefined();
});

// 10^(6 score), by hand.
test.each([
  [0, 'usual'],
  [0.5, '1 in 1,000'],
  [0.75, '1 in 32,000'],
  [0.94, '1 in 440,000'],
  [1, '1 in 1M+'],
  [Number.NaN, 'usual'],
])('a score of %p is %s', (score, odds) => {
  expect(oddsInWords(score)).toBe(odds);
});
