/** An evaluation by what was there (the kinds of labels) and by what it was called (the named behaviors). */
import type { DetectionQuality } from './detection-quality.ts';
import type { EntityWindows } from './entity-windows.ts';
import type { IncidentOutcome } from './incident-outcomes.ts';
import { kindOf, type LabelOutcome } from './label-outcomes.ts';
import { LEFT_OUT, NEGATIVE, POSITIVE } from './ranking.ts';

/** One value of the label. */
export interface LabelReport {
  readonly label: string;
  readonly calls: number;
  readonly anomalies: number;
  readonly isFound: boolean;
  /** From its first call in the test part to its first anomaly; null when it was missed. */
  readonly delaySeconds: number | null;
  readonly behaviors: readonly string[];
}

/** Labels of one kind: `enumeration#1`, `enumeration#2` … Its windows against all windows with nothing in them. */
export interface KindReport {
  readonly kind: string;
  readonly windows: number;
  /** Label values of the kind, and how many of them were found. */
  readonly labels: number;
  readonly found: number;
  /** Median time from the first call to the first anomaly of those found; null when none was. */
  readonly medianDelaySeconds: number | null;
  readonly detectors: readonly KindQuality[];
  /** Whether another detector has fewer false positives at recall 0.8 than ours. */
  readonly isLost: boolean;
}

export interface KindQuality {
  readonly name: string;
  /** Per 10,000 windows; null where there are no windows to be wrong about. */
  readonly falsePositivesAtRecall80: number | null;
  readonly recallAtPerMille: number | null;
}

/** What was called so, right or wrong. */
export interface BehaviorReport {
  readonly behavior: string;
  readonly windows: number;
  readonly falseWindows: number;
  /** Incidents that it dominates. */
  readonly incidents: number;
  readonly falseIncidents: number;
}

/** Kinds that are told apart, those with the most windows; with more of them the label is no kind of thing. */
const MAX_KINDS = 100;

export function labelReport(outcome: LabelOutcome): LabelReport {
  const { label, calls, anomalies, firstSeconds, foundSeconds, behaviors } = outcome;
  const isFound = foundSeconds !== undefined;
  return { label, calls, anomalies, isFound, delaySeconds: isFound ? foundSeconds - firstSeconds : null, behaviors };
}

/** Every kind of label in the test part, the one with the most windows first. `names`: the detectors, ours first. */
export function kindReports(
  windows: EntityWindows,
  units: Uint32Array,
  labels: readonly LabelReport[],
  quality: DetectionQuality,
  names: readonly string[],
): KindReport[] {
  const members = new Map<string, Set<number>>();
  for (const [index, unit] of units.entries()) {
    for (const label of windows.labelsOf(unit)) {
      const kind = kindOf(label);
      members.set(kind, (members.get(kind) ?? new Set()).add(index));
    }
  }
  const largest = [...members].toSorted(([, a], [, b]) => b.size - a.size).slice(0, MAX_KINDS);
  const ordinary = windows.positives(units).map((isPositive) => (isPositive === 1 ? LEFT_OUT : NEGATIVE));
  return largest.map(([kind, indexes]) => {
    const roles = ordinary.slice();
    for (const index of indexes) roles[index] = POSITIVE;
    const detectors = names.map((name) => kindQuality(name, quality, roles));
    const [ours, ...others] = detectors.map(({ falsePositivesAtRecall80 }) => falsePositivesAtRecall80 ?? 0);
    const own = labels.filter(({ label }) => kindOf(label) === kind);
    const delays = own.flatMap(({ delaySeconds }) => (delaySeconds === null ? [] : [delaySeconds]));
    return {
      kind,
      windows: indexes.size,
      labels: own.length,
      found: delays.length,
      medianDelaySeconds: median(delays),
      detectors,
      isLost: others.some((other) => other < ours!),
    };
  });
}

function kindQuality(name: string, quality: DetectionQuality, roles: Uint8Array): KindQuality {
  const { falsePositivesAtRecall80, recallAtPerMille } = quality.measuresOf(name, roles);
  const exists = !Number.isNaN(falsePositivesAtRecall80);
  return {
    name,
    falsePositivesAtRecall80: exists ? falsePositivesAtRecall80 : null,
    recallAtPerMille: exists ? recallAtPerMille : null,
  };
}

/** Every behavior that some anomaly was named, the most frequent first. */
export function behaviorReports(
  windows: EntityWindows,
  units: Uint32Array,
  incidents: readonly IncidentOutcome[],
): BehaviorReport[] {
  const reports = new Map<string, { -readonly [Key in keyof BehaviorReport]: BehaviorReport[Key] }>();
  const reportOf = (behavior: string) => {
    const report = reports.get(behavior) ?? { behavior, windows: 0, falseWindows: 0, incidents: 0, falseIncidents: 0 };
    reports.set(behavior, report);
    return report;
  };
  for (const unit of units) {
    for (const behavior of windows.behaviorsOf(unit)) {
      const report = reportOf(behavior);
      report.windows++;
      if (!windows.isPositive(unit)) report.falseWindows++;
    }
  }
  for (const { behavior, isFalse } of incidents) {
    const report = reportOf(behavior);
    report.incidents++;
    if (isFalse) report.falseIncidents++;
  }
  return [...reports.values()].toSorted((a, b) => b.windows - a.windows || b.incidents - a.incidents);
}

/** The lower of the two in the middle; null of nothing. */
function median(numbers: readonly number[]): number | null {
  return numbers.toSorted((a, b) => a - b)[Math.ceil(numbers.length / 2) - 1] ?? null;
}
