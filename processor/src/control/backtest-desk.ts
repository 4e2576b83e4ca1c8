/** Begins backtests: the kept windows, or those of an upload, judged under what is to be otherwise, as a job. */
import { setImmediate as turn } from 'node:timers/promises';
import type { ExclusionList } from '../detection/exclusion.ts';
import { changed, sensitivityOf, type SensitivitySettings } from '../detection/sensitivity.ts';
import { ServiceError } from '../errors.ts';
import type { JobControl, JobEnd, Jobs, StartedJob } from '../jobs/jobs.ts';
import { type Upload, whenRead } from '../jobs/upload.ts';
import { backtest, type BacktestComparison, type BacktestReport } from '../model/backtest.ts';
import type { BacktestSettings } from '../model/judged-windows.ts';
import { Model } from '../model/model.ts';
import type { Job } from '../store/jobs.ts';
import type { KeptWindows } from '../store/kept-windows.ts';
import type { BacktestOrder, BacktestView } from './routes/backtest.ts';

export interface BacktestDeskParts {
  readonly jobs: Jobs;
  readonly windows: KeptWindows;
  readonly sensitivity: SensitivitySettings;
  readonly exclusions: ExclusionList;
  /** Judges the traces of an upload; `onRead` is called when it is read. Rejects with what is wrong with it. */
  readonly onHistory: (
    comparison: BacktestComparison,
    upload: Upload,
    control: JobControl,
    onRead: () => void,
  ) => Promise<BacktestReport>;
  /** The model in use. */
  readonly active: () => Model | undefined;
  /** The bytes of a kept model; undefined when there is none of that version. */
  readonly load: (version: string) => Promise<ArrayBuffer | undefined>;
}

/** Windows after which half of a backtest counts as done: nobody knows how many there are. */
const HALF_WINDOWS = 20_000;

export class BacktestDesk implements BacktestView {
  readonly #parts: BacktestDeskParts;

  constructor(parts: BacktestDeskParts) {
    this.#parts = parts;
  }

  async start(order: BacktestOrder): Promise<Job> {
    const { windows } = this.#parts;
    const { before, after, ...range } = await this.#comparison(order);
    const { job } = await this.#begin(order, 'windows', async (control) => {
      control.stage('judge');
      const progress = (count: number): void => control.progress(count / (count + HALF_WINDOWS));
      const run = { signal: control.signal, progress };
      return { result: await backtest(windows.scan(range), before, after, run) };
    });
    return job;
  }

  async startOnUpload(order: BacktestOrder, bytes: AsyncIterable<Uint8Array>): Promise<Job> {
    const comparison = await this.#comparison(order);
    const { promise: read, resolve: onRead } = Promise.withResolvers<void>();
    const started = await this.#begin(order, 'upload', async (control) => ({
      result: await this.#parts.onHistory(comparison, { bytes }, control, onRead),
    }));
    return whenRead(started, read);
  }

  #begin(
    { requestedBy, ...request }: BacktestOrder,
    source: 'windows' | 'upload',
    work: (control: JobControl) => Promise<JobEnd>,
  ): Promise<StartedJob> {
    return this.#parts.jobs.start({ kind: 'backtest', requestedBy, request: { source, ...request } }, work);
  }

  async #comparison(order: BacktestOrder): Promise<BacktestComparison> {
    const before = this.#present();
    return { before, after: await this.#changed(before, order), fromMs: order.fromMs, toMs: order.toMs };
  }

  /** Throws `no_model` while learning. */
  #present(): BacktestSettings {
    const model = this.#parts.active();
    if (model === undefined) throw new ServiceError('no_model');
    const { sensitivity, exclusions } = this.#parts;
    return { model, sensitivity: sensitivity.sensitivity, exclusions: [...exclusions] };
  }

  async #changed(present: BacktestSettings, order: BacktestOrder): Promise<BacktestSettings> {
    const { falseIncidentsPerDay: budget, exclusion, model: version } = order;
    const { options } = this.#parts.sensitivity;
    return {
      sensitivity:
        budget === undefined
          ? present.sensitivity
          : sensitivityOf(changed(options, { false_incidents_per_day: budget })),
      exclusions: exclusion === undefined ? present.exclusions : [...present.exclusions, exclusion],
      model: version === undefined ? present.model : await this.#loaded(version),
    };
  }

  async #loaded(version: string): Promise<Model> {
    const bytes = await this.#parts.load(version);
    if (bytes === undefined) throw new ServiceError('model_not_found', { model: version });
    return Model.load(new Uint8Array(bytes), turn);
  }
}
