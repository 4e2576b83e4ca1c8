/**
 * The models there are and what each is: `candidate` (passed, and waits), `shadow` (runs beside the active one), `active`
 * (judges), `retired` (was active), `rejected` (failed a gate; kept to look into). Changes are made one after another, and
 * what a person asked for is on the disk before it takes effect and before it is acknowledged.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { ServiceError } from '../errors.ts';
import type { ModelStanding } from '../store/model-standing.ts';
import { Approval, approvedByHand } from './approval.ts';
import { type CatalogView, ModelCatalog, type ModelSummary } from './model-catalog.ts';
import type { ModelHeader, ModelOutcome } from './model-header.ts';
import { Model } from './model.ts';
import type { ModelStore } from './model-store.ts';
import type { ShadowAgreement } from './shadow.ts';

export interface RegisterEvents {
  /** This model judges from now on. Called between two requests, or two slices of a large one. */
  activated(model: Model): void;
  /** This model runs beside the active one from now on; undefined: none does. */
  shadowed(model: Model | undefined): void;
  failed(error: unknown): void;
}

export interface RegisterParts {
  readonly store: ModelStore;
  readonly events: RegisterEvents;
  /** Wall clock, unix milliseconds. */
  readonly clock: () => number;
  /** What the shadow counted so far. */
  readonly agreement: () => ShadowAgreement | undefined;
}

/** A model as its training left it. */
export interface TrainedModel {
  readonly model: Model;
  /** With `outcome` promoted it is to judge at once. */
  readonly header: ModelHeader;
  readonly bytes: ArrayBuffer;
  /** Event time it had learned from, seconds. */
  readonly learnedSeconds: number;
  /** The active model when its training began. */
  readonly basedOn: Model | undefined;
}

export class ModelRegister {
  readonly approval = new Approval();
  /** The model in use. */
  active: Model | undefined;
  readonly #parts: RegisterParts;
  readonly #catalog = new ModelCatalog();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: RegisterParts) {
    this.#parts = parts;
  }

  /** Reads what is kept and goes on with it. A model that cannot be used is as good as none, and is told of. */
  async open(): Promise<void> {
    await this.#attempt(async () => {
      const stored = await this.#parts.store.loadCurrentModel();
      this.#catalog.refresh(await this.#parts.store.listModels(), undefined);
      if (stored === undefined) return;
      this.#catalog.standing = stored.standing;
      const model = await Model.load(new Uint8Array(stored.bytes), turn);
      if (stored.approval === undefined) this.approval.approve(stored.version);
      else this.approval.restore(stored.approval);
      this.#use(model);
      const { shadow } = stored.standing;
      if (shadow !== undefined) this.#parts.events.shadowed(await this.#load(shadow));
    });
  }

  /** All models, newest first. */
  list(): ModelSummary[] {
    return this.#catalog.list(this.#view());
  }

  get(version: string): ModelSummary | undefined {
    return this.#catalog.get(version, this.#view());
  }

  /**
   * Makes a model the active one (promotes it, or goes back to it), which also approves it; or the shadow, in place of the
   * one there is. A rejected one becomes active only `despiteGates`. Rejects with `model_not_found`, `model_rejected`,
   * `model_in_use`, `no_active_model`, `model_incompatible` or `store_unwritable`; then nothing has changed.
   */
  activate(version: string, mode: 'active' | 'shadow', despiteGates = false): Promise<ModelSummary> {
    return this.#inTurn(async () => {
      const header = this.#known(version);
      await (mode === 'active' ? this.#promote(header, despiteGates) : this.#runBeside(header));
      return this.get(version)!;
    });
  }

  /** Ends the shadow, which is then what it was before. Rejects with `store_unwritable`. */
  endShadow(): Promise<void> {
    return this.#inTurn(() => this.#endShadow());
  }

  /** Removes a model for good. Rejects with `model_not_found`, `model_in_use` or `store_unwritable`. */
  delete(version: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#known(version);
      const { record } = this.approval;
      if (version === this.#activeVersion) throw new ServiceError('model_in_use', { model: version, use: 'active' });
      if (version === record?.approved) throw new ServiceError('model_in_use', { model: version, use: 'approved' });
      if (version === this.#catalog.standing.shadow) await this.#endShadow();
      if (record !== undefined && version === record.nominee?.version) {
        const { approved, learnedSeconds } = record;
        const rest = { approved, learnedSeconds };
        await this.#parts.store.activate(this.#activeVersion!, rest, this.#catalog.standing);
        this.approval.restore(rest);
      }
      await this.#parts.store.deleteModel(version);
      await this.#refresh();
    });
  }

  /**
   * Takes a model in from elsewhere: as a candidate, or as rejected if a gate had failed there. The very same model again
   * changes nothing. Rejects with `model_exists` or `store_unwritable`.
   */
  add(header: ModelHeader, bytes: ArrayBuffer): Promise<ModelSummary> {
    return this.#inTurn(async () => {
      const { version } = header;
      if (this.#catalog.header(version) === undefined) await this.#save(header, bytes);
      else {
        const kept = await this.#parts.store.loadModel(version);
        const isSame = kept !== undefined && Buffer.from(kept).equals(new Uint8Array(bytes));
        if (!isSame) throw new ServiceError('model_exists', { model: version });
      }
      return this.get(version)!;
    });
  }

  /** A version not given yet: `base`, or one that begins with it. */
  freeVersion(base: string): string {
    let version = base;
    for (let copy = 2; this.#catalog.header(version) !== undefined || version === this.#activeVersion; copy++) {
      version = `${base}-${copy}`;
    }
    return version;
  }

  /**
   * Keeps a trained model and judges by it if it is to be promoted. One that cannot be saved is used all the same: it is
   * trained again after a restart. Where a person activated another model during the training, it is a candidate.
   */
  keep(trained: TrainedModel): Promise<ModelOutcome> {
    return this.#inTurn(async () => {
      const isOvertaken = trained.header.outcome === 'promoted' && this.active !== trained.basedOn;
      const header: ModelHeader = isOvertaken ? { ...trained.header, outcome: 'candidate' } : trained.header;
      const { version, outcome, trainedAtSeconds } = header;
      const isSaved = await this.#attempt(() => this.#save(header, trained.bytes));
      if (outcome !== 'promoted') return outcome;
      this.approval.notePromotion(version, trainedAtSeconds, trained.learnedSeconds);
      this.#catalog.note(header);
      this.#catalog.standing = this.#catalog.standingWithActive(version, this.#activeVersion, this.#nowMs());
      if (isSaved === true) await this.#attempt(() => this.#point(version));
      this.#use(trained.model);
      return outcome;
    });
  }

  /** Judges by a model that is not kept, by a person's decision. */
  install(model: Model): void {
    this.approval.approve(model.provenance.version);
    this.#use(model);
  }

  /** Approves the model that waits for it if its time has come. */
  mature(nowSeconds: number): Promise<void> {
    return this.#inTurn(async () => {
      if (this.active === undefined || !this.approval.mature(nowSeconds)) return;
      await this.#attempt(() => this.#point(this.#activeVersion!));
    });
  }

  /** The approved model; where the store cannot give it, the one in use stands in: a bad disk must not open the gates. */
  async approvedBytes(): Promise<ArrayBuffer | undefined> {
    const { record } = this.approval;
    if (this.active === undefined) return undefined;
    const bytes = record && (await this.#attempt(() => this.#parts.store.loadModel(record.approved)));
    return bytes ?? this.active.serialise();
  }

  /** Resolves when all that was asked for so far is done. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  async #promote(header: ModelHeader, despiteGates: boolean): Promise<void> {
    const { version } = header;
    if (header.outcome === 'rejected') await this.#pardon(header, despiteGates);
    const model = version === this.#activeVersion ? this.active! : await this.#load(version);
    const wasShadow = version === this.#catalog.standing.shadow;
    const approval = approvedByHand(version);
    const standing = this.#catalog.standingWithActive(version, this.#activeVersion, this.#nowMs());
    await this.#parts.store.activate(version, approval, standing);
    this.approval.restore(approval);
    this.#catalog.standing = standing;
    if (model === this.active) return;
    if (wasShadow) this.#parts.events.shadowed(undefined);
    this.#use(model);
  }

  /** A rejected model becomes a candidate, if a person says so knowing what the gates said. */
  async #pardon(header: ModelHeader, despiteGates: boolean): Promise<void> {
    const { version, gates } = header;
    if (!despiteGates) {
      const { gate, detail } = gates.find(({ passed }) => !passed) ?? { gate: 'unknown', detail: 'it was kept apart' };
      throw new ServiceError('model_rejected', { model: version, gate, reason: detail });
    }
    await this.#load(version);
    const bytes = await this.#parts.store.loadModel(version);
    if (bytes === undefined) throw new ServiceError('model_not_found', { model: version });
    await this.#save({ ...header, outcome: 'candidate' }, bytes);
  }

  async #runBeside({ version }: ModelHeader): Promise<void> {
    const active = this.#activeVersion;
    if (active === undefined) throw new ServiceError('no_active_model', { model: version });
    if (active === version) throw new ServiceError('model_in_use', { model: version, use: 'active' });
    const model = await this.#load(version);
    await this.#stand(this.#catalog.standingWithShadow(version, this.#nowMs()));
    this.#parts.events.shadowed(model);
  }

  async #endShadow(): Promise<void> {
    if (this.#catalog.standing.shadow === undefined) return;
    await this.#stand(this.#catalog.standingWithShadow(undefined, this.#nowMs()));
    this.#parts.events.shadowed(undefined);
  }

  async #stand(standing: ModelStanding): Promise<void> {
    await this.#parts.store.activate(this.#activeVersion!, this.approval.record!, standing);
    this.#catalog.standing = standing;
  }

  async #load(version: string): Promise<Model> {
    const bytes = await this.#parts.store.loadModel(version);
    if (bytes === undefined) throw new ServiceError('model_not_found', { model: version });
    try {
      return await Model.load(new Uint8Array(bytes), turn);
    } catch (cause) {
      throw new ServiceError('model_incompatible', { model: version, reason: (cause as Error).message }, { cause });
    }
  }

  /** True when it is kept. */
  async #save(header: ModelHeader, bytes: ArrayBuffer): Promise<true> {
    const { store } = this.#parts;
    if (header.outcome === 'rejected') await store.saveRejected(header.version, { ...header }, bytes);
    else await store.saveModel(header.version, { ...header }, bytes);
    this.#catalog.note(header);
    await this.#refresh();
    return true;
  }

  /** Saving a model may have removed an older one. */
  async #refresh(): Promise<void> {
    this.#catalog.refresh(await this.#parts.store.listModels(), this.#activeVersion);
  }

  #point(version: string): Promise<void> {
    return this.#parts.store.activate(version, this.approval.record!, this.#catalog.standing);
  }

  #use(model: Model): void {
    this.active = model;
    this.#parts.events.activated(model);
  }

  #known(version: string): ModelHeader {
    const header = this.#catalog.header(version);
    if (header === undefined) throw new ServiceError('model_not_found', { model: version });
    return header;
  }

  get #activeVersion(): string | undefined {
    return this.active?.provenance.version;
  }

  #view(): CatalogView {
    return { active: this.#activeVersion, approval: this.approval.record, agreement: this.#parts.agreement() };
  }

  #nowMs(): number {
    return Math.round(this.#parts.clock());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#parts.events.failed(error);
      return undefined;
    }
  }
}
