/** Fits an EntityDetector to a sample of rows: feature tails, theme tails, forests, and the calibration of it all. */
import { Tail, type TailOptions } from '../detection/tail.ts';
import type { EntityKind, FeatureDefinition } from '../features/features.ts';
import { FEATURE_NAMES } from '../features/features.ts';
import { IsolationForest } from '../forest/isolation-forest.ts';
import { BAND_STARTS, type BandTails, definitionsOf, EntityDetector, themesOf } from './entity-detector.ts';
import { FeatureQuantiles } from './feature-quantiles.ts';

/** Rows of one entity kind to train on: `size` rows of `width` values each, with whom they belong to. */
export interface TrainingRows {
  readonly kind: EntityKind;
  readonly size: number;
  readonly width: number;
  readonly rows: Float32Array;
  readonly entityHigh: Uint32Array;
  readonly entityLow: Uint32Array;
  readonly windowsPerDay: number;
}

export interface ForestSettings {
  seed: number;
  trees: number;
  sampleSize: number;
}

/** Fewer rows than this say nothing. */
export const LEAST_ROWS = 60;
/** Rows a band of maturity needs for tails of its own; smaller ones join their neighbour. */
const LEAST_BAND_ROWS = 300;
/** Windows' weight that one entity has at most, so that one bot does not define what is normal. */
const ENTITY_WEIGHT: Record<EntityKind, number> = { user: 10, address: 10, endpoint: 60 };
/** Share of the rows, the most unusual ones of a first pass, left out of the second: attacks hide in training data. */
const TRIM_SHARE = 0.02;
/**
 * Share of the rows, the highest of each value, that the first pass fits its tails without. With them, a clump of alike
 * attacks is as rare as its share and no rarer, and stays below the trim; going by the rest it stands out.
 */
const FIRST_PASS_SHARE = 0.03;
/** Steps of a tail's resolution above all other rows at which trimmed ones are clipped. */
const CLIP_STEPS = 2;
/** One row in so many is held out from fitting and used for calibration. */
const HELD_OUT = 3;

/**
 * What a nat of evidence beyond the usual takes at least, whatever the data: a quarter more of a quantity, one nat of a
 * likelihood ratio. Where everybody is alike, tails are so thin that a difference of no consequence would stand out.
 */
const RESOLUTION: Record<FeatureDefinition['scale'], number> = { log1p: 0.25, log: 0.25, nats: 1, plain: 0.5 };
/**
 * Largest shape of the tails of sums of evidence. Evidence is in nats: of a single feature P(evidence >= x) = e^-x, and sums of such
 * tails are exponential too. A shape fitted to a few dozen exceedances would make everything far out look alike.
 * Endpoints are few and each is of its own kind: theirs is fitted, but no larger than this. Through three tails in a row
 * 0.3 made ten times the latency and a hundred times look alike.
 */
const LARGEST_SHAPE: Record<EntityKind, number> = { user: 0, address: 0, endpoint: 0.05 };
/** Calibration never makes a nat of evidence count for more: that many features were asked makes it count for less. */
const NAT: Record<EntityKind, number> = { user: 1, address: 1, endpoint: 0 };
/** The same for distances from the own baseline, in standard deviations. */
const DISTANCE_RESOLUTION = 0.5;

export function trainDetector(training: TrainingRows, settings: ForestSettings): EntityDetector | undefined {
  if (training.size < LEAST_ROWS) return undefined;
  return new DetectorTraining(training, settings).train();
}

class DetectorTraining {
  readonly #training: TrainingRows;
  readonly #settings: ForestSettings;
  readonly #features: number;
  readonly #weights: Float64Array;
  readonly #heldOut: Uint8Array;
  readonly #bandOf: number[];
  readonly #bandCount: number;
  /** Band of each row. */
  readonly #rowBand: Uint8Array;
  /** Rows that fitting uses as they are; what is trimmed between the passes is clipped, see `#tail`. */
  readonly #kept: Uint8Array;
  /** Share of the highest values that tails are fitted without. */
  #leftOut = 0;

  constructor(training: TrainingRows, settings: ForestSettings) {
    this.#training = training;
    this.#settings = settings;
    this.#features = FEATURE_NAMES[training.kind].length;
    this.#weights = Float64Array.from(rowsOfEntity(training), (rows) =>
      Math.min(1, ENTITY_WEIGHT[training.kind] / rows),
    );
    this.#heldOut = heldOutRows(training.size);
    const bands = mergeBands(this.#bandSizes());
    this.#bandOf = bands.bandOf;
    this.#bandCount = bands.count;
    this.#rowBand = Uint8Array.from({ length: training.size }, (_, row) => this.#bandOf[rawBand(this.#windows(row))]!);
    this.#kept = this.#heldOut.map((held) => 1 - held);
  }

  train(): EntityDetector {
    this.#leftOut = FIRST_PASS_SHARE;
    const first = this.#fit();
    const fused = this.#fusedEvidence(first);
    this.#trim(fused);
    this.#leftOut = 0;
    const second = this.#fit();
    return this.#calibrate(second, this.#fusedEvidence(second));
  }

  /** One pass over the kept rows: everything but the calibration of the fused evidence. */
  #fit(): EntityDetector {
    const { kind, windowsPerDay } = this.#training;
    const { means, variances } = this.#moments();
    const parts = { kind, means, variances, bandOf: this.#bandOf, forests: [], windowsPerDay };
    const blank = new EntityDetector({ ...parts, bands: Array.from({ length: this.#bandCount }, () => EMPTY_BAND) });

    const distances = this.#distances(blank);
    const definitions = definitionsOf(kind);
    /** The rows that tell of a feature: none while one that comes late has not come. */
    const known = (rows: number[], column: number): number[] =>
      definitions[column]!.comesLate !== true || rows.some((row) => this.#value(row, column) > 0) ? rows : [];
    const featureBands = this.#perBand((rows) => ({
      ...EMPTY_BAND,
      values: definitions.map(({ scale }, column) =>
        this.#tail(known(rows, column), (row) => this.#value(row, column), {
          resolution: RESOLUTION[scale],
          isCount: kind !== 'endpoint',
        }),
      ),
      distances: definitions.map((_, column) =>
        this.#tail(known(rows, column), (row) => distances[row * this.#features + column]!, {
          resolution: DISTANCE_RESOLUTION,
          isCount: kind !== 'endpoint',
        }),
      ),
    }));

    const themes = themesOf(kind);
    const sums = this.#themeSums(new EntityDetector({ ...parts, bands: featureBands }), themes.length);
    const forests = themes.map((_, theme) => this.#forest(blank, theme, distances));
    const bands = this.#perBand((rows, band) => ({
      ...featureBands[band]!,
      themes: themes.map((_, theme) =>
        this.#tail(rows, (row) => sums[row * themes.length + theme]!, {
          maxShape: LARGEST_SHAPE[kind],
          resolution: NAT[kind],
        }),
      ),
      forests: forests.map(({ scores }) => this.#tail(rows, (row) => scores[row]!)),
    }));
    return new EntityDetector({ ...parts, forests: forests.map(({ forest }) => forest), bands });
  }

  /** Fits the fused evidence of held-out rows, without those that no robust tail explains. */
  #calibrate(detector: EntityDetector, fused: Float64Array): EntityDetector {
    const bands = detector.parts.bands.map((tails, band) => {
      const rows = indicesWhere(this.#training.size, (row) => this.#heldOut[row] === 1 && this.#rowBand[row] === band);
      const usable =
        rows.length >= LEAST_ROWS ? rows : indicesWhere(this.#training.size, (row) => this.#rowBand[row] === band);
      const values = Float64Array.from(usable, (row) => fused[row]!);
      const weights = Float64Array.from(usable, (row) => this.#weights[row]!);
      const limit = plausibleLimit(values);
      const normal = indicesWhere(values.length, (index) => values[index]! <= limit);
      return {
        ...tails,
        fused: Tail.fit(
          Float64Array.from(normal, (index) => values[index]!),
          Float64Array.from(normal, (index) => weights[index]!),
          { maxShape: LARGEST_SHAPE[this.#training.kind], resolution: NAT[this.#training.kind] },
        ),
      };
    });
    const quantiles = FeatureQuantiles.of(this.#training, this.#features, this.#weights);
    return new EntityDetector({ ...detector.parts, bands, quantiles });
  }

  #trim(fused: Float64Array): void {
    const fitted = indicesWhere(this.#training.size, (row) => this.#kept[row] === 1);
    fitted.sort((a, b) => fused[b]! - fused[a]!);
    for (const row of fitted.slice(0, Math.floor(fitted.length * TRIM_SHARE))) this.#kept[row] = 0;
  }

  #fusedEvidence(detector: EntityDetector): Float64Array {
    return Float64Array.from({ length: this.#training.size }, (_, row) => detector.evaluate(this.#row(row)));
  }

  #moments(): { means: Float64Array; variances: Float64Array } {
    const means = new Float64Array(this.#features);
    const variances = new Float64Array(this.#features);
    const totals = new Float64Array(this.#features);
    // West 1979, weighted and incremental.
    for (let row = 0; row < this.#training.size; row++) {
      if (this.#kept[row] === 0) continue;
      const weight = this.#weights[row]!;
      const values = this.#row(row);
      for (let column = 0; column < this.#features; column++) {
        const value = values[column]!;
        // One missing value must not cost the feature.
        if (!Number.isFinite(value)) continue;
        totals[column]! += weight;
        const delta = value - means[column]!;
        means[column]! += (delta * weight) / totals[column]!;
        variances[column]! += weight * delta * (value - means[column]!);
      }
    }
    return { means, variances: variances.map((sum, column) => (totals[column]! > 0 ? sum / totals[column]! : 0)) };
  }

  #distances(detector: EntityDetector): Float32Array {
    const all = new Float32Array(this.#training.size * this.#features);
    for (let row = 0; row < this.#training.size; row++) {
      detector.measureDistances(this.#row(row), all.subarray(row * this.#features, (row + 1) * this.#features));
    }
    return all;
  }

  #themeSums(detector: EntityDetector, themes: number): Float64Array {
    const all = new Float64Array(this.#training.size * themes);
    for (let row = 0; row < this.#training.size; row++) {
      detector.themeSums(this.#row(row), all.subarray(row * themes, (row + 1) * themes));
    }
    return all;
  }

  #forest(
    detector: EntityDetector,
    theme: number,
    distances: Float32Array,
  ): { forest: IsolationForest; scores: Float64Array } {
    const size = this.#training.size;
    const one = new Float64Array(2 * this.#features);
    const columns = this.#themeRow(detector, theme, 0, distances, one, 0);
    const kept = indicesWhere(size, (row) => this.#kept[row] === 1);
    const matrix = new Float64Array(kept.length * columns);
    kept.forEach((row, index) => this.#themeRow(detector, theme, row, distances, matrix, index * columns));
    const forest = IsolationForest.train(matrix, columns, {
      ...this.#settings,
      // Back to 0 after the highest seed there is.
      seed: (this.#settings.seed + theme) >>> 0,
    });
    const scores = Float64Array.from({ length: size }, (_, row) => {
      this.#themeRow(detector, theme, row, distances, one, 0);
      return forest.score(one);
    });
    return { forest, scores };
  }

  #themeRow(
    detector: EntityDetector,
    theme: number,
    row: number,
    distances: Float32Array,
    out: Float64Array,
    offset: number,
  ): number {
    const own = distances.subarray(row * this.#features, (row + 1) * this.#features);
    return detector.themeRow(theme, this.#row(row), own, out, offset);
  }

  /** Calls `fit` with the rows of each band that are not held out. */
  #perBand<T>(fit: (rows: number[], band: number) => T): T[] {
    return Array.from({ length: this.#bandCount }, (_, band) =>
      fit(
        indicesWhere(this.#training.size, (row) => this.#heldOut[row] === 0 && this.#rowBand[row] === band),
        band,
      ),
    );
  }

  /**
   * The first pass fits without the highest values. The second takes trimmed rows as no higher than the rest: that
   * something happens now and then is known then, but not how far an attack goes. Left out altogether, what happens once
   * in a hundred windows would pass for something that never does.
   */
  #tail(rows: number[], value: (row: number) => number, options: TailOptions = {}): Tail {
    const fit = (fitted: number[], limit: number, more: TailOptions = options): Tail => {
      const weights = Float64Array.from(fitted, (row) => this.#weights[row]!);
      return Tail.fit(
        Float64Array.from(fitted, (row) => Math.min(value(row), limit)),
        weights,
        more,
      );
    };
    if (this.#leftOut > 0) {
      const limit = quantile(rows.map(value), 1 - this.#leftOut);
      return fit(
        rows.filter((row) => value(row) <= limit),
        limit,
      );
    }
    const kept = rows.filter((row) => this.#kept[row] === 1);
    const scaledLike = fit(kept, Number.POSITIVE_INFINITY);
    if (kept.length === rows.length || this.#training.kind === 'endpoint') return scaledLike;
    const highest = kept.reduce((most, row) => (value(row) > most ? value(row) : most), 0);
    return fit(rows, highest + CLIP_STEPS * (options.resolution ?? 0), { ...options, scaledLike });
  }

  #bandSizes(): number[] {
    const sizes = BAND_STARTS.map(() => 0);
    for (let row = 0; row < this.#training.size; row++) sizes[rawBand(this.#windows(row))]!++;
    return sizes;
  }

  #row(row: number): Float32Array {
    const { rows, width } = this.#training;
    return rows.subarray(row * width, (row + 1) * width);
  }

  #value(row: number, column: number): number {
    return this.#training.rows[row * this.#training.width + column]!;
  }

  #windows(row: number): number {
    return this.#training.rows[row * this.#training.width + 3 * this.#features]!;
  }
}

/** Stands where nothing is fitted yet; it is replaced before anything asks it. */
const UNFITTED = Tail.fit(Float64Array.of(0), Float64Array.of(1));
const EMPTY_BAND: BandTails = { values: [], distances: [], themes: [], forests: [], fused: UNFITTED };

const rawBand = (windows: number): number => BAND_STARTS.findLastIndex((start) => windows >= start);

/** Joins bands with too few rows to the one before, or to the next where there is none before. */
function mergeBands(sizes: readonly number[]): { bandOf: number[]; count: number } {
  const bandOf: number[] = [];
  let band = -1;
  let rows = Number.POSITIVE_INFINITY;
  for (const [index, size] of sizes.entries()) {
    const rest = sizes.slice(index).reduce((sum, next) => sum + next, 0);
    if (band < 0 || (rows >= LEAST_BAND_ROWS && rest >= LEAST_BAND_ROWS)) {
      band++;
      rows = 0;
    }
    rows += size;
    bandOf.push(band);
  }
  return { bandOf, count: band + 1 };
}

/**
 * Values beyond this are no normal tail: an exponential through the 90 % and 98 % quantiles gives them less than one in
 * a million. Attacks in the calibration rows would otherwise teach that attacks are rare but normal.
 */
function plausibleLimit(values: Float64Array): number {
  const high = quantile(values, 0.98);
  const scale = (high - quantile(values, 0.9)) / Math.log(5);
  return high + Math.max(scale, 0.5) * Math.log(0.02 / 1e-6);
}

function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** For each row, how many rows its entity has. */
function rowsOfEntity({ size, entityHigh, entityLow }: TrainingRows): number[] {
  const counts = new Map<string, number>();
  const keys = Array.from({ length: size }, (_, row) => `${entityHigh[row]}:${entityLow[row]}`);
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return keys.map((key) => counts.get(key)!);
}

/**
 * Marks a third of the rows for calibration. Rows, not whole entities: who is judged later is mostly known by then, and a
 * bot that is left out of fitting would look like an attack.
 */
const heldOutRows = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, row) => (row % HELD_OUT === 0 ? 1 : 0));

function indicesWhere(size: number, test: (index: number) => boolean): number[] {
  const indices: number[] = [];
  for (let index = 0; index < size; index++) if (test(index)) indices.push(index);
  return indices;
}
