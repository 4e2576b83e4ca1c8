/**
 * What would have been flagged: the kept windows judged again under another budget, other switches, exclusions or another
 * model. Exclusions count as if they had been in force all the time. Only the highest one in a hundred of the windows is
 * kept, which is far more than any budget flags.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type Behavior, BEHAVIORS } from '../detection/behaviors.ts';
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

/** What is compared, over windows that start within a time, unix milliseconds. */
export interface BacktestComparison {
  readonly before: BacktestSettings;
  readonly after: BacktestSettings;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
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

export interface BacktestSide {
  readonly incidents: number;
  readonly incidentsPerDay: number;
  readonly byBehavior: Readonly<Record<string, number>>;
  readonly byKind: Readonly<Record<EntityKind, number>>;
}

export interface BacktestReport {
  /** Start of the first and end of the last kept window; 0 without any. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly days: number;
  readonly windows: number;
  /** Windows of another table of features, or of a kind that the model does not know: taken as they were found then. */
  readonly windowsAsFound: number;
  readonly before: BacktestSide;
  readonly after: BacktestSide;
  /** How many, and the most unusual of them. */
  readonly appearing: number;
  readonly vanishing: number;
  readonly examplesAppearing: readonly BacktestIncident[];
  readonly examplesVanishing: readonly BacktestIncident[];
}

export interface BacktestRun {
  /** Windows judged so far. */
  readonly progress?: (windows: number) => void;
  readonly signal?: AbortSignal;
}

const EXAMPLES = 100;
const DAY_MS = 86_400_000;
const WINDOW_MS = WINDOW_SECONDS * 1000;
/** Windows judged before others get their turn. */
const TURN_WINDOWS = 50;

/** Judges windows under both settings, and compares. */
export class Backtest {
  readonly #sides: readonly [JudgedWindows, JudgedWindows];
  #windows = 0;
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = 0;

  constructor(before: BacktestSettings, after: BacktestSettings) {
    this.#sides = [new JudgedWindows(before), new JudgedWindows(after)];
  }

  /** Windows judged so far. */
  get windows(): number {
    return this.#windows;
  }

  /** Takes the next window; those of an entity come in order of time. */
  add(window: KeptWindow): void {
    for (const side of this.#sides) side.add(window);
    this.#windows++;
    this.#fromMs = Math.min(this.#fromMs, window.startMs);
    this.#toMs = Math.max(this.#toMs, window.startMs + WINDOW_MS);
  }

  report(): BacktestReport {
    const [before, after] = this.#sides;
    const [was, would] = [before.incidents, after.incidents];
    const [fromMs, toMs] = this.#windows === 0 ? [0, 0] : [this.#fromMs, this.#toMs];
    const days = Math.max((toMs - fromMs) / DAY_MS, WINDOW_MS / DAY_MS);
    const appearing = withoutCounterpart(would, was);
    const vanishing = withoutCounterpart(was, would);
    return {
      fromMs,
      toMs,
      days,
      windows: this.#windows,
      windowsAsFound: after.asFound,
      before: summary(was, days),
      after: summary(would, days),
      appearing: appearing.length,
      vanishing: vanishing.length,
      examplesAppearing: mostUnusual(appearing),
      examplesVanishing: mostUnusual(vanishing),
    };
  }
}

/** A backtest of all `windows`, in order of time. Rejects with the reason of `signal` when that is aborted. */
export async function backtest(
  windows: AsyncIterable<readonly KeptWindow[]> | Iterable<readonly KeptWindow[]>,
  before: BacktestSettings,
  after: BacktestSettings,
  { progress, signal }: BacktestRun = {},
): Promise<BacktestReport> {
  const run = new Backtest(before, after);
  for await (const page of windows) {
    for (const window of page) {
      run.add(window);
      if (run.windows % TURN_WINDOWS === 0) await turn();
    }
    signal?.throwIfAborted();
    progress?.(run.windows);
  }
  return run.report();
}

interface Found {
  /** -ln p, nats. */
  rarity: number;
  behavior: string;
  isMaterial: boolean;
}

/** Kept windows judged under one set of settings, and the incidents they make. */
class JudgedWindows {
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
    const rarity = detector.rarity(detector.evaluate(row), row.at(-1)!) + carried;
    const { behavior, isMaterial } = this.#naming.name(row, detector.featureEvidence);
    return { rarity, behavior, isMaterial };
  }
}

/** Incidents at whose time the same entity has none among `others`. */
function withoutCounterpart(
  incidents: readonly BacktestIncident[],
  others: readonly BacktestIncident[],
): BacktestIncident[] {
  const byEntity = Map.groupBy(others, ({ kind, entity }) => `${kind} ${entity}`);
  return incidents.filter(({ kind, entity, startMs, lastMs }) => {
    const same = byEntity.get(`${kind} ${entity}`) ?? [];
    return !same.some((other) => other.startMs <= lastMs && other.lastMs >= startMs);
  });
}

function summary(incidents: readonly BacktestIncident[], days: number): BacktestSide {
  const byBehavior: Record<string, number> = Object.fromEntries(Object.keys(BEHAVIORS).map((name) => [name, 0]));
  const byKind = { user: 0, address: 0, endpoint: 0 };
  for (const { kind, behavior } of incidents) {
    byBehavior[behavior] = (byBehavior[behavior] ?? 0) + 1;
    byKind[kind]++;
  }
  return { incidents: incidents.length, incidentsPerDay: incidents.length / days, byBehavior, byKind };
}

const mostUnusual = (incidents: readonly BacktestIncident[]): BacktestIncident[] =>
  incidents.toSorted((one, other) => other.score - one.score || one.startMs - other.startMs).slice(0, EXAMPLES);
