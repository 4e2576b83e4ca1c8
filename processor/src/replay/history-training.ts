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

  /**
   * Starts a training and resolves when all bytes have been learned from: whoever sent them can be answered. Rejects with
   * `training_running` or `shutting_down`, before a byte is taken, and with what is wrong with the bytes:
   * `upload_unreadable`, `upload_too_large`, `upload_broken_off`, `too_few_rows`.
   */
  async start({ bytes, length, requestedBy }: Upload): Promise<StartedJob> {
    const { promise: learned, resolve: onLearned } = Promise.withResolvers<undefined>();
    const started = await this.#lifecycle.trainOnUpload(
      (context, control) => this.#train(context, control, taking(bytes, length, control), () => onLearned(undefined)),
      requestedBy,
    );
    const end = await Promise.race([learned, started.ended]);
    if (end?.job.state === 'failed') throw end.error;
    return started;
  }

  async #train(
    context: TrainingContext,
    control: JobControl,
    bytes: AsyncIterable<Uint8Array>,
    onLearned: () => void,
  ): Promise<Trained> {
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
        onLearned();
        control.progress(READ + (1 - READ) * share);
      },
    });
    if (run.outcome === 'succeeded') return run.result;
    throw run.outcome === 'failed' ? run.error : new ServiceError('cancelled');
  }
}

/** The same bytes; tells the job how far they are read. */
async function* taking(
  bytes: AsyncIterable<Uint8Array>,
  length: number | undefined,
  control: JobControl,
): AsyncGenerator<Uint8Array, void, void> {
  let read = 0;
  for await (const chunk of bytes) {
    yield chunk;
    read += chunk.length;
    if (length !== undefined) control.progress(READ * Math.min(1, read / length));
  }
}
