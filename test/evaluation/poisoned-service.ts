/**
 * A service that learns while somebody poisons it: the states, the scorer, the samples, the training and the life of
 * models as they are served with, fed calls instead of spans, and with defences that can be taken away.
 */
import { ApiCall } from '../../processor/src/call/api-call.ts';
import { EntityStates } from '../../processor/src/features/entity-states.ts';
import { rowWidth } from '../../processor/src/features/features.ts';
import { Watermark } from '../../processor/src/features/window-clock.ts';
import { Random } from '../../processor/src/forest/random.ts';
import { createSamples, type RowSamples } from '../../processor/src/model/learned-rows.ts';
import { type LearningSettings, ModelLifecycle } from '../../processor/src/model/model-lifecycle.ts';
import { RowSample } from '../../processor/src/model/sample.ts';
import { train } from '../../processor/src/model/train.ts';
import type { TrainingOutcome } from '../../processor/src/model/training-conduct.ts';
import { Scorer } from '../../processor/src/pipeline/scorer.ts';
import { modelLife } from '../support/model-life.ts';

/** What stands between an attacker and the model. */
export interface Defences {
  /** Rows of one user and of one network are capped. */
  readonly cap: boolean;
  /** What the model in use or the approved one finds suspect is not learned from. */
  readonly filter: boolean;
  /** A candidate must pass the gates. */
  readonly gates: boolean;
}

/** A user in one window: who, from where, and what is done. */
export interface Activity {
  readonly user: number;
  readonly network: number;
  readonly calls: number;
  /** Distinct objects asked for, one after the other; the rest of the calls asks for objects of its own. */
  readonly objects: number;
  /** Mean size of a response, bytes. */
  readonly bytes: number;
  /** Share of calls answered 404. */
  readonly missing: number;
}

/** What the service made of a window. */
export interface Finding {
  /** Highest score of its calls, 0..1. */
  readonly score: number;
  /** Whether a call of it was an anomaly at the default budget. */
  readonly isFlagged: boolean;
}

/** A Tuesday, 8:00 UTC. */
const START = 1_789_459_200 + 8 * 3600;
const DAY = 86_400;
const WINDOW = 300;
const SAMPLE_ROWS = 1500;
const ENDPOINTS = 8;
/** Of the users' own, drawn from by their ordinary calls. */
const OWN_OBJECTS = 30;
const BUDGET = { falseIncidentsPerDay: 10, shares: { user: 0.6, address: 0.2, endpoint: 0.2 } };
const SETTINGS: LearningSettings = {
  minRows: 3000,
  minEntities: 20,
  minHours: 1,
  retrainEveryHours: 1,
  promote: 'automatic',
  sampleRows: SAMPLE_ROWS,
  forest: { seed: 1, trees: 15, sampleSize: 128 },
  budget: BUDGET,
};

export class PoisonedService {
  /** Outcomes of the trainings so far. */
  readonly outcomes: TrainingOutcome[] = [];
  readonly lifecycle: ModelLifecycle;
  readonly #states: EntityStates;
  readonly #scorer: Scorer;
  readonly #watermark = new Watermark(undefined);
  readonly #random: Random;
  readonly #call = new ApiCall();

  constructor(seed: number, { cap, filter, gates }: Defences) {
    this.#random = new Random(seed, 2);
    const random = () => this.#random.fraction();
    this.#states = new EntityStates(
      { users: 6000, addresses: 10, endpoints: 20, services: 2, probationShare: 0.2 },
      {
        closing: (kind, slot) => {
          if (kind === 'user' && !(filter && this.#scorer.wasSuspect(kind, slot))) this.lifecycle.learn(kind, slot);
        },
        evicted: (kind, slot) => this.#scorer.forget(kind, slot),
      },
    );
    this.#scorer = new Scorer(this.#states, { budget: BUDGET, disabled: new Set(), minimumEffect: 1 });
    this.lifecycle = new ModelLifecycle(SETTINGS, {
      states: this.#states,
      watermark: this.#watermark,
      ...modelLife((model) => this.#scorer.use(model)),
      random,
      nowMs: () => 0,
      samples: cap ? createSamples(SAMPLE_ROWS, random) : uncappedSamples(random),
      run: async (input) => {
        const result = train({ ...input, ...(!filter && { approved: undefined }) });
        return gates ? result : { ...result, gates: [] };
      },
      events: {
        trained: (outcome) => void this.outcomes.push(outcome),
        failed: (error) => {
          throw error;
        },
      },
    });
  }

  /** One window of a day, both counted from 0. */
  live(day: number, window: number, activities: readonly Activity[]): void {
    for (const activity of activities) this.observe(day, window, activity);
  }

  /** What somebody does in one window, and what came of it. */
  observe(day: number, window: number, { user, network, calls, objects, bytes, missing }: Activity): Finding {
    const random = this.#random;
    const start = START + day * DAY + window * WINDOW;
    const firstObject = random.below(1 << 20) * 1000;
    const offset = random.fraction() * 20;
    const finding = { score: 0, isFlagged: false };
    for (let index = 0; index < calls; index++) {
      const own = user * OWN_OBJECTS + random.below(OWN_OBJECTS);
      const object = index < objects ? firstObject + index : own;
      const isMissing = random.fraction() < missing;
      Object.assign(this.#call, {
        startSeconds: start + offset + ((WINDOW - 40) * (index + random.fraction())) / Math.max(10, calls),
        durationSeconds: 0.05 * (1 + random.fraction()),
        endpoint: random.below(ENDPOINTS),
        isRouted: true,
        statusCode: isMissing ? 404 : 200,
        isClientError: isMissing,
        isNotFound: isMissing,
        userHigh: 7,
        userLow: Math.imul(user + 1, 0x9e37_79b1) >>> 0,
        identityKind: 1,
        countsForUser: true,
        network,
        client: 1 + (user % 7),
        object: Math.imul(object + 1, 0x85eb_ca6b) >>> 0,
        objectNumber: object,
        responseBytes: bytes * Math.exp(gauss(random) * 0.5),
      });
      if (!this.#watermark.accept(this.#call.startSeconds)) continue;
      this.#states.observe(this.#call);
      this.lifecycle.countRow();
      if (this.lifecycle.active === undefined) continue;
      const { userScore, isAnomaly } = this.#scorer.judge(this.#call);
      finding.score = Math.max(finding.score, userScore);
      finding.isFlagged ||= isAnomaly;
    }
    return finding;
  }

  /** Trains, if a training is due. */
  async train(): Promise<void> {
    this.lifecycle.trainIfDue();
    await this.lifecycle.idle();
  }
}

/** Anybody may fill them alone. */
function uncappedSamples(random: () => number): RowSamples {
  const sample = (kind: 'user' | 'address' | 'endpoint') =>
    new RowSample({
      capacity: SAMPLE_ROWS,
      width: rowWidth(kind),
      entityCap: SAMPLE_ROWS,
      networkCap: SAMPLE_ROWS,
      random,
    });
  return { user: sample('user'), address: sample('address'), endpoint: sample('endpoint') };
}

/** Normally distributed: Box and Muller 1958. */
export function gauss(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.fraction()));
  return radius * Math.cos(2 * Math.PI * random.fraction());
}
