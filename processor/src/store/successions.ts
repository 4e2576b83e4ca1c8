/**
 * After a change of the pseudonym key the records of whoever is met again go by the present pseudonym. What was noted is
 * written some seconds later, many at a time; what a crash loses is noted again when they are met after it.
 */
import type { Database } from './database.ts';

/** Longest that a succession waits, and how many wait at most. */
const WAIT_MS = 2000;
const MOST_WAITING = 1000;

const NAMES = 'WITH names(former, present) AS (SELECT value ->> 0, value ->> 1 FROM json_each(?))';

/** A column of text that holds a pseudonym by itself. `orReplace`: where it is a part of the key. */
const renaming = (table: string, column: string, orReplace = ''): string =>
  `${NAMES} UPDATE ${orReplace} ${table} SET ${column} = names.present FROM names WHERE ${table}.${column} = names.former`;

/** In this order: whose requests are in the incidents of others is known by the anomalies. */
const RENAMINGS = {
  incidents: [
    `${NAMES} UPDATE incidents SET requests =
      (SELECT json_group_array(json(CASE WHEN names.present IS NULL THEN request.value
          ELSE json_set(request.value, '$.user', names.present) END) ORDER BY request.key)
        FROM json_each(incidents.requests) AS request LEFT JOIN names ON names.former = request.value ->> 'user')
      WHERE id IN (SELECT incident_id FROM anomalies WHERE user IN (SELECT former FROM names))`,
    renaming('incidents', 'entity'),
  ],
  anomalies: [renaming('anomalies', 'entity'), renaming('anomalies', 'user'), renaming('anomalies', 'address')],
  kept_windows: [renaming('kept_windows', 'entity', 'OR REPLACE')],
  feedback: [renaming('feedback', 'entity')],
  exclusions: [renaming('exclusions', 'entity')],
} as const;

export class Successions {
  readonly #database: Database;
  /** Present names by former ones. */
  #waiting = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whoever was called `former` in the records is called `present`. Cheap. */
  add(former: string, present: string): void {
    this.#waiting.set(former, present);
    this.#timer ??= setTimeout(() => this.flush(), WAIT_MS).unref();
    if (this.#waiting.size >= MOST_WAITING) this.flush();
  }

  /** Hands over to the database what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    const parameters = [JSON.stringify([...this.#waiting])];
    this.#waiting = new Map();
    for (const [table, statements] of Object.entries(RENAMINGS)) {
      for (const sql of statements) this.#database.defer({ sql, parameters, table, isExpendable: false });
    }
  }
}
