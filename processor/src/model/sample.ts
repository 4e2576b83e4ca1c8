/**
 * The rows to train on: a random sample of all rows offered, in which a row counts half as much for every half-life of
 * its age. Rows of one entity and of one network are capped, so that nobody decides alone what is normal.
 *
 * Each row draws a priority, ln(weight) - ln(-ln(u)) with u uniform in (0, 1), and the highest priorities stay: weighted
 * sampling without replacement (Efraimidis & Spirakis 2006, algorithm A-Res, in logarithms). The weight is
 * 2^(time / half-life), so priorities never change as time goes by (forward decay: Cormode, Shkapenyuk, Srivastava, Xu
 * 2009). The decay follows event time, not the number of rows as in Aggarwal's biased reservoir (2006): a burst does
 * not flush the week before it, and late rows find their place.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { NONE, RowGroups } from './row-groups.ts';
import { RowHeap } from './row-heap.ts';
import { rowsPerSlice, SampleColumns } from './sample-columns.ts';
import { readSnapshot, snapshotOf, type SampleSource } from './sample-snapshot.ts';

export interface SampleOptions {
  /** Most rows kept. */
  readonly capacity: number;
  /** Values in a row. */
  readonly width: number;
  /** Age at which a row counts half, in seconds of event time; a week by default. */
  readonly halfLifeSeconds?: number;
  /** Most rows of one entity, 50 by default. */
  readonly entityCap?: number;
  /** Most rows of one network, 500 by default. */
  readonly networkCap?: number;
  /** Uniform in [0, 1). The same numbers and rows give the same sample. */
  readonly random: () => number;
}

/** The sample then spans all days of the week, and what has changed for good makes up most of it after a week. */
const HALF_LIFE_SECONDS = 7 * 24 * 3600;
const ENTITY_CAP = 50;
const NETWORK_CAP = 500;

export class RowSample {
  readonly #capacity: number;
  readonly #decay: number;
  readonly #entityCap: number;
  readonly #networkCap: number;
  readonly #random: () => number;
  readonly #columns: SampleColumns;
  readonly #priority: Float64Array;
  readonly #heap: RowHeap;
  readonly #entities: RowGroups;
  readonly #networks: RowGroups;
  #seen = 0;

  constructor(options: SampleOptions) {
    this.#capacity = options.capacity;
    this.#decay = Math.LN2 / (options.halfLifeSeconds ?? HALF_LIFE_SECONDS);
    this.#entityCap = options.entityCap ?? ENTITY_CAP;
    this.#networkCap = options.networkCap ?? NETWORK_CAP;
    this.#random = options.random;
    this.#columns = new SampleColumns(options.capacity, options.width);
    this.#priority = new Float64Array(options.capacity);
    const { entityHigh, entityLow, network } = this.#columns;
    this.#heap = new RowHeap(this.#priority);
    this.#entities = new RowGroups(entityHigh, entityLow, this.#priority);
    this.#networks = new RowGroups(network, network, this.#priority);
  }

  /** Rows kept now. */
  get size(): number {
    return this.#columns.size;
  }

  /** Rows ever offered. */
  get seen(): number {
    return this.#seen;
  }

  /**
   * Offers the row that begins at `rows[offset]`; true if it is kept (for now). `network`: 0 for none. `timeSeconds`:
   * event time; the caller bounds it, for a row from far in the future would stay for as long. Allocates nothing; takes
   * the same time whatever the capacity unless the row is kept, then up to the caps and the logarithm of the capacity.
   */
  add(
    entityHigh: number,
    entityLow: number,
    network: number,
    timeSeconds: number,
    band: number,
    rows: Float32Array,
    offset: number,
  ): boolean {
    this.#seen += 1;
    if (!Number.isFinite(timeSeconds)) return false;
    const draw = -Math.log(-Math.log(this.#random()));
    return this.#offer(entityHigh, entityLow, network, timeSeconds, band, draw, rows, offset);
  }

  /** The live columns. They change with the next `add`. */
  view(): Readonly<SampleColumns> {
    return this.#columns;
  }

  /**
   * A copy to hand to another thread (transfer its `buffer`), made slice by slice with a turn of the event loop after
   * each. A row that changes meanwhile is copied as it was or as it became, never half of each.
   */
  async copy(): Promise<SampleColumns> {
    const { size, width } = this.#columns;
    const copy = new SampleColumns(size, width);
    const step = rowsPerSlice(width);
    for (let from = 0; from < size; from += step) {
      if (from > 0) await turn();
      this.#columns.copyRows(from, Math.min(from + step, size), copy, from);
    }
    // Rows erased meanwhile have left the end empty.
    copy.size = Math.min(size, this.size);
    return copy;
  }

  /** Forgets the rows of one entity. Returns how many there were. */
  eraseEntity(entityHigh: number, entityLow: number): number {
    const before = this.size;
    for (;;) {
      const slot = this.#entities.lowest(entityHigh, entityLow);
      if (slot === NONE) return before - this.size;
      this.#remove(slot);
    }
  }

  /** Forgets the rows of one entity whose windows start after `fromSeconds` and not after `toSeconds`. Returns how many there were. */
  eraseRows(entityHigh: number, entityLow: number, fromSeconds: number, toSeconds: number): number {
    const before = this.size;
    const columns = this.#columns;
    // Backwards: the last row takes the place of one that goes.
    for (let slot = before - 1; slot >= 0; slot--) {
      if (columns.entityLow[slot] !== entityLow || columns.entityHigh[slot] !== entityHigh) continue;
      const time = columns.windowTime[slot]!;
      if (time > fromSeconds && time <= toSeconds) this.#remove(slot);
    }
    return before - this.size;
  }

  /** The sample for a snapshot, piece by piece: each is a copy of its own, whole at the moment it is produced. */
  chunks(): Generator<ArrayBufferView> {
    return snapshotOf(this.#columns, this.#seen);
  }

  /**
   * Becomes what `chunks` wrote, in place of what is there; smaller limits keep the rows they would have kept. `columnOf`:
   * for each of our columns the one it had when it was written, -1 for a new one, which becomes NaN. Rejects with the
   * error of `source`, or with a RangeError if it holds something else.
   */
  async restore(source: SampleSource, columnOf?: readonly number[]): Promise<void> {
    while (this.size > 0) this.#remove(this.size - 1);
    this.#seen = await readSnapshot(source, this.#columns.width, columnOf, (rows, index) => {
      const { entityHigh, entityLow, network, windowTime, band, draw } = rows;
      this.#offer(
        entityHigh[index]!,
        entityLow[index]!,
        network[index]!,
        windowTime[index]!,
        band[index]!,
        draw[index]!,
        rows.rows,
        index * rows.width,
      );
    });
  }

  #offer(
    entityHigh: number,
    entityLow: number,
    network: number,
    timeSeconds: number,
    band: number,
    draw: number,
    rows: Float32Array,
    offset: number,
  ): boolean {
    const priority = timeSeconds * this.#decay + draw;
    const slot = this.#claim(entityHigh, entityLow, network, priority);
    if (slot === NONE) return false;

    const columns = this.#columns;
    columns.entityHigh[slot] = entityHigh;
    columns.entityLow[slot] = entityLow;
    columns.network[slot] = network;
    columns.windowTime[slot] = timeSeconds;
    columns.band[slot] = band;
    columns.draw[slot] = draw;
    this.#priority[slot] = priority;
    const start = slot * columns.width;
    for (let column = 0; column < columns.width; column += 1) columns.rows[start + column] = rows[offset + column]!;

    this.#heap.insert(slot);
    this.#entities.insert(slot);
    if (network !== 0) this.#networks.insert(slot);
    return true;
  }

  /**
   * A slot for a row of this priority: a new one, or that of the lowest row of the group that is full. NONE if the row
   * itself is the lowest. What remains are the highest priorities that the caps allow, in whatever order they came.
   */
  #claim(entityHigh: number, entityLow: number, network: number, priority: number): number {
    const isFull = this.size === this.#capacity;
    const lowest = this.#heap.lowest;
    // Before any look-up: most rows end here once the sample is full.
    if (isFull && priority <= this.#priority[lowest]!) return NONE;

    const ofEntity = this.#entities.lowestIfFull(entityHigh, entityLow, this.#entityCap);
    if (ofEntity !== NONE && priority <= this.#priority[ofEntity]!) return NONE;
    // The entity's row that goes may be of this very network, which makes room there too.
    const needsRoom = network !== 0 && (ofEntity === NONE || this.#columns.network[ofEntity] !== network);
    const ofNetwork = needsRoom ? this.#networks.lowestIfFull(network, network, this.#networkCap) : NONE;
    if (ofNetwork !== NONE && priority <= this.#priority[ofNetwork]!) return NONE;

    if (ofEntity !== NONE && ofNetwork !== NONE) {
      // Removing moves rows about: the lowest of the network is looked up anew.
      this.#remove(ofEntity);
      return this.#vacate(this.#networks.lowest(network, network));
    }
    if (ofEntity !== NONE) return this.#vacate(ofEntity);
    if (ofNetwork !== NONE) return this.#vacate(ofNetwork);
    if (isFull) return this.#vacate(lowest);
    this.#columns.size += 1;
    return this.#columns.size - 1;
  }

  /** Takes the row in a slot out of every order, so that another may be put there. Returns the slot. */
  #vacate(slot: number): number {
    this.#heap.remove(slot);
    this.#entities.remove(slot);
    if (this.#columns.network[slot] !== 0) this.#networks.remove(slot);
    return slot;
  }

  /** Takes a row out and closes the gap with the last one: the rows stay in slots 0 to size - 1. */
  #remove(slot: number): void {
    this.#vacate(slot);
    this.#columns.size -= 1;
    const last = this.#columns.size;
    if (slot === last) return;
    this.#columns.moveRow(last, slot);
    this.#priority[slot] = this.#priority[last]!;
    this.#heap.move(last, slot);
    this.#entities.move(last, slot);
    if (this.#columns.network[slot] !== 0) this.#networks.move(last, slot);
  }
}
