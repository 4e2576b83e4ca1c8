/** Backtests on uploaded history, seen from the service: the work is done in a thread of its own. */
import type { Config } from '../config/schema.ts';
import { ServiceError } from '../errors.ts';
import type { JobControl } from '../jobs/jobs.ts';
import { reading, type Upload } from '../jobs/upload.ts';
import type { BacktestComparison } from '../model/backtest.ts';
import { Trainer } from '../model/trainer.ts';
import type { HistoryReport, JudgingOrder } from './history-judging.ts';

/** The keys of the service. */
export interface HistoryKeys {
  readonly key: Buffer;
  readonly hashKey: Buffer;
}

export class HistoryBacktest {
  readonly #config: Config;
  readonly #keys: HistoryKeys;
  readonly #clock: () => number;
  readonly #thread = new Trainer<JudgingOrder, HistoryReport>({
    workerUrl: new URL('history-worker.ts', import.meta.url),
    fault: 'job_failed',
  });

  /** `clock`: unix milliseconds. */
  constructor(config: Config, keys: HistoryKeys, clock: () => number) {
    this.#config = config;
    this.#keys = keys;
    this.#clock = clock;
  }

  /**
   * Judges an upload; `onRead` is called when all of it is read. Rejects with `upload_unreadable`, `upload_too_large`,
   * `upload_broken_off`, `upload_stalled`, `job_failed`, and when `control` gives it up.
   */
  async run(
    comparison: BacktestComparison,
    upload: Upload,
    control: JobControl,
    onRead: () => void,
  ): Promise<HistoryReport> {
    const { before, after, fromMs, toMs } = comparison;
    control.stage('judge');
    const model = before.model.serialise();
    const order: JudgingOrder = {
      config: this.#config,
      nowSeconds: this.#clock() / 1000,
      maxBytes: this.#config.model.max_upload_bytes,
      before: { ...before, model },
      after: { ...after, model: after.model === before.model ? model : after.model.serialise() },
      fromMs,
      toMs,
      pseudonymKey: this.#keys.key,
      hashKey: this.#keys.hashKey,
    };
    const run = await this.#thread.train(control.id, order, {
      signal: control.signal,
      bytes: reading(upload, control),
      onProgress: onRead,
    });
    if (run.outcome === 'succeeded') return run.result;
    throw run.outcome === 'failed' ? run.error : new ServiceError('cancelled');
  }
}
