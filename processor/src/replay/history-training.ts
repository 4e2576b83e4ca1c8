/** Trainings on uploaded history, seen from the service: a stream in, a job out, the work in a thread of its own. */
import type { Config } from '../config/schema.ts';
import { ServiceError } from '../errors.ts';
import type { JobControl, StartedJob } from '../jobs/jobs.ts';
import type { ModelLifecycle } from '../model/model-lifecycle.ts';
import { Trainer } from '../model/trainer.ts';
import type { Trained, TrainingContext } from '../model/training-conduct.ts';
import type { HistoryOrder } from './history.ts';

export interface Upload {
  /** OTLP as JSON, JSON lines or protobuf, compressed or not. Read no faster than it is learned from. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Length of `bytes`, where it is known: progress rests on it. */
  readonly length?: number | undefined;
  /** Name of the token. */
  readonly requestedBy: string;
}

export interface StartedUpload extends StartedJob {
  /** Resolves when the bytes have been taken, all of them or as many as were wanted: whoever sent them can be answered. */
  readonly taken: Promise<void>;
}

/** Share of the job that is done when all bytes are read. */
const READ = 0.8;

export class HistoryTraining {
  readonly #config: Config;
  readonly #lifecycle: ModelLifecycle;
  readonly #clock: () => number;
  readonly #trainer = new Trainer<HistoryOrder, Trained>({ workerUrl: new URL('history-worker.ts', import.meta.url) });

  /** `clock`: unix milliseconds. */
  constructor(config: Config, lifecycle: ModelLifecycle, clock: () => number) {
    this.#config = config;
    this.#lifecycle = lifecycle;
    this.#clock = clock;
  }

  /** Starts a training on an upload. Rejects with `training_running` or `shutting_down`; then no byte has been taken. */
  async start({ bytes, length, requestedBy }: Upload): Promise<StartedUpload> {
    const end = Promise.withResolvers<void>();
    const started = await this.#lifecycle.trainOnUpload(
      (context, control) => this.#train(context, control, taking(bytes, length, control, end.resolve)),
      requestedBy,
    );
    void started.ended.then(() => end.resolve());
    return { ...started, taken: end.promise };
  }

  async #train(context: TrainingContext, control: JobControl, bytes: AsyncIterable<Uint8Array>): Promise<Trained> {
    control.stage('read');
    let isTraining = false;
    const order: HistoryOrder = {
      config: this.#config,
      context,
      nowSeconds: this.#clock() / 1000,
      maxBytes: this.#config.model.max_upload_bytes,
    };
    const run = await this.#trainer.train(context.version, order, {
      transfer: context.approved ? [context.approved] : [],
      signal: control.signal,
      bytes,
      onProgress: (share) => {
        if (!isTraining) control.stage('train');
        isTraining = true;
        control.progress(READ + (1 - READ) * share);
      },
    });
    if (run.outcome === 'succeeded') return run.result;
    throw run.outcome === 'failed' ? run.error : new ServiceError('cancelled');
  }
}

/** The same bytes; tells the job how far they are read, and `onEnd` when nobody reads on. */
async function* taking(
  bytes: AsyncIterable<Uint8Array>,
  length: number | undefined,
  control: JobControl,
  onEnd: () => void,
): AsyncGenerator<Uint8Array, void, void> {
  let read = 0;
  try {
    for await (const chunk of bytes) {
      yield chunk;
      read += chunk.length;
      if (length !== undefined) control.progress(READ * Math.min(1, read / length));
    }
  } finally {
    onEnd();
  }
}
