/** A sample as it is kept in a snapshot: its width and the rows ever offered, slices of rows, an empty slice. */
import { rowsPerSlice, SampleColumns } from './sample-columns.ts';

/** Reads as `EnvelopeReader` does: fills the view with the next bytes, or rejects. */
export interface SampleSource {
  read(target: ArrayBufferView): Promise<void>;
}

/** The snapshot, piece by piece; the columns may change between the pieces. `seen`: rows ever offered. */
export function* snapshotOf(columns: Readonly<SampleColumns>, seen: number): Generator<ArrayBufferView> {
  const { width } = columns;
  yield Float64Array.of(width, seen);
  const step = rowsPerSlice(width);
  for (let from = 0; from < columns.size; from += step) {
    const count = Math.min(step, columns.size - from);
    const slice = new SampleColumns(count, width);
    columns.copyRows(from, from + count, slice, 0);
    yield Uint32Array.of(count);
    yield new Uint8Array(slice.buffer);
  }
  yield Uint32Array.of(0);
}

/**
 * Hands every row of a snapshot to `take`, as row `index` of columns with `width` values a row. `columnOf`: for each of
 * these values its column in the snapshot, -1 for NaN; the same column by default. Returns the rows ever offered.
 */
export async function readSnapshot(
  source: SampleSource,
  width: number,
  columnOf: readonly number[] | undefined,
  take: (rows: SampleColumns, index: number) => void,
): Promise<number> {
  const [savedWidth = 0, seen = 0] = await next(source, new Float64Array(2));
  for (;;) {
    const [count = 0] = await next(source, new Uint32Array(1));
    if (count === 0) return seen;
    if (!(count <= rowsPerSlice(savedWidth))) {
      throw new RangeError(`The snapshot has a slice of ${count} rows of ${savedWidth} values; it holds no sample.`);
    }
    const saved = new SampleColumns(count, savedWidth);
    await next(source, new Uint8Array(saved.buffer));
    const rows = columnOf === undefined && savedWidth === width ? saved : rearranged(saved, width, columnOf);
    for (let index = 0; index < count; index += 1) take(rows, index);
  }
}

/** The same rows with other columns. */
function rearranged(saved: SampleColumns, width: number, columnOf: readonly number[] | undefined): SampleColumns {
  const count = saved.band.length;
  const rows = new SampleColumns(count, width);
  for (const name of ['windowTime', 'draw', 'entityHigh', 'entityLow', 'network', 'band'] as const) {
    rows[name].set(saved[name]);
  }
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const from = columnOf?.[column] ?? column;
      rows.rows[row * width + column] = from >= 0 && from < saved.width ? saved.rows[row * saved.width + from]! : NaN;
    }
  }
  return rows;
}

async function next<T extends ArrayBufferView>(source: SampleSource, target: T): Promise<T> {
  await source.read(target);
  return target;
}
