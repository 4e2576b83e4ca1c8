/** 'AIF' and a zero byte, read as a little-endian word: also refuses a buffer of the other byte order. */
const MAGIC = 0x00464941;
const FORMAT_VERSION = 1;
/** 16 words: magic, version, the seven sizes, and room to grow. Keeps the doubles behind it aligned. */
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
  readonly nodes: number;
  /** Distinct thresholds, of all columns together. */
  readonly thresholds: number;
}

/** A forest as views of one buffer. How the arrays are read is told where they are filled, in node-layout.ts. */
export interface ForestArrays extends ForestSizes {
  /** The whole forest: write it to disk as it is. */
  readonly buffer: ArrayBufferLike;
  /** Distinct thresholds ascending, column after column. */
  readonly threshold: Float64Array;
  /** Per node: its depth plus the average path length of the rows that reached it. At a leaf, the path length. */
  readonly pathLength: Float64Array;
  /** Per node: the share of a missing value that goes left. */
  readonly leftShare: Float64Array;
  /** Per column: where its thresholds begin; then their number. */
  readonly thresholdStart: Int32Array;
  /** Per tree: its root as an index of `node`. */
  readonly root: Int32Array;
  /** Two words per node: the left child as an index of this array, then the split. */
  readonly node: Int32Array;
}

/** An empty forest of these sizes, header written. */
export function allocateForest(sizes: ForestSizes): ForestArrays {
  const buffer = new ArrayBuffer(byteLengthOf(sizes));
  new Uint32Array(buffer, 0, 8).set([
    MAGIC,
    FORMAT_VERSION,
    sizes.columns,
    sizes.trees,
    sizes.sampleSize,
    sizes.depth,
    sizes.nodes,
    sizes.thresholds,
  ]);
  return viewsOf(buffer, sizes);
}

/**
 * The forest in a buffer written earlier, without copying. Throws an Error that names what is wrong when the buffer is
 * no forest, of another version, cut short, or describes a walk that would leave its arrays. Damage that keeps the
 * shape is for a checksum around the buffer to find.
 */
export function openForest(buffer: ArrayBufferLike): ForestArrays {
  if (buffer.byteLength < HEADER_BYTES) {
    throw new Error(`An isolation forest has at least ${HEADER_BYTES} bytes; this buffer has ${buffer.byteLength}.`);
  }
  const [magic, version, columns, trees, sampleSize, depth, nodes, thresholds] = new Uint32Array(
    buffer,
    0,
    8,
  ) as unknown as [number, number, number, number, number, number, number, number];
  if (magic !== MAGIC) throw new Error('The buffer does not hold an isolation forest.');
  if (version !== FORMAT_VERSION) {
    throw new Error(
      `The isolation forest has format version ${version}; this build reads ${FORMAT_VERSION}. Train it again.`,
    );
  }
  const sizes = { columns, trees, sampleSize, depth, nodes, thresholds };
  const expected = byteLengthOf(sizes);
  if (columns < 1 || columns > MAX_COLUMNS || trees < 1 || trees > MAX_TREES || expected !== buffer.byteLength) {
    throw new Error(
      `An isolation forest of ${trees} trees over ${columns} columns with ${nodes} nodes and ${thresholds} thresholds ` +
        `has ${expected} bytes; this buffer has ${buffer.byteLength}.`,
    );
  }
  const forest = viewsOf(buffer, sizes);
  checkWalks(forest);
  return forest;
}

/** Bits of a split that hold the column; the rest holds the threshold's rank. At least one, so that a rank is below 2^31. */
export function columnBits(columns: number): number {
  return Math.max(1, 32 - Math.clz32(columns - 1));
}

function byteLengthOf({ columns, trees, nodes, thresholds }: ForestSizes): number {
  return HEADER_BYTES + 8 * (thresholds + 2 * nodes) + 4 * (columns + 1 + trees + 2 * nodes);
}

function viewsOf(buffer: ArrayBufferLike, sizes: ForestSizes): ForestArrays {
  const { columns, trees, nodes, thresholds } = sizes;
  let offset = HEADER_BYTES;
  const doubles = (length: number): Float64Array => {
    const view = new Float64Array(buffer, offset, length);
    offset += view.byteLength;
    return view;
  };
  const words = (length: number): Int32Array => {
    const view = new Int32Array(buffer, offset, length);
    offset += view.byteLength;
    return view;
  };
  return {
    ...sizes,
    buffer,
    threshold: doubles(thresholds),
    pathLength: doubles(nodes),
    leftShare: doubles(nodes),
    thresholdStart: words(columns + 1),
    root: words(trees),
    node: words(2 * nodes),
  };
}

/**
 * Proves that every walk stays inside the arrays and ends after `depth` splits: children come after their parent, leaves
 * lead to themselves.
 */
function checkWalks({ columns, depth, nodes, thresholds, thresholdStart, root, node }: ForestArrays): void {
  const columnMask = (1 << columnBits(columns)) - 1;
  const depthOf = new Int32Array(nodes);
  let deepest = 0;
  let sound = thresholdStart[0] === 0 && thresholdStart[columns] === thresholds;
  for (let column = 0; column < columns; column++) sound &&= thresholdStart[column]! <= thresholdStart[column + 1]!;
  for (const start of root) sound &&= start >= 0 && start % 2 === 0 && start < 2 * nodes;
  for (let i = 0; i < nodes && sound; i++) {
    const left = node[2 * i]!;
    sound = (node[2 * i + 1]! & columnMask) < columns;
    if (left === 2 * i) continue;
    sound &&= left > 2 * i && left % 2 === 0 && left + 2 < 2 * nodes;
    depthOf[left / 2] = depthOf[left / 2 + 1] = depthOf[i]! + 1;
    deepest = Math.max(deepest, depthOf[i]! + 1);
  }
  if (!sound || deepest !== depth) {
    throw new Error('The isolation forest is damaged: its trees do not fit its sizes. Train it again.');
  }
}
