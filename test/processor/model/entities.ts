/** A few entities that call, and the lifecycle that learns from them: what the service wires, without the service. */
import { ApiCall } from '../../../processor/src/call/api-call.ts';
import { EntityStates } from '../../../processor/src/features/entity-states.ts';
import { Watermark } from '../../../processor/src/features/window-clock.ts';
import { Random } from '../../../processor/src/forest/random.ts';
import type { ApprovalRecord } from '../../../processor/src/store/approval-record.ts';
import type { StoredModel } from '../../../processor/src/store/files.ts';
import type { GateResult } from '../../../processor/src/model/gates.ts';
import { ModelMemory } from '../../../processor/src/model/model-memory.ts';
import type { Model } from '../../../processor/src/model/model.ts';
import type { ModelRegister } from '../../../processor/src/model/model-register.ts';
import type { ModelStore } from '../../../processor/src/model/model-store.ts';
import {
  type LearningSettings,
  ModelLifecycle,
  type TrainingRunner,
} from '../../../processor/src/model/model-lifecycle.ts';
import type { Jobs } from '../../../processor/src/jobs/jobs.ts';
import { train } from '../../../processor/src/model/train.ts';
import { modelLife } from '../../support/model-life.ts';

/** A Tuesday, unix seconds, at the start of a window. */
export const START = 1_789_459_200;
const HOUR = 3600;

const SETTINGS: LearningSettings = {
  minRows: 1500,
  minEntities: 10,
  minHours: 1,
  retrainEveryHours: 1,
  promote: 'automatic',
  sampleRows: 300,
  forest: { seed: 1, trees: 10, sampleSize: 32 },
  budget: { falseIncidentsPerDay: 10, shares: { user: 0.6, address: 0.2, endpoint: 0.2 } },
};

/** Trains at once. Of so few rows the gates can say little, so only the one on kinds is asked. */
export const inline: TrainingRunner = async (input) => {
  const result = train(input);
  return { ...result, gates: result.gates.filter(({ gate }) => gate === 'kinds') };
};

export interface LearningEnds {
  readonly run?: TrainingRunner;
  /** In place of the memory, as far as it is told. */
  readonly store?: Partial<ModelStore>;
}

/** How a training ended. */
export interface TrainingEnd {
  readonly outcome: string;
  readonly gates: readonly GateResult[];
}

export class LearningEntities {
  readonly states: EntityStates;
  readonly watermark = new Watermark(undefined);
  readonly lifecycle: ModelLifecycle;
  readonly register: ModelRegister;
  readonly jobs: Jobs;
  /** What the lifecycle told, in order. */
  readonly promoted: Model[] = [];
  readonly trainings: TrainingEnd[] = [];
  readonly failures: unknown[] = [];
  /** Models kept, kept apart, and made current, by version; with what was known of approval at the last. */
  readonly saved: string[] = [];
  readonly rejected: string[] = [];
  readonly activated: string[] = [];
  readonly approvals: ApprovalRecord[] = [];
  /** What a start finds in the folder. */
  stored: StoredModel | undefined;
  /** Headers by version. */
  readonly headers = new Map<string, Record<string, unknown>>();
  readonly #call = new ApiCall();
  readonly #random = new Random(5, 0);

  constructor(settings: Partial<LearningSettings> = {}, ends: LearningEnds = {}) {
    this.states = new EntityStates(
      { users: 100, addresses: 100, endpoints: 100, services: 2, probationShare: 0.2 },
      { closing: (kind, slot) => this.lifecycle.learn(kind, slot), evicted: () => {} },
    );
    const store = { ...this.#recordingStore(), ...ends.store };
    const life = modelLife(
      (model) => void this.promoted.push(model),
      store,
      (error) => void this.failures.push(error),
    );
    this.register = life.register;
    this.jobs = life.jobs;
    this.lifecycle = new ModelLifecycle(
      { ...SETTINGS, ...settings },
      {
        ...life,
        states: this.states,
        watermark: this.watermark,
        run: ends.run ?? inline,
        random: () => this.#random.fraction(),
        nowMs: () => 0,
        events: {
          trained: (outcome, _seconds, gates) => void this.trainings.push({ outcome, gates }),
          failed: (error) => void this.failures.push(error),
        },
      },
    );
  }

  /** A memory that tells what it was asked for. */
  #recordingStore(): ModelStore {
    const memory = new ModelMemory();
    return {
      saveModel: async (version, header, bytes) => {
        this.saved.push(version);
        this.headers.set(version, header);
        await memory.saveModel(version, header, bytes);
      },
      saveRejected: async (version, header) => {
        this.rejected.push(version);
        this.headers.set(version, header);
      },
      activate: async (version, approval) => {
        this.activated.push(version);
        this.approvals.push(approval);
        await memory.activate(version, approval);
      },
      loadModel: (version) => memory.loadModel(version),
      loadCurrentModel: () => Promise.resolve(this.stored),
      listModels: () => memory.listModels(),
      deleteModel: (version) => memory.deleteModel(version),
    };
  }

  /** Calls of `users` users from as many addresses to ten endpoints: each about once a minute, from `from` hours on. */
  live(from: number, hours: number, users = 20): void {
    const calls = hours * 60 * users;
    for (let index = 0; index < calls; index++) {
      const who = 1 + this.#random.below(users);
      const endpoint = this.#random.below(10);
      const isRefused = this.#random.fraction() < 0.05;
      this.observe(START + from * HOUR + (index / calls) * hours * HOUR, {
        userHigh: 1,
        userLow: who,
        addressHigh: 2,
        addressLow: who,
        network: who,
        endpoint,
        statusCode: isRefused ? 404 : 200,
        isClientError: isRefused,
        isNotFound: isRefused,
        durationSeconds: 0.05 * (1 + this.#random.fraction()),
        responseBytes: 1000 * (1 + this.#random.fraction()),
      });
    }
  }

  /** One call, as the service observes it. */
  observe(startSeconds: number, part: Partial<ApiCall>): void {
    Object.assign(this.#call, new ApiCall(), { identityKind: 1, countsForUser: true, countsForAddress: true }, part);
    this.#call.startSeconds = startSeconds;
    if (!this.watermark.accept(startSeconds)) return;
    this.states.observe(this.#call);
    this.lifecycle.countRow();
  }

  /** Asks for a training and waits for its end. */
  async train(): Promise<void> {
    this.lifecycle.trainIfDue();
    await this.lifecycle.idle();
  }
}
