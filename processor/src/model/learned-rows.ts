/** The rows that models are trained on: of windows that are over, sampled per entity kind, copied for a training. */
import { setImmediate as turn } from 'node:timers/promises';
import { ENTITY_KINDS, type EntityState, type EntityStates } from '../features/entity-states.ts';
import { type EntityKind, rowWidth } from '../features/features.ts';
import { WINDOW_SECONDS, type Watermark, windowOf } from '../features/window-clock.ts';
import type { TrainingRows } from './detector-training.ts';
import type { SampleColumns } from './sample-columns.ts';
import { RowSample } from './sample.ts';

/** Event time, unix seconds, both ends included; an end left out is open. */
export interface TimeRange {
  readonly fromSeconds?: number;
  readonly toSeconds?: number;
}

/** Rows and the windows they are of: unix seconds, undefined where there are none. */
export interface RowsHeld {
  readonly rows: number;
  readonly fromSeconds: number | undefined;
  readonly toSeconds: number | undefined;
}

/** Copies of rows to train on. */
export interface GatheredRows {
  readonly kinds: readonly TrainingRows[];
  /** What was there, of all times. */
  readonly available: RowsHeld;
  /** What is in the copies. */
  readonly used: RowsHeld;
}

export type RowSamples = Readonly<Record<EntityKind, RowSample>>;

/** Most rows of one entity in the sample; endpoints are few and each has much to say. */
const ENTITY_CAP: Record<EntityKind, number> = { user: 50, address: 50, endpoint: 2000 };
/** Most of the sample that one network may fill. */
const NETWORK_SHARE = 0.1;
/** Slots looked at per turn of the event loop when windows are closed for training. */
const SLOTS_PER_TURN = 200;
/** Rows looked at per turn when those of a time range are picked. */
const ROWS_PER_TURN = 5000;
const DAY = 86_400;

const emptyRow = (kind: EntityKind): Float32Array => new Float32Array(rowWidth(kind));

/** Samples with the caps that keep anyone from deciding alone what is normal. `random`: uniform in [0, 1). */
export function createSamples(capacity: number, random: () => number): RowSamples {
  const sample = (kind: EntityKind) =>
    new RowSample({
      capacity,
      width: rowWidth(kind),
      entityCap: ENTITY_CAP[kind],
      networkCap: Math.ceil(capacity * NETWORK_SHARE),
      random,
    });
  return { user: sample('user'), address: sample('address'), endpoint: sample('endpoint') };
}

export class LearnedRows {
  readonly samples: RowSamples;
  /** Windows that ended, whether or not the sample kept their rows. */
  readonly closedWindows: Record<EntityKind, number> = { user: 0, address: 0, endpoint: 0 };
  readonly #states: EntityStates;
  readonly #watermark: Watermark;
  readonly #rows: Record<EntityKind, Float32Array>;

  constructor(states: EntityStates, watermark: Watermark, samples: RowSamples) {
    this.#states = states;
    this.#watermark = watermark;
    this.samples = samples;
    this.#rows = { user: emptyRow('user'), address: emptyRow('address'), endpoint: emptyRow('endpoint') };
  }

  /** Takes the row of an entity whose window is over into the sample. */
  learn(kind: EntityKind, slot: number): void {
    const state: EntityState = this.#states[kind];
    const row = this.#rows[kind];
    state.row(slot, row);
    this.closedWindows[kind]++;
    const network = kind === 'endpoint' ? 0 : this.#states[kind].network(slot);
    const time = state.window(slot) * WINDOW_SECONDS;
    const { table } = state;
    this.samples[kind].add(table.keyHigh(slot), table.keyLow(slot), network, time, 0, row, 0);
  }

  /**
   * Copies of the samples, or of their rows whose windows begin within `range`. What entities did last is in them too, not
   * only what those that came back did.
   */
  async gather(range: TimeRange = {}): Promise<GatheredRows> {
    await this.#closeWindows();
    const [available, used] = [new Extent(), new Extent()];
    const kinds: TrainingRows[] = [];
    for (const kind of ENTITY_KINDS) {
      const copy = await this.samples[kind].copy();
      await keepWithin(copy, range, available, used);
      const { size, width, rows, entityHigh, entityLow } = copy;
      kinds.push({ kind, size, width, rows, entityHigh, entityLow, windowsPerDay: this.#windowsPerDay(kind) });
    }
    return { kinds, available: available.held, used: used.held };
  }

  async #closeWindows(): Promise<void> {
    for (const kind of ENTITY_KINDS) {
      for (let slot = 0; slot >= 0;) {
        slot = this.#states.closeBefore(kind, windowOf(this.#watermark.seconds), slot, SLOTS_PER_TURN);
        await turn();
      }
    }
  }

  #windowsPerDay(kind: EntityKind): number {
    const days = (this.#watermark.seconds - this.#watermark.firstSeconds) / DAY;
    return this.closedWindows[kind] / Math.max(days, 1 / 24);
  }
}

/** Counts rows and notes the first and the last window among them. */
class Extent {
  #rows = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  add(windowSeconds: number): void {
    this.#rows++;
    this.#first = Math.min(this.#first, windowSeconds);
    this.#last = Math.max(this.#last, windowSeconds);
  }

  get held(): RowsHeld {
    if (this.#rows === 0) return { rows: 0, fromSeconds: undefined, toSeconds: undefined };
    return { rows: this.#rows, fromSeconds: this.#first, toSeconds: this.#last + WINDOW_SECONDS };
  }
}

/** Drops the rows of other windows, with turns of the event loop between; those that stay move up, in their order. */
async function keepWithin(rows: SampleColumns, range: TimeRange, available: Extent, used: Extent): Promise<void> {
  const { fromSeconds = 0, toSeconds = Number.POSITIVE_INFINITY } = range;
  let kept = 0;
  for (let row = 0; row < rows.size; row++) {
    if (row % ROWS_PER_TURN === ROWS_PER_TURN - 1) await turn();
    const time = rows.windowTime[row]!;
    available.add(time);
    if (time < fromSeconds || time > toSeconds) continue;
    used.add(time);
    if (kept !== row) rows.moveRow(row, kept);
    kept++;
  }
  rows.size = kept;
}
