import { kindOf } from '../../processor/src/evaluation/label-outcomes.ts';
import { createWorld, type WorldOptions } from '../../processor/src/simulation/world.ts';
import { type EpisodeOutcome, episodeOutcomes } from './episode-outcome.ts';
import { type DetectorMeasures, MeasuredWindows } from './measured-windows.ts';
import { evaluateWorld } from './simulated-world.ts';
import { TRAIN_SHARE } from './world-mix.ts';

/** What came out of one world, small enough to be handed between threads. */
export interface WorldOutcome {
  readonly seed: number;
  readonly spans: number;
  /** Length of the test part. */
  readonly days: number;
  readonly windows: number;
  readonly positiveWindows: number;
  /** How many of them belong to a low-and-slow attack. */
  readonly slowWindows: number;
  /** Share of the unlabelled calls that were flagged. */
  readonly ordinaryFlagged: number;
  /** Incidents that are about nothing labelled: what they were named, and whether they are an endpoint's. */
  readonly falseIncidents: readonly FalseIncident[];
  /**
   * By group of labels: `all`, an intensity, `plain` (medium and high), `brief` (all but low-and-slow), a behavior, or
   * `behavior intensity`.
   */
  readonly measures: Readonly<Record<string, DetectorMeasures>>;
  readonly episodes: readonly EpisodeOutcome[];
  /** Our evidence in nats that one ordinary window in twenty, and one in a thousand, exceeds. */
  readonly ordinaryEvidence: OrdinaryEvidence;
}

export interface FalseIncident {
  readonly behavior: string;
  readonly isOfEndpoint: boolean;
}

export interface OrdinaryEvidence {
  readonly oneIn20: number;
  readonly oneIn1000: number;
}

/** Builds a world, judges its second half, and sums it up. */
export async function worldOutcome(options: WorldOptions): Promise<WorldOutcome> {
  const { windows, spans, ordinaryFlagged, incidentKinds } = await evaluateWorld(options, TRAIN_SHARE);
  const measured = new MeasuredWindows(windows);
  const { episodes } = createWorld(options);
  const intensityOf = new Map(episodes.map(({ label, intensity }) => [label, intensity as string]));
  const groups = new Map<string, (label: string) => boolean>([['all', () => true]]);
  groups.set('brief', (label) => !isSlow(label));
  groups.set('plain', (label) => intensityOf.get(label) !== 'low');
  for (const { behavior, intensity } of episodes) {
    groups.set(intensity, (label) => intensityOf.get(label) === intensity);
    groups.set(behavior, (label) => kindOf(label) === behavior);
    groups.set(`${behavior} ${intensity}`, (label) => {
      return kindOf(label) === behavior && intensityOf.get(label) === intensity;
    });
  }
  const positives = windows.positives(measured.units);
  const evidence = windows.evidence(measured.units);
  const incidents = windows.incidents.outcomes((unit) => windows.isPositive(unit));
  return {
    seed: options.seed,
    spans,
    days: options.days * (1 - TRAIN_SHARE),
    windows: measured.units.length,
    positiveWindows: positives.reduce((sum, flag) => sum + flag, 0),
    slowWindows: measured.units.filter((unit) => windows.labelsOf(unit).some(isSlow)).length,
    ordinaryFlagged,
    falseIncidents: incidents
      .filter(({ isFalse }) => isFalse)
      .map(({ id, behavior }) => ({ behavior, isOfEndpoint: incidentKinds.get(id) === 'endpoint' })),
    measures: Object.fromEntries(Array.from(groups, ([name, isOfGroup]) => [name, measured.measures(isOfGroup)])),
    episodes: episodeOutcomes(
      windows,
      episodes.map((episode) => ({ ...episode, kind: episode.behavior })),
    ),
    ordinaryEvidence: ordinaryEvidence(evidence.filter((_, place) => positives[place] === 0)),
  };
}

const isSlow = (label: string): boolean => kindOf(label) === 'low_and_slow';

export function ordinaryEvidence(evidence: Float64Array): OrdinaryEvidence {
  const sorted = evidence.toSorted();
  const exceededBy = (share: number) => sorted[Math.floor((1 - share) * sorted.length)] ?? Number.NaN;
  return { oneIn20: exceededBy(1 / 20), oneIn1000: exceededBy(1 / 1000) };
}
