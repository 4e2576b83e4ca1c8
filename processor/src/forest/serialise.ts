import { INTERLEAVED_TREES } from './walk-kernel.ts';

/** 'AIF' and a zero byte, read as a little-endian word: also refuses a buffer of the other byte order. */
const MAGIC = 0x00464941;
const FORMAT_VERSION = 1;
/** 16 words: magic, version, five sizes, and room to grow. Keeps the doubles behind it aligned. */
const HEADER_BYTES = 64;

/** Most columns and trees a forest may have; bounds what a damaged header can ask for. */
export const MAX_COLUMNS = 65_536;
export const MAX_TREES = 65_536;

/** What determines the length of every array of a forest. */
export interface ForestSizes {
  readonly columns: number;
  readonly trees: number;
  /** Rows each tree was grown on. */
  readonly sampleSize: number;
  /** Length of the longest path from a root to a leaf, in splits. */
  readonly depth: number;
  /** Nodes of all trees. */
  readonly nodes: number;
}

/**
 * A forest as views of one buffer, which is also the memory image that walk-kernel.ts works on:
 *
 * - Node `i` has 16 bytes: the address of its left child, the address of its column within a row, and its threshold. The
 *   right child follows the left one. A leaf is its own left child and has the threshold Infinity, so that every walk may
 *   take the same number of steps.
 * - Addresses count bytes from the start of the buffer, or of the row.
 * - One more node, a leaf with a path of length 0, follows the last tree. Roots that point to it fill up the last group
 *   of interleaved trees.
 */
export interface ForestArrays extends ForestSizes {
  /** The whole forest: write it to disk as it is. */
  readonly buffer: ArrayBufferLike;
  /** Two of the four words of a node are these: 4i its left child, 4i + 1 its column. */
  readonly link: Int32Array;
  /** One of the two doubles of a node is this: 2i + 1 its threshold. */
  readonly threshold: Float64Array;
  /** Per node: its depth plus the average path length of the rows that reached it. At a leaf, the path length. */
  readonly pathLength: Float64Array;
  /** Per node: the share of a missing value that goes left. */
  readonly leftShare: Float64Array;
  /** Addresses of the roots. */
  readonly root: Int32Array;
}

/** Address of a node, and back. */
export const addressOf = (node: number): number => HEADER_BYTES + 16 * node;
export const nodeAt = (address: number): number => (address - HEADER_BYTES) >>> 4;

/** Columns that the header of a forest asks for; 0 when there is no header. */
export function columnsIn(bytes: Uint8Array): number {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.byteLength < HEADER_BYTES ? 0 : Math.min(MAX_COLUMNS, header.getUint32(8, true));
}

/** An empty forest of these sizes, header written. */
export function allocateForest(sizes: ForestSizes): ForestArrays {
  const buffer = new ArrayBuffer(byteLengthOf(sizes));
  const { columns, trees, sampleSize, depth, nodes } = sizes;
  new Uint32Array(buffer, 0, 7).set([MAGIC, FORMAT_VERSION, columns, trees, sampleSize, depth, nodes]);
  return viewsOf(buffer, sizes);
}

/**
 * The forest in the first `byteLength` bytes of a buffer written earlier, without copying. Throws an Error that names what is wrong when the buffer is
 * no forest, of another version, cut short, or describes a walk that would leave its arrays. Damage that keeps the
 * shape is for a checksum around the buffer to find.
 */
export function openForest(buffer: ArrayBufferLike, byteLength = buffer.byteLength): ForestArrays {
  if (byteLength < HEADER_BYTES) {
    throw new Error(`An isolation forest has at least ${HEADER_BYTES} bytes; this buffer has ${byteLength}.`);
  }
  const header = new Uint32Array(buffer, 0, 7);
  if (header[0] !== MAGIC) throw new Error('The buffer does not hold an isolation forest.');
  if (header[1] !== FORMAT_VERSION) {
    throw new Error(
      `The isolation forest has format version ${header[1]}; this build reads ${FORMAT_VERSION}. Train it again.`,
    );
  }
  const [columns = 0, trees = 0, sampleSize = 0, depth = 0, nodes = 0] = header.subarray(2);
  const sizes = { columns, trees, sampleSize, depth, nodes };
  const expected = byteLengthOf(sizes);
  if (columns < 1 || columns > MAX_COLUMNS || trees < 1 || trees > MAX_TREES || expected !== byteLength) {
    throw new Error(
      `An isolation forest of ${trees} trees over ${columns} columns with ${nodes} nodes has ${expected} bytes; ` +
        `this buffer has ${byteLength}.`,
    );
  }
  const forest = viewsOf(buffer, sizes);
  checkWalks(forest);
  return forest;
}

/** Bytes of a forest of these sizes. */
export function byteLengthOf({ trees, nodes }: Pick<ForestSizes, 'trees' | 'nodes'>): number {
  return addressOf(nodes + 1) + 16 * (nodes + 1) + 4 * rootsOf(trees);
}

function rootsOf(trees: number): number {
  return Math.ceil(trees / INTERLEAVED_TREES) * INTERLEAVED_TREES;
}

function viewsOf(buffer: ArrayBufferLike, sizes: ForestSizes): ForestArrays {
  const nodes = sizes.nodes + 1;
  const pathLengthStart = addressOf(nodes);
  const leftShareStart = pathLengthStart + 8 * nodes;
  return {
    ...sizes,
    buffer,
    link: new Int32Array(buffer, HEADER_BYTES, 4 * nodes),
    threshold: new Float64Array(buffer, HEADER_BYTES, 2 * nodes),
    pathLength: new Float64Array(buffer, pathLengthStart, nodes),
    leftShare: new Float64Array(buffer, leftShareStart, nodes),
    root: new Int32Array(buffer, leftShareStart + 8 * nodes, rootsOf(sizes.trees)),
  };
}

/**
 * Proves that every walk stays inside the arrays and ends after `depth` splits: children come after their parent, leaves
 * lead to themselves.
 */
function checkWalks({ columns, depth, nodes, link, root }: ForestArrays): void {
  const depthOf = new Int32Array(nodes + 1);
  let deepest = 0;
  let sound = root.every((address) => isNode(address, nodes));
  for (let node = 0; node <= nodes && sound; node++) {
    const column = link[4 * node + 1]!;
    const left = link[4 * node]!;
    sound = column >= 0 && column % 8 === 0 && column < 8 * columns;
    if (left === addressOf(node)) continue;
    sound &&= left > addressOf(node) && isNode(left, nodes - 2);
    depthOf[nodeAt(left)] = depthOf[nodeAt(left) + 1] = depthOf[node]! + 1;
    deepest = Math.max(deepest, depthOf[node]! + 1);
  }
  if (!sound || deepest !== depth) {
    throw new Error('The isolation forest is damaged: its trees do not fit its sizes. Train it again.');
  }
}

function isNode(address: number, last: number): boolean {
  return address >= HEADER_BYTES && address % 16 === 0 && address <= addressOf(last);
}
