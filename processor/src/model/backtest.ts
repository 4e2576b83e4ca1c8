/**
 * What would have been flagged: the kept windows judged again under another budget, other switches, exclusions or another
 * model. Exclusions count as if they had been in force all the time. Only the highest one in a hundred of the windows is
 * kept, which is far more than any budget flags.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { BEHAVIORS } from '../detection/behaviors.ts';
import type { EntityKind } from '../features/features.ts';
import type { KeptWindow } from '../store/kept-windows.ts';
import { type BacktestIncident, type BacktestSettings, JudgedWindows, WINDOW_MS } from './judged-windows.ts';

/** What is compared, over windows that start within a time, unix milliseconds. */
export interface BacktestComparison {
  readonly before: BacktestSettings;
  readonly after: BacktestSettings;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
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
