import type { WorldOptions } from '../../processor/src/simulation/world.ts';
import type { EvaluationSection, SectionOptions } from './evaluation-section.ts';
import { mean } from './mean-estimate.ts';
import { numberText, percentText } from './number-text.ts';
import type { OrdinaryOutcome } from './ordinary-outcome.ts';
import { runTasks } from './task-threads.ts';
import { plainWorld, seedsOf } from './world-mix.ts';

const WORLDS = 2;
/** Days in which 300 users make more than 300 thousand spans beyond those learned from. */
const DAYS = 7;
const BUDGET_A_DAY = 10;

/** Traffic in which nothing is wrong, from the first span of a new installation on. */
export async function evaluateOrdinary(options: SectionOptions): Promise<EvaluationSection> {
  const worlds = seedsOf('ordinary', options.quick ? 1 : WORLDS).map((seed): WorldOptions => {
    const world = plainWorld(seed, options);
    return { ...world, days: options.quick ? world.days : DAYS, detail: 'server' };
  });
  // The first world twice: nothing may depend on anything but the spans.
  const [again, ...outcomes] = await runTasks('worlds with ordinary traffic', 'ordinary', [worlds[0]!, ...worlds]);
  const isRepeatable = again!.digest === outcomes[0]!.digest;
  const drifts = outcomes.map(drift);
  const flagged = mean(outcomes.map((outcome) => outcome.flagged / Math.max(1, outcome.scored)));
  const incidents = mean(outcomes.map((outcome) => outcome.incidents / outcome.days));
  const early = outcomes.reduce((sum, { flaggedInFirstHour }) => sum + flaggedInFirstHour, 0);
  const worst = Math.max(...drifts);
  return {
    title: 'Ordinary traffic',
    blocks: [
      `Worlds of ${worlds[0]!.days} days without attacks and oddities, judged as they are served: learning from the first span on, a model when enough was seen, another one every so often. Drift: by how much the mean score of any stretch from 1 thousand spans on differs from that of the first thousand, at most.`,
      {
        columns: [
          'seed',
          'learned from',
          'scored',
          'flagged',
          'share',
          'incidents a day',
          'flagged in the first hour',
          'in the first hour of scores',
          'drift',
        ],
        rows: outcomes.map((outcome, index) => [
          outcome.seed,
          outcome.learning.toLocaleString('en'),
          outcome.scored.toLocaleString('en'),
          outcome.flagged,
          percentText(outcome.flagged / Math.max(1, outcome.scored), 4),
          numberText(outcome.incidents / outcome.days, 2),
          outcome.flaggedInFirstHour,
          outcome.flaggedInFirstScoredHour,
          numberText(drifts[index]!, 4),
        ]),
      },
      'Mean score of the spans up to each mark, from the mark before:',
      {
        columns: ['seed', ...outcomes[0]!.meanScores.map(({ upTo }) => upTo.toLocaleString('en'))],
        rows: outcomes.map(({ seed, meanScores }) => [
          seed,
          ...meanScores.map((stretch) => numberText(stretch.mean, 4)),
        ]),
      },
      `The first world was judged twice in threads of their own: the annotated bytes are ${isRepeatable ? 'the same' : '**not the same**'} (SHA-256 ${outcomes[0]!.digest.slice(0, 16)}…).`,
    ],
    goals: [
      { name: 'ordinary: spans flagged', wanted: '< 0.1 %', measured: percentText(flagged, 4), isMet: flagged < 0.001 },
      {
        name: 'ordinary: incidents a day',
        wanted: `≤ ${BUDGET_A_DAY}`,
        measured: numberText(incidents, 2),
        isMet: incidents <= BUDGET_A_DAY,
      },
      { name: 'ordinary: flagged in the first hour', wanted: '0', measured: `${early}`, isMet: early === 0 },
      {
        name: 'ordinary: drift of the mean score from 1 to 300 thousand spans',
        wanted: '< 0.02',
        measured: numberText(worst, 4),
        isMet: worst < 0.02,
      },
      {
        name: 'ordinary: identical input, identical output',
        wanted: 'yes',
        measured: isRepeatable ? 'yes' : 'no',
        isMet: isRepeatable,
      },
    ],
  };
}

function drift({ meanScores }: OrdinaryOutcome): number {
  const [first, ...later] = meanScores;
  return later.length === 0 ? Number.NaN : Math.max(...later.map((stretch) => Math.abs(stretch.mean - first!.mean)));
}
