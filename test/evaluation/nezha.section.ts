import type { EvaluationSection, SectionOptions } from './evaluation-section.ts';
import { median } from './mean-estimate.ts';
import type { FaultType, Labelling } from './nezha-fault.ts';
import type { FaultOutcome, NezhaOutcome } from './nezha-outcome.ts';
import { durationText, numberText, percentText, shareText } from './number-text.ts';
import { runTasks } from './task-threads.ts';

const LABELLING_TEXT: Readonly<Record<Labelling, string>> = {
  faulty: 'the faulty pod',
  caller: 'the pod that called it, where the network was slow',
  waiting: 'all that waited, up to the gateway',
};

const TYPE_TEXT: Readonly<Record<FaultType, string>> = {
  cpu_contention: 'lack of CPU',
  network_delay: 'network delay',
};

/** A minute, and the window of the features. */
const WINDOW_SECONDS = [60, 300] as const;

/** Faults in a system of real microservices: what the spans of servers can and cannot show. */
export async function evaluateNezha(_options: SectionOptions): Promise<EvaluationSection> {
  const [outcome] = (await runTasks('Nezha', 'nezha', [{ windowSeconds: WINDOW_SECONDS }])) as [NezhaOutcome];
  const { faults, windows, serverSpans, testMinutes, incidents, falseIncidents } = outcome;
  const groups = Map.groupBy(faults, ({ labelling, type }) => `${labelling} ${type}`);
  return {
    title: 'Faults in microservices',
    blocks: [
      `TrainTicket with 17 injected faults (Nezha, 2023-01-30): ${serverSpans.toLocaleString('en')} SERVER spans in the ${testMinutes} recorded minutes that were judged, without status, users or sizes, so that only durations speak. Learned from: the recordings without faults, and what was recorded before every other fault. A lack of CPU makes the faulty pod's own spans slow. A network delay does not: the pod answers as fast as ever, and only the gap between the caller's CLIENT span and its SERVER span shows it, which a detector of SERVER spans does not look at; what it can see is that the callers' own SERVER spans wait. So the same verdicts are judged under three labellings.`,
      '### Faults found',
      {
        columns: ['labelled', 'fault', 'found', 'spans flagged', 'median time from the injection'],
        rows: [...groups.values()].map((own) => faultRow(own)),
      },
      `There were ${incidents} incidents at the default budget, ${falseIncidents} of them about nothing that any labelling knows of, in ${numberText(testMinutes / 60, 1)} h.`,
      '### Windows of an endpoint',
      'Negative are windows without a span that any of the labellings marks. Ours ranks by how rare the window of the endpoint is, flagged or not. The rule: the longest duration of the window as a multiple of the longest while learning, for each endpoint by itself.',
      {
        columns: [
          'labelled',
          'window',
          'positive',
          'negative',
          'false alarms, at the default budget',
          'recall there',
          'ours, FP at recall .5 / .8',
          'the rule, FP at recall .5 / .8',
          'average precision, ours / the rule',
        ],
        rows: windows.map(
          ({ labelling, seconds, positives, negatives, positivesFlagged, negativesFlagged, ours, rule }) => [
            LABELLING_TEXT[labelling],
            `${seconds / 60} min`,
            positives,
            negatives,
            `${negativesFlagged} (${percentText(negativesFlagged / negatives)})`,
            numberText(positivesFlagged / positives, 2),
            ...[ours, rule].map(
              (measures) =>
                `${numberText(measures.falsePositivesAtRecall50, 0)} / ${numberText(measures.falsePositivesAtRecall80, 0)}`,
            ),
            `${numberText(ours.averagePrecision, 2)} / ${numberText(rule.averagePrecision, 2)}`,
          ],
        ),
      },
    ],
    goals: [],
  };
}

function faultRow(own: readonly FaultOutcome[]): string[] {
  const { labelling, type } = own[0]!;
  const found = own.filter(({ flagged }) => flagged > 0);
  const sum = (of: (fault: FaultOutcome) => number) => own.reduce((total, fault) => total + of(fault), 0);
  return [
    LABELLING_TEXT[labelling],
    TYPE_TEXT[type],
    shareText(found.length, own.length),
    shareText(
      sum(({ flagged }) => flagged),
      sum(({ spans }) => spans),
    ),
    durationText(median(found.map(({ delaySeconds }) => delaySeconds))),
  ];
}
