import { itWithReferenceData } from '../../support/reference-data.ts';
import {
  adbenchFiles,
  aucTolerance,
  forestOf,
  measureAuc,
  readReferenceAuc,
  readReferenceForests,
  rowOf,
} from './scikit-learn-reference.ts';

describe('parity with scikit-learn', () => {
  itWithReferenceData('its forests score the same rows alike to 1e-12', 'isolation-forest', async () => {
    const fixtures = readReferenceForests();
    expect(fixtures).toHaveLength(6);
    for (const fixture of fixtures) {
      const forest = forestOf(fixture);
      fixture.query.forEach((values, i) => {
        const row = rowOf(values);
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
      const reference = readReferenceAuc();
      const results = await measureAuc(adbenchFiles());
      expect(results).toHaveLength(13);

      // The reference counted the nodes of one forest of 100 trees, whose own spread is 2 %.
      const growth = results.map(({ name, nodesPerTree }) => nodesPerTree / reference[name]!.nodes);
      for (const ratio of growth) expect(Math.abs(ratio - 1)).toBeLessThan(0.06);
      expect(Math.abs(mean(growth) - 1)).toBeLessThan(0.02);

      const differences = results.map(({ name, auc }) => {
        const expected = reference[name]!;
        expect({ name, auc: expected.auc, isWithin: Math.abs(auc - expected.auc) <= aucTolerance(expected) }).toEqual({
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
