import type { EntityWindows } from '../../processor/src/evaluation/entity-windows.ts';
import { median } from './mean-estimate.ts';

/** What became of one attack. */
export interface EpisodeOutcome {
  /** The behavior a detector should name. */
  readonly behavior: string;
  /** What it is listed under: the behavior, or a closer kind. */
  readonly kind: string;
  readonly intensity: string;
  /** `plain` or `disguised`, where both exist. */
  readonly variant?: string;
  readonly label: string;
  readonly isFound: boolean;
  /** From its first call to its first anomaly; NaN when it was missed. */
  readonly delaySeconds: number;
  /** What most of its anomalies were named; undefined when there were none. */
  readonly named: string | undefined;
  /** Of its windows: how many, the median of our evidence in nats and of the requests. */
  readonly windows: number;
  readonly medianEvidence: number;
  readonly medianRequests: number;
}

/** The attacks of a world by their labels. Those without any call in the test part are left out. */
export function episodeOutcomes(
  windows: EntityWindows,
  attacks: readonly Pick<EpisodeOutcome, 'behavior' | 'kind' | 'intensity' | 'variant' | 'label'>[],
): EpisodeOutcome[] {
  const units = windows.unitsOf('test');
  const evidence = windows.evidence(units);
  const requests = windows.quantity('requests', units);
  const placesOf = new Map<string, number[]>();
  for (const [place, unit] of units.entries()) {
    for (const label of windows.labelsOf(unit)) {
      const places = placesOf.get(label);
      if (places === undefined) placesOf.set(label, [place]);
      else places.push(place);
    }
  }
  const outcomes = new Map(windows.labels.outcomes().map((outcome) => [outcome.label, outcome]));
  return attacks.flatMap(({ behavior, kind, intensity, variant, label }) => {
    const outcome = outcomes.get(label);
    if (outcome === undefined) return [];
    const places = placesOf.get(label) ?? [];
    const { foundSeconds, firstSeconds, behaviors } = outcome;
    return [
      {
        behavior,
        kind,
        intensity,
        label,
        ...(variant !== undefined && { variant }),
        isFound: foundSeconds !== undefined,
        delaySeconds: foundSeconds === undefined ? Number.NaN : foundSeconds - firstSeconds,
        named: behaviors[0],
        windows: places.length,
        medianEvidence: median(places.map((place) => evidence[place]!)),
        medianRequests: median(places.map((place) => requests[place]!)),
      },
    ];
  });
}
