/**
 * Removes a user from the database: the rows about the user, and the pseudonym wherever else it stands. What was deleted
 * is overwritten (`secure_delete`), but copies may be left in the free part of pages that were split or merged: they go
 * when the file is written anew (VACUUM), and those of the log when it is cut off.
 */
import type { DatabaseSync } from 'node:sqlite';

export interface Erasure {
  /** `u_…` and `a_…`, under every key there was. */
  readonly pseudonyms: readonly string[];
  /** The raw id, where it is known: looked for in what people wrote. Never stored. */
  readonly rawIds: readonly string[];
}

/** `?1`: the pseudonyms as a JSON list. */
const DELETIONS = [
  `DELETE FROM feedback WHERE entity IN (SELECT value FROM json_each(?1))
    OR incident_id IN (SELECT id FROM incidents WHERE entity IN (SELECT value FROM json_each(?1)))`,
  'DELETE FROM exclusions WHERE entity IN (SELECT value FROM json_each(?1))',
  'DELETE FROM anomalies WHERE entity IN (SELECT value FROM json_each(?1))',
  'DELETE FROM anomalies WHERE user IN (SELECT value FROM json_each(?1))',
  'DELETE FROM incidents WHERE entity IN (SELECT value FROM json_each(?1))',
  'DELETE FROM kept_windows WHERE entity IN (SELECT value FROM json_each(?1))',
  // The requests of the user in incidents of addresses and endpoints.
  `UPDATE incidents SET requests =
    (SELECT json_group_array(json(request.value)) FROM json_each(incidents.requests) AS request
      WHERE request.value ->> 'user' IS NULL
        OR request.value ->> 'user' NOT IN (SELECT value FROM json_each(?1)))
    WHERE EXISTS (SELECT 1 FROM json_each(?1) WHERE instr(incidents.requests, value) > 0)`,
];

/** What a person or a program may have written an id into. */
const FREE_TEXT = [
  ['feedback', 'note'],
  ['exclusions', 'note'],
  ['jobs', 'request'],
  ['jobs', 'result'],
  ['jobs', 'error'],
  ['audit', 'target'],
  ['audit', 'detail'],
] as const;

const ERASED = 'erased';

/** All in one transaction. The caller then rewrites the file. */
export function eraseRows(database: DatabaseSync, { pseudonyms, rawIds }: Erasure): void {
  const list = JSON.stringify(pseudonyms);
  for (const sql of DELETIONS) database.prepare(sql).run(list);
  // Whatever is left, in any column there is: a column added later is not forgotten.
  for (const { table, columns } of textColumns(database)) {
    const changes = columns.map((column) => `${column} = replace(${column}, ?1, '${ERASED}')`).join(', ');
    const blank = database.prepare(
      `UPDATE OR REPLACE ${table} SET ${changes} WHERE instr(concat_ws(' ', ${columns.join(', ')}), ?1) > 0`,
    );
    for (const pseudonym of pseudonyms) blank.run(pseudonym);
  }
  database.function('without_id', (text, id) => withoutId(String(text), String(id)));
  for (const [table, column] of FREE_TEXT) {
    const blank = database.prepare(
      `UPDATE ${table} SET ${column} = without_id(${column}, ?1) WHERE instr(${column}, ?1) > 0`,
    );
    for (const rawId of rawIds.flatMap(writtenForms)) blank.run(rawId);
  }
}

/** As it is, and as it stands in JSON. */
const writtenForms = (id: string): string[] => [...new Set([id, JSON.stringify(id).slice(1, -1)])];

/** The id as a whole word is blanked: an id of "1" must not empty every number. */
function withoutId(text: string, id: string): string {
  const literal = id.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
  return text.replaceAll(new RegExp(String.raw`(?<![\p{L}\p{N}_])${literal}(?![\p{L}\p{N}_])`, 'gu'), ERASED);
}

/** The columns of text of every table. */
function textColumns(database: DatabaseSync): { table: string; columns: string[] }[] {
  const tables = database.prepare(
    `SELECT tables.name AS "table", json_group_array(columns.name) AS columns
      FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
      WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite%' AND columns.type = 'TEXT'
      GROUP BY tables.name`,
  );
  return tables.all().map((row) => ({
    table: String(row['table']),
    columns: JSON.parse(String(row['columns'])) as string[],
  }));
}
