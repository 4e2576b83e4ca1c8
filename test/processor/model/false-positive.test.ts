import { previewExclusion, proposedExclusion } from '../../../processor/src/model/false-positive.ts';
import type { ReadIncident } from '../../../processor/src/store/incidents.ts';
import { incident } from '../store/sample-records.ts';

const NOW = Date.UTC(2027, 0, 31);

const listed = (changes: Partial<ReadIncident> = {}): ReadIncident => ({
  ...incident({ entity: 'u_1', behavior: 'scraping', behaviors: { scraping: 5 }, requests: [] }),
  verdict: undefined,
  ...changes,
});

test('what is proposed is no more than who did what, for 30 days', () => {
  expect(proposedExclusion(listed(), NOW)).toEqual({
    entity: 'u_1',
    behavior: 'scraping',
    expiresMs: NOW + 30 * 86_400_000,
  });
});

test('a preview tells what would have gone, what would have been left in part, and what was confirmed of it', async () => {
  const preview = await previewExclusion({ entity: 'u_1', behavior: 'scraping' }, [
    [listed({ id: 'i_1' }), listed({ id: 'i_2', verdict: 'confirmed' })],
    [
      listed({ id: 'i_3', behaviors: { scraping: 5, enumeration: 1 }, verdict: 'confirmed' }),
      listed({ id: 'i_4', entity: 'u_2' }),
      listed({ id: 'i_5', behavior: 'latency', behaviors: { latency: 1 } }),
    ],
  ]);
  expect(preview).toEqual({
    incidents: 5,
    removed: 2,
    narrowed: 1,
    confirmedHidden: 1,
    removedIds: ['i_1', 'i_2'],
    sentence: "Removes 2 of the last 30 days' 5 incidents, leaves a part of 1, would have hidden 1 confirmed.",
  });
});

const request = (endpoint: string) => ({ ...incident().requests[0]!, service: 'shop', endpoint });

test('an exclusion of an endpoint removes an incident only if all its requests were for that endpoint', async () => {
  const { removedIds, narrowed } = await previewExclusion({ endpoint: 'GET /export' }, [
    [
      listed({ id: 'i_1', requests: [request('GET /export'), request('GET /export')] }),
      listed({ id: 'i_2', requests: [request('GET /export'), request('GET /orders')] }),
      listed({ id: 'i_3', endpoint: 'GET /export' }),
    ],
  ]);
  expect([removedIds, narrowed]).toEqual([['i_1', 'i_3'], 1]);
});
