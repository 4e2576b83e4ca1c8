/**
 * The life of the model: learns from the first span, trains when enough is seen and again as time goes by, promotes what
 * passes the gates, and keeps it in the store. Until the first model there is none to judge by.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { ENTITY_KINDS, type EntityState, type EntityStates } from '../features/entity-states.ts';
import { type EntityKind, rowWidth } from '../features/features.ts';
import { WINDOW_SECONDS, type Watermark, windowOf } from '../features/window-clock.ts';
import type { ForestSettings, TrainingRows } from './detector-training.ts';
import { checkGates, type GateResult } from './gates.ts';
import { Model } from './model.ts';
import { RowSample } from './sample.ts';
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
}

/** Runs a training, wherever that may be. Rejects when it failed or was cancelled. */
export type TrainingRunner = (input: TrainingInput) => Promise<TrainingResult>;

export interface LifecycleEvents {
  /** A model is in use from now on. */
  promoted(model: Model): void;
  trained(
    outcome: 'promoted' | 'candidate' | 'rejected' | 'failed',
    seconds: number,
    gates: readonly GateResult[],
  ): void;
  failed(error: unknown): void;
}

/** Where models are kept. */
export interface ModelStore {
  saveModel(version: string, header: Record<string, unknown>, bytes: ArrayBuffer): Promise<void>;
  activate(version: string): Promise<void>;
}

/** Slots looked at per turn of the event loop when windows are closed for training. */
const SLOTS_PER_TURN = 200;
/** Event time after which the first training is tried again when its model did not pass. */
const RETRY_SECONDS = 600;
const HOUR = 3600;
const DAY = 86_400;
/** Most of the sample that one network may fill. */
const NETWORK_SHARE = 0.1;

const emptyRow = (kind: EntityKind): Float32Array => new Float32Array(rowWidth(kind));

/** Most rows of one entity in the sample; endpoints are few and each has much to say. */
const ENTITY_CAP: Record<EntityKind, number> = { user: 50, address: 50, endpoint: 2000 };

export interface LifecycleParts {
  states: EntityStates;
  watermark: Watermark;
  run: TrainingRunner;
  store: ModelStore;
  events: LifecycleEvents;
  random: () => number;
  /** Monotonic milliseconds. */
  nowMs: () => number;
}

export class ModelLifecycle {
  /** The model in use. */
  active: Model | undefined;
  readonly samples: Readonly<Record<EntityKind, RowSample>>;

  readonly #settings: LearningSettings;
  readonly #parts: LifecycleParts;
  readonly #rows: Record<EntityKind, Float32Array>;
  readonly #closedWindows: Record<EntityKind, number> = { user: 0, address: 0, endpoint: 0 };
  #rowsSeen = 0;
  #trainedAtSeconds = 0;
  #training: Promise<void> | undefined;
  #isStopped = false;

  constructor(settings: LearningSettings, parts: LifecycleParts) {
    this.#settings = settings;
    this.#parts = parts;
    const sample = (kind: EntityKind) =>
      new RowSample({
        capacity: settings.sampleRows,
        width: rowWidth(kind),
        entityCap: ENTITY_CAP[kind],
        networkCap: Math.ceil(settings.sampleRows * NETWORK_SHARE),
        random: parts.random,
      });
    this.samples = { user: sample('user'), address: sample('address'), endpoint: sample('endpoint') };
    this.#rows = { user: emptyRow('user'), address: emptyRow('address'), endpoint: emptyRow('endpoint') };
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
    const state: EntityState = this.#parts.states[kind];
    const row = this.#rows[kind];
    state.row(slot, row);
    this.#closedWindows[kind]++;
    const network = kind === 'user' ? this.#parts.states.user.network(slot) : 0;
    const time = state.window(slot) * WINDOW_SECONDS;
    const { table } = state;
    this.samples[kind].add(table.keyHigh(slot), table.keyLow(slot), network, time, 0, row, 0);
  }

  /** What progress and the rate of windows rest on, for a snapshot. */
  snapshotCounters(): number[] {
    const { watermark } = this.#parts;
    return [
      this.#rowsSeen,
      watermark.firstSeconds,
      watermark.seconds,
      ...ENTITY_KINDS.map((kind) => this.#closedWindows[kind]),
    ];
  }

  restoreCounters([rows = 0, first = 0, last = 0, ...windows]: readonly number[]): void {
    const { watermark } = this.#parts;
    this.#rowsSeen = rows;
    watermark.firstSeconds = first;
    watermark.seconds = last;
    for (const [index, kind] of ENTITY_KINDS.entries()) this.#closedWindows[kind] = windows[index] ?? 0;
  }

  /** Starts a training if one is due; cheap to ask after every request. */
  trainIfDue(): void {
    if (this.#training !== undefined || this.#isStopped || !this.#isDue()) return;
    this.#training = this.#train().finally(() => {
      this.#training = undefined;
    });
  }

  /** Resolves when no training is under way. */
  async idle(): Promise<void> {
    await this.#training;
  }

  /** No training starts any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Puts a model to use: one loaded at start, or a candidate that is promoted. */
  promote(model: Model): void {
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
      const input = await this.#input();
      if (this.#isStopped) return;
      const result = await run(input);
      const candidate = await Model.load(new Uint8Array(result.model), turn);
      const gates = checkGates(candidate, this.active, result.rareShares);
      if (!gates.every(({ passed }) => passed)) {
        events.trained('rejected', elapsed(), gates);
        return;
      }
      await this.#keep(candidate, result.model);
      const isPromoted = this.active === undefined || this.#settings.promote === 'automatic';
      if (isPromoted) this.promote(candidate);
      events.trained(isPromoted ? 'promoted' : 'candidate', elapsed(), gates);
    } catch (error) {
      if (this.#isStopped) return;
      events.failed(error);
      events.trained('failed', elapsed(), []);
    }
  }

  /** A model that cannot be saved is used all the same: it is trained again after a restart. */
  async #keep(candidate: Model, bytes: ArrayBuffer): Promise<void> {
    const { version } = candidate.provenance;
    try {
      await this.#parts.store.saveModel(version, { ...candidate.provenance }, bytes);
      if (this.active === undefined || this.#settings.promote === 'automatic')
        await this.#parts.store.activate(version);
    } catch (error) {
      this.#parts.events.failed(error);
    }
  }

  async #input(): Promise<TrainingInput> {
    const { watermark } = this.#parts;
    await this.#closeWindows();
    return {
      version: `m-${Math.round(watermark.seconds).toString(36)}`,
      trainedAtSeconds: watermark.seconds,
      settings: this.#settings.forest,
      kinds: await this.#copies(),
    };
  }

  /** What entities did last counts too, not only what those that came back did. */
  async #closeWindows(): Promise<void> {
    const { states, watermark } = this.#parts;
    for (const kind of ENTITY_KINDS) {
      for (let slot = 0; slot >= 0;) {
        slot = states.closeBefore(kind, windowOf(watermark.seconds), slot, SLOTS_PER_TURN);
        await turn();
      }
    }
  }

  async #copies(): Promise<TrainingRows[]> {
    const copies: TrainingRows[] = [];
    for (const kind of ENTITY_KINDS) {
      const { size, width, rows, entityHigh, entityLow } = await this.samples[kind].copy();
      copies.push({ kind, size, width, rows, entityHigh, entityLow, windowsPerDay: this.#windowsPerDay(kind) });
    }
    return copies;
  }

  #windowsPerDay(kind: EntityKind): number {
    const { watermark } = this.#parts;
    const days = (watermark.seconds - watermark.firstSeconds) / DAY;
    return this.#closedWindows[kind] / Math.max(days, 1 / 24);
  }
}
