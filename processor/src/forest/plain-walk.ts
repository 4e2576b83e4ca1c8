import { byteLengthOf, type ForestArrays } from './serialise.ts';
import { allocateMemory, instantiateWalk, type Walk } from './walk-kernel.ts';

export type WalkMemory = ReturnType<typeof allocateMemory>;

/** Walks all trees with rows that lack no value, in a memory that holds the forest and, behind it, one row. */
export class PlainWalk {
  /** The row to walk with: write it here first. */
  readonly row: Float64Array;
  readonly #rowAddress: number;
  readonly #rootAddress: number;
  readonly #rootEnd: number;
  readonly #depth: number;
  readonly #pathLengthAddress: number;
  readonly #walk: Walk;

  /** `memory`: where the forest lies already, with room for a row; without it the forest is copied into a new one. */
  constructor(forest: ForestArrays, memory = copyOf(forest)) {
    const { columns, root, pathLength, depth } = forest;
    this.#rowAddress = rowAddressOf(forest);
    this.row = new Float64Array(memory.buffer, this.#rowAddress, columns);
    this.#rootAddress = root.byteOffset;
    this.#rootEnd = root.byteOffset + root.byteLength;
    // Leaves lead to themselves, so a forest of leaves only may take a step too.
    this.#depth = Math.max(1, depth);
    // A node's address divided by 2 counts half the header's bytes too.
    this.#pathLengthAddress = pathLength.byteOffset - forest.link.byteOffset / 2;
    this.#walk = instantiateWalk(memory);
  }

  /** The sum of the path lengths of all trees. */
  walk(): number {
    return this.#walk(this.#rowAddress, this.#rootAddress, this.#rootEnd, this.#depth, this.#pathLengthAddress);
  }
}

/** A row begins at a multiple of eight behind the forest. */
const rowAddressOf = (forest: ForestArrays): number => Math.ceil(byteLengthOf(forest) / 8) * 8;

/** A memory for a forest of so many bytes and a row. */
export const memoryFor = (forestBytes: number, columns: number): WalkMemory =>
  allocateMemory(forestBytes + 8 + 8 * columns);

function copyOf(forest: ForestArrays): WalkMemory {
  const bytes = new Uint8Array(forest.buffer, 0, byteLengthOf(forest));
  const memory = memoryFor(bytes.byteLength, forest.columns);
  new Uint8Array(memory.buffer).set(bytes);
  return memory;
}
