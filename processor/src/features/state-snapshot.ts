/** Entity state as a sequence of buffers, written in slices while spans flow, and read back at start. */
import { ENTITY_KINDS, type EntityState, type EntityStates } from './entity-states.ts';
import { FEATURE_NAMES, type EntityKind } from './features.ts';

/** Changes when the meaning of a state row changes; an older snapshot is then not read and baselines are learned again. */
const LAYOUT_VERSION = 5;
const ROWS_PER_CHUNK = 256;
/** Key high, key low, maturity. */
const ROW_HEADER = 3;

export interface StateHeader {
  layout: number;
  kinds: Record<EntityKind, { rows: number; stride: number; features: readonly string[] }>;
  population: number[];
  /** Calls per service id: window, calls in it, calls in the one before. */
  services: number[];
  /** What all endpoints have in common in the present window. */
  everywhere: number[];
  /** Plain JSON of the endpoint table, so that endpoint ids mean the same after a restart. */
  endpointTable: unknown;
}

/** What the reader of a snapshot needs before its rows. */
export function stateHeader(states: EntityStates, endpointTable: unknown): StateHeader {
  const describe = (kind: EntityKind) => ({
    rows: states[kind].table.size,
    stride: states[kind].stride,
    features: FEATURE_NAMES[kind],
  });
  return {
    layout: LAYOUT_VERSION,
    kinds: { user: describe('user'), address: describe('address'), endpoint: describe('endpoint') },
    population: states.population.snapshot().numbers,
    services: states.endpoint.serviceCounts(),
    everywhere: states.endpoint.everywhere.snapshot(),
    endpointTable,
  };
}

/**
 * The rows, kind after kind, the least recently used first. The caller may let other work run between two chunks: each
 * row is consistent in itself, and rows that come or go meanwhile are left out or padded with free rows (key 0, 0).
 * The memory of a chunk is used again for the next one.
 */
export function* stateChunks(states: EntityStates, header: StateHeader): Generator<Buffer> {
  for (const table of states.population.snapshot().tables) yield bytesOf(table.slice());
  for (const kind of ENTITY_KINDS) {
    const state: EntityState = states[kind];
    const all = new Int32Array(state.table.size);
    let entities = 0;
    state.table.forEachByAge((slot) => {
      all[entities++] = slot;
    });
    // Where entities have come since the header was made, newcomers that were not used for longest are left out.
    const order = all.subarray(Math.max(0, entities - header.kinds[kind].rows));
    const width = state.stride + ROW_HEADER;
    const chunk = new Float32Array(ROWS_PER_CHUNK * width);
    const words = new Uint32Array(chunk.buffer);
    for (let from = 0; from < header.kinds[kind].rows; from += ROWS_PER_CHUNK) {
      const rows = Math.min(ROWS_PER_CHUNK, header.kinds[kind].rows - from);
      chunk.fill(0);
      for (let index = 0; index < rows; index++) {
        const slot = order[from + index];
        if (slot === undefined || !state.table.isUsed(slot)) continue;
        words[index * width] = state.table.keyHigh(slot);
        words[index * width + 1] = state.table.keyLow(slot);
        words[index * width + 2] = state.table.isMature(slot) ? MATURE : PROBATION;
        state.copyState(slot, chunk, index * width + ROW_HEADER);
      }
      yield bytesOf(chunk.subarray(0, rows * width));
    }
  }
}

/** Whether a snapshot's rows mean what this build's rows mean. */
export function isReadable(states: EntityStates, header: StateHeader): boolean {
  return (
    header.layout === LAYOUT_VERSION &&
    ENTITY_KINDS.every((kind) => header.kinds[kind].stride === states[kind].stride) &&
    ENTITY_KINDS.every((kind) => header.kinds[kind].features.join() === FEATURE_NAMES[kind].join())
  );
}

/** The payload of a saved snapshot, from front to back. */
export interface StatePayload {
  /** Fills `target` with the next bytes. */
  read(target: ArrayBufferView): Promise<void>;
}

/** Puts saved rows back into empty states, a chunk at a time. */
export async function restoreState(states: EntityStates, header: StateHeader, payload: StatePayload): Promise<void> {
  const tables = states.population.snapshot().tables.map((table) => table.slice());
  for (const table of tables) await payload.read(table);
  states.population.restore({ numbers: header.population, tables });
  states.endpoint.restoreServiceCounts(header.services);
  states.endpoint.everywhere.restore(header.everywhere);
  for (const kind of ENTITY_KINDS) {
    const width = header.kinds[kind].stride + ROW_HEADER;
    for (let from = 0; from < header.kinds[kind].rows; from += ROWS_PER_CHUNK) {
      const rows = Math.min(ROWS_PER_CHUNK, header.kinds[kind].rows - from);
      const chunk = new Float32Array(rows * width);
      await payload.read(chunk);
      const words = new Uint32Array(chunk.buffer);
      for (let row = 0; row < rows; row++) {
        const at = row * width;
        const segment = words[at + 2]!;
        if (segment === 0) continue;
        const state = chunk.subarray(at + ROW_HEADER, at + width);
        restoreRow(states, kind, words[at]!, words[at + 1]!, state, segment === MATURE);
      }
    }
  }
}

function restoreRow(
  states: EntityStates,
  kind: EntityKind,
  high: number,
  low: number,
  saved: Float32Array,
  mature: boolean,
): void {
  // An entity thrown out and back again while the snapshot was written is in it twice: the first one stands.
  if (states[kind].table.find(high, low) >= 0) return;
  if (kind === 'endpoint') states.endpoint.restoreState(low, saved, mature);
  else states[kind].restoreState(high, low, saved, mature);
}

const PROBATION = 1;
const MATURE = 2;

const bytesOf = (array: Float32Array): Buffer => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
