/** How records become rows of a table and rows become records: a property `timeMs` is the column `time_ms`. */

/** What a column takes and gives. */
export type SqlValue = string | number | null;
export type Row = Readonly<Record<string, SqlValue>>;

/** SQL with a question mark for each parameter, in order. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

/** `plain`: text or number as it is. `whole`: rounded, as times are. `flag`: 0 or 1. `json`: anything else. */
type Codec = 'plain' | 'whole' | 'flag' | 'json';

/** What is undefined in a record is NULL in its row. */
export class RecordTable<Record extends object> {
  readonly name: string;
  /** The columns as they stand in a SELECT. */
  readonly columns: string;
  readonly codecs: Readonly<{ [Property in keyof Record]-?: Codec }>;
  readonly #properties: readonly (readonly [property: string, column: string, codec: Codec])[];

  /** `codecs`: one for every property of the record, in the order of the columns. */
  constructor(name: string, codecs: Readonly<{ [Property in keyof Record]-?: Codec }>) {
    this.name = name;
    this.codecs = codecs;
    this.#properties = Object.entries<Codec>(codecs).map(([property, codec]) => [property, columnOf(property), codec]);
    this.columns = this.#properties.map(([, column]) => `${name}.${column}`).join(', ');
  }

  /** Adds a record. `onConflict`: SQL for what to do when there is one of the same key. */
  insertion(record: Record, onConflict = ''): Statement {
    const columns = this.#properties.map(([, column]) => column).join(', ');
    const places = this.#properties.map(() => '?').join(', ');
    const parameters = this.#properties.map(([property, , codec]) =>
      encode((record as { [key: string]: unknown })[property], codec),
    );
    return { sql: `INSERT INTO ${this.name} (${columns}) VALUES (${places}) ${onConflict}`, parameters };
  }

  /** Adds a record or replaces the one of the same `key` columns, if `condition` (SQL) holds. */
  replacement(record: Record, key: string, condition = ''): Statement {
    const keys = new Set(key.split(', '));
    const changed = this.#properties.filter(([, column]) => !keys.has(column));
    const changes = changed.map(([, column]) => `${column} = excluded.${column}`).join(', ');
    return this.insertion(record, `ON CONFLICT (${key}) DO UPDATE SET ${changes} ${condition}`);
  }

  recordOf(row: Row): Record {
    return Object.fromEntries(
      this.#properties.map(([property, column, codec]) => [property, decode(row[column] ?? null, codec)]),
    ) as Record;
  }
}

const columnOf = (property: string): string => property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function encode(value: unknown, codec: Codec): SqlValue {
  if (value === undefined) return null;
  if (codec === 'json') return JSON.stringify(value);
  if (codec === 'whole') return Math.round(value as number);
  return codec === 'flag' ? Number(value) : (value as SqlValue);
}

function decode(value: SqlValue, codec: Codec): unknown {
  if (value === null) return undefined;
  if (codec === 'json') return JSON.parse(value as string) as unknown;
  return codec === 'flag' ? value === 1 : value;
}
