/**
 * Runs training in a worker thread of its own: one run at a time, given up on demand, and whatever becomes of the
 * thread (an error, no more memory, an early end) is an outcome here and nothing more. A thread is started for each run
 * and ends with it: runs are rare, and all memory of a run goes with its thread.
 */
import { Worker } from 'node:worker_threads';
import { ServiceError } from '../errors.ts';

/** How a run ended. */
export type TrainingOutcome<Result> =
  | { readonly outcome: 'succeeded'; readonly durationSeconds: number; readonly result: Result }
  | { readonly outcome: 'failed'; readonly durationSeconds: number; readonly error: ServiceError }
  | { readonly outcome: 'cancelled'; readonly durationSeconds: number }
  /** Another run, `runningId`, was under way. */
  | { readonly outcome: 'refused'; readonly runningId: string };

export interface TrainerOptions {
  /** Module the thread runs: it reads `workerData` and posts one message, the result. */
  readonly workerUrl?: URL;
  /** Heap of the thread in MiB, buffers not counted. A run that needs more fails. */
  readonly maxHeapMb?: number;
  /** Monotonic time in milliseconds. */
  readonly nowMs?: () => number;
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
  readonly #maxHeapMb: number;
  readonly #nowMs: () => number;
  #run: Run | undefined;

  constructor(options: TrainerOptions = {}) {
    this.#workerUrl = options.workerUrl ?? new URL('./training-worker.ts', import.meta.url);
    this.#maxHeapMb = options.maxHeapMb ?? MAX_HEAP_MB;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** Id of the run under way. */
  get runningId(): string | undefined {
    return this.#run?.id;
  }

  /**
   * Trains. `transfer`: buffers of `input` that are handed over instead of copied; they are empty here afterwards. Never
   * rejects; resolves when the thread has ended.
   */
  async train(id: string, input: Input, transfer: readonly ArrayBuffer[] = []): Promise<TrainingOutcome<Result>> {
    if (this.#run !== undefined) return { outcome: 'refused', runningId: this.#run.id };
    const startedMs = this.#nowMs();
    const duration = (): number => (this.#nowMs() - startedMs) / 1000;
    let run: Run | undefined;
    try {
      const worker = this.#start(input, transfer);
      const ended = resultOf<Result>(worker);
      run = { id, worker, ended, isCancelled: false };
      this.#run = run;
      const result = await ended;
      if (run.isCancelled) return { outcome: 'cancelled', durationSeconds: duration() };
      return { outcome: 'succeeded', durationSeconds: duration(), result };
    } catch (cause) {
      if (run?.isCancelled === true) return { outcome: 'cancelled', durationSeconds: duration() };
      const error = new ServiceError('training_failed', { reason: reasonOf(cause) }, { cause });
      return { outcome: 'failed', durationSeconds: duration(), error };
    } finally {
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

/** The message of a worker, once the worker has ended. Rejects with its error, or when it ends without a message. */
function resultOf<Result>(worker: Worker): Promise<Result> {
  return new Promise((resolve, reject) => {
    let message: { value: Result } | undefined;
    worker.once('message', (value: Result) => {
      message = { value };
    });
    worker.once('messageerror', reject);
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (message === undefined) reject(new Error(`the thread ended with code ${code} and without a result`));
      else resolve(message.value);
    });
  });
}

/** Errors come from another thread: they are described by their fields, not by their class. */
function reasonOf(cause: unknown): string {
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return [code, message].filter((part) => typeof part === 'string').join(': ') || String(cause);
}
