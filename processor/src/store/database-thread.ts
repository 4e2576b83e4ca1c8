/** Calls a `DatabaseFile` in its thread. A thread that ends is a fault of the calls under way; the next call starts another. */
import { Worker } from 'node:worker_threads';
import { DatabaseFault } from './database-fault.ts';
import type { DatabaseFile } from './database-file.ts';
import type { DatabaseAnswer, DatabaseCall, DatabaseWorkerData } from './database-worker.ts';

type Method = keyof DatabaseFile;
type Result<Name extends Method> = ReturnType<DatabaseFile[Name]>;

interface Waiting {
  resolve(value: unknown): void;
  readonly reject: (fault: DatabaseFault) => void;
}

/** Calls that wait at most; more are refused. */
const MOST_WAITING = 1000;
/** Heap of the thread, most of it for a page of rows on its way; SQLite's own memory does not count. */
const MAX_HEAP_MB = 64;
/** Of the heap for new objects: with more it would only collect its garbage later. */
const YOUNG_HEAP_MB = 6;

export class DatabaseThread {
  readonly #data: DatabaseWorkerData;
  readonly #workerUrl: URL;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;

  /** `workerUrl`: the module that the thread runs. */
  constructor(data: DatabaseWorkerData, workerUrl = new URL('./database-worker.ts', import.meta.url)) {
    this.#data = data;
    this.#workerUrl = workerUrl;
  }

  /** Whether no further call is taken. */
  get isFull(): boolean {
    return this.#waiting.size >= MOST_WAITING;
  }

  /** Rejects with a `DatabaseFault`. */
  call<Name extends Method>(method: Name, ...parameters: Parameters<DatabaseFile[Name]>): Promise<Result<Name>> {
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      const id = this.#lastId;
      this.#worker ??= this.#start();
      this.#worker.postMessage({ id, method, parameters } satisfies DatabaseCall);
      this.#waiting.set(id, { resolve, reject });
      // Without calls under way the thread does not keep the process alive.
      this.#worker.ref();
    });
  }

  /** Ends the thread, after the calls under way. Safe twice. */
  async stop(): Promise<void> {
    if (this.#worker === undefined) return;
    await this.call('close').catch(() => undefined);
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#workerUrl, {
      workerData: this.#data,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
      // Flags of the process are not meant for the thread.
      execArgv: [],
    });
    worker.on('message', ({ id, value, fault }: DatabaseAnswer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) worker.unref();
      if (fault === undefined) waiting?.resolve(value);
      else waiting?.reject(new DatabaseFault(fault.kind, fault.message));
    });
    let reason = 'the thread of the database ended';
    worker.on('error', (error) => {
      reason = `the thread of the database ended: ${String(error)}`;
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      const lost = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const call of lost) call.reject(new DatabaseFault('unusable', reason));
    });
    return worker;
  }
}
