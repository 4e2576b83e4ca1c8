/** What is forgotten: records beyond their age, and the oldest of the many when the database is full. */
import type { DatabaseSync } from 'node:sqlite';

export interface RetentionLimits {
  /** Age of anomalies, incidents, feedback, jobs, models out of use, and expired exclusions. */
  readonly days: number;
  /** Age of kept windows. */
  readonly windowDays: number;
  readonly auditDays: number;
  /** Bytes in use; pages that deleting set free do not count, they are used again. */
  readonly maxBytes: number;
}

const DAY_MS = 86_400_000;
/** Rows deleted in one transaction, so that nothing waits long for it. */
const CHUNK = 2000;

/** Each deletes a chunk of the oldest rows from before a time: parameters are the time and the size of the chunk. */
const OLDER_THAN = {
  kept_windows: `DELETE FROM kept_windows WHERE (start_ms, kind, entity) IN
    (SELECT start_ms, kind, entity FROM kept_windows WHERE start_ms < ? ORDER BY start_ms LIMIT ?)`,
  anomalies: `DELETE FROM anomalies WHERE id IN
    (SELECT id FROM anomalies WHERE time_ms < ? ORDER BY time_ms LIMIT ?)`,
  incidents: `DELETE FROM incidents WHERE id IN
    (SELECT id FROM incidents WHERE last_ms < ? ORDER BY start_ms LIMIT ?)`,
  jobs: `DELETE FROM jobs WHERE id IN
    (SELECT id FROM jobs WHERE updated_ms < ? AND state <> 'running' ORDER BY started_ms LIMIT ?)`,
  models: `DELETE FROM models WHERE version IN
    (SELECT version FROM models WHERE changed_ms < ? AND state IN ('retired', 'rejected') ORDER BY created_ms LIMIT ?)`,
  feedback: `DELETE FROM feedback WHERE id IN (SELECT id FROM feedback WHERE time_ms < ? ORDER BY time_ms LIMIT ?)`,
  exclusions: `DELETE FROM exclusions WHERE id IN
    (SELECT id FROM exclusions WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?)`,
  audit: `DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE time_ms < ? ORDER BY time_ms LIMIT ?)`,
} as const;

type Table = keyof typeof OLDER_THAN;

/** Deletes a chunk of what is too old, or too much. True if there may be more: call again. */
export function sweep(database: DatabaseSync, limits: RetentionLimits, nowMs: number): boolean {
  for (const table of Object.keys(OLDER_THAN) as Table[]) {
    if (deleteOldest(database, table, nowMs - daysOf(table, limits) * DAY_MS) > 0) return true;
  }
  return trim(database, limits);
}

/**
 * If the database is full, deletes a chunk of the oldest anomalies or kept windows, whichever are more, and incidents when
 * there are neither. True if there may be more to delete.
 */
export function trim(database: DatabaseSync, { maxBytes }: RetentionLimits): boolean {
  if (usedBytes(database) <= maxBytes) return false;
  return ['anomalies', 'kept_windows']
    .map((table) => ({ table: table as Table, rows: count(database, table as Table) }))
    .toSorted((one, other) => other.rows - one.rows)
    .concat({ table: 'incidents', rows: 0 })
    .some(({ table }) => deleteOldest(database, table, Number.MAX_SAFE_INTEGER) > 0);
}

/** Bytes of the pages in use. */
function usedBytes(database: DatabaseSync): number {
  const pragma = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
}

function daysOf(table: Table, { days, windowDays, auditDays }: RetentionLimits): number {
  if (table === 'kept_windows') return windowDays;
  return table === 'audit' ? auditDays : days;
}

const deleteOldest = (database: DatabaseSync, table: Table, beforeMs: number): number =>
  Number(database.prepare(OLDER_THAN[table]).run(beforeMs, CHUNK).changes);

const count = (database: DatabaseSync, table: Table): number =>
  Number(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows']);
