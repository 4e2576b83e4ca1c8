/** Why a row is unusual, feature by feature, in the units people know. */
import type { FeatureExplanation, FeatureRange } from '../detection/explanation.ts';
import { natural } from '../detection/reason.ts';
import type { FeatureDefinition } from '../features/features.ts';
import { FEATURE_NAMES } from '../features/features.ts';
import { contributionsOf } from './contributions.ts';
import { definitionsOf, type EntityDetector } from './entity-detector.ts';

/** Windows from which an entity's own history is something to compare with. */
const OWN_WINDOWS = 3;
/** Of a normal distribution, 5 % lie below the mean less so many standard deviations, and 5 % above it and so many. */
const SIGMAS_TO_P95 = 1.6449;

/**
 * The features that contribute to a row's evidence, strongest first. Their shares, and that of what earlier windows
 * carried, add up to 1, and their nats to `nats`. `detector` has just evaluated the row.
 *
 * @param nats the entity's evidence, with what was carried
 * @param carried what earlier windows added to it, nats
 */
export function explain(
  detector: EntityDetector,
  row: Float32Array,
  nats: number,
  carried: number,
): FeatureExplanation[] {
  const { kind } = detector.parts;
  const definitions = definitionsOf(kind);
  const { features } = contributionsOf(detector, row, nats, carried);
  return Array.from(features, (contribution, column) => ({ contribution, column }))
    .filter(({ contribution }) => contribution > 0)
    .toSorted((one, other) => other.contribution - one.contribution)
    .map(({ contribution, column }) => {
      const definition = definitions[column]!;
      const expected = detector.expected(row, column);
      const own = ownRange(row, column, definition, features.length);
      const peers = peerRange(detector, row, column, definition);
      return {
        name: FEATURE_NAMES[kind][column]!,
        unit: definition.unit,
        direction: row[column]! >= expected ? 'above' : 'below',
        observed: natural(definition, row[column]!),
        expected: natural(definition, expected),
        nats: contribution,
        share: contribution / nats,
        ...(own && { own }),
        ...(peers && { peers }),
      };
    });
}

/**
 * Of an entity's own history only mean and spread are remembered, on the scale a feature is stored in: the quantiles are
 * those of a normal distribution with them.
 */
function ownRange(
  row: Float32Array,
  column: number,
  definition: FeatureDefinition,
  features: number,
): FeatureRange | undefined {
  if (row[3 * features]! < OWN_WINDOWS) return undefined;
  const mean = row[features + column]!;
  const deviation = Math.sqrt(Math.max(0, row[2 * features + column]!));
  // Counts, sizes and durations are not negative.
  const least = definition.scale === 'log1p' ? 0 : Number.NEGATIVE_INFINITY;
  return {
    p5: natural(definition, Math.max(least, mean - SIGMAS_TO_P95 * deviation)),
    p50: natural(definition, Math.max(least, mean)),
    p95: natural(definition, mean + SIGMAS_TO_P95 * deviation),
    percentile: 100 * normalShareBelow(row[column]! - mean, deviation),
  };
}

/** Among the windows that the model was trained on; undefined where it did not keep them. */
function peerRange(
  { parts: { quantiles } }: EntityDetector,
  row: Float32Array,
  column: number,
  definition: FeatureDefinition,
): FeatureRange | undefined {
  if (quantiles === undefined || Number.isNaN(quantiles.quantile(column, 0.5))) return undefined;
  return {
    p5: natural(definition, quantiles.quantile(column, 0.05)),
    p50: natural(definition, quantiles.quantile(column, 0.5)),
    p95: natural(definition, quantiles.quantile(column, 0.95)),
    percentile: quantiles.percentile(column, row[column]!),
  };
}

/** P(X < distance) of a normal distribution around 0. */
function normalShareBelow(distance: number, deviation: number): number {
  if (deviation === 0) return distance === 0 ? 0.5 : Number(distance > 0);
  return (1 + errorFunction(distance / deviation / Math.SQRT2)) / 2;
}

/** To 1.5e-7: Abramowitz and Stegun 1964, 7.1.26. */
function errorFunction(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - polynomial * Math.exp(-x * x));
}
