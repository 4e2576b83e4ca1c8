import type { EpisodeOutcome } from './episode-outcome.ts';
import { countEpisodes, episodeTable } from './episode-table.ts';
import type { EvaluationSection, Goal, SectionOptions } from './evaluation-section.ts';
import {
  DETECTOR_TEXT,
  detectorTable,
  groupTable,
  over,
  RECALLS,
  reduction,
  reductionTable,
} from './detector-table.ts';
import { meanOf } from './mean-estimate.ts';
import type { DetectorMeasures } from './measured-windows.ts';
import { attackedWorlds, mixedWorlds } from './mixed-worlds.ts';
import { durationText, estimateText, numberText, percentText, shareText } from './number-text.ts';
import { ENDPOINT_BEHAVIORS } from './world-mix.ts';
import type { WorldOutcome } from './world-outcome.ts';

/** Behaviors that show as soon as they happen: found within a minute or hardly at all. */
const PROMPT_BEHAVIORS = [
  'credential_stuffing',
  'enumeration',
  'scraping',
  'privilege_probing',
  'rate_burst',
  'error_burst',
];

/** Simulated worlds: false positives at equal recall, and every behavior in every intensity. */
export async function evaluateSimulated(options: SectionOptions): Promise<EvaluationSection> {
  const worlds = await mixedWorlds(options);
  const attacked = await attackedWorlds(options);
  const all = worlds.map(({ measures }) => measures['all']!);
  const brief = worlds.map(({ measures }) => measures['brief']!);
  const user = [...worlds, ...attacked].flatMap(({ episodes }) => episodes.filter((episode) => !isOfEndpoint(episode)));
  const endpoint = attacked.flatMap(({ episodes }) => episodes.filter(isOfEndpoint));
  const sum = (of: (world: WorldOutcome) => number) => worlds.reduce((total, world) => total + of(world), 0);
  return {
    title: 'Simulated worlds',
    blocks: [
      `${worlds.length} worlds of 3 days and 300 users with seeds nobody developed on. The first half is free of attacks and learned from; in the second, each of the eleven behaviours of users comes in three intensities, all of them about equally long (an hour a world, twenty minutes of low intensity; what takes longer is in some of the worlds), among three of the twelve harmless oddities. In all ${sum(({ windows }) => windows).toLocaleString('en')} windows of a user and 5 minutes, ${sum(({ positiveWindows }) => positiveWindows).toLocaleString('en')} of them with an attack. FP: false positives per 10,000 windows. In brackets: 95 % intervals over worlds. Simulated attackers are tidier than real ones: what counts is how the detectors stand to each other.`,
      detectorTable(all),
      reductionTable(all),
      `Is the world fair? The tuned rules should reach a recall of about 0.50 at 0.1 % and 0.57 at 1 % false windows, each ± 0.1: they reach ${estimateText(over(all, 'tuned_rules', 'recallAtPerMille'), 2)} and ${estimateText(over(all, 'tuned_rules', 'recallAtPercent'), 2)}. Higher, and rules would do; lower, and they were set up to fail.`,
      `Low-and-slow attacks last eight hours each, and ${percentText(sum(({ slowWindows }) => slowWindows) / sum(({ positiveWindows }) => positiveWindows), 0)} of the windows with an attack are theirs; each of these holds a few requests that look ordinary by themselves. Without them:`,
      groupTable([
        ['ours', brief, 'ours'],
        ['tuned rules', brief, 'tuned_rules'],
      ]),
      '### Attacks one by one, at the default budget',
      'Found: some call of the attack was flagged. Named right: most of its flagged calls have its name. Time to detect: event time from its first call to the first flagged one.',
      episodeTable(user),
      `In the worlds with oddities there were ${estimateText(falsePerDay(worlds), 2)} false incidents a day, and ${percentText(meanOf(worlds.map(({ ordinaryFlagged }) => ordinaryFlagged)).value, 3)} of the ordinary spans were flagged.`,
      '### Attacks on endpoints',
      `A slow or failing endpoint is no user's fault, so it is judged as an incident: ${attacked.length} worlds of their own with all thirteen behaviours in three intensities and no confounders, ${estimateText(falsePerDay(attacked), 2)} false incidents a day.`,
      episodeTable(endpoint),
    ],
    goals: [...rankingGoals(all), ...episodeGoals([...user, ...endpoint])],
  };
}

function rankingGoals(all: readonly DetectorMeasures[]): Goal[] {
  const fewer = (other: 'tuned_rules' | 'peer_forest', wanted: number, place: number): Goal => {
    const [recall, measure] = RECALLS[place]!;
    const { value, ...interval } = reduction(all, other, measure);
    return {
      name: `simulated: fewer FP than ${DETECTOR_TEXT[other]} at recall ${recall}`,
      wanted: `≥ ${wanted} %`,
      measured: `${estimateText({ value, ...interval }, 1)} %`,
      isMet: value >= wanted,
    };
  };
  const recall = (text: string, measure: 'recallAtPerMille' | 'recallAtPercent', wanted: number): Goal => {
    const estimate = over(all, 'ours', measure);
    return {
      name: `simulated: recall at ${text} false windows`,
      wanted: `≥ ${wanted}`,
      measured: estimateText(estimate, 2),
      isMet: estimate.value >= wanted,
    };
  };
  return [
    fewer('tuned_rules', 60, 0),
    fewer('tuned_rules', 90, 1),
    fewer('tuned_rules', 60, 2),
    fewer('peer_forest', 90, 0),
    fewer('peer_forest', 90, 1),
    recall('0.1 %', 'recallAtPerMille', 0.8),
    recall('1 %', 'recallAtPercent', 0.93),
  ];
}

function episodeGoals(episodes: readonly EpisodeOutcome[]): Goal[] {
  const found = (intensity: string, wanted: number): Goal => {
    const behaviors = Map.groupBy(
      episodes.filter((episode) => episode.intensity === intensity),
      ({ behavior }) => behavior,
    );
    const short = [...behaviors].flatMap(([behavior, own]) => {
      const { found: count } = countEpisodes(own);
      return count < wanted * own.length ? [`${behavior} ${numberText(count / own.length, 2)}`] : [];
    });
    return {
      name: `simulated: every behaviour at ${intensity} intensity found`,
      wanted: `≥ ${wanted}`,
      measured: short.length === 0 ? 'all' : `below it: ${short.join(', ')}`,
      isMet: short.length === 0,
    };
  };
  const { named, found: foundCount } = countEpisodes(episodes);
  const prompt = episodes.filter(
    ({ behavior, intensity }) => intensity === 'medium' && PROMPT_BEHAVIORS.includes(behavior),
  );
  const { medianDelaySeconds } = countEpisodes(prompt);
  return [
    found('medium', 0.9),
    found('low', 0.6),
    {
      name: 'simulated: found attacks named right',
      wanted: '≥ 0.85',
      measured: shareText(named, foundCount),
      isMet: named >= 0.85 * foundCount,
    },
    {
      name: 'simulated: median time to detect rate, access and error behaviours at medium intensity',
      wanted: '≤ 60 s',
      measured: durationText(medianDelaySeconds),
      isMet: medianDelaySeconds <= 60,
    },
  ];
}

/** False incidents a day, over worlds. */
function falsePerDay(worlds: readonly WorldOutcome[]) {
  return meanOf(worlds.map(({ falseIncidents, days }) => falseIncidents.length / days));
}

function isOfEndpoint({ behavior }: EpisodeOutcome): boolean {
  return (ENDPOINT_BEHAVIORS as readonly string[]).includes(behavior);
}
