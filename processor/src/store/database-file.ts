/**
 * The SQLite database of the data folder, opened when it is first needed and again after the disk failed it. Synchronous:
 * it lives in a thread of its own. Every method throws a `DatabaseFault`.
 */
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import { DatabaseFault, type DatabaseFaultKind, faultOf } from './database-fault.ts';
import { type Erasure, eraseRows } from './erasure.ts';
import { migrate, SCHEMA_VERSION, schemaVersionOf } from './migrations.ts';
import type { Row, Statement } from './record-table.ts';
import { type RetentionLimits, sweep, trim } from './retention.ts';

/** How long another process, such as a backup, may hold the file before a write is given up. */
const BUSY_MS = 5000;
/** The write-ahead log is cut back to this size after it was larger. */
const LOG_BYTES = 8 * 1024 * 1024;
/** Filters and orders make the number of different statements; each prepared one keeps some kilobytes. */
const PREPARED_STATEMENTS = 200;
/** Chunks deleted at most after one batch of writes. */
const MOST_TRIMS = 10;
/** Faults after which the connection is not trusted any more. */
const BREAKING: ReadonlySet<DatabaseFaultKind> = new Set(['damaged', 'newer', 'unusable']);

export class DatabaseFile {
  readonly #path: string;
  readonly #limits: RetentionLimits;
  readonly #prepared = new LRUCache<string, StatementSync>({ max: PREPARED_STATEMENTS });
  #database: DatabaseSync | undefined;
  #isClosed = false;
  #hasStarted = false;

  constructor(file: string, limits: RetentionLimits) {
    this.#path = file;
    this.#limits = limits;
  }

  /**
   * Opens the file, creating it where it is missing, checks it, and brings its schema to this version. Jobs that ran when
   * the process before died become `interrupted`.
   */
  open(): void {
    this.#isClosed = false;
    this.#hasStarted = false;
    this.#run(() => undefined);
  }

  /**
   * All statements or none. When it returns they are on the disk (`synchronous = FULL`). `isTolerant`: leaves out
   * statements that SQLite refuses for what they say; returns how many.
   */
  write(statements: readonly Statement[], isTolerant = false): number {
    return this.#run((database) => {
      const refused = transact(database, () => {
        let count = 0;
        for (const statement of statements) {
          try {
            this.#prepare(database, statement.sql).run(...statement.parameters);
          } catch (error) {
            if (!isTolerant || faultOf(error).kind !== 'refused') throw error;
            count += 1;
          }
        }
        return count;
      });
      for (let trims = 0; trims < MOST_TRIMS && trim(database, this.#limits); trims += 1);
      return refused;
    });
  }

  read({ sql, parameters }: Statement): Row[] {
    return this.#run((database) => this.#prepare(database, sql).all(...parameters) as Row[]);
  }

  /** Writes something, to see whether that is possible. */
  probe(): void {
    this.#run((database) => database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`));
  }

  /** Deletes a chunk of what need not be kept at `nowMs`; true if there may be more. */
  sweep(nowMs: number): boolean {
    return this.#run((database) => transact(database, () => sweep(database, this.#limits, nowMs)));
  }

  /** Erases a user and rewrites the file, so that no byte of the pseudonyms is left in it or its log. */
  erase(erasure: Erasure): void {
    this.#run((database) => {
      transact(database, () => eraseRows(database, erasure));
      database.exec('VACUUM');
      const { busy } = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? {};
      if (busy !== 0)
        throw new DatabaseFault('unusable', 'another process reads the database; the log keeps old pages');
    });
  }

  /** Until the next `open` every method throws. Safe twice. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  #run<T>(work: (database: DatabaseSync) => T): T {
    if (this.#isClosed) throw new DatabaseFault('unusable', 'it is closed');
    try {
      this.#database ??= this.#connect();
      return work(this.#database);
    } catch (error) {
      const fault = faultOf(error);
      if (BREAKING.has(fault.kind)) this.#drop();
      throw fault;
    }
  }

  #connect(): DatabaseSync {
    // SQLite gives the log and its index the permissions of the file.
    closeSync(openSync(this.#path, 'a', 0o600));
    const database = new DatabaseSync(this.#path, { timeout: BUSY_MS });
    try {
      database.exec(`
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA secure_delete = ON;
        PRAGMA journal_size_limit = ${LOG_BYTES};
        PRAGMA trusted_schema = OFF;`);
      keepTemporaryFilesIn(database, path.dirname(this.#path));
      if (!this.#hasStarted) checkWhole(database);
      checkVersion(database);
      migrate(database);
      if (!this.#hasStarted) interruptJobs(database);
      this.#hasStarted = true;
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #prepare(database: DatabaseSync, sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  #drop(): void {
    this.#prepared.clear();
    const database = this.#database;
    this.#database = undefined;
    try {
      database?.close();
    } catch {
      // A file that the disk does not let us close properly is recovered from its log when it is opened again.
    }
  }
}

function transact<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite itself has rolled back after some errors, such as a full disk.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function interruptJobs(database: DatabaseSync): void {
  database.exec(`UPDATE jobs SET state = 'interrupted', ended_ms = updated_ms WHERE state = 'running'`);
}

function checkWhole(database: DatabaseSync): void {
  const { quick_check: found } = database.prepare('PRAGMA quick_check(1)').get() ?? {};
  if (found !== 'ok') throw new DatabaseFault('damaged', String(found));
}

function checkVersion(database: DatabaseSync): void {
  const found = schemaVersionOf(database);
  if (found > SCHEMA_VERSION) throw new DatabaseFault('newer', String(found));
}

/** VACUUM makes a copy: not outside the data folder, where there may be less room and less protection. */
function keepTemporaryFilesIn(database: DatabaseSync, directory: string): void {
  database.exec(`PRAGMA temp_store_directory = '${directory.replaceAll("'", "''")}'`);
}
