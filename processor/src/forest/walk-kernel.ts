/**
 * The walk through all trees of a forest, as a WebAssembly function written out by hand. The same walk in JavaScript
 * takes more than twice as long: it checks the bounds of every array access, and needs each row ranked among all
 * thresholds first, lest its comparisons become branches that cannot be predicted.
 *
 * In a language with pointers, for one of the interleaved trees:
 *
 *     walk(row, root, rootEnd, depth, pathLength) {
 *       do {
 *         node = *root;
 *         level = depth;
 *         do {
 *           node = node->left + 16 * (*(row + node->column) > node->threshold);
 *         } while (--level);
 *         sum += *(pathLength + node / 2);
 *         root += 1;
 *       } while (root < rootEnd);
 *       return sum;
 *     }
 *
 * Layout and addresses are those of serialise.ts. Opcodes: WebAssembly Core Specification 2.0, chapter 5.
 */

/**
 * Trees walked at the same time. A step waits for memory; independent walks wait together. Per row and 100 trees:
 * 1.54 µs with 4 at a time, 0.96 with 10, 0.80 with 20 (2.1 for the best JavaScript).
 */
export const INTERLEAVED_TREES = 20;

/** All arguments but `depth` are addresses in bytes; returns the sum of the path lengths. `depth` is at least 1. */
export type Walk = (row: number, root: number, rootEnd: number, depth: number, pathLength: number) => number;

const I32 = 0x7f;
const F64 = 0x7c;
const NO_RESULT = 0x40;
const LOOP = 0x03;
const END = 0x0b;
const BRANCH_IF = 0x0d;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const I32_LOAD = 0x28;
const F64_LOAD = 0x2b;
const I32_CONST = 0x41;
const I32_LESS_UNSIGNED = 0x49;
const F64_GREATER = 0x64;
const I32_ADD = 0x6a;
const I32_SUBTRACT = 0x6b;
const I32_SHIFT_LEFT = 0x74;
const I32_SHIFT_RIGHT_UNSIGNED = 0x76;
const F64_ADD = 0xa0;

// Parameters and locals by number.
const ROW = 0;
const ROOT = 1;
const ROOT_END = 2;
const DEPTH = 3;
const PATH_LENGTH = 4;
const FIRST_NODE = 5;
const LEVEL = FIRST_NODE + INTERLEAVED_TREES;
const SUM = LEVEL + 1;

/** Memory of which a walk reads; as large as it was asked for. */
export interface WalkMemory {
  readonly buffer: ArrayBuffer;
}

/** The part of the WebAssembly JavaScript interface used here: the type libraries for Node leave it out. */
declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum: number }) => WalkMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { forest: { memory: WalkMemory } },
  ) => { readonly exports: { readonly walk: Walk } };
};

const PAGE_BYTES = 65_536;

let compiled: object | undefined;

/** Memory for so many bytes. */
export function allocateMemory(bytes: number): WalkMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

/** The walk over the forest in this memory. */
export function instantiateWalk(memory: WalkMemory): Walk {
  compiled ??= new WebAssembly.Module(moduleBytes());
  return new WebAssembly.Instance(compiled, { forest: { memory } }).exports.walk;
}

function moduleBytes(): Uint8Array {
  const type = [0x60, ...list([I32], [I32], [I32], [I32], [I32]), ...list([F64])];
  const memoryImport = [...text('forest'), ...text('memory'), 2, 0, 1];
  const walkExport = [...text('walk'), 0, 0];
  const locals = list([INTERLEAVED_TREES + 1, I32], [1, F64]);
  const magicAndVersion = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  return Uint8Array.from([
    ...magicAndVersion,
    ...section(1, list(type)),
    ...section(2, list(memoryImport)),
    ...section(3, list([0])),
    ...section(7, list(walkExport)),
    ...section(10, list(sized([...locals, ...walkBody(), END]))),
  ]);
}

function walkBody(): number[] {
  const nodes = Array.from({ length: INTERLEAVED_TREES }, (_, tree) => FIRST_NODE + tree);
  return code(
    [LOOP, NO_RESULT],
    ...nodes.map((node, tree) => code(get(ROOT), load(I32_LOAD, 4 * tree), set(node))),
    code(get(DEPTH), set(LEVEL)),
    [LOOP, NO_RESULT],
    ...nodes.map(step),
    code(get(LEVEL), constant(1), [I32_SUBTRACT], [LOCAL_TEE, LEVEL], [BRANCH_IF, 0]),
    [END],
    ...nodes.map(addPathLength),
    code(get(ROOT), constant(4 * INTERLEAVED_TREES), [I32_ADD], [LOCAL_TEE, ROOT]),
    code(get(ROOT_END), [I32_LESS_UNSIGNED], [BRANCH_IF, 0]),
    [END],
    get(SUM),
  );
}

/** node = node->left + 16 * (*(row + node->column) > node->threshold) */
function step(node: number): number[] {
  return code(
    code(get(node), load(I32_LOAD, 0)),
    code(get(ROW), get(node), load(I32_LOAD, 4), [I32_ADD], load(F64_LOAD, 0)),
    code(get(node), load(F64_LOAD, 8)),
    [F64_GREATER],
    code(constant(4), [I32_SHIFT_LEFT], [I32_ADD], set(node)),
  );
}

/** sum += *(pathLength + node / 2) */
function addPathLength(node: number): number[] {
  return code(
    code(get(SUM), get(PATH_LENGTH), get(node), constant(1), [I32_SHIFT_RIGHT_UNSIGNED], [I32_ADD]),
    code(load(F64_LOAD, 0), [F64_ADD], set(SUM)),
  );
}

const code = (...instructions: number[][]): number[] => instructions.flat();
const get = (local: number): number[] => [LOCAL_GET, local];
const set = (local: number): number[] => [LOCAL_SET, local];

/** The constant -64 to 63: larger ones take more bytes. */
const constant = (value: number): number[] =>
  value < 64 ? [I32_CONST, value] : [I32_CONST, 0x80 | (value & 0x7f), value >>> 7];

/** Second byte: log2 of the alignment. Third: the offset, below 128. */
const load = (opcode: number, offset: number): number[] => [opcode, opcode === F64_LOAD ? 3 : 2, offset];

/** A number in LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

const sized = (bytes: number[]): number[] => [...unsigned(bytes.length), ...bytes];
const list = (...items: number[][]): number[] => [...unsigned(items.length), ...items.flat()];
const text = (value: string): number[] => sized([...Buffer.from(value)]);
const section = (id: number, bytes: number[]): number[] => [id, ...sized(bytes)];
