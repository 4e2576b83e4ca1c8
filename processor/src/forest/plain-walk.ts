import type { ForestArrays } from './serialise.ts';
import { allocateMemory, instantiateWalk, type Walk } from './walk-kernel.ts';

/** Walks all trees with rows that lack no value, in a memory of its own that holds a copy of the forest and one row. */
export class PlainWalk {
  /** The row to walk with: write it here first. */
  readonly row: Float64Array;
  readonly #rowAddress: number;
  readonly #rootAddress: number;
  readonly #rootEnd: number;
  readonly #depth: number;
  readonly #pathLengthAddress: number;
  readonly #walk: Walk;

  constructor(forest: ForestArrays) {
    const { buffer, columns, root, pathLength, depth } = forest;
    const memory = allocateMemory(buffer.byteLength + 8 * columns);
    new Uint8Array(memory.buffer).set(new Uint8Array(buffer));
    this.row = new Float64Array(memory.buffer, buffer.byteLength, columns);
    this.#rowAddress = buffer.byteLength;
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
