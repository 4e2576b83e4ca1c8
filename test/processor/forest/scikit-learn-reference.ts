/** What scikit-learn 1.9.1 made of rows and data sets, from the reference data. */
import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { IsolationForest } from '../../../processor/src/forest/isolation-forest.ts';
import { referencePath } from '../../support/reference-data.ts';
import type { AucResult, AucTask } from './reference-auc-worker.ts';

/** A forest of scikit-learn with rows and what it makes of them. */
export interface ReferenceForest {
  readonly name: string;
  readonly nFeatures: number;
  readonly params: { readonly maxSamples: number; readonly offset: number };
  readonly trees: readonly {
    readonly left: number[];
    readonly right: number[];
    readonly feature: number[];
    readonly threshold: number[];
    readonly nSamples: number[];
    readonly missingGoToLeft: number[];
  }[];
  readonly query: readonly (readonly (number | null)[])[];
  readonly scoreSamples: readonly number[];
  readonly decision: readonly number[];
  readonly predict: readonly number[];
}

/** Over ten seeds, and the nodes of one forest of 100 trees. */
export interface ReferenceAuc {
  readonly auc: number;
  readonly auc_sd: number;
  readonly nodes: number;
}

export function readReferenceForests(): ReferenceForest[] {
  const names = readdirSync(referencePath('isolation-forest')).filter((name) => !name.startsWith('sklearn_'));
  return names.map((name) => {
    const text = readFileSync(referencePath('isolation-forest', name), 'utf8');
    return { name: name.replace('.json', ''), ...(JSON.parse(text) as Omit<ReferenceForest, 'name'>) };
  });
}

/** Its trees in a forest of ours. */
export function forestOf({ trees, nFeatures, params }: ReferenceForest): IsolationForest {
  return IsolationForest.fromTrees(
    trees.map((tree) => ({ ...tree, sampleCount: tree.nSamples, missingGoesLeft: tree.missingGoToLeft })),
    { columns: nFeatures, sampleSize: params.maxSamples },
  );
}

/** A row of a query; scikit-learn reads rows as float32. */
export function rowOf(values: readonly (number | null)[]): Float32Array {
  return Float32Array.from(values, (value) => value ?? NaN);
}

/** By the name of the data set. */
export function readReferenceAuc(): Readonly<Record<string, ReferenceAuc>> {
  const text = readFileSync(referencePath('isolation-forest', 'sklearn_reference_auc.json'), 'utf8');
  return JSON.parse(text) as Record<string, ReferenceAuc>;
}

export function adbenchFiles(): string[] {
  return readdirSync(referencePath('adbench')).filter((file) => file.endsWith('.npz'));
}

/** Trains and scores forests of ours on data sets, over 20 seeds. */
export function measureAuc(files: readonly string[]): Promise<AucResult[]> {
  const tasks: AucTask[] = files.map((file) => ({
    name: file.replace('.npz', ''),
    file: referencePath('adbench', file),
  }));
  const worker = new Worker(new URL('reference-auc-worker.ts', import.meta.url), { workerData: tasks });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Four standard errors of the difference between a mean of 20 seeds and one of 10. */
export function aucTolerance({ auc_sd: deviation }: ReferenceAuc): number {
  return Math.max(0.01, 4 * deviation * Math.sqrt(1 / 20 + 1 / 10));
}
