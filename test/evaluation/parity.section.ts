import {
  adbenchFiles,
  aucTolerance,
  forestOf,
  measureAuc,
  readReferenceAuc,
  readReferenceForests,
  type ReferenceForest,
  rowOf,
} from '../processor/forest/scikit-learn-reference.ts';
import type { EvaluationSection, SectionOptions } from './evaluation-section.ts';
import { mean } from './mean-estimate.ts';
import { numberText } from './number-text.ts';

const MOST_SCORE_DIFFERENCE = 1e-12;
const MOST_MEAN_DIFFERENCE = 0.004;
/** The smallest sets. */
const QUICK_SETS = ['4_breastw.npz', '18_Ionosphere.npz', '29_Pima.npz'];

/** Our isolation forest beside scikit-learn's. */
export async function evaluateParity({ quick }: SectionOptions): Promise<EvaluationSection> {
  const forests = readReferenceForests();
  const scoreDifference = Math.max(...forests.map(largestDifference));
  const reference = readReferenceAuc();
  const files = adbenchFiles();
  const results = await measureAuc(quick ? files.filter((file) => QUICK_SETS.includes(file)) : files);
  const rows = results.map(({ name, auc }) => {
    const expected = reference[name]!;
    return { name, auc, expected, difference: auc - expected.auc, tolerance: aucTolerance(expected) };
  });
  const outside = rows.filter(({ difference, tolerance }) => Math.abs(difference) > tolerance);
  const meanDifference = mean(rows.map(({ difference }) => difference));
  return {
    title: 'Parity with scikit-learn',
    blocks: [
      `${forests.length} forests that scikit-learn 1.9.1 trained, walked by our scorer: ${forests.reduce((sum, { query }) => sum + query.length, 0).toLocaleString('en')} scores differ by at most ${scoreDifference.toExponential(1)}. And forests that we train, on outlier sets of ADBench: area under the ROC curve, mean over 20 seeds against the reference's mean over 10. It says that our forest is an isolation forest, and nothing about APIs.`,
      {
        columns: ['set', 'ours', 'scikit-learn', 'difference', 'allowed'],
        rows: rows.map(({ name, auc, expected, difference, tolerance }) => [
          name,
          numberText(auc, 4),
          numberText(expected.auc, 4),
          numberText(difference, 4),
          `± ${numberText(tolerance, 4)}`,
        ]),
      },
      `Mean difference ${numberText(meanDifference, 4)}.`,
    ],
    goals: [
      {
        name: 'parity: scores of scikit-learn’s forests',
        wanted: '≤ 1e-12 apart',
        measured: scoreDifference.toExponential(1),
        isMet: scoreDifference <= MOST_SCORE_DIFFERENCE,
      },
      {
        name: 'parity: area under the curve within the tolerance of its set',
        wanted: 'all sets',
        measured: `${rows.length - outside.length} of ${rows.length}`,
        isMet: outside.length === 0,
      },
      {
        name: 'parity: mean difference of the area under the curve',
        wanted: '≤ 0.004',
        measured: numberText(Math.abs(meanDifference), 4),
        isMet: Math.abs(meanDifference) <= MOST_MEAN_DIFFERENCE,
      },
    ],
  };
}

/** Between our scores and theirs, which have the other sign. */
function largestDifference(reference: ReferenceForest): number {
  const forest = forestOf(reference);
  return Math.max(
    ...reference.query.map((values, index) => Math.abs(forest.score(rowOf(values)) + reference.scoreSamples[index]!)),
  );
}
