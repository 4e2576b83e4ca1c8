/** The list of kept models, and what each is now. */
import type { EntityKind } from '../features/features.ts';
import type { ApprovalRecord } from '../store/approval-record.ts';
import type { ModelFile } from '../store/files.ts';
import type { ModelRecord, ModelState } from '../store/model-records.ts';
import type { ModelStanding } from '../store/model-standing.ts';
import { type ModelHeader, modelHeaderOf } from './model-header.ts';
import type { ShadowAgreement } from './shadow.ts';

/** What the list tells of a model beside the record. */
export interface ModelMeasures extends Readonly<Record<string, unknown>> {
  /** Rows trained on, and the entities they are of. */
  readonly rows: Readonly<Record<EntityKind, number>>;
  readonly entities: Readonly<Record<EntityKind, number>>;
  readonly seed: number;
  readonly scores: ModelHeader['scores'];
  /** `approved`: says what must not be learned from. `nominee`: is approved next if nobody objects. */
  readonly approval: 'approved' | 'nominee' | undefined;
  /** What was counted beside the active model, if this one is the shadow. */
  readonly agreement: ShadowAgreement | undefined;
}

export interface ModelSummary extends ModelRecord {
  readonly measures: ModelMeasures;
}

/** What stands outside the catalog. */
export interface CatalogView {
  readonly active: string | undefined;
  readonly approval: ApprovalRecord | undefined;
  readonly agreement: ShadowAgreement | undefined;
}

export class ModelCatalog {
  standing: ModelStanding = { retired: [], changedMs: {} };
  /** By version, oldest first. */
  #headers = new Map<string, ModelHeader>();

  /** Takes over what is kept. `unsaved`: a model in use that is not among it. */
  refresh(files: readonly ModelFile[], unsaved: string | undefined): void {
    const passed = new Set(files.filter(({ isRejected }) => !isRejected).map(({ version }) => version));
    // One that is kept twice was rejected, and then activated as a crash came.
    const headers = files.filter(({ version, isRejected }) => !isRejected || !passed.has(version)).map(modelHeaderOf);
    const missing = unsaved === undefined ? undefined : this.#headers.get(unsaved);
    if (missing !== undefined && !headers.some(({ version }) => version === unsaved)) headers.push(missing);
    headers.sort((a, b) => a.createdMs - b.createdMs);
    this.#headers = new Map(headers.map((header) => [header.version, header]));
  }

  note(header: ModelHeader): void {
    this.#headers.set(header.version, header);
  }

  header(version: string): ModelHeader | undefined {
    return this.#headers.get(version);
  }

  /** Newest first. */
  list(view: CatalogView): ModelSummary[] {
    return [...this.#headers.values()].toReversed().map((header) => this.#summary(header, view));
  }

  get(version: string, view: CatalogView): ModelSummary | undefined {
    const header = this.#headers.get(version);
    return header && this.#summary(header, view);
  }

  /** How models stand when `version` becomes the active one in place of `before`. */
  standingWithActive(version: string, before: string | undefined, nowMs: number): ModelStanding {
    const { shadow, retired, changedMs } = this.standing;
    const next = new Set(retired);
    if (before !== undefined && before !== version) next.add(before);
    next.delete(version);
    return this.#pruned({
      ...(shadow !== undefined && shadow !== version && { shadow }),
      retired: [...next],
      changedMs: { ...changedMs, [version]: nowMs, ...(before !== undefined && { [before]: nowMs }) },
    });
  }

  /** How models stand when `version`, or none, becomes the shadow. */
  standingWithShadow(version: string | undefined, nowMs: number): ModelStanding {
    const { shadow: before, retired, changedMs } = this.standing;
    const changed = [version, before].filter((model) => model !== undefined);
    return this.#pruned({
      ...(version !== undefined && { shadow: version }),
      retired,
      changedMs: { ...changedMs, ...Object.fromEntries(changed.map((model) => [model, nowMs])) },
    });
  }

  /** Of models that are gone nothing is kept. */
  #pruned({ retired, changedMs, ...rest }: ModelStanding): ModelStanding {
    return {
      ...rest,
      retired: retired.filter((version) => this.#headers.has(version)),
      changedMs: Object.fromEntries(Object.entries(changedMs).filter(([version]) => this.#headers.has(version))),
    };
  }

  #summary(header: ModelHeader, view: CatalogView): ModelSummary {
    const { version, createdMs, origin, jobId, fromMs, toMs, gates, rows, entities, seed, scores } = header;
    const state = this.#stateOf(header, view.active);
    const { approved, nominee } = view.approval ?? {};
    const approval = version === approved ? 'approved' : version === nominee?.version ? 'nominee' : undefined;
    const agreement = state === 'shadow' ? view.agreement : undefined;
    return {
      version,
      state,
      createdMs,
      changedMs: this.standing.changedMs[version] ?? createdMs,
      fromMs,
      toMs,
      origin,
      jobId,
      gates,
      measures: { rows, entities, seed, scores, approval, agreement },
    };
  }

  #stateOf({ version, outcome }: ModelHeader, active: string | undefined): ModelState {
    if (version === active) return 'active';
    if (version === this.standing.shadow) return 'shadow';
    if (outcome === 'rejected') return 'rejected';
    return this.standing.retired.includes(version) ? 'retired' : 'candidate';
  }
}
