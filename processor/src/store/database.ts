/**
 * The database of the data folder as the rest of the service sees it. SQLite is synchronous, so it lives in a thread.
 *
 * `defer` is for what the span path finds: it never waits, never throws, and reaches the disk with the next batch, within
 * a second. `commit` is for what somebody is told has been done: it resolves when the write outlasts a loss of power.
 * A disk that is full or away costs neither spans nor the service: deferred writes wait (in bounded memory) and are tried
 * again, commits reject.
 */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config/schema.ts';
import { ServiceError } from '../errors.ts';
import { DatabaseFault } from './database-fault.ts';
import type { DatabaseFile } from './database-file.ts';
import { DatabaseThread } from './database-thread.ts';
import type { Erasure } from './erasure.ts';
import { SCHEMA_VERSION } from './migrations.ts';
import { Quarantine } from './quarantine.ts';
import type { Row, Statement } from './record-table.ts';
import { type DeferredWrite, mentions, WriteQueue } from './write-queue.ts';

export type DatabaseOperation = 'write_records' | 'read_records' | 'sweep_records' | 'erase_records' | 'quarantine';

export interface DatabaseEvents {
  /** Every failed operation, to be counted. */
  error(operation: DatabaseOperation, reason: string): void;
  /** What an operator must hear of: said once, and again only after `recovered`. */
  alarm(error: ServiceError): void;
  recovered(): void;
  /** A deferred write found no room. */
  dropped(table: string): void;
}

export interface DatabaseTiming {
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  /** Longest that a deferred write waits while all is well. */
  readonly flushMs?: number;
  /** Between attempts while the disk fails. */
  readonly retryMs?: number;
  readonly sweepMs?: number;
}

/** Damaged databases kept for a person to look at. */
const MOST_SET_ASIDE = 2;
const FILE_NAME = 'records.sqlite';
const FLUSH_MS = 1000;
const RETRY_MS = 5000;
const SWEEP_MS = 600_000;
/** Memory of the writes that wait; some thousands of anomalies. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const BATCH_BYTES = 512 * 1024;

export class Database {
  readonly #path: string;
  readonly #events: DatabaseEvents;
  readonly #timing: Required<DatabaseTiming>;
  readonly #thread: DatabaseThread;
  readonly #quarantine: Quarantine;
  readonly #queue: WriteQueue;
  /** Taken from the queue and not yet known to be written. */
  #batch: readonly DeferredWrite[] = [];
  #flushing: Promise<void> | undefined;
  #settingAside: Promise<void> | undefined;
  /** Databases set aside so far. */
  #generation = 0;
  #isFailing = false;
  #isClosed = false;
  #flushTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;

  constructor(config: Config['store'], events: DatabaseEvents, timing: DatabaseTiming) {
    const directory = path.resolve(config.directory);
    this.#path = path.join(directory, FILE_NAME);
    this.#events = events;
    this.#timing = { flushMs: FLUSH_MS, retryMs: RETRY_MS, sweepMs: SWEEP_MS, ...timing };
    this.#thread = new DatabaseThread({
      file: this.#path,
      limits: {
        days: config.retention_days,
        windowDays: config.window_retention_days,
        auditDays: config.audit_retention_days,
        maxBytes: config.max_database_bytes,
      },
    });
    this.#quarantine = new Quarantine(path.join(directory, 'quarantine'), (reason) =>
      events.error('quarantine', reason),
    );
    this.#queue = new WriteQueue(MAX_WAITING_BYTES, (table) => events.dropped(table));
  }

  /**
   * Opens the database in a data folder that is locked already. A damaged one is set aside and an empty one begun. One
   * that the disk fails is tried again later. Rejects with `database_newer` only.
   */
  async open(): Promise<void> {
    try {
      // Made by the file store before; a disk that does not even let us look for it shows in what follows.
      await this.#quarantine.open().catch(() => undefined);
      await this.#call('write_records', 'open');
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'database_newer') {
        await this.#thread.stop();
        throw error;
      }
    }
    this.#scheduleFlush();
    this.#sweepTimer = setInterval(() => void this.sweep(), this.#timing.sweepMs).unref();
    void this.sweep();
  }

  /** Writes what waits, if that can be done at once, and ends. Safe twice and without `open`. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    clearTimeout(this.#flushTimer);
    clearInterval(this.#sweepTimer);
    await this.#flushing?.catch(() => undefined);
    await this.flush().catch(() => undefined);
    this.#isClosed = true;
    clearTimeout(this.#flushTimer);
    await this.#thread.stop();
  }

  /** Writes with the next batch. */
  defer(write: DeferredWrite): void {
    this.#queue.push(write);
  }

  /**
   * Writes all statements or none; they are on the disk when this resolves. Rejects with `database_unavailable`,
   * `overloaded`, or a `DatabaseFault` when a statement is refused, such as for a key that exists.
   */
  async commit(...statements: readonly Statement[]): Promise<void> {
    await this.#call('write_records', 'write', statements);
  }

  /** Rows, without what still waits to be written. Rejects as `commit` does. */
  read(statement: Statement): Promise<Row[]> {
    return this.#call('read_records', 'read', statement);
  }

  /** Writes what waits now. Rejects with `database_unavailable`; then it waits on. */
  flush(): Promise<void> {
    this.#flushing ??= this.#writeWaiting().finally(() => (this.#flushing = undefined));
    return this.#flushing;
  }

  /**
   * Erases a user from all records, the log, free pages and databases in quarantine. Whoever keeps the user in memory must
   * forget first. Rejects with `database_unavailable` when something is left; ask again then.
   */
  async erase(erasure: Erasure): Promise<void> {
    await this.flush();
    this.#queue.purge(erasure.pseudonyms);
    this.#batch = this.#batch.filter((write) => !mentions(write, erasure.pseudonyms));
    await this.#call('erase_records', 'erase', erasure);
    await this.#quarantine.erase();
  }

  /** Deletes what need not be kept any longer. Never rejects. */
  async sweep(): Promise<void> {
    try {
      while (!this.#isClosed && (await this.#call('sweep_records', 'sweep', this.#timing.nowMs())));
    } catch {
      // Counted; the next sweep finds the same rows.
    }
  }

  async #writeWaiting(): Promise<void> {
    let left = this.#batch.length + this.#queue.size;
    if (left === 0 && this.#isFailing) await this.#call('write_records', 'probe');
    while (left > 0) {
      if (this.#batch.length === 0) this.#batch = this.#queue.take(BATCH_BYTES);
      if (this.#batch.length === 0) return;
      left -= this.#batch.length;
      const statements = this.#batch.map(({ sql, parameters }) => ({ sql, parameters }));
      const refused = await this.#call('write_records', 'write', statements, true);
      this.#batch = [];
      for (let count = 0; count < refused; count += 1) {
        this.#events.error('write_records', 'a record was refused: a value is of the wrong type or missing');
      }
    }
  }

  #scheduleFlush(): void {
    const delayMs = this.#isFailing ? this.#timing.retryMs : this.#timing.flushMs;
    this.#flushTimer = setTimeout(() => {
      // Failures were counted and said; they are tried again.
      void this.flush()
        .catch(() => undefined)
        .then(() => (this.#isClosed ? undefined : this.#scheduleFlush()));
    }, delayMs).unref();
  }

  async #call<Name extends keyof DatabaseFile>(
    operation: DatabaseOperation,
    method: Name,
    ...parameters: Parameters<DatabaseFile[Name]>
  ): Promise<ReturnType<DatabaseFile[Name]>> {
    if (this.#isClosed) throw new ServiceError('shutting_down');
    for (let attempt = 1; ; attempt += 1) {
      await this.#settingAside;
      if (this.#thread.isFull) throw new ServiceError('overloaded', { reason: 'too much waits for the database' });
      const generation = this.#generation;
      try {
        const value = await this.#thread.call(method, ...parameters);
        if (method !== 'read' && method !== 'sweep') this.#recover();
        return value;
      } catch (error) {
        const fault = error as DatabaseFault;
        if (fault.kind === 'refused') throw fault;
        this.#events.error(operation, fault.message);
        if (fault.kind !== 'damaged' || attempt > 1) throw this.#failure(operation, fault);
        if (generation === this.#generation) await (this.#settingAside ??= this.#setAside(fault));
      }
    }
  }

  /** Moves a damaged database away and begins an empty one. The log goes first: it must never meet another file. */
  async #setAside(fault: DatabaseFault): Promise<void> {
    const error = new ServiceError('database_damaged', { file: this.#path, reason: fault.message });
    try {
      await this.#thread.call('close');
      const there = new Set(await readdir(path.dirname(this.#path)));
      for (const name of [`${FILE_NAME}-wal`, FILE_NAME]) {
        if (there.has(name))
          await this.#quarantine.setAside(path.join(path.dirname(this.#path), name), error, MOST_SET_ASIDE);
      }
      await rm(`${this.#path}-shm`, { force: true });
      this.#events.alarm(error);
      await this.#thread.call('open');
    } catch (failure) {
      this.#events.error('quarantine', String(failure));
    } finally {
      this.#generation += 1;
      this.#settingAside = undefined;
    }
  }

  #failure(operation: DatabaseOperation, fault: DatabaseFault): ServiceError {
    const error =
      fault.kind === 'newer'
        ? new ServiceError('database_newer', { file: this.#path, schema: fault.message, supported: SCHEMA_VERSION })
        : new ServiceError('database_unavailable', { file: this.#path, reason: fault.message }, { cause: fault });
    // A failed read is told to whoever asked; a failed write nobody would hear of.
    if (operation !== 'read_records' && !this.#isFailing) {
      this.#isFailing = true;
      this.#events.alarm(error);
    }
    return error;
  }

  #recover(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#events.recovered();
  }
}
