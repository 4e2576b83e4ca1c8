/** Kept windows judged again, and the incidents they make. */
import type { Behavior } from '../detection/behaviors.ts';
import { budgetThreshold, isAnomaly } from '../detection/decision.ts';
import { scoreOf } from '../detection/evidence.ts';
import { covers, type ExclusionScope } from '../detection/exclusion.ts';
import { QUIET_SECONDS } from '../detection/incident.ts';
import { BehaviorNaming } from '../detection/naming.ts';
import type { Sensitivity } from '../detection/sensitivity.ts';
import { type EntityKind, FEATURE_NAMES, rowWidth } from '../features/features.ts';
import { WINDOW_SECONDS } from '../features/window-clock.ts';
import type { KeptWindow } from '../store/kept-windows.ts';
import { definitionsOf, type EntityDetector } from './entity-detector.ts';
import type { Model } from './model.ts';

/** What decides. */
export interface BacktestSettings {
  readonly sensitivity: Sensitivity;
  readonly exclusions: readonly ExclusionScope[];
  readonly model: Model;
}

export interface BacktestIncident {
  readonly kind: EntityKind;
  readonly entity: string;
  readonly startMs: number;
  /** Of the latest anomalous window. */
  lastMs: number;
  /** Of the most unusual window, as are service, endpoint and score. */
  behavior: string;
  service: string;
  endpoint: string;
  /** Highest, 0..1. */
  score: number;
  /** Anomalous windows. */
  windows: number;
}

export const WINDOW_MS = WINDOW_SECONDS * 1000;

interface Found {
  /** -ln p, nats. */
  rarity: number;
  behavior: string;
  isMaterial: boolean;
}

/** Kept windows judged under one set of settings, and the incidents they make. */
export class JudgedWindows {
  readonly incidents: BacktestIncident[] = [];
  asFound = 0;
  readonly #settings: BacktestSettings;
  readonly #judges: Partial<Record<EntityKind, WindowJudge>> = {};
  readonly #thresholds: Record<EntityKind, number>;
  readonly #latest = new Map<string, BacktestIncident>();

  constructor(settings: BacktestSettings) {
    this.#settings = settings;
    const { sensitivity, model } = settings;
    const threshold = (kind: EntityKind): number =>
      budgetThreshold(sensitivity.budget, kind, model.detectors[kind]?.parts.windowsPerDay ?? 0);
    this.#thresholds = { user: threshold('user'), address: threshold('address'), endpoint: threshold('endpoint') };
    for (const detector of Object.values(model.detectors)) {
      this.#judges[detector.parts.kind] = new WindowJudge(detector, sensitivity);
    }
  }

  add(window: KeptWindow): void {
    const { kind, entity, service, endpoint } = window;
    const found = this.#judges[kind]?.judge(window) ?? this.#asItWas(window);
    const { sensitivity, exclusions } = this.#settings;
    if (!found.isMaterial && sensitivity.disabled.has('other')) return;
    if (!isAnomaly(found.rarity, this.#thresholds[kind], found.isMaterial)) return;
    const subject = { entity, service, endpoint, behavior: found.behavior };
    if (exclusions.some((scope) => covers(scope, subject))) return;
    this.#take(window, found);
  }

  #asItWas({ p, behavior, isMaterial }: KeptWindow): Found {
    this.asFound++;
    const rarity = -Math.log(p);
    const isOff = this.#settings.sensitivity.disabled.has(behavior as Behavior);
    return isOff ? { rarity, behavior: 'other', isMaterial: false } : { rarity, behavior, isMaterial };
  }

  #take({ kind, entity, startMs, service, endpoint }: KeptWindow, { rarity, behavior }: Found): void {
    const key = `${kind} ${entity}`;
    const score = scoreOf(rarity);
    let incident = this.#latest.get(key);
    const quietMs = startMs - ((incident?.lastMs ?? 0) + WINDOW_MS);
    if (incident === undefined || quietMs > QUIET_SECONDS * 1000) {
      incident = { kind, entity, startMs, lastMs: startMs, behavior, service, endpoint, score, windows: 0 };
      this.#latest.set(key, incident);
      this.incidents.push(incident);
    }
    incident.windows++;
    incident.lastMs = startMs;
    if (score > incident.score) Object.assign(incident, { score, behavior, service, endpoint });
  }
}

/** Judges rows by a detector and a sensitivity. */
class WindowJudge {
  readonly #detector: EntityDetector;
  readonly #naming: BehaviorNaming;
  readonly #row: Float32Array;

  constructor(detector: EntityDetector, { disabled, minimumEffect }: Sensitivity) {
    const { kind } = detector.parts;
    const definitions = definitionsOf(kind);
    const features = FEATURE_NAMES[kind].map((name, column) => ({ name, scale: definitions[column]!.scale }));
    this.#detector = detector;
    this.#naming = new BehaviorNaming(kind, features, disabled, minimumEffect);
    this.#row = new Float32Array(rowWidth(kind));
  }

  /** Undefined for a row of another table of features. */
  judge({ entityRow, carried }: KeptWindow): Found | undefined {
    const row = this.#row;
    if (entityRow.length !== row.length) return undefined;
    row.set(entityRow);
    const detector = this.#detector;
    const rarity = detector.rarityOf(row) + carried;
    const { behavior, isMaterial } = this.#naming.name(row, detector.featureEvidence);
    return { rarity, behavior, isMaterial };
  }
}
