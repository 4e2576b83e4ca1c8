/**
 * The scores and thresholds among the frames of the panel's own queries, told apart by their refId: `threshold`,
 * `incidents`, `users` and `endpoints` are what they say; every other numeric one is a score.
 */
import { type DataFrame, FieldType, getFieldDisplayName } from '@grafana/data';
import type { Incident } from '../control/answers';
import type { ScorePoint } from './ScoreTimeline';

export const REF_IDS = ['threshold', 'incidents', 'users', 'endpoints'] as const;

/** How far Prometheus itself looks back for a value; queries of different steps end that close to one another. */
const LOOK_BACK_MS = 300_000;

export interface NamedValue {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly number[];
  readonly last: number;
}

/** The highest of all scores at each time, in order. */
export function scorePoints(frames: readonly DataFrame[]): ScorePoint[] {
  const highest = new Map<number, number>();
  for (const frame of frames) {
    if (REF_IDS.some((refId) => refId === frame.refId)) {
      continue;
    }
    const times = frame.fields.find(({ type }) => type === FieldType.time)?.values ?? [];
    const numbers = frame.fields.filter(({ type }) => type === FieldType.number);
    // Of a table, such as anomalies, only the column that says so.
    for (const field of numbers.length > 1 ? numbers.filter(({ name }) => name === 'score') : numbers) {
      for (let index = 0; index < times.length; index++) {
        const [timeMs, score]: unknown[] = [times[index], field.values[index]];
        if (typeof timeMs === 'number' && typeof score === 'number' && Number.isFinite(score)) {
          highest.set(timeMs, Math.max(highest.get(timeMs) ?? 0, score));
        }
      }
    }
  }
  return [...highest].map(([timeMs, score]) => ({ timeMs, score })).sort((one, other) => one.timeMs - other.timeMs);
}

/** Without scores from Prometheus: those of the incidents, which say the highest of each five minutes; 0 in between. */
export function incidentPoints(incidents: readonly Incident[], fromMs: number, toMs: number): ScorePoint[] {
  const bucket = 300_000;
  const highest = new Map<number, number>();
  for (const { start, series } of incidents) {
    const first = Math.floor(Date.parse(start) / bucket);
    for (const [index, score] of series.entries()) {
      highest.set(first + index, Math.max(highest.get(first + index) ?? 0, score));
    }
  }
  const points: ScorePoint[] = [];
  const step = Math.max(1, Math.ceil((toMs - fromMs) / bucket / 2000));
  for (let place = Math.ceil(fromMs / bucket); place * bucket <= toMs; place += step) {
    let score = 0;
    for (let within = place; within < place + step; within++) {
      score = Math.max(score, highest.get(within) ?? 0);
    }
    points.push({ timeMs: place * bucket, score });
  }
  return points;
}

/** The series of the query `refId` that are there still, the highest last value first. */
export function namedValues(frames: readonly DataFrame[], refId: (typeof REF_IDS)[number]): NamedValue[] {
  const found: NamedValue[] = [];
  const mine = frames.filter((frame) => frame.refId === refId);
  const nowMs = Math.max(Math.max(...frames.map(latestOf)) - LOOK_BACK_MS, ...mine.map(latestOf));
  for (const frame of mine) {
    // One that has ended, such as an incident that is closed or more severe now, is not of now.
    if (latestOf(frame) < nowMs) {
      continue;
    }
    for (const field of frame.fields) {
      const values = field.values.filter(
        (value): value is number => typeof value === 'number' && Number.isFinite(value),
      );
      const last = values.at(-1);
      if (field.type === FieldType.number && last !== undefined) {
        found.push({ name: getFieldDisplayName(field, frame, [...frames]), labels: field.labels ?? {}, values, last });
      }
    }
  }
  return found.sort((one, other) => other.last - one.last);
}

/** Of the latest value of any of its fields, unix milliseconds. */
function latestOf({ fields, length }: DataFrame): number {
  const times = fields.find(({ type }) => type === FieldType.time)?.values ?? [];
  const numbers = fields.filter(({ type }) => type === FieldType.number);
  for (let index = length - 1; index >= 0; index--) {
    if (numbers.some(({ values }) => Number.isFinite(values[index]))) {
      return Number(times[index]);
    }
  }
  return -Infinity;
}

/** The lowest score from which something is flagged now. */
export function thresholdOf(frames: readonly DataFrame[]): number | undefined {
  const values = namedValues(frames, 'threshold').map(({ last }) => last);
  return values.length === 0 ? undefined : Math.min(...values);
}
