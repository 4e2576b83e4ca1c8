/**
 * Golden attacks: made-up rows in which every named behaviour shows plainly. A model that no longer finds them was taught
 * that attacks are normal. Same anchor, same rows; they never depend on the rows that a candidate was trained on.
 */
import { type Behavior, type BehaviorDefinition, BEHAVIORS } from '../detection/behaviors.ts';
import { type FeatureDefinition, FEATURE_NAMES, rowWidth } from '../features/features.ts';
import { Random } from '../forest/random.ts';
import { definitionsOf, type DetectorParts, type EntityDetector } from './entity-detector.ts';

/** What is usual, around which the rows are made: of the approved model, or of the first model itself. */
export type GoldenAnchor = Pick<DetectorParts, 'kind' | 'means' | 'variances'>;

/** The rows of one behaviour, one after the other, each as wide as rows of its kind are. */
export interface GoldenAttack {
  readonly behavior: Behavior;
  readonly rows: Float32Array;
}

/** Enough to tell a recall of 0.95 from one of 0.9, and a few milliseconds to judge. */
const ROWS_PER_BEHAVIOR = 40;
const SEED = 20_261_128;
/** Earlier windows of the made-up entities: one in each band of maturity. */
const MATURITIES = [0, 5, 20, 60];
/** Effects in the population's standard deviations, evenly from the first to the second. */
const EFFECT = [8, 12] as const;
/** Least standard deviation, on the scale of the values: what nobody ever does has none. */
const LEAST_DEVIATION = 0.3;
/** The effect is at least so many times the behaviour's own minimum. */
const TIMES_MINIMUM = 8;
/** Spread of what is not planted, as a share of the population's; and of an entity's own habit. */
const CALM = 0.5;

/** Not planted in endpoints: more calls of an endpoint are nobody's fault, and no model is to flag them. */
const NOT_OF_ENDPOINTS: ReadonlySet<string> = new Set<Behavior>(['rate_burst']);

/**
 * What follows from the meaning of the features: where the first is raised, the second is at least as high. Without it
 * the rows would be of calls that cannot happen, such as failed logins that are no calls.
 */
const AT_LEAST: readonly (readonly [raised: string, implied: string])[] = [
  ['failed_logins', 'denied'],
  ['failed_users', 'denied'],
  ['denied_endpoints', 'denied'],
  ['denied', 'client_errors'],
  ['not_found', 'client_errors'],
  ['failed_writes', 'client_errors'],
  ['client_errors', 'refused_hour'],
  ['client_errors', 'error_excess'],
  ['client_errors', 'client_error_excess'],
  ['error_excess', 'refused_day'],
  ['server_errors', 'server_error_excess'],
  ['new_objects', 'objects'],
  ['object_runs', 'objects'],
  ['new_objects', 'new_objects_day'],
  ['client_errors', 'calls'],
  ['server_errors', 'calls'],
  ['objects', 'calls'],
  ['client_switches', 'calls'],
  ['burst', 'calls'],
  ['repeats', 'calls'],
  ['calls', 'calls_hour'],
  ['largest_response', 'response_bytes'],
];

/** The behaviours that show on a kind of entity, each with its rows. */
export function goldenAttacks(anchor: GoldenAnchor): GoldenAttack[] {
  const random = new Random(SEED, FEATURE_NAMES[anchor.kind].length);
  return Object.entries(BEHAVIORS as Record<Behavior, BehaviorDefinition>)
    .filter(([, { signals }]) => signals[anchor.kind] !== undefined)
    .filter(([behavior]) => anchor.kind !== 'endpoint' || !NOT_OF_ENDPOINTS.has(behavior))
    .map(([behavior, definition]) => ({
      behavior: behavior as Behavior,
      rows: plantedRows(anchor, definition, random),
    }));
}

/** Share of a behaviour's rows that a detector finds at least so rare, -ln p. */
export function recall(detector: EntityDetector, { rows }: GoldenAttack, thresholdNats: number): number {
  const width = rowWidth(detector.parts.kind);
  let found = 0;
  for (let offset = 0; offset < rows.length; offset += width) {
    if (detector.rarityOf(rows.subarray(offset, offset + width)) >= thresholdNats) found++;
  }
  return (found * width) / rows.length;
}

function plantedRows(anchor: GoldenAnchor, definition: BehaviorDefinition, random: Random): Float32Array {
  const width = rowWidth(anchor.kind);
  const rows = new Float32Array(ROWS_PER_BEHAVIOR * width);
  for (let index = 0; index < ROWS_PER_BEHAVIOR; index++) {
    const row = rows.subarray(index * width, (index + 1) * width);
    writeCalm(row, anchor, MATURITIES[index % MATURITIES.length]!, random);
    plant(row, anchor, definition, EFFECT[0] + (EFFECT[1] - EFFECT[0]) * random.fraction());
  }
  return rows;
}

/** A window in which nothing is unusual, of an entity that is as all are. */
function writeCalm(row: Float32Array, { kind, means, variances }: GoldenAnchor, windows: number, random: Random): void {
  const features = means.length;
  definitionsOf(kind).forEach((definition, column) => {
    const spread = CALM * Math.sqrt(variances[column]!);
    row[column] = bounded(definition, means[column]! + spread * gauss(random));
    if (windows === 0) return;
    row[features + column] = bounded(definition, means[column]! + spread * gauss(random));
    row[2 * features + column] = CALM * variances[column]!;
  });
  row[3 * features] = windows;
}

/** Raises what the behaviour raises: its signals, and what its least effect is measured by. */
function plant(row: Float32Array, anchor: GoldenAnchor, definition: BehaviorDefinition, effect: number): void {
  const signals = definition.signals[anchor.kind] ?? {};
  const minimum = Object.assign({}, ...definition.minimum) as Record<string, number>;
  const names: readonly string[] = FEATURE_NAMES[anchor.kind];
  const definitions = definitionsOf(anchor.kind);
  names.forEach((name, column) => {
    const least = minimum[name];
    if (least === undefined && signals[name] === undefined) return;
    const deviation = Math.max(LEAST_DEVIATION, Math.sqrt(anchor.variances[column]!));
    const planted = anchor.means[column]! + effect * deviation;
    const floor = least === undefined ? 0 : scaled(definitions[column]!, TIMES_MINIMUM * least);
    row[column] = Math.max(row[column]!, planted, floor);
  });
  for (const [raised, implied] of AT_LEAST) {
    const from = names.indexOf(raised);
    const to = names.indexOf(implied);
    if (from >= 0 && to >= 0) row[to] = Math.max(row[to]!, row[from]!);
  }
}

const scaled = ({ scale }: FeatureDefinition, quantity: number): number =>
  scale === 'log1p' ? Math.log1p(quantity) : quantity;

/** Only logarithms of ratios go below zero. */
const bounded = ({ scale }: FeatureDefinition, value: number): number => (scale === 'log' ? value : Math.max(0, value));

/** Normally distributed: Box and Muller 1958. */
function gauss(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.fraction()));
  return radius * Math.cos(2 * Math.PI * random.fraction());
}
