/** What outlives a restart of models: candidates with what the gates said, which one is in use, and which is approved. */
import type { ApprovalRecord } from '../store/approval-record.ts';
import { Approval } from './approval.ts';
import type { Model, Provenance } from './model.ts';
import type { TrainingResult } from './train.ts';

/** Where models are kept. */
export interface ModelStore {
  saveModel(version: string, header: Record<string, unknown>, bytes: ArrayBuffer): Promise<void>;
  /** Keeps a model apart that did not pass. */
  saveRejected(version: string, header: Record<string, unknown>, bytes: ArrayBuffer): Promise<void>;
  /** Makes a version the one in use. What `approval` names is kept as long as it is named. */
  activate(version: string, approval: ApprovalRecord): Promise<void>;
  /** A saved model; undefined when it is not there or damaged. The bytes are the caller's. */
  loadModel(version: string): Promise<ArrayBuffer | undefined>;
}

/** `rejected`: a gate was not passed; the model is kept and never promotes itself. */
export type TrainingOutcome = 'promoted' | 'candidate' | 'rejected' | 'failed';

export class ModelKeeper {
  readonly approval = new Approval();
  readonly #store: ModelStore;
  readonly #onFault: (error: unknown) => void;

  constructor(store: ModelStore, onFault: (error: unknown) => void) {
    this.#store = store;
    this.#onFault = onFault;
  }

  /**
   * Keeps a trained model; one that is promoted becomes the current one. `learnedSeconds`: event time it had learned
   * from. A model that cannot be saved is used all the same: it is trained again after a restart.
   */
  async keep(
    provenance: Provenance,
    outcome: TrainingOutcome,
    { model, gates }: TrainingResult,
    learnedSeconds: number,
  ): Promise<void> {
    const { version, trainedAtSeconds } = provenance;
    if (outcome === 'promoted') this.approval.notePromotion(version, trainedAtSeconds, learnedSeconds);
    const header = { ...provenance, outcome, gates };
    await this.#attempt(async () => {
      if (outcome === 'rejected') await this.#store.saveRejected(version, header, model);
      else await this.#store.saveModel(version, header, model);
      if (outcome === 'promoted') await this.#store.activate(version, this.approval.record!);
    });
  }

  /** Approves the model that waits for it if its time has come. */
  async mature(active: Model, nowSeconds: number): Promise<void> {
    if (!this.approval.mature(nowSeconds)) return;
    await this.#attempt(() => this.#store.activate(active.provenance.version, this.approval.record!));
  }

  /** The approved model; where the store cannot give it, the one in use stands in: a bad disk must not open the gates. */
  async approvedBytes(active: Model): Promise<ArrayBuffer> {
    const { record } = this.approval;
    const bytes = record && (await this.#attempt(() => this.#store.loadModel(record.approved)));
    return bytes ?? active.serialise();
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#onFault(error);
      return undefined;
    }
  }
}
