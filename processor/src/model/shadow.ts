/**
 * A model that runs beside the active one. When an entity's window is over both judge its last row, alone and without
 * what earlier windows carried, and what they found is counted. That costs two evaluations a window instead of one a call,
 * and nothing of it reaches a span, a metric of scores or an incident.
 */
import { type Budget, budgetThreshold, isAnomaly } from '../detection/decision.ts';
import { scoreOf } from '../detection/evidence.ts';
import { BehaviorNaming } from '../detection/naming.ts';
import { ENTITY_KINDS } from '../features/entity-states.ts';
import { type EntityKind, FEATURE_NAMES } from '../features/features.ts';
import { definitionsOf, type EntityDetector } from './entity-detector.ts';
import type { Model } from './model.ts';

/** What was counted since the shadow began. A window is flagged if it would be an anomaly by itself. */
export interface ShadowAgreement {
  /** Entity-windows that both models judged. */
  readonly windows: number;
  readonly flaggedByBoth: number;
  readonly flaggedByShadow: number;
  readonly flaggedByActive: number;
  /** Share of the windows about which both say the same, flagged or not, 0..1; undefined before the first. */
  readonly agreement: number | undefined;
  /** Share of the windows that the shadow would flag, and that the active one flags; both by this measure. */
  readonly shadowFlagRate: number | undefined;
  readonly activeFlagRate: number | undefined;
  /** Mean of how far the two scores of a window are apart, 0..1. */
  readonly scoreDifference: number | undefined;
}

interface Verdict {
  readonly score: number;
  readonly isFlagged: boolean;
}

interface Judge {
  readonly detector: EntityDetector;
  readonly threshold: number;
}

export class Shadow {
  readonly #naming: Readonly<Record<EntityKind, BehaviorNaming>>;
  readonly #pairs: Partial<Record<EntityKind, { readonly shadow: Judge; readonly active: Judge }>> = {};
  #windows = 0;
  #both = 0;
  #byShadow = 0;
  #byActive = 0;
  #difference = 0;

  /** `switchedOff`: behaviors that raise no anomaly. `minimumEffect`: factor on the least effect that does. */
  constructor(model: Model, active: Model, budget: Budget, switchedOff: ReadonlySet<string>, minimumEffect = 1) {
    const naming = (kind: EntityKind): BehaviorNaming => {
      const features = FEATURE_NAMES[kind].map((name, column) => ({ name, scale: definitionsOf(kind)[column]!.scale }));
      return new BehaviorNaming(kind, features, switchedOff, minimumEffect);
    };
    this.#naming = { user: naming('user'), address: naming('address'), endpoint: naming('endpoint') };
    const judge = (kind: EntityKind, detector: EntityDetector): Judge => ({
      detector,
      threshold: budgetThreshold(budget, kind, detector.parts.windowsPerDay),
    });
    for (const kind of ENTITY_KINDS) {
      const [ours, theirs] = [model.detectors[kind], active.detectors[kind]];
      if (ours && theirs) this.#pairs[kind] = { shadow: judge(kind, ours), active: judge(kind, theirs) };
    }
  }

  /** Judges the row of a window that is over. */
  note(kind: EntityKind, row: Float32Array): void {
    const pair = this.#pairs[kind];
    if (pair === undefined) return;
    const shadow = this.#verdict(kind, pair.shadow, row);
    const active = this.#verdict(kind, pair.active, row);
    this.#windows++;
    if (shadow.isFlagged) this.#byShadow++;
    if (active.isFlagged) this.#byActive++;
    if (shadow.isFlagged && active.isFlagged) this.#both++;
    this.#difference += Math.abs(shadow.score - active.score);
  }

  agreement(): ShadowAgreement {
    const windows = this.#windows;
    const share = (count: number): number | undefined => (windows === 0 ? undefined : count / windows);
    return {
      windows,
      flaggedByBoth: this.#both,
      flaggedByShadow: this.#byShadow,
      flaggedByActive: this.#byActive,
      agreement: share(windows - this.#byShadow - this.#byActive + 2 * this.#both),
      shadowFlagRate: share(this.#byShadow),
      activeFlagRate: share(this.#byActive),
      scoreDifference: share(this.#difference),
    };
  }

  #verdict(kind: EntityKind, { detector, threshold }: Judge, row: Float32Array): Verdict {
    const nats = detector.rarityOf(row);
    // Naming costs more than it tells of a row that no name would make an anomaly.
    const isFlagged =
      isAnomaly(nats, threshold, true) &&
      isAnomaly(nats, threshold, this.#naming[kind].name(row, detector.featureEvidence).isMaterial);
    return { score: scoreOf(nats), isFlagged };
  }
}
