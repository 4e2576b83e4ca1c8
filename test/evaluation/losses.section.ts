import { INTENSITIES } from '../../processor/src/simulation/attacks.ts';
import type { EpisodeOutcome } from './episode-outcome.ts';
import { countEpisodes } from './episode-table.ts';
import type { EvaluationSection, SectionOptions, Table } from './evaluation-section.ts';
import { mean, median } from './mean-estimate.ts';
import type { DetectorMeasures } from './measured-windows.ts';
import { mixedWorlds } from './mixed-worlds.ts';
import { nasaOutcomes } from './nasa.section.ts';
import { numberText, shareText } from './number-text.ts';
import type { OrdinaryEvidence } from './world-outcome.ts';

/** Where it is lost: worlds of one sort, in which the attacks of one kind are looked at by themselves. */
interface Field {
  readonly source: string;
  readonly kind: string;
  readonly measures: readonly DetectorMeasures[];
  readonly episodes: readonly EpisodeOutcome[];
  readonly ordinary: OrdinaryEvidence;
}

/** Requests a window below which an attack has next to nothing to show. */
const FEW_REQUESTS = 5;
/** A share found below which an attack counts as missed, by intensity. */
const WANTED_FOUND: Readonly<Record<string, number>> = { low: 0.6, medium: 0.9, high: 0.9 };

/** Where tuned rules win, and what is not found. */
export async function evaluateLosses(
  options: SectionOptions & { readonly hasData: boolean },
): Promise<EvaluationSection> {
  const fields = [...(await simulatedFields(options)), ...(options.hasData ? await nasaFields(options) : [])];
  return {
    title: 'Where it loses',
    blocks: [
      'Causes are told by rule of thumb: from how many requests the windows of the attack hold, and where our evidence in them stands among ordinary windows.',
      '### Fewer false positives with tuned rules',
      lostTable(fields),
      '### Too seldom found at the default budget',
      `Below ${WANTED_FOUND['low']} at low intensity, below ${WANTED_FOUND['medium']} at the others.`,
      missedTable(fields),
    ],
    goals: [],
  };
}

function lostTable(fields: readonly Field[]): Table {
  const rows = fields.flatMap((field) => {
    const of = (detector: 'ours' | 'tuned_rules', measure: 'falsePositivesAtRecall50' | 'falsePositivesAtRecall80') =>
      mean(field.measures.map((world) => world[detector][measure]));
    const [ours50, rules50] = [of('ours', 'falsePositivesAtRecall50'), of('tuned_rules', 'falsePositivesAtRecall50')];
    const [ours80, rules80] = [of('ours', 'falsePositivesAtRecall80'), of('tuned_rules', 'falsePositivesAtRecall80')];
    if (!(ours50 > rules50 || ours80 > rules80)) return [];
    return [[field.source, field.kind, pairText(ours50, rules50), pairText(ours80, rules80), causeOf(field)]];
  });
  return { columns: ['', 'kind', 'FP at recall .5, ours / rules', 'at recall .8', 'cause'], rows };
}

function missedTable(fields: readonly Field[]): Table {
  const rows = fields.flatMap((field) => {
    return INTENSITIES.flatMap((intensity) => {
      const episodes = field.episodes.filter((episode) => episode.intensity === intensity);
      const { found } = countEpisodes(episodes);
      if (episodes.length === 0 || found >= WANTED_FOUND[intensity]! * episodes.length) return [];
      const missed = episodes.filter(({ isFound }) => !isFound);
      const evidence = numberText(median(missed.map(({ medianEvidence }) => medianEvidence)), 1);
      const cause = causeOf({ ...field, episodes: missed });
      return [[field.source, nameOf(episodes[0]!), intensity, shareText(found, episodes.length), evidence, cause]];
    });
  });
  return { columns: ['', 'kind', 'intensity', 'found', 'evidence of the missed, nats', 'cause'], rows };
}

const pairText = (ours: number, rules: number): string => `${numberText(ours, 1)} / ${numberText(rules, 1)}`;

const nameOf = ({ kind, variant = '' }: EpisodeOutcome): string => `${kind} ${variant}`.trimEnd();

/** A rule of thumb. */
function causeOf({ episodes, ordinary }: Pick<Field, 'episodes' | 'ordinary'>): string {
  const requests = median(episodes.map(({ medianRequests }) => medianRequests));
  const evidence = median(episodes.map(({ medianEvidence }) => medianEvidence));
  const few = requests < FEW_REQUESTS ? `; a window holds ${requests} requests` : '';
  if (Number.isNaN(evidence)) return 'no window of its own';
  if (evidence < ordinary.oneIn20) return `looks ordinary: one ordinary window in twenty has more evidence${few}`;
  if (evidence < ordinary.oneIn1000) return `odd, but not odder than some ordinary windows${few}`;
  return `odd enough in half of its windows; the others look ordinary, or the effect is below the least${few}`;
}

async function simulatedFields(options: SectionOptions): Promise<Field[]> {
  const worlds = await mixedWorlds(options);
  const episodes = worlds.flatMap((world) => world.episodes);
  const behaviors = [...new Set(episodes.map(({ behavior }) => behavior))];
  return behaviors.flatMap((behavior) =>
    INTENSITIES.flatMap((intensity) => {
      const group = `${behavior} ${intensity}`;
      // Long attacks are in some of the worlds only, maybe in none.
      const measures = worlds.flatMap((world) => world.measures[group] ?? []);
      if (measures.length === 0) return [];
      return {
        source: 'simulated',
        kind: group,
        measures,
        episodes: episodes.filter((episode) => episode.behavior === behavior && episode.intensity === intensity),
        ordinary: averageEvidence(worlds.map(({ ordinaryEvidence }) => ordinaryEvidence)),
      };
    }),
  );
}

async function nasaFields(options: SectionOptions): Promise<Field[]> {
  const worlds = await nasaOutcomes(options);
  const episodes = worlds.flatMap((world) => world.episodes);
  const groups = Map.groupBy(episodes, nameOf);
  return Array.from(groups, ([group, own]) => ({
    source: 'NASA',
    kind: group,
    measures: worlds.map(({ measures }) => measures[group]!),
    episodes: own,
    ordinary: averageEvidence(worlds.map(({ ordinaryEvidence }) => ordinaryEvidence)),
  }));
}

function averageEvidence(worlds: readonly OrdinaryEvidence[]): OrdinaryEvidence {
  return {
    oneIn20: mean(worlds.map(({ oneIn20 }) => oneIn20)),
    oneIn1000: mean(worlds.map(({ oneIn1000 }) => oneIn1000)),
  };
}
