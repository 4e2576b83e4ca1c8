import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { IsolationForest } from '../../../processor/src/forest/isolation-forest.ts';
import { itWithReferenceData, referencePath } from '../../support/reference-data.ts';
import type { AucResult, AucTask } from './reference-auc-worker.ts';

/** A forest of scikit-learn 1.9.1 with rows and what it makes of them. */
interface Fixture {
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

describe('parity with scikit-learn', () => {
  itWithReferenceData('its forests score the same rows alike to 1e-12', 'isolation-forest', async () => {
    const names = readdirSync(referencePath('isolation-forest')).filter((name) => !name.startsWith('sklearn_'));
    expect(names).toHaveLength(6);
    for (const name of names) {
      const fixture = JSON.parse(readFileSync(referencePath('isolation-forest', name), 'utf8')) as Fixture;
      const forest = IsolationForest.fromTrees(
        fixture.trees.map((tree) => ({ ...tree, sampleCount: tree.nSamples, missingGoesLeft: tree.missingGoToLeft })),
        { columns: fixture.nFeatures, sampleSize: fixture.params.maxSamples },
      );
      fixture.query.forEach((values, i) => {
        // scikit-learn reads rows as float32.
        const row = Float32Array.from(values, (value) => value ?? NaN);
        const score = forest.score(row);
        expect(Math.abs(score + fixture.scoreSamples[i]!)).toBeLessThanOrEqual(1e-12);
        const decision = -score - fixture.params.offset;
        expect(Math.abs(decision - fixture.decision[i]!)).toBeLessThanOrEqual(1e-12);

        expect(decision < 0 ? -1 : 1).toBe(fixture.predict[i]);

        const contributions = new Float64Array(fixture.nFeatures);
        const path = forest.contributions(row, 0, contributions);
        expect(path).toBeCloseTo(forest.pathLength(row), 10);
        expect(contributions.reduce((a, b) => a + b)).toBeCloseTo(path - forest.expectedPathLength, 9);
      });
    }
  });

  itWithReferenceData(
    'our forests find the outliers of the ADBench sets as well, over 20 seeds',
    'adbench',
    async () => {
      const reference = JSON.parse(
        readFileSync(referencePath('isolation-forest', 'sklearn_reference_auc.json'), 'utf8'),
      ) as Record<string, { auc: number; auc_sd: number; nodes: number }>;
      const files = readdirSync(referencePath('adbench')).filter((file) => file.endsWith('.npz'));
      const results = await measureAuc(files);
      expect(results).toHaveLength(13);

      // The reference counted the nodes of one forest of 100 trees, whose own spread is 2 %.
      const growth = results.map(({ name, nodesPerTree }) => nodesPerTree / reference[name]!.nodes);
      for (const ratio of growth) expect(Math.abs(ratio - 1)).toBeLessThan(0.06);
      expect(Math.abs(mean(growth) - 1)).toBeLessThan(0.02);

      const differences = results.map(({ name, auc }) => {
        const expected = reference[name]!;
        // Four standard errors of the difference between a mean of 20 seeds and one of 10.
        const tolerance = Math.max(0.01, 4 * expected.auc_sd * Math.sqrt(1 / 20 + 1 / 10));
        expect({ name, auc: expected.auc, isWithin: Math.abs(auc - expected.auc) <= tolerance }).toEqual({
          name,
          auc: expected.auc,
          isWithin: true,
        });
        return auc - expected.auc;
      });
      expect(Math.abs(mean(differences))).toBeLessThanOrEqual(0.004);
    },
    300_000,
  );
});

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b) / values.length;
}

function measureAuc(files: readonly string[]): Promise<AucResult[]> {
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
