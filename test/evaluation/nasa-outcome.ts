import type { ApiCall } from '../../processor/src/call/api-call.ts';
import type { EntityWindows } from '../../processor/src/evaluation/entity-windows.ts';
import { type LabelledListener, LabelledReplay } from '../../processor/src/evaluation/labelled-replay.ts';
import { referencePath } from '../support/reference-data.ts';
import { type EpisodeOutcome, episodeOutcomes } from './episode-outcome.ts';
import { type InjectedAttack, injectAttacks } from './injected-attacks.ts';
import { labelledRequests } from './labelled-requests.ts';
import { type DetectorMeasures, type Measures, MeasuredWindows } from './measured-windows.ts';
import { NASA_FILE, NASA_RESOLUTION_MS, NASA_SERVICE, readNasaRequests } from './nasa-traffic.ts';
import { EVALUATED_CONFIG } from './simulated-world.ts';
import { serverSpans } from './web-request.ts';
import { ordinaryEvidence, type OrdinaryEvidence } from './world-outcome.ts';

/** What came out of NASA's traffic with the attacks of one seed laid over it. */
export interface NasaOutcome {
  readonly seed: number;
  readonly windows: number;
  readonly positiveWindows: number;
  readonly days: number;
  readonly falseIncidents: number;
  /** Share of the windows without an attack in which something was flagged. */
  readonly ordinaryFlagged: number;
  /** By group of attacks: `all`, a variant, a kind, or `kind variant`. */
  readonly measures: Readonly<Record<string, DetectorMeasures>>;
  /** Login brute force alone, by variant: what a rule on the number of POST requests makes of it. */
  readonly singleRule: Readonly<Record<string, Measures>>;
  readonly episodes: readonly EpisodeOutcome[];
  readonly ordinaryEvidence: OrdinaryEvidence;
}

const DAY_MS = 86_400_000;

/** The measures are of addresses: the log knows no users. */
export async function nasaOutcome({ seed }: { readonly seed: number }): Promise<NasaOutcome> {
  const background = [...readNasaRequests(referencePath(...NASA_FILE))];
  const { requests, attacks, quietUntilMs } = injectAttacks(background, { seed, resolutionMs: NASA_RESOLUTION_MS });
  const endMs = requests.at(-1)!.timeMs;
  const posts = new PostCounts(() => labelled.windows);
  const labelled: LabelledReplay = new LabelledReplay({
    config: EVALUATED_CONFIG,
    learning: { until: quietUntilMs / 1000 },
    bounds: { from: requests[0]!.timeMs / 1000, to: endMs / 1000 },
    seed: 1,
    listener: posts,
  });
  for (const { body, judged } of labelledRequests([...serverSpans(requests, NASA_SERVICE, seed)])) {
    await labelled.judge(body, (span) => judged[span]!.label || undefined);
  }
  labelled.replay.finish();
  const { windows } = labelled;
  const measured = new MeasuredWindows(windows, ['p95_duration_ms']);
  const positives = windows.positives(measured.units);
  const evidence = windows.evidence(measured.units);
  const flagged = windows.anomalies(measured.units).filter((_, place) => positives[place] === 0);
  const logins = posts.of(measured.units);
  const singleRule = [...bruteForce(attacks)].map(([variant, isOfGroup]) => {
    return [variant, measured.measuresOf(logins, isOfGroup)] as const;
  });
  const groups = [...attackGroups(attacks)].map(([name, isOfGroup]) => [name, measured.measures(isOfGroup)] as const);
  return {
    seed,
    windows: measured.units.length,
    positiveWindows: positives.reduce((sum, flag) => sum + flag, 0),
    days: (endMs - quietUntilMs) / DAY_MS,
    falseIncidents: windows.incidents.outcomes((unit) => windows.isPositive(unit)).filter(({ isFalse }) => isFalse)
      .length,
    ordinaryFlagged: flagged.reduce((sum, flag) => sum + flag, 0) / Math.max(1, flagged.length),
    measures: Object.fromEntries(groups),
    singleRule: Object.fromEntries(singleRule),
    episodes: episodeOutcomes(windows, attacks),
    ordinaryEvidence: ordinaryEvidence(evidence.filter((_, place) => positives[place] === 0)),
  };
}

/**
 * POST requests a window, counted apart from our own notion of what a login is: whoever writes a rule for one site knows the
 * address of its login. All that is written to this site are logins.
 */
class PostCounts implements LabelledListener {
  readonly #windows: () => EntityWindows;
  readonly #counts = new Map<number, number>();

  constructor(windows: () => EntityWindows) {
    this.#windows = windows;
  }

  call(call: ApiCall): void {
    if (!call.isWrite) return;
    const unit = this.#windows().unitOf(call);
    this.#counts.set(unit, (this.#counts.get(unit) ?? 0) + 1);
  }

  /** Of each of the units. */
  of(units: Uint32Array): Float64Array {
    return Float64Array.from(units, (unit) => this.#counts.get(unit) ?? 0);
  }
}

function attackGroups(attacks: readonly InjectedAttack[]): Map<string, (label: string) => boolean> {
  const attackOf = new Map(attacks.map((attack) => [attack.label, attack]));
  const groups = new Map<string, (label: string) => boolean>([['all', () => true]]);
  for (const { kind, variant } of attacks) {
    groups.set(variant, (label) => attackOf.get(label)?.variant === variant);
    groups.set(kind, (label) => attackOf.get(label)?.kind === kind);
    groups.set(`${kind} ${variant}`, (label) => {
      return attackOf.get(label)?.kind === kind && attackOf.get(label)?.variant === variant;
    });
  }
  return groups;
}

/** The groups of login brute force, by variant. */
function bruteForce(attacks: readonly InjectedAttack[]): Map<string, (label: string) => boolean> {
  const groups = new Map<string, (label: string) => boolean>();
  for (const { kind, variant, label: own } of attacks) {
    if (kind === 'login_brute_force') groups.set(variant, (label) => label === own);
  }
  return groups;
}
