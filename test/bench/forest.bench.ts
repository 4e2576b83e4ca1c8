/**
 * The isolation forest against a plain walk over tree objects and against the npm package isolation-forest: 100 trees on
 * 256 rows of 10 features.
 */
import { IsolationForest as NpmIsolationForest } from 'isolation-forest';
import { IsolationForest } from '../../processor/src/forest/isolation-forest.ts';
import { type IsolationTree, TreeGrower } from '../../processor/src/forest/isolation-tree.ts';
import { averagePathLength, isolationScore } from '../../processor/src/forest/path-length.ts';
import { Random } from '../../processor/src/forest/random.ts';
import type { BenchSection } from './section.ts';

const COLUMNS = 10;
const TREES = 100;
const SAMPLE_SIZE = 256;
const SEED = 20_261_122;
/** Rows scored per measurement: a few milliseconds for the fastest. */
const SCORED_ROWS = 2000;

interface Contender {
  readonly name: string;
  readonly run: () => void;
}

interface Timing {
  readonly name: string;
  readonly milliseconds: number;
  /** How many times as long it took as the first contender, round by round. */
  readonly ratio: number;
}

/** Measures scoring and training; `quick` only shows that the benchmark works. */
export function benchForest(options: { quick: boolean }): Promise<BenchSection> {
  const rounds = options.quick ? 2 : 15;
  const smallRows = options.quick ? 1000 : 10_000;
  const manyRows = options.quick ? 10_000 : 1_000_000;
  const scoring = takeTurns(scorers(smallRows), rounds);
  const training = takeTurns([trainer(smallRows), trainer(manyRows)], rounds);
  return Promise.resolve({
    title: 'Isolation forest: 100 trees on 256 rows of 10 features',
    columns: ['task', 'implementation', 'CPU time (median)', 'times the first (median of pairs)'],
    rows: [
      ...scoring.map(({ name, milliseconds, ratio }) => [
        'score a row',
        name,
        `${((1000 * milliseconds) / SCORED_ROWS).toFixed(2)} µs`,
        ratio.toFixed(1),
      ]),
      ...training.map(({ name, milliseconds, ratio }) => [
        'train',
        name,
        `${milliseconds.toFixed(1)} ms`,
        ratio.toFixed(1),
      ]),
    ],
    notes: [
      'CPU time of the process (user and system, garbage collection included), implementations taking turns in one run, log-normal rows, seeded.',
      'The object walk follows the very same trees as ours, node objects with recursion. isolation-forest 0.0.9 builds trees of its own, each on all rows.',
    ],
  });
}

function scorers(trainingRows: number): Contender[] {
  const rows = logNormalRows(trainingRows, 1);
  const grower = new TreeGrower({ values: rows, columns: COLUMNS, count: trainingRows }, SAMPLE_SIZE);
  const trees = Array.from({ length: TREES }, (_, tree) => grower.grow(new Random(SEED, tree)));
  const forest = IsolationForest.fromTrees(trees, { columns: COLUMNS, sampleSize: SAMPLE_SIZE });
  const walkers = trees.map((tree) => nodeObject(tree, 0));
  const npmForest = new NpmIsolationForest(TREES, SAMPLE_SIZE);
  npmForest.fit(rowObjects(rows));

  const asked = logNormalRows(SCORED_ROWS, 2);
  const askedArrays = Array.from({ length: SCORED_ROWS }, (_, row) => [
    ...asked.subarray(row * COLUMNS, (row + 1) * COLUMNS),
  ]);
  const askedObjects = rowObjects(asked);
  const scores = new Float64Array(SCORED_ROWS);
  return [
    { name: 'ours', run: () => forest.scoreBatch(asked, scores) },
    {
      name: 'object walk',
      run: () => {
        for (const [row, values] of askedArrays.entries()) scores[row] = objectScore(walkers, values);
      },
    },
    { name: 'npm isolation-forest', run: () => npmForest.predict(askedObjects) },
  ];
}

function trainer(rowCount: number): Contender {
  const rows = logNormalRows(rowCount, 3);
  return {
    name: `ours, of ${rowCount.toLocaleString('en')} rows`,
    run: () => IsolationForest.train(rows, COLUMNS, { trees: TREES, sampleSize: SAMPLE_SIZE, seed: SEED }),
  };
}

/** Runs the contenders one after the other, round by round, so that all share the machine's good and bad moments. */
function takeTurns(contenders: readonly Contender[], rounds: number): Timing[] {
  const times = contenders.map((): number[] => []);
  // The first three rounds warm up; they are not counted.
  for (let round = -3; round < rounds; round++) {
    for (const [index, { run }] of contenders.entries()) {
      const before = process.cpuUsage();
      run();
      const used = process.cpuUsage(before);
      if (round >= 0) times[index]!.push((used.user + used.system) / 1000);
    }
  }
  return contenders.map(({ name }, index) => ({
    name,
    milliseconds: median(times[index]!),
    ratio: median(times[index]!.map((time, round) => time / times[0]![round]!)),
  }));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >>> 1]!;
}

type TreeNode = { leafPathLength: number } | { feature: number; threshold: number; left: TreeNode; right: TreeNode };

function nodeObject(tree: IsolationTree, node: number): TreeNode {
  if (tree.left[node]! < 0) return { leafPathLength: averagePathLength(tree.sampleCount[node]!) };
  return {
    feature: tree.feature[node]!,
    threshold: tree.threshold[node]!,
    left: nodeObject(tree, tree.left[node]!),
    right: nodeObject(tree, tree.right[node]!),
  };
}

function objectScore(roots: readonly TreeNode[], row: readonly number[]): number {
  let sum = 0;
  for (const root of roots) sum += objectPathLength(root, row, 0);
  return isolationScore(sum / roots.length, averagePathLength(SAMPLE_SIZE));
}

function objectPathLength(node: TreeNode, row: readonly number[], depth: number): number {
  if ('leafPathLength' in node) return depth + node.leafPathLength;
  return objectPathLength(row[node.feature]! <= node.threshold ? node.left : node.right, row, depth + 1);
}

function logNormalRows(count: number, stream: number): Float64Array {
  const random = new Random(SEED, stream);
  const rows = new Float64Array(count * COLUMNS);
  // Box and Muller 1958.
  for (let i = 0; i < rows.length; i++) {
    const normal = Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
    rows[i] = Math.exp(normal);
  }
  return rows;
}

/** The rows as isolation-forest takes them. */
function rowObjects(rows: Float64Array): Record<string, number>[] {
  return Array.from({ length: rows.length / COLUMNS }, (_, row) =>
    Object.fromEntries(Array.from({ length: COLUMNS }, (__, column) => [`f${column}`, rows[row * COLUMNS + column]!])),
  );
}
