/** Finds the name of what a row shows: the behaviour whose signals carry the most evidence and whose effect is large enough. */
import { BEHAVIORS, type Behavior, type BehaviorDefinition } from './behaviors.ts';

type EntityKind = 'user' | 'address' | 'endpoint';
type Scale = 'log1p' | 'log' | 'nats' | 'plain';

interface Candidate {
  readonly behavior: Behavior;
  readonly columns: readonly number[];
  readonly weights: readonly number[];
  /** Column and least stored value (already on the column's scale); one of them must be reached. */
  readonly floors: readonly (readonly [column: number, value: number])[];
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
  readonly #finding: Finding = { behavior: 'other', isMaterial: false, column: 0 };

  /** @param features names and scales of the entity kind's columns, in order */
  constructor(kind: EntityKind, features: readonly { name: string; scale: Scale }[], disabled: ReadonlySet<string>) {
    const columnOf = new Map(features.map((feature, column) => [feature.name, column]));
    this.#candidates = Object.entries(BEHAVIORS as Record<Behavior, BehaviorDefinition>)
      .filter(([name, { signals }]) => signals[kind] !== undefined && !disabled.has(name))
      .map(([name, { signals, minimum }]) => {
        const used = Object.entries(signals[kind] ?? {}).filter(([feature]) => columnOf.has(feature));
        return {
          behavior: name as Behavior,
          columns: used.map(([feature]) => columnOf.get(feature)!),
          weights: used.map(([, weight]) => weight),
          floors: Object.entries(minimum)
            .filter(([feature]) => columnOf.has(feature))
            .map(([feature, value]) => {
              const column = columnOf.get(feature)!;
              return [column, features[column]!.scale === 'log1p' ? Math.log1p(value) : value] as const;
            }),
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
    let best = LEAST_NATS;
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
      if (strength <= best || !reachesFloor(candidate.floors, row)) continue;
      best = strength;
      finding.behavior = candidate.behavior;
      finding.isMaterial = true;
      finding.column = column;
    }
    return finding;
  }
}

/** Evidence below which a behaviour is not named: one window in twenty shows this much by chance. */
const LEAST_NATS = 3;

function reachesFloor(floors: Candidate['floors'], row: ArrayLike<number>): boolean {
  if (floors.length === 0) return true;
  for (const [column, value] of floors) if (row[column]! >= value) return true;
  return false;
}

function strongest(evidence: Float64Array): number {
  let column = 0;
  for (let index = 1; index < evidence.length; index++) if (evidence[index]! > evidence[column]!) column = index;
  return column;
}
