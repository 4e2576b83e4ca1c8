/** Finds the name of what a row shows: the behaviour whose signals carry the most evidence and whose effect is large enough. */
import { BEHAVIORS, type Behavior, type BehaviorDefinition } from './behaviors.ts';

type EntityKind = 'user' | 'address' | 'endpoint';
type Scale = 'log1p' | 'log' | 'nats' | 'plain';

type Floor = readonly [column: number, value: number];

interface Candidate {
  readonly behavior: Behavior;
  readonly columns: readonly number[];
  readonly weights: readonly number[];
  /** Alternatives; in one of them every column must reach its value, which is on the column's scale already. */
  readonly minimum: readonly (readonly Floor[])[];
}

/** What was found in a row. Reused: valid until the next call of `name`. */
export interface Finding {
  behavior: Behavior;
  /** Whether some named behaviour reached its minimum effect. */
  isMaterial: boolean;
  /** Column of the feature that says most about it. */
  column: number;
}

export class BehaviorNaming {
  readonly #candidates: Candidate[];
  /** Whether a column counts something that can be pictured: calls, bytes, milliseconds. */
  readonly #isConcrete: readonly boolean[];
  readonly #finding: Finding = { behavior: 'other', isMaterial: false, column: 0 };

  /**
   * @param features names and scales of the entity kind's columns, in order
   * @param disabled names of behaviours that are passed over
   * @param minimumEffect factor on every minimum effect
   */
  constructor(
    kind: EntityKind,
    features: readonly { name: string; scale: Scale }[],
    disabled: ReadonlySet<string>,
    minimumEffect = 1,
  ) {
    this.#isConcrete = features.map(({ scale }) => scale === 'log1p' || scale === 'log');
    const columnOf = new Map(features.map((feature, column) => [feature.name, column]));
    this.#candidates = Object.entries(BEHAVIORS as Record<Behavior, BehaviorDefinition>)
      .filter(([name, { signals }]) => signals[kind] !== undefined && !disabled.has(name))
      .map(([name, { signals, minimum }]) => {
        const used = Object.entries(signals[kind] ?? {}).filter(([feature]) => columnOf.has(feature));
        return {
          behavior: name as Behavior,
          columns: used.map(([feature]) => columnOf.get(feature)!),
          weights: used.map(([, weight]) => weight),
          minimum: minimum.map((alternative) => floorsOf(alternative, columnOf, features, minimumEffect)),
        };
      });
  }

  /**
   * @param row values in column order
   * @param evidence nats per column
   */
  name(row: ArrayLike<number>, evidence: Float64Array): Finding {
    const finding = this.#finding;
    finding.behavior = 'other';
    finding.isMaterial = false;
    finding.column = strongest(evidence);
    let best = Math.max(LEAST_NATS, LEAST_SHARE * evidence[finding.column]!);
    for (const candidate of this.#candidates) {
      let first = 0;
      let second = 0;
      let column = -1;
      for (let index = 0; index < candidate.columns.length; index++) {
        const nats = evidence[candidate.columns[index]!]! * candidate.weights[index]!;
        if (nats > first) {
          second = first;
          first = nats;
          column = candidate.columns[index]!;
        } else if (nats > second) second = nats;
      }
      const strength = first + second / 2;
      if (strength <= best || !reachesMinimum(candidate.minimum, row)) continue;
      best = strength;
      finding.behavior = candidate.behavior;
      finding.isMaterial = true;
      finding.column = this.#telling(candidate, column, evidence);
    }
    return finding;
  }

  /** What to tell people: the strongest signal, or one that can be pictured if it says at least half as much. */
  #telling({ columns }: Candidate, strongestColumn: number, evidence: Float64Array): number {
    let telling = strongestColumn;
    for (const column of columns) {
      if (!this.#isConcrete[column] || evidence[column]! < evidence[strongestColumn]! / 2) continue;
      if (!this.#isConcrete[telling] || evidence[column]! > evidence[telling]!) telling = column;
    }
    return telling;
  }
}

/** Evidence below which a behaviour is not named: one window in twenty shows this much by chance. */
const LEAST_NATS = 3;
/** Share of the strongest evidence that a behaviour must explain, or its name would hide what really is odd. */
const LEAST_SHARE = 0.5;

function floorsOf(
  alternative: Readonly<Record<string, number>>,
  columnOf: ReadonlyMap<string, number>,
  features: readonly { scale: Scale }[],
  factor: number,
): Floor[] {
  return Object.entries(alternative)
    .filter(([feature]) => columnOf.has(feature))
    .map(([feature, value]) => {
      const column = columnOf.get(feature)!;
      const least = value * factor;
      return [column, features[column]!.scale === 'log1p' ? Math.log1p(least) : least];
    });
}

function reachesMinimum(minimum: Candidate['minimum'], row: ArrayLike<number>): boolean {
  return (
    minimum.length === 0 ||
    minimum.some((floors) => floors.length > 0 && floors.every(([column, value]) => row[column]! >= value))
  );
}

function strongest(evidence: Float64Array): number {
  let column = 0;
  for (let index = 1; index < evidence.length; index++) if (evidence[index]! > evidence[column]!) column = index;
  return column;
}
