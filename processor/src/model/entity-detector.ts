/**
 * Scores the rows of one entity kind: evidence per feature, per theme with the theme's isolation forest, fused and
 * calibrated to rarity. See processor/docs/detection.md for the design and where it comes from.
 */
import { orderedSum } from '../detection/evidence.ts';
import { Tail } from '../detection/tail.ts';
import { type EntityKind, type FeatureDefinition, FEATURE_NAMES, FEATURES, type Theme } from '../features/features.ts';
import type { IsolationForest } from '../forest/isolation-forest.ts';
import type { FeatureQuantiles } from './feature-quantiles.ts';

/** Earlier windows from which an entity counts as so mature; tails are fitted in bands of it. */
export const BAND_STARTS = [0, 3, 10, 30];
/** Windows that the population weighs against an entity's own history. */
const PEER_WINDOWS = 10;
/** Added to variances: one call more or less is not three standard deviations. */
const VARIANCE_FLOOR = 0.04;
const Z_LIMIT = 20;
/** Most evidence of one theme, nats. */
const THEME_CAPS: Record<Theme, number> = {
  rate: 24,
  access: 24,
  errors: 24,
  data: 24,
  breadth: 24,
  timing: 8,
  novelty: 8,
  client: 12,
  latency: 24,
};
/**
 * Most evidence of a theme of endpoints. More calls, more users or larger answers are nobody's fault and have no call
 * that shows them: they support what latency and errors say, and flag nothing by themselves (a launch is no attack).
 */
const ENDPOINT_THEME_CAPS: Record<Theme, number> = { ...THEME_CAPS, rate: 4, breadth: 4, data: 4 };
export const themeCapsOf = (kind: EntityKind): Record<Theme, number> =>
  kind === 'endpoint' ? ENDPOINT_THEME_CAPS : THEME_CAPS;
/** What a theme's forest contributes beside its per-feature tails. */
const FOREST_WEIGHT = 0.3;
/**
 * Evidence of a theme below which its forest is not asked: it could not make the row an anomaly, and it costs more than all
 * the rest. Ninety-nine windows in a hundred are below.
 */
const FOREST_FROM_NATS = 4.5;
/** What a nat of failed access counts for: abuse shows there more often than anywhere else. */
export const ACCESS_WEIGHT = 1.1;
/** An address seen N windows counts .5 + .5 N / (N + 10) outside access: cold addresses are odd without meaning harm. */
const COLD_WINDOWS = 10;

/** A theme of a kind: its name and the columns of its features. */
export interface ThemeColumns {
  readonly theme: Theme;
  readonly columns: readonly number[];
}

/** What is fitted for one band of maturity. */
export interface BandTails {
  /** Per feature: of the value among everybody, and of its distance from the entity's own baseline. */
  readonly values: readonly Tail[];
  readonly distances: readonly Tail[];
  /** Per theme: of the ordered sum of its features, and of its forest's score. */
  readonly themes: readonly Tail[];
  readonly forests: readonly Tail[];
  /** Of the fused evidence: -ln p of an entity-window. */
  readonly fused: Tail;
}

export interface DetectorParts {
  readonly kind: EntityKind;
  /** Weighted mean and variance of each feature over the training rows. */
  readonly means: Float64Array;
  readonly variances: Float64Array;
  /** Index into `bands` for each of BAND_STARTS. */
  readonly bandOf: readonly number[];
  readonly bands: readonly BandTails[];
  /** One per theme, over the theme's values and, where relative, distances. */
  readonly forests: readonly IsolationForest[];
  /** Entity-windows a day that the budget is spread over. */
  readonly windowsPerDay: number;
  /** What peers do, for explanations; undefined in models of format 1. */
  readonly quantiles?: FeatureQuantiles | undefined;
}

/** The themes of a kind, in the order in which their features first appear. */
export function themesOf(kind: EntityKind): ThemeColumns[] {
  const themes = new Map<Theme, number[]>();
  FEATURE_NAMES[kind].forEach((name, column) => {
    const { theme } = definition(kind, name);
    themes.set(theme, [...(themes.get(theme) ?? []), column]);
  });
  return [...themes].map(([theme, columns]) => ({ theme, columns }));
}

export const definitionsOf = (kind: EntityKind): FeatureDefinition[] =>
  FEATURE_NAMES[kind].map((name) => definition(kind, name));

const definition = (kind: EntityKind, name: string): FeatureDefinition =>
  (FEATURES[kind] as Record<string, FeatureDefinition>)[name]!;

export class EntityDetector {
  readonly parts: DetectorParts;
  /** Evidence of the row evaluated last: per feature and per theme, nats. */
  readonly featureEvidence: Float64Array;
  readonly themeEvidence: Float64Array;
  /** Of the evidence of each theme, what its forest said, nats. */
  readonly forestNats: Float64Array;
  /**
   * Raw isolation forest score, 0..1, of the theme with the strongest evidence of the row evaluated last; NaN where that
   * evidence was too weak to ask the forest.
   */
  isolationScore = Number.NaN;

  readonly #features: readonly FeatureDefinition[];
  readonly #themes: readonly ThemeColumns[];
  readonly #caps: Float64Array;
  readonly #isRelative: Uint8Array;
  readonly #themeCaps: Float64Array;
  readonly #accessTheme: number;
  readonly #distances: Float32Array;
  readonly #themeRow = new Float64Array(2 * MOST_FEATURES);
  #strongestTheme = -1;
  readonly #scratch = new Float64Array(MOST_FEATURES);

  constructor(parts: DetectorParts) {
    this.parts = parts;
    this.#features = definitionsOf(parts.kind);
    this.#themes = themesOf(parts.kind);
    this.#caps = Float64Array.from(this.#features, ({ cap }) => cap);
    this.#isRelative = Uint8Array.from(this.#features, ({ relative }) => (relative ? 1 : 0));
    this.#themeCaps = Float64Array.from(this.#themes, ({ theme }) => themeCapsOf(parts.kind)[theme]);
    this.#accessTheme = this.#themes.findIndex(({ theme }) => theme === 'access');
    this.#distances = new Float32Array(this.#features.length);
    this.featureEvidence = new Float64Array(this.#features.length);
    this.themeEvidence = new Float64Array(this.#themes.length);
    this.forestNats = new Float64Array(this.#themes.length);
  }

  /**
   * Fused evidence of a row in nats, before persistence and calibration; `featureEvidence`, `themeEvidence` and
   * `isolationScore` then describe it.
   */
  evaluate(row: Float32Array): number {
    const features = this.#features.length;
    const windows = row[3 * features]!;
    const tails = this.#band(windows);
    this.#weighFeatures(row, tails);
    this.forestNats.fill(0);
    let strongest = 0;
    let second = 0;
    let strongestTheme = -1;
    let secondTheme = -1;
    const warmth = this.parts.kind === 'address' ? 0.5 + (0.5 * windows) / (windows + COLD_WINDOWS) : 1;
    for (let theme = 0; theme < this.#themes.length; theme++) {
      const sum = this.#themeSum(theme);
      const weighted = sum === 0 ? 0 : this.#weigh(theme, tails.themes[theme]!.evidence(sum), warmth);
      this.themeEvidence[theme] = weighted;
      if (weighted > strongest) {
        second = strongest;
        secondTheme = strongestTheme;
        strongest = weighted;
        strongestTheme = theme;
      } else if (weighted > second) {
        second = weighted;
        secondTheme = theme;
      }
    }
    // Only the two themes that the ordered sum takes need their forests, and only where something is odd at all.
    if (second >= FOREST_FROM_NATS) this.#blendForest(secondTheme, row, tails, warmth);
    this.isolationScore =
      strongest >= FOREST_FROM_NATS ? this.#blendForest(strongestTheme, row, tails, warmth) : Number.NaN;
    this.#strongestTheme = strongestTheme;
    return orderedSum(this.themeEvidence, 0, this.#themes.length);
  }

  /** Raw isolation forest score, 0..1, of the strongest theme of the row just evaluated, even where nothing is odd. */
  isolate(row: Float32Array): number {
    if (!Number.isNaN(this.isolationScore)) return this.isolationScore;
    const theme = Math.max(0, this.#strongestTheme);
    this.themeRow(theme, row, this.#distances, this.#themeRow, 0);
    return this.parts.forests[theme]!.score(this.#themeRow);
  }

  /** Rarity of an entity-window with this much fused evidence: -ln p, nats. */
  rarity(fused: number, windows: number): number {
    return this.#band(windows).fused.evidence(fused);
  }

  /** Rarity of a row by itself, -ln p in nats, as one of the entity that it is of. */
  rarityOf(row: Float32Array): number {
    return this.rarity(this.evaluate(row), row[3 * this.#features.length]!);
  }

  /** Whether the entity's own history may excuse the value of a column. */
  isRelative(column: number): boolean {
    return this.#isRelative[column] === 1;
  }

  /** What is usual for the entity of a row in a column: its own mean, shrunk to the population's. */
  expected(row: Float32Array, column: number): number {
    const features = this.#features.length;
    const windows = this.#features[column]!.relative ? row[3 * features]! : 0;
    return (windows * row[features + column]! + PEER_WINDOWS * this.parts.means[column]!) / (windows + PEER_WINDOWS);
  }

  /** The ordered sums of the features of every theme, before their calibration; for training. */
  themeSums(row: Float32Array, out: Float64Array): void {
    const windows = row[3 * this.#features.length]!;
    this.#weighFeatures(row, this.#band(windows));
    for (let theme = 0; theme < this.#themes.length; theme++) out[theme] = this.#themeSum(theme);
  }

  /** Values and distances of a theme's features, as its forest sees them; returns how many there are. */
  themeRow(theme: number, row: Float32Array, distances: Float32Array, out: Float64Array, offset: number): number {
    let length = 0;
    for (const column of this.#themes[theme]!.columns) {
      out[offset + length++] = row[column]!;
      if (this.#features[column]!.relative) out[offset + length++] = distances[column]!;
    }
    return length;
  }

  /**
   * Distances of a row's values above the entity's baseline shrunk to the population's, or above its habit where that is
   * more, in standard deviations; 0 below it, for less than usual is no evidence.
   */
  measureDistances(row: Float32Array, out: Float32Array): void {
    const features = this.#features.length;
    const windows = row[3 * features]!;
    const weight = windows + PEER_WINDOWS;
    const { means, variances } = this.parts;
    for (let column = 0; column < features; column++) {
      if (row[column] === 0) {
        out[column] = 0;
        continue;
      }
      const mean = (windows * row[features + column]! + PEER_WINDOWS * means[column]!) / weight;
      const variance = (windows * row[2 * features + column]! + PEER_WINDOWS * variances[column]!) / weight;
      const usual = Math.max(mean, row[3 * features + 1 + column]!);
      const distance = (row[column]! - usual) / Math.sqrt(variance + VARIANCE_FLOOR);
      out[column] = Math.max(0, Math.min(Z_LIMIT, distance));
    }
  }

  #weighFeatures(row: Float32Array, tails: BandTails): void {
    this.measureDistances(row, this.#distances);
    const { featureEvidence } = this;
    const features = featureEvidence.length;
    const windows = row[3 * features]!;
    const trust = windows / (windows + PEER_WINDOWS);
    for (let column = 0; column < featureEvidence.length; column++) {
      const value = row[column]!;
      // Most counts are 0 in most windows, and nothing is as usual as that.
      if (value === 0) {
        featureEvidence[column] = 0;
        continue;
      }
      const cap = this.#caps[column]!;
      let nats = Math.min(cap, tails.values[column]!.evidence(value));
      // Own and population evidence averaged: neither excuses everything, neither condemns the merely different. Of the
      // population's, only what is beyond the entity's usual counts: a bot is odd to everybody, every day.
      if (this.#isRelative[column] === 1) {
        const usualValue = Math.max(row[features + column]!, row[3 * features + 1 + column]!);
        const usual = Math.min(cap, tails.values[column]!.evidence(usualValue));
        nats = Math.max(0, nats - trust * usual);
        const distance = this.#distances[column]!;
        const own = distance === 0 ? 0 : Math.min(cap, tails.distances[column]!.evidence(distance));
        nats = (nats + own) / 2;
      }
      featureEvidence[column] = nats;
    }
  }

  #themeSum(theme: number): number {
    const { columns } = this.#themes[theme]!;
    for (let index = 0; index < columns.length; index++) this.#scratch[index] = this.featureEvidence[columns[index]!]!;
    return orderedSum(this.#scratch, 0, columns.length);
  }

  /** Evidence of a theme as it counts: failed access more than its nats, what a cold address does otherwise less; capped. */
  #weigh(theme: number, nats: number, warmth: number): number {
    const cap = this.#themeCaps[theme]!;
    return theme === this.#accessTheme ? Math.min(cap, nats * ACCESS_WEIGHT) : Math.min(cap, nats) * warmth;
  }

  #blendForest(theme: number, row: Float32Array, tails: BandTails, warmth: number): number {
    this.themeRow(theme, row, this.#distances, this.#themeRow, 0);
    const score = this.parts.forests[theme]!.score(this.#themeRow);
    const nats = this.#weigh(theme, tails.forests[theme]!.evidence(score), warmth);
    this.themeEvidence[theme] = (1 - FOREST_WEIGHT) * this.themeEvidence[theme]! + FOREST_WEIGHT * nats;
    this.forestNats[theme] = FOREST_WEIGHT * nats;
    return score;
  }

  #band(windows: number): BandTails {
    const { bandOf, bands } = this.parts;
    let band = BAND_STARTS.length - 1;
    while (windows < BAND_STARTS[band]!) band--;
    return bands[bandOf[band]!]!;
  }
}

/** More features than any kind has. */
const MOST_FEATURES = 64;
