/** Lists by page: SQLite narrows, sorts and cuts; a cursor holds the place after the last record of a page. */
import { ServiceError } from '../errors.ts';
import type { Database } from './database.ts';
import type { Row, SqlValue } from './record-table.ts';

export interface PageRequest<Sort extends string> {
  /** 1 to 1000; 100 if left out. */
  readonly limit?: number | undefined;
  /** `next` of the page before, in the same order. */
  readonly cursor?: string | undefined;
  readonly sort?: Sort | undefined;
  /** The latest or highest first if left out. */
  readonly order?: 'asc' | 'desc' | undefined;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Undefined on the last page. */
  readonly next: string | undefined;
}

/** A WHERE clause: empty where nothing is narrowed. */
export interface Conditions {
  readonly where: string;
  readonly parameters: readonly SqlValue[];
}

/** Conditions as SQL with one question mark each; those of undefined values are left out. */
export function conditions(values: Readonly<Record<string, SqlValue | undefined>>): Conditions {
  const used = Object.entries(values).filter((entry): entry is [string, SqlValue] => entry[1] !== undefined);
  return {
    where: used.length === 0 ? '' : ` WHERE ${used.map(([sql]) => sql).join(' AND ')}`,
    parameters: used.map(([, value]) => value),
  };
}

interface ListingOptions<Item, Sort extends string> {
  /** SELECT and FROM; must give the columns of `sorts`, and the key as `id` where it is an expression. */
  readonly select: string;
  /** Numbers to sort by; the first is the default. */
  readonly sorts: Readonly<Record<Sort, string>>;
  /** Column or expression that tells records apart which are equal in the sorted column. */
  readonly key: string;
  readonly recordOf: (row: Row) => Item;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
/** Longest cursor looked at: those we give are shorter. */
const MAX_CURSOR_LENGTH = 1024;

export class Listing<Item, Sort extends string> {
  readonly #options: ListingOptions<Item, Sort>;

  constructor(options: ListingOptions<Item, Sort>) {
    this.#options = options;
  }

  /** The record that meets the conditions, if there is one. */
  async one(database: Database, { where, parameters }: Conditions): Promise<Item | undefined> {
    const [row] = await database.read({ sql: `${this.#options.select}${where} LIMIT 1`, parameters });
    return row && this.#options.recordOf(row);
  }

  /** Rejects with `malformed_cursor` for a cursor of another order or of none. */
  async page(
    database: Database,
    { where, parameters }: Conditions,
    { limit = DEFAULT_LIMIT, cursor, sort, order = 'desc' }: PageRequest<Sort>,
  ): Promise<Page<Item>> {
    const { select, sorts, key, recordOf } = this.#options;
    const sortedBy = sort ?? (Object.keys(sorts)[0] as Sort);
    const column = sorts[sortedBy];
    const place = cursor === undefined ? undefined : placeOf(cursor, sortedBy, order);
    const after = `(${column}, ${key}) ${order === 'asc' ? '>' : '<'} (?, ?)`;
    const within = place === undefined ? where : `${where === '' ? ' WHERE ' : `${where} AND `}${after}`;
    const size = Math.max(1, Math.min(MAX_LIMIT, Math.floor(limit)));
    const rows = await database.read({
      sql: `${select}${within} ORDER BY ${column} ${order}, ${key} ${order} LIMIT ?`,
      parameters: [...parameters, ...(place ?? []), size + 1],
    });
    const shown = rows.slice(0, size);
    const last = rows.length > size ? shown.at(-1) : undefined;
    const keyOf = (row: Row): SqlValue | undefined => row['id'] ?? row[key];
    return {
      items: shown.map(recordOf),
      next: last && cursorOf(sortedBy, order, last[column]!, keyOf(last)!),
    };
  }
}

const cursorOf = (sort: string, order: string, value: SqlValue, key: SqlValue): string =>
  Buffer.from(JSON.stringify([sort, order, value, key])).toString('base64url');

/** Sorted value and key of the record before the page. */
function placeOf(cursor: string, sort: string, order: string): [value: number, key: string | number] {
  let parts: unknown;
  try {
    parts = cursor.length <= MAX_CURSOR_LENGTH && JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    parts = undefined;
  }
  if (Array.isArray(parts) && parts.length === 4) {
    const [ofSort, ofOrder, value, key] = parts as unknown[];
    const isPlace = typeof value === 'number' && (typeof key === 'string' || typeof key === 'number');
    if (ofSort === sort && ofOrder === order && isPlace) return [value, key];
  }
  throw new ServiceError('malformed_cursor', { cursor });
}
