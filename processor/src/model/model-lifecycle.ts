/**
 * The life of the model: learns from the first span, trains when enough is seen, again as time goes by and when somebody
 * asks, and promotes what passes the gates. Every training is a job. Until the first model there is none to judge by.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type Budget, budgetThreshold } from '../detection/decision.ts';
import { ServiceError } from '../errors.ts';
import { ENTITY_KINDS, type EntityStates } from '../features/entity-states.ts';
import type { EntityKind } from '../features/features.ts';
import type { Watermark } from '../features/window-clock.ts';
import type { JobControl, JobEnd, JobOrder, Jobs, StartedJob } from '../jobs/jobs.ts';
import { type ForestSettings, LEAST_ROWS } from './detector-training.ts';
import type { GateResult } from './gates.ts';
import { createSamples, type GatheredRows, LearnedRows, type RowSamples, type TimeRange } from './learned-rows.ts';
import { LearningProgress } from './learning-progress.ts';
import type { ModelRegister } from './model-register.ts';
import { Model } from './model.ts';
import type { TrainingInput, TrainingResult } from './train.ts';
import {
  TRAINED,
  type Trained,
  TrainingConduct,
  type TrainingContext,
  type TrainingEvents,
  type TrainingOrder,
  type TrainingSource,
} from './training-conduct.ts';

export interface LearningSettings {
  minRows: number;
  minEntities: number;
  minHours: number;
  /** Hours of event time between trainings; 0 never trains again. */
  retrainEveryHours: number;
  promote: 'automatic' | 'manual';
  sampleRows: number;
  forest: ForestSettings;
  budget: Budget;
}

/** What may change while the service runs. */
export type LearningChanges = Pick<LearningSettings, 'retrainEveryHours' | 'promote' | 'budget'>;

/** Runs a training, wherever that may be. Rejects when it failed or was given up. */
export type TrainingRunner = (input: TrainingInput, control?: TrainingControl) => Promise<TrainingResult>;

/** What a training tells on its way, in shares of itself, and by what it is given up. */
export type TrainingControl = Pick<JobControl, 'signal' | 'progress'>;

/** Who wants a training and of what. */
interface TrainingWish extends Pick<TrainingOrder, 'origin' | 'source'> {
  readonly requestedBy: string;
  /** As plain JSON. */
  readonly request: unknown;
}

/** Event time after which the first training is tried again when its model did not pass. */
const RETRY_SECONDS = 600;
const HOUR = 3600;
/** Share of a training that is done when its rows are copied. */
const COLLECTED = 0.05;

export interface LifecycleParts {
  states: EntityStates;
  watermark: Watermark;
  run: TrainingRunner;
  register: ModelRegister;
  jobs: Jobs;
  events: TrainingEvents;
  random: () => number;
  /** Monotonic milliseconds. */
  nowMs: () => number;
  /** Wall clock, unix milliseconds. */
  clock: () => number;
  /** What rows are sampled into; with the usual caps by default. */
  samples?: RowSamples;
}

export class ModelLifecycle {
  #settings: LearningSettings;
  readonly #parts: LifecycleParts;
  readonly #learned: LearnedRows;
  readonly #progress: LearningProgress;
  readonly #conduct: TrainingConduct;
  #triedAtSeconds = 0;

  constructor(settings: LearningSettings, parts: LifecycleParts) {
    this.#settings = settings;
    this.#parts = parts;
    const { states, watermark, random } = parts;
    this.#learned = new LearnedRows(states, watermark, parts.samples ?? createSamples(settings.sampleRows, random));
    this.#progress = new LearningProgress(settings, states, watermark);
    const { register, events, nowMs, clock } = parts;
    this.#conduct = new TrainingConduct({ register, events, nowMs, clock, promote: () => this.#settings.promote });
  }

  /** The model in use. */
  get active(): Model | undefined {
    return this.#parts.register.active;
  }

  get samples(): RowSamples {
    return this.#learned.samples;
  }

  /** Share of what the first model needs that has been seen, 0..1; 1 once there is a model. */
  get progress(): number {
    return this.active === undefined ? this.#progress.share : 1;
  }

  /** A call was observed: its row exists, whether or not the sample keeps it. */
  countRow(): void {
    this.#progress.rowsSeen++;
  }

  /** Takes the row of an entity whose window is over into the sample. */
  learn(kind: EntityKind, slot: number): void {
    this.#learned.learn(kind, slot);
  }

  /** What progress and the rate of windows rest on, for a snapshot. */
  snapshotCounters(): number[] {
    const { watermark } = this.#parts;
    return [
      this.#progress.rowsSeen,
      watermark.firstSeconds,
      watermark.seconds,
      ...ENTITY_KINDS.map((kind) => this.#learned.closedWindows[kind]),
    ];
  }

  restoreCounters([rows = 0, first = 0, last = 0, ...windows]: readonly number[]): void {
    const { watermark } = this.#parts;
    this.#progress.rowsSeen = rows;
    watermark.firstSeconds = first;
    watermark.seconds = last;
    for (const [index, kind] of ENTITY_KINDS.entries()) this.#learned.closedWindows[kind] = windows[index] ?? 0;
  }

  /** Goes by other settings from now on; a training under way ends by those that hold when it ends. */
  useSettings(changes: Partial<LearningChanges>): void {
    this.#settings = { ...this.#settings, ...changes };
  }

  /** Starts a training if one is due; cheap to ask after every request. */
  trainIfDue(): void {
    if (!this.#isDue() || !this.#parts.jobs.isFree('training')) return;
    const { kind, requestedBy, request, work } = this.#job({
      origin: 'schedule',
      requestedBy: 'schedule',
      request: { source: 'window' },
      source: (context, control) => this.#trainOnRows({}, context, control),
    });
    this.#parts.jobs.begin({ kind, requestedBy, request }, work);
  }

  /**
   * Starts a training on the live rows, or on those of a time range, now. The job's result tells which rows there were.
   * Rejects with `training_running` or `shutting_down`; the job fails with `too_few_rows` where there are.
   */
  trainOnWindow(range: TimeRange, requestedBy: string): Promise<StartedJob> {
    return this.#start({
      origin: 'request',
      requestedBy,
      request: { source: 'window', ...range },
      source: (context, control) => this.#trainOnRows(range, context, control, true),
    });
  }

  /** Starts a training on rows from elsewhere. Rejects with `training_running` or `shutting_down`. */
  trainOnUpload(source: TrainingSource, requestedBy: string): Promise<StartedJob> {
    return this.#start({ origin: 'upload', requestedBy, request: { source: 'upload' }, source });
  }

  /**
   * Trains at once on what has been seen and puts the model to use whatever the gates say; returns what they said.
   * Rejects when there is too little to train on, or with `training_running`. For replays, which have no second chance.
   */
  async trainNow(): Promise<readonly GateResult[]> {
    const running = this.#parts.jobs.running('training');
    if (running !== undefined) throw new ServiceError('training_running', { job: running.id });
    const rows = await this.#learned.gather();
    const result = await this.#parts.run(this.#inputOf(rows, this.#ownContext()));
    const model = await Model.load(new Uint8Array(result.model), turn);
    if (model.kinds.length === 0) {
      throw new Error(
        `There are too few windows to learn from: ${result.gates[0]!.detail}; give it more traffic to train on.`,
      );
    }
    this.promote(model);
    return result.gates;
  }

  /** Has `run` train on what has been seen; the model is the caller's, and no job. For replays. Rejects with `too_few_rows`. */
  async trainAlone(
    context: Partial<TrainingContext>,
    run: (input: TrainingInput) => Promise<TrainingResult>,
  ): Promise<Trained> {
    const rows = await this.#learned.gather();
    assertEnough(rows);
    return this.#trained(rows, await run(this.#inputOf(rows, { ...this.#ownContext(), ...context })));
  }

  /** Judges by a model that is not kept, by a person's decision, which also approves it. */
  promote(model: Model): void {
    this.#parts.register.install(model);
  }

  /** Resolves when no training is under way. */
  idle(): Promise<void> {
    return this.#parts.jobs.idle('training');
  }

  #isDue(): boolean {
    const { seconds } = this.#parts.watermark;
    if (this.active === undefined) return this.progress >= 1 && seconds - this.#triedAtSeconds >= RETRY_SECONDS;
    const hours = this.#settings.retrainEveryHours;
    const latest = Math.max(this.#triedAtSeconds, this.active.provenance.trainedAtSeconds);
    return hours > 0 && seconds - latest >= hours * HOUR;
  }

  #start(wish: TrainingWish): Promise<StartedJob> {
    const { work, ...order } = this.#job(wish);
    return this.#parts.jobs.start(order, work);
  }

  #job({
    origin,
    source,
    requestedBy,
    request,
  }: TrainingWish): JobOrder & { work: (control: JobControl) => Promise<JobEnd> } {
    const work = (control: JobControl): Promise<JobEnd> => {
      const nowSeconds = this.#parts.watermark.seconds;
      // What comes from elsewhere is no reason to learn later from what is here.
      if (origin !== 'upload') this.#triedAtSeconds = nowSeconds;
      const version =
        origin === 'upload' ? `h-${Math.round(this.#parts.clock() / 1000).toString(36)}` : this.#newVersion();
      return this.#conduct.run({ origin, source, version, nowSeconds }, control);
    };
    return { kind: 'training', requestedBy, request, work };
  }

  /** One that is due is not refused: what it lacks is for the gates to say. */
  async #trainOnRows(
    range: TimeRange,
    context: TrainingContext,
    control: JobControl,
    isOnRequest = false,
  ): Promise<Trained> {
    const rows = await this.#learned.gather(range);
    control.signal.throwIfAborted();
    if (isOnRequest) assertEnough(rows);
    control.stage('train');
    control.progress(COLLECTED);
    const progress = (share: number): void => control.progress(COLLECTED + share * (TRAINED - COLLECTED));
    const result = await this.#parts.run(this.#inputOf(rows, context, range), { signal: control.signal, progress });
    return this.#trained(rows, result);
  }

  #trained({ available, used }: GatheredRows, result: TrainingResult): Trained {
    const { watermark } = this.#parts;
    return { result, available, used, learnedSeconds: watermark.seconds - watermark.firstSeconds };
  }

  /** The context of a training that no other model has a say in. */
  #ownContext(): TrainingContext {
    return { version: this.#newVersion(), judged: [], approved: undefined };
  }

  #newVersion(): string {
    return `m-${Math.round(this.#parts.watermark.seconds).toString(36)}`;
  }

  #inputOf({ kinds, used }: GatheredRows, context: TrainingContext, range: TimeRange = {}): TrainingInput {
    const { forest, budget, minEntities } = this.#settings;
    const { seconds } = this.#parts.watermark;
    const trainedAtSeconds = range.toSeconds === undefined ? seconds : Math.min(seconds, used.toSeconds ?? seconds);
    const thresholdOf = (kind: EntityKind): number =>
      budgetThreshold(budget, kind, kinds.find((rows) => rows.kind === kind)?.windowsPerDay ?? 0);
    return {
      ...context,
      trainedAtSeconds,
      settings: forest,
      kinds,
      thresholds: { user: thresholdOf('user'), address: thresholdOf('address'), endpoint: thresholdOf('endpoint') },
      minEntities,
    };
  }
}

/** Throws `too_few_rows` if there are not enough of any entity kind. */
function assertEnough({ kinds }: GatheredRows): void {
  const most = Math.max(...kinds.map(({ size }) => size));
  if (most < LEAST_ROWS) throw new ServiceError('too_few_rows', { rows: most, needed: LEAST_ROWS });
}
