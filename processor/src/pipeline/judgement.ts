import { NO_SLOT } from '../features/entity-states.ts';
import type { EntityKind } from '../features/features.ts';

/** What was found about one call. Reused: valid until the next call is judged. */
export class Judgement {
  /** Highest score of the sides, 0..1. */
  score = 0;
  userScore = 0;
  addressScore = 0;
  endpointScore = 0;
  isAnomaly = false;
  /** It would be an anomaly, but for an exclusion. */
  isExcluded = false;
  /** The side that is most unusual, or whose anomaly this is, and its slot; undefined when the call has no entity. */
  kind: EntityKind | undefined = undefined;
  slot = NO_SLOT;
  /** Highest evidence of the sides, nats. */
  evidence = 0;
  /** Raw isolation score of the most unusual side. */
  isolationScore = 0.5;
}
