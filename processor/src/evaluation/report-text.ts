/** An evaluation report as text for a terminal or a file: plain, at most 110 columns but for long names. */
import type { Estimate } from './detection-quality.ts';
import type { DetectorName, DetectorReport, EvaluationReport, WindowReport } from './evaluation-report.ts';
import { kindOf } from './label-outcomes.ts';
import { type Measure, MEASURE_NAMES } from './ranking.ts';

/** Rows shown of a list without end; the JSON has them all. */
const MAX_ROWS = 40;

const DETECTORS: Readonly<Record<DetectorName, string>> = {
  ours: 'ours',
  tuned_rules: 'tuned rules',
  rules: 'rules',
  peer_forest: 'peer forest',
};

const HEADS: Readonly<Record<Measure, string>> = {
  falsePositivesAtRecall50: 'recall 0.5',
  falsePositivesAtRecall80: 'recall 0.8',
  falsePositivesAtRecall95: 'recall 0.95',
  recallAtPerMille: 'recall at 0.1 %',
  recallAtPercent: 'recall at 1 %',
  averagePrecision: 'average precision',
};

/** The whole report. */
export function reportText(report: EvaluationReport): string {
  const sections = [
    dataSection(report),
    measureSection('False positives per 10,000 windows', report, MEASURE_NAMES.slice(0, 3), 1),
    measureSection('Recall at a share of false windows, and average precision', report, MEASURE_NAMES.slice(3), 3),
    comparisonSection(report),
    operatingSection(report),
    rulesSection(report),
    labelSection(report),
    kindSection(report),
    behaviorSection(report),
    windowSection('Nothing there and the most evidence', report.worstFalse),
    windowSection('Something there and the least evidence', report.worstMissed),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function dataSection({ data, incidents, resamples }: EvaluationReport): string {
  const { windows, positiveWindows, trainingWindows, trainingPositiveWindows } = data;
  return [
    'Detection per user and 5-minute window',
    `  test part      ${whole(windows)} windows of ${whole(data.users)} users, ${whole(positiveWindows)} labelled; ${data.days.toFixed(1)} days from ${data.from ?? 'never'}`,
    `  training part  ${whole(trainingWindows)} windows, ${whole(trainingPositiveWindows)} labelled`,
    `  left out       ${whole(data.callsLeftOut)} calls without a user of their own, ${whole(data.labelledCallsLeftOut)} labelled`,
    `  incidents      ${whole(incidents.raised)} raised, ${whole(incidents.false)} false: ${incidents.falsePerDay.toFixed(2)} a day`,
    `  In brackets: 95 % intervals over ${resamples} draws of users.`,
  ].join('\n');
}

function measureSection(
  title: string,
  { detectors }: EvaluationReport,
  measures: readonly Measure[],
  digits: number,
): string {
  const rows = detectors.map(({ name, measures: of }: DetectorReport) => [
    DETECTORS[name],
    ...measures.map((measure) => estimateText(of[measure], digits)),
  ]);
  return table(title, ['', ...measures.map((measure) => HEADS[measure])], rows);
}

function comparisonSection({ comparisons }: EvaluationReport): string {
  const rows = comparisons.map(({ against, recall, difference, reductionPercent }) => [
    DETECTORS[against],
    String(recall),
    estimateText(reductionPercent, 1),
    estimateText(difference, 1),
  ]);
  return table('Our false positives against theirs', ['', 'recall', 'fewer in %', 'difference'], rows);
}

function operatingSection({ detectors }: EvaluationReport): string {
  const rows = detectors.flatMap(({ name, operatingPoint: point }) => {
    if (point === null) return [];
    const { windows, recall, precision, falsePositivesPer10000 } = point;
    return [[DETECTORS[name], whole(windows), fixed(recall, 3), fixed(precision, 3), fixed(falsePositivesPer10000, 1)]];
  });
  return table('At their own thresholds', ['', 'windows', 'recall', 'precision', 'false per 10,000'], rows);
}

function rulesSection({ rules }: EvaluationReport): string {
  const rows = rules.map(({ name, quantity, threshold, tunedThreshold }) => [
    name,
    quantity,
    amount(threshold),
    tunedThreshold === null ? 'off' : amount(tunedThreshold),
  ]);
  return table('Rules', ['', 'quantity', 'threshold', 'tuned'], rows);
}

function labelSection({ labels }: EvaluationReport): string {
  const rows = labels.map(({ label, calls, anomalies, isFound, delaySeconds, behaviors }) => [
    label,
    isFound ? 'yes' : 'NO',
    delaySeconds === null ? '' : duration(delaySeconds),
    `${whole(anomalies)} of ${whole(calls)}`,
    named(label, behaviors),
  ]);
  return table('Labels', ['', 'found', 'after', 'flagged calls', 'named'], rows);
}

/** What a label's anomalies were named; the rightly named ones are nothing to dwell on. */
function named(label: string, behaviors: readonly string[]): string {
  return behaviors[0] === kindOf(label) ? 'so' : behaviors.slice(0, 2).join(', ');
}

function kindSection({ kinds, detectors }: EvaluationReport): string {
  const names = detectors.map(({ name }) => DETECTORS[name]);
  const rows = kinds.map(({ kind, windows, labels, found, isLost, detectors: of }) => [
    kind,
    whole(windows),
    `${found} of ${labels}`,
    ...of.map(({ falsePositivesAtRecall80 }) => fixed(falsePositivesAtRecall80, 1)),
    isLost ? 'LOST' : '',
  ]);
  const title = 'False positives per 10,000 windows at recall 0.8, by kind of label';
  return table(title, ['', 'windows', 'found', ...names, ''], rows);
}

function behaviorSection({ behaviors }: EvaluationReport): string {
  const rows = behaviors.map(({ behavior, windows, falseWindows, incidents, falseIncidents }) => [
    behavior,
    whole(windows),
    whole(falseWindows),
    whole(incidents),
    whole(falseIncidents),
  ]);
  return table('Anomalies by the name they were given', ['', 'windows', 'false', 'incidents', 'false'], rows);
}

function windowSection(title: string, windows: readonly WindowReport[]): string {
  const rows = windows.map(({ user, start, evidence, labels, behaviors }) => [
    user,
    start.slice(0, 16),
    evidence.toFixed(2),
    labels.slice(0, 2).join(', '),
    behaviors.join(', '),
  ]);
  return table(title, ['', 'window', 'evidence', 'labels', 'named'], rows);
}

/** Left-aligned columns under their heads, two spaces apart; empty without rows. */
function table(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const shown = [heads, ...rows.slice(0, MAX_ROWS)];
  const widths = heads.map((_, column) => Math.max(...shown.map((row) => row[column]!.length)));
  const lines = shown.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd());
  const rest = rows.length - MAX_ROWS;
  return [title, ...lines, ...(rest > 0 ? [`  … and ${rest} more`] : [])].join('\n');
}

function estimateText({ value, low, high }: Estimate, digits: number): string {
  return value === null ? '–' : `${fixed(value, digits)} [${fixed(low, digits)}, ${fixed(high, digits)}]`;
}

const fixed = (number: number | null, digits: number): string => (number === null ? '–' : number.toFixed(digits));
const whole = (number: number): string => number.toLocaleString('en');

/** A threshold with as many digits as matter. */
function amount(number: number): string {
  return number.toLocaleString('en', { maximumSignificantDigits: 4 });
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
}
