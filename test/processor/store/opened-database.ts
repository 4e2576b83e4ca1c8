/** Databases over folders of their own, and what they told of. */
import { configSchema } from '../../../processor/src/config/schema.ts';
import { Database, type DatabaseTiming } from '../../../processor/src/store/database.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { NOW } from './sample-records.ts';

/** What the database told of. */
export interface Heard {
  readonly errors: string[];
  readonly alarms: string[];
  readonly dropped: string[];
  recoveries: number;
}

type DatabaseOptions = Partial<DatabaseTiming> & { readonly limits?: Record<string, number> };

export interface HeardDatabase {
  readonly database: Database;
  readonly heard: Heard;
}

const opened: Database[] = [];

/** Opens a database, in a folder of its own unless one is given; `closeDatabases` closes it. */
export async function openDatabase({
  directory = temporaryFolder(),
  ...options
}: DatabaseOptions & { readonly directory?: string } = {}): Promise<HeardDatabase> {
  const made = newDatabase(directory, options);
  opened.push(made.database);
  await made.database.open();
  return made;
}

/** Closes what was opened, and removes the folders. */
export async function closeDatabases(): Promise<void> {
  for (const database of opened.splice(0)) await database.close();
  removeTemporaryFolders();
}

/** A database that is not open yet. */
export function newDatabase(directory: string, options: DatabaseOptions = {}): HeardDatabase {
  const heard: Heard = { errors: [], alarms: [], dropped: [], recoveries: 0 };
  const { limits, ...timing } = options;
  const { store } = configSchema.parse({ store: { directory, ...limits } });
  const events = {
    error: (operation: string, reason: string) => void heard.errors.push(`${operation}: ${reason}`),
    alarm: (error: { code: string }) => void heard.alarms.push(error.code),
    dropped: (table: string) => void heard.dropped.push(table),
    recovered: () => void (heard.recoveries += 1),
  };
  return { database: new Database(store, events, { nowMs: () => NOW, ...timing }), heard };
}
