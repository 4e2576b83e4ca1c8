/**
 * Runs training in a worker thread of its own: one run at a time, given up on demand, and whatever becomes of the
 * thread (an error, no more memory, an early end) is an outcome here and nothing more. A thread is started for each run
 * and ends with it: runs are rare, and all memory of a run goes with its thread.
 */
import { Worker } from 'node:worker_threads';
import { type ErrorCode, ServiceError } from '../errors.ts';
import { feed } from './worker-feed.ts';

/** How a run ended. */
export type TrainingOutcome<Result> =
  | { readonly outcome: 'succeeded'; readonly durationSeconds: number; readonly result: Result }
  | { readonly outcome: 'failed'; readonly durationSeconds: number; readonly error: ServiceError }
  | { readonly outcome: 'cancelled'; readonly durationSeconds: number }
  /** Another run, `runningId`, was under way. */
  | { readonly outcome: 'refused'; readonly runningId: string };

export interface TrainerOptions {
  /**
   * Module the thread runs: it reads `workerData` and posts the result, before that any number of `WorkerNote`s. It may
   * ask for bytes: see `worker-feed.ts`.
   */
  readonly workerUrl?: URL;
  /** Code of the error with which a run fails that no other error explains. */
  readonly fault?: ErrorCode;
  /** Heap of the thread in MiB, buffers not counted. A run that needs more fails. */
  readonly maxHeapMb?: number;
  /** Monotonic time in milliseconds. */
  readonly nowMs?: () => number;
}

/** What a thread posts that is not its result: how far it is, in 0..1, or an error of the table, which ends it. */
export type WorkerNote =
  | { readonly progress: number }
  | { readonly refusal: { readonly code: ErrorCode; readonly details: Readonly<Record<string, string | number>> } };

export interface RunOptions {
  /** Buffers of the input that are handed over instead of copied; they are empty here afterwards. */
  readonly transfer?: readonly ArrayBuffer[];
  /** Gives the run up when it aborts. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (share: number) => void;
  /** Bytes for a thread that asks for them. */
  readonly bytes?: AsyncIterable<Uint8Array>;
}

/** Of the thread's heap for new objects: with more it would only collect its garbage later. */
const YOUNG_HEAP_MB = 6;

interface Run {
  readonly id: string;
  readonly worker: Worker;
  readonly ended: Promise<unknown>;
  isCancelled: boolean;
}

/** Several times what the largest sample takes, and little enough for a small container. */
const MAX_HEAP_MB = 512;

export class Trainer<Input, Result> {
  readonly #workerUrl: URL;
  readonly #fault: ErrorCode;
  readonly #maxHeapMb: number;
  readonly #nowMs: () => number;
  #run: Run | undefined;

  constructor(options: TrainerOptions = {}) {
    this.#workerUrl = options.workerUrl ?? new URL('./training-worker.ts', import.meta.url);
    this.#fault = options.fault ?? 'training_failed';
    this.#maxHeapMb = options.maxHeapMb ?? MAX_HEAP_MB;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** Id of the run under way. */
  get runningId(): string | undefined {
    return this.#run?.id;
  }

  /** Trains. Never rejects; resolves when the thread has ended. */
  async train(id: string, input: Input, options: RunOptions = {}): Promise<TrainingOutcome<Result>> {
    if (this.#run !== undefined) return { outcome: 'refused', runningId: this.#run.id };
    const { transfer = [], signal, onProgress = () => {}, bytes } = options;
    const startedMs = this.#nowMs();
    const duration = (): number => (this.#nowMs() - startedMs) / 1000;
    const giveUp = (): void => void this.cancel(id);
    let run: Run | undefined;
    try {
      const worker = this.#start(input, transfer);
      const ended = resultOf<Result>(worker, onProgress);
      if (bytes !== undefined) feed(worker, bytes);
      run = { id, worker, ended, isCancelled: false };
      this.#run = run;
      signal?.addEventListener('abort', giveUp);
      if (signal?.aborted === true) giveUp();
      const result = await ended;
      if (run.isCancelled) return { outcome: 'cancelled', durationSeconds: duration() };
      return { outcome: 'succeeded', durationSeconds: duration(), result };
    } catch (cause) {
      if (run?.isCancelled === true) return { outcome: 'cancelled', durationSeconds: duration() };
      const error =
        cause instanceof ServiceError ? cause : new ServiceError(this.#fault, { reason: reasonOf(cause) }, { cause });
      return { outcome: 'failed', durationSeconds: duration(), error };
    } finally {
      signal?.removeEventListener('abort', giveUp);
      this.#run = undefined;
    }
  }

  /** Gives a run up; false if it is not the one under way. */
  cancel(id: string): boolean {
    const run = this.#run;
    if (run === undefined || run.id !== id) return false;
    run.isCancelled = true;
    void run.worker.terminate();
    return true;
  }

  /** Gives up the run under way, if any, and waits for its thread to end. */
  async stop(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    this.cancel(run.id);
    await run.ended.catch(() => undefined);
  }

  #start(input: Input, transfer: readonly ArrayBuffer[]): Worker {
    return new Worker(this.#workerUrl, {
      name: 'training',
      workerData: input,
      transferList: [...transfer],
      resourceLimits: { maxOldGenerationSizeMb: this.#maxHeapMb, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
      // Flags of this process, such as --inspect or --eval, are not meant for the thread.
      execArgv: [],
    });
  }
}

/** The result of a worker, once the worker has ended. Rejects with its error, or when it ends without a result. */
function resultOf<Result>(worker: Worker, onProgress: (share: number) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    let message: { value: Result } | undefined;
    worker.on('message', (value: WorkerNote | Result) => {
      if (isNote(value, 'progress')) onProgress(value.progress);
      else if (isNote(value, 'refusal')) reject(new ServiceError(value.refusal.code, value.refusal.details));
      else if (!isNote(value, 'wanted')) message = { value };
    });
    worker.once('messageerror', reject);
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (message === undefined) reject(new Error(`the thread ended with code ${code} and without a result`));
      else resolve(message.value);
    });
  });
}

type Note = WorkerNote | { readonly wanted: true };

const isNote = <Key extends string>(value: unknown, key: Key): value is Extract<Note, Record<Key, unknown>> =>
  typeof value === 'object' && value !== null && key in value;

/** Errors come from another thread: they are described by their fields, not by their class. */
function reasonOf(cause: unknown): string {
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return [code, message].filter((part) => typeof part === 'string').join(': ') || String(cause);
}
