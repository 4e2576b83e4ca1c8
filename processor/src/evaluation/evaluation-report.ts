import { DetectionQuality, type Estimate } from './detection-quality.ts';
import { type EntityWindows, WINDOW_SECONDS } from './entity-windows.ts';
import type { IncidentOutcome } from './incident-outcomes.ts';
import { type Measure, MEASURE_NAMES, NEGATIVE, PER_WINDOWS, POSITIVE } from './ranking.ts';
import {
  behaviorReports,
  type BehaviorReport,
  kindReports,
  type KindReport,
  labelReport,
  type LabelReport,
} from './report-breakdown.ts';
import { ruleValues, type StaticRule } from './static-rules.ts';
import { tuneRules } from './rule-tuner.ts';

export type DetectorName = 'ours' | 'tuned_rules' | 'rules' | 'peer_forest';

export interface DetectorReport {
  readonly name: DetectorName;
  readonly measures: Readonly<Record<Measure, Estimate>>;
  /** At its own thresholds: ours with the default budget, rules as they are written or tuned; null for one without. */
  readonly operatingPoint: OperatingPoint | null;
}

/** What a detector's own alarms amount to in the test part; null for a share of nothing. */
export interface OperatingPoint {
  readonly windows: number;
  readonly recall: number | null;
  readonly precision: number | null;
  readonly falsePositivesPer10000: number | null;
}

/** Our false positives beside another detector's at equal recall, from the same resamples. */
export interface Comparison {
  readonly against: DetectorName;
  readonly recall: number;
  /** Ours minus theirs, per 10,000 windows. */
  readonly difference: Estimate;
  readonly reductionPercent: Estimate;
}

/** A single window, to look into. */
export interface WindowReport {
  readonly user: string;
  readonly start: string;
  readonly evidence: number;
  readonly labels: readonly string[];
  readonly behaviors: readonly string[];
  readonly incidents: readonly string[];
}

/** The result of an evaluation as plain JSON. Everything but `rules` and the training counts is of the test part. */
export interface EvaluationReport {
  readonly data: {
    readonly from: string | null;
    readonly days: number;
    readonly users: number;
    readonly windows: number;
    readonly positiveWindows: number;
    readonly trainingWindows: number;
    readonly trainingPositiveWindows: number;
    /** Calls of both parts that belong to no user's window, and how many of them carry the label. */
    readonly callsLeftOut: number;
    readonly labelledCallsLeftOut: number;
  };
  readonly seed: number;
  readonly resamples: number;
  /** `tunedThreshold`: null without a training part. */
  readonly rules: readonly (StaticRule & { readonly tunedThreshold: number | null })[];
  readonly detectors: readonly DetectorReport[];
  readonly comparisons: readonly Comparison[];
  readonly incidents: {
    readonly raised: number;
    readonly false: number;
    readonly falsePerDay: number;
    /** False ones, the earliest first, at most 100. */
    readonly falseAlarms: readonly IncidentOutcome[];
  };
  readonly labels: readonly LabelReport[];
  readonly kinds: readonly KindReport[];
  readonly behaviors: readonly BehaviorReport[];
  /** Windows with nothing in them and the most evidence, and windows with something in them and the least. */
  readonly worstFalse: readonly WindowReport[];
  readonly worstMissed: readonly WindowReport[];
}

export interface ReportOptions {
  /** Rules as they are written; the tuned ones are made of them. */
  readonly rules: readonly StaticRule[];
  /** An unsigned 32-bit integer. */
  readonly seed: number;
  /** 200 when not given. */
  readonly resamples?: number;
}

const RESAMPLES = 200;
const MAX_FALSE_ALARMS = 100;
const WORST_WINDOWS = 10;

const AT_RECALL = [
  [0.5, 'falsePositivesAtRecall50'],
  [0.8, 'falsePositivesAtRecall80'],
  [0.95, 'falsePositivesAtRecall95'],
] as const;

/** Compares the detectors over a filled table. */
export function evaluationReport(windows: EntityWindows, options: ReportOptions): EvaluationReport {
  const { rules, seed, resamples = RESAMPLES } = options;
  const units = windows.unitsOf('test');
  const training = windows.unitsOf('training');
  const roles = windows.positives(units).map((isPositive) => (isPositive === 1 ? POSITIVE : NEGATIVE));
  const tuned = training.length === 0 ? undefined : tuneRules(rules, windows);

  const values = new Map<DetectorName, Float64Array>([['ours', windows.evidence(units)]]);
  if (tuned !== undefined) values.set('tuned_rules', ruleValues(tuned, windows, units));
  values.set('rules', ruleValues(rules, windows, units));
  const peerScores = windows.peerScores(units);
  if (peerScores.some((score) => score > 0)) values.set('peer_forest', peerScores);

  const quality = new DetectionQuality(values, { roles, users: windows.users(units) }, { seed, resamples });
  const names = [...values.keys()];
  const days = daysOf(windows, units);
  const incidents = windows.incidents.outcomes((unit) => windows.isPositive(unit));
  const falseAlarms = incidents.filter(({ isFalse }) => isFalse);
  const labels = windows.labels.outcomes().map(labelReport);
  return {
    data: {
      from: units.length === 0 ? null : isoTime(firstSeconds(windows, units)),
      days,
      users: new Set(windows.users(units)).size,
      windows: units.length,
      positiveWindows: count(roles),
      trainingWindows: training.length,
      trainingPositiveWindows: count(windows.positives(training)),
      callsLeftOut: windows.callsLeftOut,
      labelledCallsLeftOut: windows.labelledCallsLeftOut,
    },
    seed,
    resamples,
    rules: rules.map((rule, index) => ({ ...rule, tunedThreshold: finite(tuned?.[index]?.threshold) })),
    detectors: names.map((name) => ({
      name,
      measures: Object.fromEntries(
        MEASURE_NAMES.map((measure) => [measure, quality.estimate(name, measure)]),
      ) as unknown as Record<Measure, Estimate>,
      operatingPoint: operatingPoint(alarmsOf(name, windows, units, values.get(name)!), roles),
    })),
    comparisons: names.slice(1).flatMap((against) =>
      AT_RECALL.map(([recall, measure]) => ({
        against,
        recall,
        difference: quality.difference('ours', against, measure),
        reductionPercent: quality.reduction('ours', against, measure),
      })),
    ),
    incidents: {
      raised: incidents.length,
      false: falseAlarms.length,
      falsePerDay: days === 0 ? 0 : falseAlarms.length / days,
      falseAlarms: falseAlarms.slice(0, MAX_FALSE_ALARMS),
    },
    labels,
    kinds: kindReports(windows, units, labels, quality, names),
    behaviors: behaviorReports(windows, units, incidents),
    worstFalse: worst(windows, units, NEGATIVE),
    worstMissed: worst(windows, units, POSITIVE),
  };
}

/** 1 for windows in which a detector raises an alarm by itself; undefined for a detector that only ranks. */
function alarmsOf(name: DetectorName, windows: EntityWindows, units: Uint32Array, values: Float64Array) {
  if (name === 'peer_forest') return undefined;
  return name === 'ours' ? windows.anomalies(units) : Uint8Array.from(values, (value) => (value >= 1 ? 1 : 0));
}

function operatingPoint(alarms: Uint8Array | undefined, roles: Uint8Array): OperatingPoint | null {
  if (alarms === undefined) return null;
  const raised = count(alarms);
  const positives = count(roles);
  const found = count(alarms.map((alarm, index) => (roles[index] === POSITIVE ? alarm : 0)));
  return {
    windows: raised,
    recall: finite(found / positives),
    precision: finite(found / raised),
    falsePositivesPer10000: finite((PER_WINDOWS * (raised - found)) / (roles.length - positives)),
  };
}

/** The windows of a role where our evidence is furthest from what it should be, the worst first. */
function worst(windows: EntityWindows, units: Uint32Array, role: number): WindowReport[] {
  const evidence = windows.evidence(units);
  const sign = role === NEGATIVE ? 1 : -1;
  const candidates = [...units.keys()].filter((index) => windows.isPositive(units[index]!) === (role === POSITIVE));
  candidates.sort((a, b) => sign * (evidence[b]! - evidence[a]!));
  return candidates.slice(0, WORST_WINDOWS).map((index) => {
    const unit = units[index]!;
    return {
      user: windows.userName(unit),
      start: isoTime(windows.startSeconds(unit)),
      evidence: evidence[index]!,
      labels: windows.labelsOf(unit),
      behaviors: windows.behaviorsOf(unit),
      incidents: windows.incidents.idsOf(unit),
    };
  });
}

/** Length of the test part: from its first window to the end of its last one. */
function daysOf(windows: EntityWindows, units: Uint32Array): number {
  if (units.length === 0) return 0;
  const last = units.reduce((latest, unit) => Math.max(latest, windows.startSeconds(unit)), 0);
  return (last + WINDOW_SECONDS - firstSeconds(windows, units)) / 86_400;
}

function firstSeconds(windows: EntityWindows, units: Uint32Array): number {
  return units.reduce((earliest, unit) => Math.min(earliest, windows.startSeconds(unit)), Infinity);
}

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString();
const count = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0);
const finite = (number: number | undefined): number | null => (Number.isFinite(number) ? number! : null);
