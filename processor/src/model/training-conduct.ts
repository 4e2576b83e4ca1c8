/** How a training goes, wherever its rows come from: collected, trained, checked, kept, and put to use if it may be. */
import { setImmediate as turn } from 'node:timers/promises';
import type { JobControl, JobEnd } from '../jobs/jobs.ts';
import type { GateResult } from './gates.ts';
import type { GatheredRows } from './learned-rows.ts';
import type { ModelHeader, ModelOutcome } from './model-header.ts';
import type { ModelRegister } from './model-register.ts';
import { Model } from './model.ts';
import type { TrainingInput, TrainingResult } from './train.ts';

/** What the service's models say to a training. */
export type TrainingContext = Pick<TrainingInput, 'version' | 'approved' | 'judged'>;

/** A training that has ended, and on what it trained. */
export interface Trained extends Pick<GatheredRows, 'available' | 'used'> {
  readonly result: TrainingResult;
  /** Event time that was learned from, seconds. */
  readonly learnedSeconds: number;
  /** What else there is to say, as plain JSON. */
  readonly notes?: Readonly<Record<string, unknown>>;
}

/** Where a training takes its rows from, and where it computes. Rejects when it failed or was given up. */
export type TrainingSource = (context: TrainingContext, control: JobControl) => Promise<Trained>;

/** How a training ended, for the metrics and the log. */
export type TrainingOutcome = ModelOutcome | 'failed' | 'cancelled';

export interface TrainingEvents {
  trained(outcome: TrainingOutcome, seconds: number, gates: readonly GateResult[]): void;
  failed(error: unknown): void;
}

export interface TrainingOrder {
  readonly origin: 'schedule' | 'request' | 'upload';
  /** Begins the name of its model. */
  readonly version: string;
  /** Event time now, unix seconds. */
  readonly nowSeconds: number;
  readonly source: TrainingSource;
}

export interface ConductParts {
  readonly register: ModelRegister;
  readonly events: TrainingEvents;
  /** Whether a later model that passes replaces the one in use by itself. */
  readonly promote: () => 'automatic' | 'manual';
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Wall clock, unix milliseconds. */
  readonly clock: () => number;
}

/** Share of the job that is done when the model is made; what is left is to check and keep it. */
export const TRAINED = 0.95;

export class TrainingConduct {
  readonly #parts: ConductParts;

  constructor(parts: ConductParts) {
    this.#parts = parts;
  }

  /** Rejects when the training failed or was given up: then no model is kept and the one in use stays. */
  async run(order: TrainingOrder, control: JobControl): Promise<JobEnd> {
    const { events, nowMs } = this.#parts;
    const startedMs = nowMs();
    const elapsed = (): number => (nowMs() - startedMs) / 1000;
    try {
      const { end, outcome, gates } = await this.#train(order, control);
      events.trained(outcome, elapsed(), gates);
      return end;
    } catch (error) {
      // A stop is no news; whoever cancels knows.
      if (!control.signal.aborted) events.failed(error);
      if (control.signal.reason !== 'stopped')
        events.trained(control.signal.aborted ? 'cancelled' : 'failed', elapsed(), []);
      throw error;
    }
  }

  async #train(order: TrainingOrder, control: JobControl): Promise<Ended> {
    const { register } = this.#parts;
    control.stage('collect');
    await register.mature(order.nowSeconds);
    const basedOn = register.active;
    const context: TrainingContext = {
      version: register.freeVersion(order.version),
      judged: basedOn === undefined ? [] : basedOn.kinds,
      approved: await register.approvedBytes(),
    };
    control.signal.throwIfAborted();
    const trained = await order.source(context, control);
    const { result, learnedSeconds } = trained;
    control.progress(TRAINED);
    const model = await Model.load(new Uint8Array(result.model), turn);
    // From here on it is too late to give up: the model is kept, and may be in use.
    control.signal.throwIfAborted();
    control.stage('keep');
    const header = this.#headerOf(model, order, trained, control.id);
    const outcome = await register.keep({ model, header, bytes: result.model, learnedSeconds, basedOn });
    return { outcome, gates: result.gates, end: endOf(trained, outcome) };
  }

  #headerOf({ provenance }: Model, { origin }: TrainingOrder, { result, used }: Trained, jobId: string): ModelHeader {
    const { gates, scores } = result;
    return {
      ...provenance,
      outcome: this.#outcomeOf(gates),
      gates,
      scores,
      origin,
      jobId,
      createdMs: Math.round(this.#parts.clock()),
      fromMs: used.fromSeconds && 1000 * used.fromSeconds,
      toMs: used.toSeconds && 1000 * used.toSeconds,
    };
  }

  #outcomeOf(gates: readonly GateResult[]): ModelOutcome {
    if (!gates.every(({ passed }) => passed)) return 'rejected';
    return this.#parts.register.active === undefined || this.#parts.promote() === 'automatic'
      ? 'promoted'
      : 'candidate';
  }
}

interface Ended {
  readonly outcome: ModelOutcome;
  readonly gates: readonly GateResult[];
  readonly end: JobEnd;
}

const endOf = ({ result, available, used, notes }: Trained, outcome: ModelOutcome): JobEnd => ({
  state: outcome === 'rejected' ? 'rejected' : 'succeeded',
  modelVersion: result.version,
  gates: result.gates,
  result: { outcome, available, used, ...notes },
});
