/**
 * Rows as columns, all in one buffer: row i of `size` rows has the values `rows[i * width]` to
 * `rows[i * width + width - 1]`. In no particular order. One buffer, so that a copy is handed to another thread, or
 * written into a snapshot, as one piece; the fields survive a structured clone.
 */
export class SampleColumns {
  /** Rows in use; there may be room for more. */
  size = 0;
  /** Values in a row. */
  readonly width: number;
  readonly buffer: ArrayBuffer;
  /** Start of the row's window, unix seconds. */
  readonly windowTime: Float64Array<ArrayBuffer>;
  /** What the draw added to the weight of the row; see RowSample. */
  readonly draw: Float64Array<ArrayBuffer>;
  readonly rows: Float32Array<ArrayBuffer>;
  readonly entityHigh: Uint32Array<ArrayBuffer>;
  readonly entityLow: Uint32Array<ArrayBuffer>;
  /** 0 for none. */
  readonly network: Uint32Array<ArrayBuffer>;
  /** Maturity of the entity at that time, as the one who adds rows counts it. */
  readonly band: Uint8Array<ArrayBuffer>;

  constructor(capacity: number, width: number) {
    this.width = width;
    this.buffer = new ArrayBuffer(capacity * bytesPerRow(width));
    // Wide elements first: each column then begins at a multiple of its element size.
    let offset = 0;
    const place = (elements: number, elementBytes: number): [ArrayBuffer, number, number] => {
      const start = offset;
      offset += elements * elementBytes;
      return [this.buffer, start, elements];
    };
    this.windowTime = new Float64Array(...place(capacity, 8));
    this.draw = new Float64Array(...place(capacity, 8));
    this.rows = new Float32Array(...place(capacity * width, 4));
    this.entityHigh = new Uint32Array(...place(capacity, 4));
    this.entityLow = new Uint32Array(...place(capacity, 4));
    this.network = new Uint32Array(...place(capacity, 4));
    this.band = new Uint8Array(...place(capacity, 1));
  }

  /** Copies rows `from` up to but without `to` into `target`, from its row `at` on. */
  copyRows(from: number, to: number, target: SampleColumns, at: number): void {
    target.windowTime.set(this.windowTime.subarray(from, to), at);
    target.draw.set(this.draw.subarray(from, to), at);
    target.rows.set(this.rows.subarray(from * this.width, to * this.width), at * this.width);
    target.entityHigh.set(this.entityHigh.subarray(from, to), at);
    target.entityLow.set(this.entityLow.subarray(from, to), at);
    target.network.set(this.network.subarray(from, to), at);
    target.band.set(this.band.subarray(from, to), at);
  }

  /** Overwrites row `to` with row `from`. */
  moveRow(from: number, to: number): void {
    this.windowTime[to] = this.windowTime[from]!;
    this.draw[to] = this.draw[from]!;
    this.rows.copyWithin(to * this.width, from * this.width, (from + 1) * this.width);
    this.entityHigh[to] = this.entityHigh[from]!;
    this.entityLow[to] = this.entityLow[from]!;
    this.network[to] = this.network[from]!;
    this.band[to] = this.band[from]!;
  }
}

/** Bytes copied in one turn of the event loop. */
const SLICE_BYTES = 256 * 1024;

/** Rows of `width` values that are copied in one turn of the event loop, at least one. */
export function rowsPerSlice(width: number): number {
  return Math.max(1, Math.floor(SLICE_BYTES / bytesPerRow(width)));
}

function bytesPerRow(width: number): number {
  return 2 * 8 + width * 4 + 3 * 4 + 1;
}
