/** Paging: whatever the data and the size of the pages, all pages together are the whole list, in order. */
import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import type { Database } from '../../../processor/src/store/database.ts';
import { conditions, Listing, type Page, type PageRequest } from '../../../processor/src/store/listing.ts';
import type { Row, Statement } from '../../../processor/src/store/record-table.ts';

interface Item {
  readonly id: string;
  readonly time: number;
  readonly score: number;
}

const listing = new Listing({
  select: 'SELECT id, time_ms, score FROM items',
  sorts: { time: 'time_ms', score: 'score' },
  key: 'id',
  recordOf: (row): Item => ({ id: String(row['id']), time: Number(row['time_ms']), score: Number(row['score']) }),
});

/** A real table, read in this thread. */
function databaseOf(items: readonly Item[]): Database {
  const sqlite = new DatabaseSync(':memory:');
  sqlite.exec('CREATE TABLE items (id TEXT PRIMARY KEY, time_ms INTEGER, score REAL) STRICT');
  const insert = sqlite.prepare('INSERT INTO items VALUES (?, ?, ?)');
  for (const { id, time, score } of items) insert.run(id, time, score);
  const read = ({ sql, parameters }: Statement) =>
    Promise.resolve(sqlite.prepare(sql).all(...parameters) as unknown as Row[]);
  return { read } as unknown as Database;
}

async function allPages(database: Database, request: PageRequest<'time' | 'score'>): Promise<Page<Item>[]> {
  const pages: Page<Item>[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<Item> = await listing.page(database, conditions({}), { ...request, cursor });
    pages.push(page);
    cursor = page.next;
  } while (cursor !== undefined);
  return pages;
}

/** Few different values, so that many are equal. */
const items = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', 'c', 'é', '"') }),
    time: fc.integer({ min: 0, max: 3 }),
    score: fc.constantFrom(0, 0.1, 0.3, 1e-9, 1),
  }),
  { selector: ({ id }) => id, maxLength: 40 },
);

test('all pages together are all records once, in the order asked for', async () => {
  const sorts = fc.constantFrom('time' as const, 'score' as const);
  const orders = fc.constantFrom('asc' as const, 'desc' as const);
  const property = fc.asyncProperty(
    items,
    sorts,
    orders,
    fc.integer({ min: 1, max: 9 }),
    async (all, sort, order, limit) => {
      const pages = await allPages(databaseOf(all), { sort, order, limit });
      const found = pages.flatMap((page) => page.items);
      const sign = order === 'asc' ? 1 : -1;
      // SQLite compares text by its bytes in UTF-8.
      const expected = all.toSorted(
        (a, b) => sign * (a[sort] - b[sort] || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id))),
      );
      expect(found).toEqual(expected);
      for (const page of pages.slice(0, -1)) expect(page.items).toHaveLength(limit);
    },
  );
  await fc.assert(property, { numRuns: 200 });
});

test('records added before the place of a cursor do not shift the pages after it', async () => {
  const old = Array.from({ length: 6 }, (_, index) => ({ id: `id${index}`, time: index, score: 0 }));
  const first = await listing.page(databaseOf(old), conditions({}), { limit: 3 });
  const grown = [...old, { id: 'new', time: 99, score: 0 }];
  const second = await listing.page(databaseOf(grown), conditions({}), { limit: 3, cursor: first.next });
  expect([...first.items, ...second.items].map(({ time }) => time)).toEqual([5, 4, 3, 2, 1, 0]);
  expect(second.next).toBeUndefined();
});

test.each([
  [0, 1],
  [-5, 1],
  [2.9, 2],
  [1e9, 1000],
  [undefined, 100],
])('a limit of %j gives %j records', async (limit, expected) => {
  const many = Array.from({ length: 1001 }, (_, index) => ({ id: `${index}`, time: 0, score: 0 }));
  const { items: shown } = await listing.page(databaseOf(many), conditions({}), { limit });
  expect(shown).toHaveLength(expected);
});

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

test.each([
  ['nothing', ''],
  ['no JSON', 'x'],
  ['null', encoded(null)],
  ['an object', encoded({ length: 4 })],
  ['another order', encoded(['time', 'asc', 1, 'a'])],
  ['another sort', encoded(['score', 'desc', 1, 'a'])],
  ['text for a number', encoded(['time', 'desc', '1', 'a'])],
  ['a list for a key', encoded(['time', 'desc', 1, ['a']])],
  ['no key', encoded(['time', 'desc', 1])],
  ['a megabyte', encoded(['time', 'desc', 1, 'a'.repeat(1_000_000)])],
])('a cursor of %s is refused with a remedy', async (_, cursor) => {
  const attempt = listing.page(databaseOf([]), conditions({}), { cursor });
  await expect(attempt).rejects.toMatchObject({ code: 'malformed_cursor' });
});

test('hostile values are values and never SQL', async () => {
  const hostile = "'; DROP TABLE items; --";
  const database = databaseOf([{ id: hostile, time: 1, score: 0 }]);
  const { items: found } = await listing.page(database, conditions({ 'id = ?': hostile }), {});
  expect(found).toHaveLength(1);
  await expect(listing.page(database, conditions({ 'id = ?': `${hostile} OR 1` }), {})).resolves.toMatchObject({
    items: [],
  });
});

test('no cursor of ours is refused, however odd the key', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 100 }), async (id) => {
      const database = databaseOf([
        { id, time: 1, score: 0 },
        { id: `${id}x`, time: 1, score: 0 },
      ]);
      const pages = await allPages(database, { limit: 1 });
      expect(pages.map((page) => page.items.length)).toEqual([1, 1]);
    }),
  );
});
