/** Bins are an eighth of an octave wide: a value taken from the middle of its bin is off by at most 4.5 %. */
const BINS_PER_OCTAVE = 8;
/** The lowest bin begins at a microsecond (2^-10 ms), the highest takes all from 2^32 ms (50 days) on. */
const LOWEST_OCTAVE = -10;
const HIGHEST_BIN = 42 * BINS_PER_OCTAVE;

/** Units and nodes there is room for at first; doubled when they run out. */
const FIRST_CAPACITY = 1024;
const END = 0;

/**
 * Durations of many units, each in a logarithmic histogram that holds only the bins it needs: a list from the longest
 * durations down, at most 337 nodes of 10 bytes a unit and a handful in a window as people make them.
 */
export class DurationHistograms {
  /** Per unit: its first node, how many durations it has, the longest of them in ms. */
  #first = new Uint32Array(FIRST_CAPACITY);
  #count = new Uint32Array(FIRST_CAPACITY);
  #longest = new Float64Array(FIRST_CAPACITY);

  /** Per node; node 0 stands for the end of every list. */
  #bin = new Uint16Array(FIRST_CAPACITY);
  #inBin = new Uint32Array(FIRST_CAPACITY);
  #next = new Uint32Array(FIRST_CAPACITY);
  #nodes = 1;

  /** Adds a duration above 0 to a unit, any index from 0 on. */
  add(unit: number, milliseconds: number): void {
    if (unit >= this.#first.length) this.#growUnits(unit);
    this.#count[unit]!++;
    this.#longest[unit] = Math.max(this.#longest[unit]!, milliseconds);

    const bin = binOf(milliseconds);
    let before = END;
    let node = this.#first[unit]!;
    while (node !== END && this.#bin[node]! > bin) {
      before = node;
      node = this.#next[node]!;
    }
    if (node === END || this.#bin[node] !== bin) node = this.#insert(unit, before, node, bin);
    this.#inBin[node]!++;
  }

  /**
   * The 95th percentile of a unit in ms, by nearest rank: the smallest duration that at least 95 % do not exceed; 0
   * without durations. Exact with fewer than 20 of them, where it is the longest; else off by at most 4.5 %.
   */
  p95(unit: number): number {
    if (unit >= this.#first.length) return 0;
    const count = this.#count[unit]!;
    const longest = this.#longest[unit]!;
    // In whole numbers: the 95th percentile is the n-th longest.
    let left = count - Math.ceil((count * 95) / 100) + 1;
    if (left <= 1) return longest;
    let node = this.#first[unit]!;
    while (left > this.#inBin[node]!) {
      left -= this.#inBin[node]!;
      node = this.#next[node]!;
    }
    return Math.min(longest, middleOf(this.#bin[node]!));
  }

  /** A node between two others of a unit's list; `before` is END at its beginning. */
  #insert(unit: number, before: number, after: number, bin: number): number {
    if (this.#nodes === this.#bin.length) this.#growNodes();
    const node = this.#nodes++;
    this.#bin[node] = bin;
    this.#next[node] = after;
    if (before === END) this.#first[unit] = node;
    else this.#next[before] = node;
    return node;
  }

  #growUnits(unit: number): void {
    const capacity = 2 ** Math.ceil(Math.log2(unit + 1));
    const [first, count, longest] = [this.#first, this.#count, this.#longest];
    this.#first = new Uint32Array(capacity);
    this.#count = new Uint32Array(capacity);
    this.#longest = new Float64Array(capacity);
    this.#first.set(first);
    this.#count.set(count);
    this.#longest.set(longest);
  }

  #growNodes(): void {
    const capacity = 2 * this.#nodes;
    const [bin, inBin, next] = [this.#bin, this.#inBin, this.#next];
    this.#bin = new Uint16Array(capacity);
    this.#inBin = new Uint32Array(capacity);
    this.#next = new Uint32Array(capacity);
    this.#bin.set(bin);
    this.#inBin.set(inBin);
    this.#next.set(next);
  }
}

function binOf(milliseconds: number): number {
  const bin = Math.floor((Math.log2(milliseconds) - LOWEST_OCTAVE) * BINS_PER_OCTAVE);
  return Math.max(0, Math.min(HIGHEST_BIN, bin));
}

/** The geometric middle of a bin in ms. */
const middleOf = (bin: number): number => 2 ** ((bin + 0.5) / BINS_PER_OCTAVE + LOWEST_OCTAVE);
