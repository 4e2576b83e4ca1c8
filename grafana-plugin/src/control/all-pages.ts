/** Reads a list over its pages. */
import type { Page } from './answers';
import { LARGEST_PAGE } from './client';

export interface Rows<Row> {
  readonly rows: readonly Row[];
  /** Whether there are more than were asked for. */
  readonly isCut: boolean;
}

/** The first `limit` rows. `read` gets the size and the cursor of a page. */
export async function allPages<Row>(
  limit: number,
  read: (page: { readonly limit: number; readonly cursor?: string }) => Promise<Page<Row>>,
): Promise<Rows<Row>> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  do {
    const size = Math.min(LARGEST_PAGE, limit - rows.length);
    const page = await read({ limit: size, ...(cursor !== undefined && { cursor }) });
    rows.push(...page.items);
    const isStuck = page.items.length === 0 || page.next_cursor === cursor;
    cursor = isStuck ? undefined : (page.next_cursor ?? undefined);
  } while (cursor !== undefined && rows.length < limit);
  return { rows: rows.slice(0, limit), isCut: cursor !== undefined };
}
