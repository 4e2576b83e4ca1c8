import { CONFOUNDER_NAMES, CONFOUNDERS, type ConfounderName } from '../../processor/src/simulation/confounders.ts';
import type { EvaluationSection, SectionOptions } from './evaluation-section.ts';
import { mean, meanOf } from './mean-estimate.ts';
import { estimateText, numberText, percentText } from './number-text.ts';
import { runTasks } from './task-threads.ts';
import { plainWorld, seedsOf } from './world-mix.ts';
import type { FalseIncident, WorldOutcome } from './world-outcome.ts';

const WORLDS_EACH = 4;
const QUICK_CASES = 2;

interface Case {
  readonly name: string;
  readonly meaning: string;
  readonly confounders: readonly ConfounderName[];
}

const CASES: readonly Case[] = [
  { name: 'none', meaning: '', confounders: [] },
  { name: 'all twelve together', meaning: '', confounders: CONFOUNDER_NAMES },
  ...CONFOUNDER_NAMES.map((name) => ({ name, meaning: CONFOUNDERS[name].meaning, confounders: [name] })),
];

/** Worlds without any attack, in which something harmless happens: every incident is a false one. */
export async function evaluateConfounders(options: SectionOptions): Promise<EvaluationSection> {
  const cases = options.quick ? CASES.slice(0, QUICK_CASES) : CASES;
  const seeds = seedsOf('confounders', options.quick ? 1 : WORLDS_EACH);
  const inputs = cases.flatMap(({ confounders }) =>
    seeds.map((seed) => ({ ...plainWorld(seed, options), confounders })),
  );
  const outcomes = await runTasks('worlds with confounders', 'world', inputs);
  const worldsOf = (index: number) => outcomes.slice(index * seeds.length, (index + 1) * seeds.length);
  const perDay = (index: number) =>
    meanOf(worldsOf(index).map(({ falseIncidents, days }) => falseIncidents.length / days));
  const ofEndpoints = (index: number) =>
    mean(worldsOf(index).map(({ falseIncidents, days }) => falseIncidents.filter(isOfEndpoint).length / days));
  const none = perDay(0).value;
  const together = perDay(1).value - none;
  const oneByOne = cases.slice(2).reduce((sum, _, index) => sum + perDay(index + 2).value - none, 0);
  return {
    title: 'Harmless oddities',
    blocks: [
      `Worlds with exactly one of them each and no attack, ${seeds.length} a row: every incident is a false one. What they add to the ${numberText(none, 2)} false incidents a day of worlds without any: ${numberText(together, 2)} a day in worlds with all twelve, ${numberText(oneByOne, 2)} as the sum of the rows. An outage or a retry storm is a fault of the service, so that an incident about an endpoint is no nonsense there; it counts as a false one all the same.`,
      {
        columns: [
          '',
          'what happens',
          'false incidents a day',
          'of them about endpoints',
          'mostly named',
          'ordinary spans flagged',
        ],
        rows: cases.map(({ name, meaning }, index) => [
          name,
          meaning,
          estimateText(perDay(index), 2),
          numberText(ofEndpoints(index), 2),
          commonest(worldsOf(index)),
          percentText(mean(worldsOf(index).map(({ ordinaryFlagged }) => ordinaryFlagged)), 3),
        ]),
      },
    ],
    goals: [
      {
        name: 'simulated: false incidents a day from all confounders together',
        wanted: '≤ 3',
        measured: numberText(together, 2),
        isMet: together <= 3,
      },
    ],
  };
}

const isOfEndpoint = (incident: FalseIncident): boolean => incident.isOfEndpoint;

/** What most of the false incidents are named. */
function commonest(worlds: readonly WorldOutcome[]): string {
  const names = Map.groupBy(
    worlds.flatMap(({ falseIncidents }) => falseIncidents),
    ({ behavior }) => behavior,
  );
  const [most] = [...names].toSorted(([, a], [, b]) => b.length - a.length);
  return most === undefined ? '' : `${most[0]} (${most[1].length})`;
}
