/**
 * The life of the model: learns from the first span, trains when enough is seen and again as time goes by, promotes what
 * passes the gates, and keeps it in the store. Until the first model there is none to judge by.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type Budget, budgetThreshold } from '../detection/decision.ts';
import { ENTITY_KINDS, type EntityStates } from '../features/entity-states.ts';
import type { EntityKind } from '../features/features.ts';
import type { Watermark } from '../features/window-clock.ts';
import type { ApprovalRecord } from '../store/approval-record.ts';
import type { ForestSettings } from './detector-training.ts';
import type { GateResult } from './gates.ts';
import { createSamples, LearnedRows, type RowSamples } from './learned-rows.ts';
import { Model } from './model.ts';
import { ModelKeeper, type ModelStore, type TrainingOutcome } from './model-keeper.ts';
import type { TrainingInput, TrainingResult } from './train.ts';

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

/** Runs a training, wherever that may be. Rejects when it failed or was cancelled. */
export type TrainingRunner = (input: TrainingInput) => Promise<TrainingResult>;

export interface LifecycleEvents {
  /** A model is in use from now on. */
  promoted(model: Model): void;
  trained(outcome: TrainingOutcome, seconds: number, gates: readonly GateResult[]): void;
  failed(error: unknown): void;
}

/** Event time after which the first training is tried again when its model did not pass. */
const RETRY_SECONDS = 600;
const HOUR = 3600;

export interface LifecycleParts {
  states: EntityStates;
  watermark: Watermark;
  run: TrainingRunner;
  store: ModelStore;
  events: LifecycleEvents;
  random: () => number;
  /** Monotonic milliseconds. */
  nowMs: () => number;
  /** What rows are sampled into; with the usual caps by default. */
  samples?: RowSamples;
}

export class ModelLifecycle {
  /** The model in use. */
  active: Model | undefined;

  #settings: LearningSettings;
  readonly #parts: LifecycleParts;
  readonly #learned: LearnedRows;
  readonly #keeper: ModelKeeper;
  #rowsSeen = 0;
  #trainedAtSeconds = 0;
  #training: Promise<void> | undefined;
  #isStopped = false;

  constructor(settings: LearningSettings, parts: LifecycleParts) {
    this.#settings = settings;
    this.#parts = parts;
    const { states, watermark, random, store, events } = parts;
    this.#keeper = new ModelKeeper(store, (error) => events.failed(error));
    this.#learned = new LearnedRows(states, watermark, parts.samples ?? createSamples(settings.sampleRows, random));
  }

  get samples(): RowSamples {
    return this.#learned.samples;
  }

  /** Which model is approved, and which waits for it; undefined before the first model. */
  get approval(): ApprovalRecord | undefined {
    return this.#keeper.approval.record;
  }

  /** Share of what the first model needs that has been seen, 0..1; 1 once there is a model. */
  get progress(): number {
    if (this.active !== undefined) return 1;
    const { minRows, minEntities, minHours } = this.#settings;
    const hours = (this.#parts.watermark.seconds - this.#parts.watermark.firstSeconds) / HOUR;
    const { user, address } = this.#parts.states;
    const entities = Math.max(user.table.size, address.table.size);
    return Math.min(1, this.#rowsSeen / minRows, entities / minEntities, minHours === 0 ? 1 : hours / minHours);
  }

  /** A call was observed: its row exists, whether or not the sample keeps it. */
  countRow(): void {
    this.#rowsSeen++;
  }

  /** Takes the row of an entity whose window is over into the sample. */
  learn(kind: EntityKind, slot: number): void {
    this.#learned.learn(kind, slot);
  }

  /** What progress and the rate of windows rest on, for a snapshot. */
  snapshotCounters(): number[] {
    const { watermark } = this.#parts;
    return [
      this.#rowsSeen,
      watermark.firstSeconds,
      watermark.seconds,
      ...ENTITY_KINDS.map((kind) => this.#learned.closedWindows[kind]),
    ];
  }

  restoreCounters([rows = 0, first = 0, last = 0, ...windows]: readonly number[]): void {
    const { watermark } = this.#parts;
    this.#rowsSeen = rows;
    watermark.firstSeconds = first;
    watermark.seconds = last;
    for (const [index, kind] of ENTITY_KINDS.entries()) this.#learned.closedWindows[kind] = windows[index] ?? 0;
  }

  /** Goes by other settings from now on; a training under way ends by those that hold when it ends. */
  useSettings(changes: LearningChanges): void {
    this.#settings = { ...this.#settings, ...changes };
  }

  /** Starts a training if one is due; cheap to ask after every request. */
  trainIfDue(): void {
    if (this.#training !== undefined || this.#isStopped || !this.#isDue()) return;
    this.#training = this.#train().finally(() => {
      this.#training = undefined;
    });
  }

  /**
   * Trains at once on what has been seen and puts the model to use whatever the gates say; returns what they said.
   * Rejects when there is too little to train on, or a training is under way. For replays, which have no second chance.
   */
  async trainNow(): Promise<readonly GateResult[]> {
    if (this.#training !== undefined) throw new Error('A training is under way; wait for it.');
    const result = await this.#parts.run(await this.#input());
    const model = await Model.load(new Uint8Array(result.model), turn);
    if (Object.keys(model.detectors).length === 0) {
      throw new Error(
        `There are too few windows to learn from: ${result.gates[0]!.detail}; give it more traffic to train on.`,
      );
    }
    this.promote(model);
    return result.gates;
  }

  /** Resolves when no training is under way. */
  async idle(): Promise<void> {
    await this.#training;
  }

  /** No training starts any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Puts a model to use by a person's decision, which also approves it. */
  promote(model: Model): void {
    this.#keeper.approval.approve(model.provenance.version);
    this.#use(model);
  }

  /** Goes on with the model in use before a restart, and what was known of its approval. */
  resume(model: Model, approval: ApprovalRecord | undefined): void {
    if (approval === undefined) this.#keeper.approval.approve(model.provenance.version);
    else this.#keeper.approval.restore(approval);
    this.#use(model);
  }

  #use(model: Model): void {
    this.active = model;
    this.#trainedAtSeconds = Math.max(this.#trainedAtSeconds, model.provenance.trainedAtSeconds);
    this.#parts.events.promoted(model);
  }

  #isDue(): boolean {
    if (this.active === undefined) {
      return this.progress >= 1 && this.#parts.watermark.seconds - this.#trainedAtSeconds >= RETRY_SECONDS;
    }
    const hours = this.#settings.retrainEveryHours;
    return hours > 0 && this.#parts.watermark.seconds - this.#trainedAtSeconds >= hours * HOUR;
  }

  async #train(): Promise<void> {
    const { run, events, nowMs, watermark } = this.#parts;
    this.#trainedAtSeconds = watermark.seconds;
    const startedMs = nowMs();
    const elapsed = () => (nowMs() - startedMs) / 1000;
    try {
      if (this.active !== undefined) await this.#keeper.mature(this.active, watermark.seconds);
      const input = await this.#input();
      if (this.#isStopped) return;
      const result = await run(input);
      const candidate = await Model.load(new Uint8Array(result.model), turn);
      const outcome = this.#outcomeOf(result);
      const learnedSeconds = candidate.provenance.trainedAtSeconds - watermark.firstSeconds;
      await this.#keeper.keep(candidate.provenance, outcome, result, learnedSeconds);
      if (outcome === 'promoted') this.#use(candidate);
      events.trained(outcome, elapsed(), result.gates);
    } catch (error) {
      if (this.#isStopped) return;
      events.failed(error);
      events.trained('failed', elapsed(), []);
    }
  }

  #outcomeOf({ gates }: TrainingResult): TrainingOutcome {
    if (!gates.every(({ passed }) => passed)) return 'rejected';
    return this.active === undefined || this.#settings.promote === 'automatic' ? 'promoted' : 'candidate';
  }

  async #input(): Promise<TrainingInput> {
    const { watermark } = this.#parts;
    const kinds = await this.#learned.copies();
    const thresholdOf = (kind: EntityKind): number =>
      budgetThreshold(this.#settings.budget, kind, kinds.find((rows) => rows.kind === kind)?.windowsPerDay ?? 0);
    return {
      version: `m-${Math.round(watermark.seconds).toString(36)}`,
      trainedAtSeconds: watermark.seconds,
      settings: this.#settings.forest,
      kinds,
      thresholds: { user: thresholdOf('user'), address: thresholdOf('address'), endpoint: thresholdOf('endpoint') },
      judged: ENTITY_KINDS.filter((kind) => this.active?.detectors[kind]),
      minEntities: this.#settings.minEntities,
      approved: this.active && (await this.#keeper.approvedBytes(this.active)),
    };
  }
}
