/** Settings made over the API: they outlive restarts and beat the configuration file. */
import { auditTable, type NewAuditEntry } from './audit.ts';
import type { Database } from './database.ts';
import { RecordTable } from './record-table.ts';

export interface Setting {
  /** Path of the option: `sensitivity.false_incidents_per_day`. */
  readonly key: string;
  readonly value: unknown;
  readonly changedMs: number;
  readonly actor: string;
}

const table = new RecordTable<Setting>('settings', { key: 'plain', value: 'json', changedMs: 'whole', actor: 'plain' });

/** Every change is on the disk, with its audit entry, when its promise resolves. */
export class Settings {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Sets all of them or none. */
  set(settings: readonly Setting[], audit: NewAuditEntry): Promise<void> {
    const changes = settings.map((setting) => table.replacement(setting, 'key'));
    return this.#database.commit(...changes, auditTable.insertion(audit));
  }

  /** Back to what the configuration file says. */
  reset(keys: readonly string[], audit: NewAuditEntry): Promise<void> {
    const removals = keys.map((key) => ({ sql: 'DELETE FROM settings WHERE key = ?', parameters: [key] }));
    return this.#database.commit(...removals, auditTable.insertion(audit));
  }

  /** All of them, by key. */
  async list(): Promise<Setting[]> {
    const rows = await this.#database.read({
      sql: `SELECT ${table.columns} FROM settings ORDER BY key`,
      parameters: [],
    });
    return rows.map((row) => table.recordOf(row));
  }
}
