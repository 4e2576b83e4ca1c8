import { DETECTOR_TEXT, detectorTable, groupTable, reduction, reductionTable } from './detector-table.ts';
import type { EpisodeOutcome } from './episode-outcome.ts';
import { episodeTable } from './episode-table.ts';
import type { EvaluationSection, SectionOptions } from './evaluation-section.ts';
import { type MeanEstimate, meanOf } from './mean-estimate.ts';
import type { NasaOutcome } from './nasa-outcome.ts';
import { estimateText, percentText } from './number-text.ts';
import { VARIANTS } from './site-attacks.ts';
import { runTasks } from './task-threads.ts';

/** Every attack comes once in three seeds that follow each other. */
const SEEDS = 12;

let outcomes: Promise<NasaOutcome[]> | undefined;

/** NASA's traffic with the attacks of each seed; evaluated once a run. */
export function nasaOutcomes({ quick }: SectionOptions): Promise<NasaOutcome[]> {
  const seeds = Array.from({ length: quick ? 1 : SEEDS }, (_, index) => ({ seed: 101 + index }));
  return (outcomes ??= runTasks('NASA with attacks', 'nasa', seeds));
}

/** A real background with attacks laid over it. */
export async function evaluateNasa(options: SectionOptions): Promise<EvaluationSection> {
  const worlds = await nasaOutcomes(options);
  const ofGroup = (group: string) => worlds.map(({ measures }) => measures[group]!);
  const plain = ofGroup('plain');
  const singleRule = VARIANTS.map((variant) => singleRuleRow(worlds, variant));
  const [{ extra50, extra80 }] = singleRule as [(typeof singleRule)[number]];
  return {
    title: 'A real web site with attacks laid over it',
    blocks: [
      `The requests to NASA's web server on 1 August 1995, real and presumed benign, with attacks over the later part: nine kinds, each plain and disguised, the intensities in turn with the seed; ${worlds.length} seeds. Clients are known by their address alone, and the log has no durations, so the rules have none about them. The background is the same in all of them, so the intervals say how much the attacks matter, not what another site would give. In all ${worlds.reduce((sum, { windows }) => sum + windows, 0).toLocaleString('en')} windows, ${worlds.reduce((sum, { positiveWindows }) => sum + positiveWindows, 0).toLocaleString('en')} of them with an attack; ${estimateText(meanOf(worlds.map(({ falseIncidents, days }) => falseIncidents / days)), 2)} false incidents a day, ${percentText(meanOf(worlds.map(({ ordinaryFlagged }) => ordinaryFlagged)).value, 3)} of the windows without an attack flagged.`,
      '### Plain attacks',
      detectorTable(plain),
      reductionTable(plain),
      '### Attackers in disguise',
      'Irregular, among ordinary requests, from three times as many addresses, half of the time from a busy host of the site among others.',
      groupTable([
        ['ours', ofGroup('disguised'), 'ours'],
        ['tuned rules', ofGroup('disguised'), 'tuned_rules'],
      ]),
      '### Where one rule is enough',
      'Login brute force alone, against the single rule that counts POST requests. No one else ever posts to this site but other attackers, so the rule cannot be wrong.',
      {
        columns: ['', 'ours, FP at recall .5', 'the rule', 'ours, FP at recall .8', 'the rule'],
        rows: singleRule.map(({ row }) => row),
      },
      '### Attacks one by one, at the default budget',
      episodeTable(worlds.flatMap(({ episodes }) => episodes.map(withVariant))),
    ],
    goals: [
      ...(
        [
          ['.5', 'falsePositivesAtRecall50', 60],
          ['.8', 'falsePositivesAtRecall80', 90],
        ] as const
      ).flatMap(([recall, measure, wanted]) =>
        // Tuning on a part without attacks can make rules worse: both have to be beaten.
        (['tuned_rules', 'rules'] as const).map((other) => {
          const estimate = reduction(plain, other, measure);
          return {
            name: `NASA, plain attacks: fewer FP than ${DETECTOR_TEXT[other]} at recall ${recall}`,
            wanted: `≥ ${wanted} %`,
            measured: `${estimateText(estimate, 1)} %`,
            isMet: estimate.value >= wanted,
          };
        }),
      ),
      ...(
        [
          ['.5', extra50],
          ['.8', extra80],
        ] as const
      ).map(([recall, extra]) => ({
        name: `NASA, login brute force: more FP than the single rule at recall ${recall}`,
        wanted: '≤ 3',
        measured: estimateText(extra, 1),
        isMet: extra.value <= 3,
      })),
    ],
  };
}

/** Ours and the single rule, and how many false positives ours has more. */
function singleRuleRow(worlds: readonly NasaOutcome[], variant: string) {
  const differ = (measure: 'falsePositivesAtRecall50' | 'falsePositivesAtRecall80') => {
    const ours = worlds.map(({ measures }) => measures[`login_brute_force ${variant}`]!.ours[measure]);
    const rule = worlds.map(({ singleRule }) => singleRule[variant]![measure]);
    const cells = [ours, rule].map((values) => estimateText(meanOf(values), 1));
    const extra: MeanEstimate = meanOf(ours.map((value, index) => value - rule[index]!));
    return { cells, extra };
  };
  const at50 = differ('falsePositivesAtRecall50');
  const at80 = differ('falsePositivesAtRecall80');
  return { row: [variant, ...at50.cells, ...at80.cells], extra50: at50.extra, extra80: at80.extra };
}

/** Plain and disguised attacks are listed apart. */
function withVariant(episode: EpisodeOutcome): EpisodeOutcome {
  return { ...episode, kind: `${episode.kind}, ${episode.variant}` };
}
