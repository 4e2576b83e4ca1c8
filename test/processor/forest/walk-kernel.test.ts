import { allocateMemory, INTERLEAVED_TREES, instantiateWalk } from '../../../processor/src/forest/walk-kernel.ts';

// One stump in memory: a root at 0 whose children, leaves, are at 16 and 32; path lengths from 48 on; then the roots
// and a row. Node: left child, column, threshold.
const PATH_LENGTHS = 48;
const ROOTS = 72;
const groups = 2;
const ROOTS_END = ROOTS + 4 * INTERLEAVED_TREES * groups;

const memory = allocateMemory(ROOTS_END + 24);
const words = new Int32Array(memory.buffer);
const doubles = new Float64Array(memory.buffer);
words.set([16, 8], 0);
doubles[1] = 2.5;
words.set([16, 0], 4);
doubles[3] = Infinity;
words.set([32, 0], 8);
doubles[5] = Infinity;
doubles.set([100, 1, 7], PATH_LENGTHS / 8);
const walk = instantiateWalk(memory);

/** The walk of all trees with a row whose second value is this. */
function walkWith(value: number, depth = 1): number {
  doubles.set([-1e9, value], ROOTS_END / 8);
  return walk(ROOTS_END, ROOTS, ROOTS_END, depth, PATH_LENGTHS);
}

describe('the walk', () => {
  it.each([
    [-Infinity, 1],
    [2.5, 1],
    [2.5 + Number.EPSILON * 2, 7],
    [Infinity, 7],
  ])('of %d ends at the leaf %i', (value, pathLength) => {
    expect(walkWith(value)).toBe(pathLength * INTERLEAVED_TREES * groups);
  });

  it('stays at a leaf, even with an infinity', () => {
    expect(walkWith(Infinity, 9)).toBe(7 * INTERLEAVED_TREES * groups);
  });

  it('starts each tree at its own root', () => {
    // Five of the trees begin at the left leaf.
    words.set([16, 16, 16, 16, 16], ROOTS / 4 + 18);
    expect(walkWith(3)).toBe(7 * (INTERLEAVED_TREES * groups - 5) + 5);
    words.fill(0, ROOTS / 4, ROOTS_END / 4);
  });

  it('cannot leave its memory', () => {
    expect(() => walk(1 << 30, ROOTS, ROOTS_END, 1, PATH_LENGTHS)).toThrow('out of bounds');
  });
});
