/** From rarity to verdict: the alert budget, the minimum effect and the need to persist. */

type EntityKind = 'user' | 'address' | 'endpoint';

/** No verdict above this rarity, however quiet the deployment: a budget is not a quota. */
const LARGEST_P = 1e-4;
/** An effect without a name must be this many times rarer than one that has a name. */
const UNNAMED_FACTOR = 100;

export interface Budget {
  /** Expected false incidents a day for the whole deployment. */
  falseIncidentsPerDay: number;
  /** How the budget is split; shares of 1. */
  shares: Readonly<Record<EntityKind, number>>;
}

/**
 * The rarity from which an entity kind is flagged: as many false incidents as its share of the budget allows, given how
 * many entity-windows a day there are to be wrong about.
 */
export function budgetThreshold(budget: Budget, kind: EntityKind, windowsPerDay: number): number {
  const falseWindows = budget.falseIncidentsPerDay * budget.shares[kind];
  return Math.min(LARGEST_P, falseWindows / Math.max(1, windowsPerDay));
}

/**
 * Whether a row is an anomaly.
 *
 * @param nats -ln p of the row
 * @param threshold p from which the budget flags
 * @param isMaterial whether a named behaviour reached its minimum effect
 */
export function isAnomaly(nats: number, threshold: number, isMaterial: boolean): boolean {
  const needed = -Math.log(isMaterial ? threshold : threshold / UNNAMED_FACTOR);
  return nats >= needed;
}
