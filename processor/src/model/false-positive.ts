/** What a false positive leads to: a scoped, expiring exclusion, and what it would have done to the incidents so far. */
import { covers, type ExclusionScope } from '../detection/exclusion.ts';
import type { FullIncident, ListedIncident } from '../store/incidents.ts';

/** Days for which an exclusion is proposed, and over which it is previewed. */
const EXCLUSION_DAYS = 30;
const DAY_MS = 86_400_000;

export interface ProposedExclusion extends ExclusionScope {
  readonly expiresMs: number;
}

/** The narrowest scope that keeps the incident from coming again: who did what. */
export function proposedExclusion({ entity, behavior }: ListedIncident, nowMs: number): ProposedExclusion {
  return { entity, behavior, expiresMs: nowMs + EXCLUSION_DAYS * DAY_MS };
}

/** What an exclusion would have done. */
export interface ExclusionPreview {
  /** Incidents looked at. */
  readonly incidents: number;
  /** Of them, those that there would not have been. */
  readonly removed: number;
  /** Those of which a part would have been left. */
  readonly narrowed: number;
  /** Of those removed, those that somebody confirmed. */
  readonly confirmedHidden: number;
  readonly removedIds: readonly string[];
  /** All of it in a sentence. */
  readonly sentence: string;
}

type Previewed = ListedIncident & Partial<Pick<FullIncident, 'requests'>>;

/**
 * `incidents`: those of the last 30 days; with their requests, the endpoints of these count, and otherwise the endpoint of
 * the most unusual one.
 */
export async function previewExclusion(
  scope: ExclusionScope,
  incidents: AsyncIterable<readonly Previewed[]> | Iterable<readonly Previewed[]>,
): Promise<ExclusionPreview> {
  let count = 0;
  let narrowed = 0;
  let confirmedHidden = 0;
  const removedIds: string[] = [];
  for await (const page of incidents) {
    for (const incident of page) {
      count++;
      const covered = shareCovered(scope, incident);
      if (covered === 1) {
        removedIds.push(incident.id);
        if (incident.verdict === 'confirmed') confirmedHidden++;
      } else if (covered > 0) narrowed++;
    }
  }
  const removed = removedIds.length;
  const sentence =
    `Removes ${removed} of the last ${EXCLUSION_DAYS} days' ${count} incidents` +
    `${narrowed > 0 ? `, leaves a part of ${narrowed}` : ''}, would have hidden ${confirmedHidden} confirmed.`;
  return { incidents: count, removed, narrowed, confirmedHidden, removedIds, sentence };
}

/** Share of what an incident shows, behaviours at endpoints, that a scope covers. */
function shareCovered(scope: ExclusionScope, { entity, behavior, behaviors, requests, ...peak }: Previewed): number {
  const places = requests === undefined || requests.length === 0 ? [peak] : requests;
  const shown = Object.keys(behaviors).length === 0 ? [behavior] : Object.keys(behaviors);
  const all = places.flatMap(({ service, endpoint }) =>
    shown.map((name) => covers(scope, { entity, service, endpoint, behavior: name })),
  );
  return all.filter(Boolean).length / all.length;
}
