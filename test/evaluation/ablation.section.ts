import { type AblationOutcome, type VariantName, VARIANTS } from './ablation-outcome.ts';
import type { EvaluationSection, SectionOptions } from './evaluation-section.ts';
import { meanOf } from './mean-estimate.ts';
import { estimateText } from './number-text.ts';
import { runTasks } from './task-threads.ts';
import { mixedWorld, seedsOf } from './world-mix.ts';

const WORLDS = 10;

const COLUMNS = [
  ['FP at recall .5', 'falsePositivesAtRecall50', 1],
  ['FP at recall .8', 'falsePositivesAtRecall80', 1],
  ['recall at 0.1 %', 'recallAtPerMille', 2],
  ['recall at 1 %', 'recallAtPercent', 2],
  ['average precision', 'averagePrecision', 2],
] as const;

/** What each part of the detector adds. */
export async function evaluateAblation(options: SectionOptions): Promise<EvaluationSection> {
  const seeds = seedsOf('mix', options.quick ? 1 : WORLDS);
  const inputs = seeds.map((seed) => mixedWorld(seed, options));
  const worlds: AblationOutcome[] = await runTasks('worlds of the ablation', 'ablation', inputs);
  return {
    title: 'What each part adds',
    blocks: [
      `The first ${worlds.length} of the simulated worlds. The features of every user's window as they stood after its last call, judged by detectors put together from the same forests and tails as ours: each row has what the one above it has, unless it says otherwise. All but the last know only users, judge a window once and after the fact, and learn from all of the training windows without leaving out the oddest; so the last row is not simply one part more.`,
      {
        columns: ['', ...COLUMNS.map(([head]) => head)],
        rows: (Object.keys(VARIANTS) as VariantName[]).map((variant) => [
          VARIANTS[variant],
          ...COLUMNS.map(([, measure, digits]) =>
            estimateText(meanOf(worlds.map(({ measures }) => measures[variant][measure])), digits),
          ),
        ]),
      },
    ],
    goals: [],
  };
}
