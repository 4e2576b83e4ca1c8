/** Lists a page at a time. A cursor says where the next page begins and is good for the list it came from only. */
import { z } from 'zod';
import { ServiceError } from '../errors.ts';
import type { Page } from '../store/listing.ts';
import { instantInput } from './instant.ts';

/** What every list takes. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('Rows of a page.'),
  cursor: z
    .string()
    .regex(/^[\w-]{1,512}$/)
    .optional()
    .describe('next_cursor of the page before.'),
});

/** Half-open: from `from` up to but not at `to`. */
export const timeRange = {
  from: instantInput.optional().describe('Not before this time: RFC 3339 or unix milliseconds.'),
  to: instantInput.optional().describe('Before this time: RFC 3339 or unix milliseconds.'),
};

export const order = z.enum(['desc', 'asc']).default('desc').describe('Largest or latest first, or last.');

/** The schema of a page of rows. */
export function pageOf<Row extends z.ZodType>(row: Row) {
  return z.object({
    items: z.array(row),
    next_cursor: z.string().nullable().describe('cursor of the next page; null at the end.'),
  });
}

/** A page as it is sent. */
export function pageAnswer<Row, Sent>({ items, next }: Page<Row>, sent: (row: Row) => Sent) {
  return { items: items.map(sent), next_cursor: next ?? null };
}

/** A page of a list that is held in memory whole, in its order. Its cursors are places in it. */
export function pageOfList<Row>(rows: readonly Row[], { limit, cursor = '0' }: PageQuery): Page<Row> {
  if (!/^\d{1,9}$/.test(cursor)) throw new ServiceError('malformed_cursor', { cursor });
  const from = Number(cursor);
  const end = from + limit;
  return { items: rows.slice(from, end), next: end < rows.length ? String(end) : undefined };
}

interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}
