/** Tables that set the detectors beside each other, as means over worlds. */
import type { Measure } from '../../processor/src/evaluation/ranking.ts';
import type { Table } from './evaluation-section.ts';
import { type MeanEstimate, meanOf, reductionOf } from './mean-estimate.ts';
import { DETECTORS, type DetectorMeasures } from './measured-windows.ts';
import { estimateText } from './number-text.ts';

export const DETECTOR_TEXT: Readonly<Record<(typeof DETECTORS)[number], string>> = {
  ours: 'ours',
  tuned_rules: 'tuned rules',
  rules: 'rules as written',
  peer_forest: "the peer's approach",
};

const COLUMNS: readonly (readonly [measure: Measure, head: string, digits: number])[] = [
  ['falsePositivesAtRecall50', 'FP at recall .5', 1],
  ['falsePositivesAtRecall80', 'FP at recall .8', 1],
  ['falsePositivesAtRecall95', 'FP at recall .95', 0],
  ['recallAtPerMille', 'recall at 0.1 %', 2],
  ['recallAtPercent', 'recall at 1 %', 2],
  ['averagePrecision', 'average precision', 2],
];

/** Recalls at which false positives are compared. */
export const RECALLS = [
  ['.5', 'falsePositivesAtRecall50'],
  ['.8', 'falsePositivesAtRecall80'],
  ['.95', 'falsePositivesAtRecall95'],
] as const;

/** A measure of a detector over worlds. */
export function over(
  worlds: readonly DetectorMeasures[],
  detector: (typeof DETECTORS)[number],
  measure: Measure,
): MeanEstimate {
  return meanOf(valuesOf(worlds, detector, measure));
}

/** By how many per cent ours has fewer false positives than another detector. */
export function reduction(
  worlds: readonly DetectorMeasures[],
  other: (typeof DETECTORS)[number],
  measure: Measure,
): MeanEstimate {
  return reductionOf(valuesOf(worlds, 'ours', measure), valuesOf(worlds, other, measure));
}

/** One row a detector. FP: false positives per 10,000 windows. */
export function detectorTable(worlds: readonly DetectorMeasures[]): Table {
  return groupTable(DETECTORS.map((detector) => [DETECTOR_TEXT[detector], worlds, detector]));
}

/** Rows of any detectors and groups of windows under the same heads. */
export function groupTable(
  rows: readonly (readonly [name: string, worlds: readonly DetectorMeasures[], detector: (typeof DETECTORS)[number]])[],
): Table {
  return {
    columns: ['', ...COLUMNS.map(([, head]) => head)],
    rows: rows.map(([name, worlds, detector]) => [
      name,
      ...COLUMNS.map(([measure, , digits]) => estimateText(over(worlds, detector, measure), digits)),
    ]),
  };
}

/** By how many per cent ours has fewer false positives at the same recall. */
export function reductionTable(worlds: readonly DetectorMeasures[]): Table {
  return {
    columns: ['ours has fewer, in %', ...RECALLS.map(([recall]) => `at recall ${recall}`)],
    rows: DETECTORS.slice(1).map((other) => [
      `than ${DETECTOR_TEXT[other]}`,
      ...RECALLS.map(([, measure]) => estimateText(reduction(worlds, other, measure), 1)),
    ]),
  };
}

function valuesOf(
  worlds: readonly DetectorMeasures[],
  detector: (typeof DETECTORS)[number],
  measure: Measure,
): number[] {
  return worlds.map((world) => world[detector][measure]);
}
