/**
 * Trains and scores on the data sets in `workerData`, outside the test runner: its coverage counters would take minutes
 * inside the scoring loop.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { IsolationForest } from '../../../processor/src/forest/isolation-forest.ts';
import { readNpz } from '../../support/reference-data.ts';

export interface AucTask {
  readonly name: string;
  readonly file: string;
}

export interface AucResult {
  readonly name: string;
  /** Mean over the seeds of the area under the ROC curve. */
  readonly auc: number;
  readonly nodesPerTree: number;
}

const SEEDS = 20;
/** As in the reference. */
const TREES = 100;

parentPort?.postMessage((workerData as AucTask[]).map(measure));

function measure({ name, file }: AucTask): AucResult {
  const arrays = readNpz(file);
  const { values, shape } = arrays.get('X')!;
  const isOutlier = arrays.get('y')!.values;
  const columns = shape[1]!;
  const { first, occurrence } = distinctRows(values, columns);
  const distinctScores = new Float64Array(first.length / columns);
  let auc = 0;
  let nodes = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const forest = IsolationForest.train(values, columns, { seed, trees: TREES });
    forest.scoreBatch(first, distinctScores);
    auc += areaUnderCurve(
      Float64Array.from(occurrence, (row) => distinctScores[row]!),
      isOutlier,
    );
    nodes += forest.nodes;
  }
  return { name, auc: auc / SEEDS, nodesPerTree: nodes / SEEDS / TREES };
}

/** Every row once, and for each row its place there: equal rows have equal scores. */
function distinctRows(values: Float64Array, columns: number): { first: Float64Array; occurrence: Int32Array } {
  const places = new Map<string, number>();
  const first: number[] = [];
  const occurrence = new Int32Array(values.length / columns);
  for (let row = 0; row < occurrence.length; row++) {
    const content = values.subarray(row * columns, (row + 1) * columns);
    const key = content.join();
    if (!places.has(key)) {
      places.set(key, places.size);
      first.push(...content);
    }
    occurrence[row] = places.get(key)!;
  }
  return { first: Float64Array.from(first), occurrence };
}

/** The probability that an outlier scores above another row, ties counted half: Mann-Whitney U. */
function areaUnderCurve(scores: Float64Array, isOutlier: Float64Array): number {
  const sorted = scores.toSorted();
  let outliers = 0;
  let rankSum = 0;
  scores.forEach((score, row) => {
    if (isOutlier[row] !== 1) return;
    outliers++;
    rankSum += (countWhere(sorted, (other) => other < score) + 1 + countWhere(sorted, (other) => other <= score)) / 2;
  });
  return (rankSum - (outliers * (outliers + 1)) / 2) / (outliers * (scores.length - outliers));
}

/** How many values at the start of `sorted` satisfy the condition. */
function countWhere(sorted: Float64Array, condition: (value: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (condition(sorted[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
