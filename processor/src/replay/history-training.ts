/** Trainings on uploaded history, seen from the service: a stream in, a job out, the work in a thread of its own. */
import type { Config } from '../config/schema.ts';
import { ServiceError } from '../errors.ts';
import type { JobControl, StartedJob } from '../jobs/jobs.ts';
import { READ, reading, type Upload, whenRead } from '../jobs/upload.ts';
import type { ModelLifecycle } from '../model/model-lifecycle.ts';
import { Trainer } from '../model/trainer.ts';
import type { Trained, TrainingContext } from '../model/training-conduct.ts';
import type { HistoryOrder } from './history.ts';

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
   * Starts a training on OTLP as JSON, JSON lines or protobuf, compressed or not. `requestedBy`: name of the token.
   * Resolves when all bytes have been learned from: whoever sent them can be answered. Rejects with `training_running` or
   * `shutting_down`, before a byte is taken, and with what is wrong with the bytes: `upload_unreadable`,
   * `upload_too_large`, `upload_broken_off`, `upload_stalled`, `too_few_rows`.
   */
  async start(upload: Upload, requestedBy: string): Promise<StartedJob> {
    const { promise: learned, resolve: onLearned } = Promise.withResolvers<void>();
    const started = await this.#lifecycle.trainOnUpload(
      (context, control) => this.#train(context, control, reading(upload, control), onLearned),
      requestedBy,
    );
    await whenRead(started, learned);
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
