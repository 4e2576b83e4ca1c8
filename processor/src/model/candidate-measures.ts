/** What the gates go by: a candidate measured on the rows it was trained on and on golden attacks, the approved model beside it. */
import type { Behavior } from '../detection/behaviors.ts';
import { scoreOf } from '../detection/evidence.ts';
import type { EntityKind } from '../features/features.ts';
import type { TrainingRows } from './detector-training.ts';
import type { EntityDetector } from './entity-detector.ts';
import { goldenAttacks, recall } from './golden-attacks.ts';

export interface CandidateMeasures {
  readonly kind: EntityKind;
  /** Trained on; and of how many entities. */
  readonly rows: number;
  readonly entities: number;
  /** Share of the sample that was left out since the approved model found it suspect. */
  readonly leftOutShare: number;
  /** Share of the rows rarer than one in ten thousand. */
  readonly rareShare: number;
  /** Share of the rows whose score is in each tenth of 0..1, lowest first. */
  readonly scores: readonly number[];
  /** Share of golden attacks found, by the candidate and, where it judges the kind, by the approved model. */
  readonly golden: readonly {
    readonly behavior: Behavior;
    readonly recall: number;
    readonly approvedRecall: number | undefined;
  }[];
  /** Both models on the same rows; undefined without an approved model, or if it rests on too few rows to tell. */
  readonly against:
    | {
        /** Share of the rows rarer than one in a hundred. */
        readonly oddShare: number;
        readonly approvedOddShare: number;
        /** Population stability index of p, in tenths. */
        readonly shift: number;
      }
    | undefined;
}

export interface Approved {
  readonly detector: EntityDetector;
  /** Rows it was trained on. */
  readonly rows: number;
}

const RARE_NATS = Math.log(10_000);
const ODD_NATS = Math.log(100);
/** Rows looked at per kind. */
const ROWS_CHECKED = 5000;
/** Models of fewer rows differ by chance alone as much as the gates allow. */
const LEAST_COMPARED_ROWS = 1000;
/**
 * Golden attacks are asked for at a rarity that so many rows of a sample show. The budget's own rarity is mostly beyond
 * all rows: there an attack's rarity scatters by nats between trainings on ordinary rows, and nothing can be compared.
 */
const ROWS_SHOWING = 60;
const TENTHS = 10;
/** Keeps an empty tenth finite. */
const LEAST_SHARE = 0.001;

/** `threshold`: p from which the budget flags. `leftOut`: rows that were left out of `training`. */
export function measureCandidate(
  candidate: EntityDetector,
  training: TrainingRows,
  leftOut: number,
  threshold: number,
  approved: Approved | undefined,
): CandidateMeasures {
  const rarities = raritiesOf(candidate, training);
  const rows = Math.min(training.size, approved?.rows ?? training.size);
  const goldenNats = -Math.log(Math.max(threshold, ROWS_SHOWING / Math.max(rows, 2 * ROWS_SHOWING)));
  return {
    kind: training.kind,
    rows: training.size,
    entities: countEntities(training),
    leftOutShare: leftOut / Math.max(1, leftOut + training.size),
    rareShare: shareAbove(rarities, RARE_NATS),
    scores: sharesInTenths(rarities, scoreOf),
    golden: goldenAttacks((approved?.detector ?? candidate).parts).map((attack) => ({
      behavior: attack.behavior,
      recall: recall(candidate, attack, goldenNats),
      approvedRecall: approved === undefined ? undefined : recall(approved.detector, attack, goldenNats),
    })),
    against:
      approved === undefined || rows < LEAST_COMPARED_ROWS
        ? undefined
        : compare(rarities, raritiesOf(approved.detector, training)),
  };
}

/** How many entities rows are of. */
export function countEntities({ size, entityHigh, entityLow }: TrainingRows): number {
  const keys = new Set<string>();
  for (let row = 0; row < size; row++) keys.add(`${entityHigh[row]}:${entityLow[row]}`);
  return keys.size;
}

/** Of rows spread evenly over the sample: -ln p, nats. */
function raritiesOf(detector: EntityDetector, { size, width, rows }: TrainingRows): Float64Array {
  const step = Math.max(1, Math.floor(size / ROWS_CHECKED));
  return Float64Array.from({ length: Math.ceil(size / step) }, (_, index) => {
    return detector.rarityOf(rows.subarray(index * step * width, (index * step + 1) * width));
  });
}

const compare = (candidate: Float64Array, approved: Float64Array): NonNullable<CandidateMeasures['against']> => ({
  oddShare: shareAbove(candidate, ODD_NATS),
  approvedOddShare: shareAbove(approved, ODD_NATS),
  shift: stabilityIndex(tenthsOf(approved), tenthsOf(candidate)),
});

const shareAbove = (rarities: Float64Array, nats: number): number =>
  rarities.reduce((count, rarity) => count + (rarity > nats ? 1 : 0), 0) / Math.max(1, rarities.length);

/** Share of the rows in each tenth of p. */
const tenthsOf = (rarities: Float64Array): number[] => sharesInTenths(rarities, (rarity) => Math.exp(-rarity));

/** Share of the rows in each tenth of what `of`, 0..1, makes of their rarity. */
function sharesInTenths(rarities: Float64Array, of: (rarity: number) => number): number[] {
  const shares = Array.from({ length: TENTHS }, () => 0);
  for (const rarity of rarities) {
    shares[Math.min(TENTHS - 1, Math.floor(of(rarity) * TENTHS))]! += 1 / rarities.length;
  }
  return shares;
}

/** Sum of (now - then) ln(now / then). */
const stabilityIndex = (then: readonly number[], now: readonly number[]): number =>
  then.reduce((sum, share, tenth) => {
    const [before, after] = [Math.max(LEAST_SHARE, share), Math.max(LEAST_SHARE, now[tenth]!)];
    return sum + (after - before) * Math.log(after / before);
  }, 0);
