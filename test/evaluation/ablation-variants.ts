/**
 * Detectors put together from the same forests and tails as ours, with more and more of its parts: what each part adds.
 * They judge a window once, by its row after its last call, and know users only.
 */
import { Tail } from '../../processor/src/detection/tail.ts';
import { FEATURE_NAMES, FEATURES, type FeatureDefinition } from '../../processor/src/features/features.ts';
import { IsolationForest } from '../../processor/src/forest/isolation-forest.ts';
import type { WindowRow } from './window-rows.ts';

/** Scores windows: the higher, the stranger. */
export type Scoring = (row: WindowRow) => number;

interface Parts {
  /** Tails of single features beside the forests. */
  readonly guard: boolean;
  /** Distances from the user's own baseline beside the values. */
  readonly relative: boolean;
  readonly forests: boolean;
  /** Tails of their own for users with little and with much history. */
  readonly bands: boolean;
}

const SEED = 1;
const MOST_NATS = 24;
const FOREST_WEIGHT = 0.3;
/** Windows that the population weighs against a user's own history; floor of a variance; most standard deviations. */
const PEER_WINDOWS = 10;
const VARIANCE_FLOOR = 0.04;
const MOST_DEVIATIONS = 20;
/** Windows' weight that one user has at most. */
const USER_WEIGHT = 10;
/** Earlier windows from which a user counts as so mature; rows a band needs. */
const BANDS = [0, 3, 10, 30];
const LEAST_BAND_ROWS = 300;

const DEFINITIONS: readonly FeatureDefinition[] = FEATURE_NAMES.user.map((name) => FEATURES.user[name]);
const WIDTH = DEFINITIONS.length;
const THEMES = [...Map.groupBy(DEFINITIONS.keys(), (column) => DEFINITIONS[column]!.theme).values()];

/** One isolation forest over all values. */
export function oneForest(training: readonly WindowRow[]): Scoring {
  const forest = grow(training, valuesOf, 0);
  return (row) => forest.score(Float64Array.from(valuesOf(row)));
}

/** A forest and, if asked for, single features a theme, each turned into nats by its tail; themes fused by an ordered sum. */
export function themed(training: readonly WindowRow[], parts: Parts): Scoring {
  if (!parts.bands) return fitThemes(training, parts, baselineOf(training));
  const baseline = baselineOf(training);
  const limits = bandStarts(training);
  const bands = limits.map((from, band) => {
    const own = training.filter((row) => bandOf(row, limits) === band);
    const scoring = fitThemes(own, parts, baseline);
    const calibration = fitTail(own, scoring);
    return { from, scoring, calibration };
  });
  return (row) => {
    const { scoring, calibration } = bands[bandOf(row, limits)]!;
    return calibration.evidence(scoring(row));
  };
}

/** Adds to a window what the two before it had beyond 6 nats, halved for each window of distance. */
export function persistent(scoring: Scoring, rows: readonly WindowRow[]): Scoring {
  const FREE_NATS = 6;
  const own = new Map(rows.map((row) => [`${row.user} ${row.window}`, scoring(row)]));
  return (row) => {
    const excess = (back: number) => Math.max(0, (own.get(`${row.user} ${row.window - back}`) ?? 0) - FREE_NATS);
    return scoring(row) + excess(1) / 2 + excess(2) / 4;
  };
}

interface Baseline {
  readonly means: Float64Array;
  readonly variances: Float64Array;
}

function fitThemes(training: readonly WindowRow[], parts: Parts, baseline: Baseline): Scoring {
  const known = new Map<WindowRow, Float64Array>();
  const distances = (row: WindowRow): Float64Array => {
    const distance = known.get(row) ?? distancesOf(row, baseline);
    known.set(row, distance);
    return distance;
  };
  const features = parts.guard ? DEFINITIONS.map((_, column) => featureNats(training, column, distances, parts)) : [];
  const themes = THEMES.map((columns, theme) => {
    const values = (row: WindowRow): number[] => {
      const own = columns.map((column) => row.row[column]!);
      return parts.relative ? [...own, ...columns.filter(isRelative).map((column) => distances(row)[column]!)] : own;
    };
    const ofForest = parts.forests ? forestNats(training, values, theme) : undefined;
    const sum = (row: WindowRow) => orderedSum(columns.map((column) => features[column]!(row)));
    const ofFeatures = parts.guard ? tailNats(training, sum) : undefined;
    return (row: WindowRow): number => {
      if (ofFeatures === undefined) return ofForest!(row);
      if (ofForest === undefined) return ofFeatures(row);
      return (1 - FOREST_WEIGHT) * ofFeatures(row) + FOREST_WEIGHT * ofForest(row);
    };
  });
  return (row) => orderedSum(themes.map((nats) => nats(row)));
}

/** Evidence of one feature, averaged with that of its distance from the own baseline where that is asked for. */
function featureNats(
  training: readonly WindowRow[],
  column: number,
  distances: (row: WindowRow) => Float64Array,
  { relative }: Parts,
): Scoring {
  const { cap } = DEFINITIONS[column]!;
  const values = fitTail(training, ({ row }) => row[column]!);
  const own = fitTail(training, (row) => distances(row)[column]!);
  return (row) => {
    const value = row.row[column]!;
    if (value === 0) return 0;
    const nats = Math.min(cap, values.evidence(value));
    if (!relative || !isRelative(column)) return nats;
    const distance = distances(row)[column]!;
    return (nats + (distance === 0 ? 0 : Math.min(cap, own.evidence(distance)))) / 2;
  };
}

function forestNats(training: readonly WindowRow[], values: (row: WindowRow) => number[], theme: number): Scoring {
  const forest = grow(training, values, theme);
  return tailNats(training, (row) => forest.score(Float64Array.from(values(row))));
}

function tailNats(training: readonly WindowRow[], value: Scoring): Scoring {
  const tail = fitTail(training, value);
  return (row) => Math.min(MOST_NATS, tail.evidence(value(row)));
}

function fitTail(training: readonly WindowRow[], value: Scoring): Tail {
  const rows = new Map<number, number>();
  for (const { user } of training) rows.set(user, (rows.get(user) ?? 0) + 1);
  const weights = Float64Array.from(training, ({ user }) => Math.min(1, USER_WEIGHT / rows.get(user)!));
  return Tail.fit(Float64Array.from(training, value), weights);
}

function grow(training: readonly WindowRow[], values: (row: WindowRow) => number[], theme: number): IsolationForest {
  const matrix = training.map(values);
  return IsolationForest.train(Float64Array.from(matrix.flat()), matrix[0]!.length, { seed: SEED + theme });
}

function baselineOf(training: readonly WindowRow[]): Baseline {
  const mean = (of: (row: Float32Array) => number) =>
    training.reduce((sum, { row }) => sum + of(row), 0) / training.length;
  const means = Float64Array.from({ length: WIDTH }, (_, column) => mean((row) => row[column]!));
  return { means, variances: means.map((middle, column) => mean((row) => (row[column]! - middle) ** 2)) };
}

/** In standard deviations above the user's own mean, which is shrunk to the population's; 0 below. */
function distancesOf({ row }: WindowRow, { means, variances }: Baseline): Float64Array {
  const windows = row[3 * WIDTH]!;
  const shrunk = (own: number, everybody: number) =>
    (windows * own + PEER_WINDOWS * everybody) / (windows + PEER_WINDOWS);
  return Float64Array.from({ length: WIDTH }, (_, column) => {
    const variance = shrunk(row[2 * WIDTH + column]!, variances[column]!) + VARIANCE_FLOOR;
    const above = row[column]! - shrunk(row[WIDTH + column]!, means[column]!);
    return row[column] === 0 ? 0 : Math.max(0, Math.min(MOST_DEVIATIONS, above / Math.sqrt(variance)));
  });
}

/** Starts of the bands that have rows enough; the others join the one before. */
function bandStarts(training: readonly WindowRow[]): number[] {
  return BANDS.filter((from, place) => {
    const to = BANDS[place + 1] ?? Infinity;
    return (
      place === 0 || training.filter((row) => windowsOf(row) >= from && windowsOf(row) < to).length >= LEAST_BAND_ROWS
    );
  });
}

const bandOf = (row: WindowRow, starts: readonly number[]): number =>
  Math.max(
    0,
    starts.findLastIndex((from) => windowsOf(row) >= from),
  );
const valuesOf = ({ row }: WindowRow): number[] => [...row.subarray(0, WIDTH)];
const windowsOf = ({ row }: WindowRow): number => row[3 * WIDTH]!;
const isRelative = (column: number): boolean => DEFINITIONS[column]!.relative;

/** The largest and half of the second. */
function orderedSum(nats: readonly number[]): number {
  const [first = 0, second = 0] = nats.toSorted((a, b) => b - a);
  return first + second / 2;
}
