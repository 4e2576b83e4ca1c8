/** What really happened in the demo, kept aside, and how the verdicts compare with it. */
import type { Episode } from '../simulation/episode.ts';
import { type SimulatedSpan, SpanKind } from '../simulation/span.ts';
import type { FlaggedSpan } from './demo-next-hop.ts';

/** An incident of an attack may go on for so long after the attack's last request: incidents close after a quiet time. */
const AFTERMATH_MS = 30 * 60_000;

/** An incident is about an attack when at least this share of its spans is: one unlucky bystander does not excuse a false alarm. */
const SHARE_OF_INCIDENT = 0.25;

/** One incident, put together from the spans that name it. */
interface DemoIncident {
  readonly id: string;
  /** As its most unusual span names it. */
  readonly behavior: string;
  readonly reason: string;
  readonly score: number;
  readonly spans: number;
}

export interface EpisodeResult {
  readonly episode: Episode;
  readonly labelledSpans: number;
  readonly flaggedSpans: number;
  /** Behaviors under which it was found, the most frequent first; empty when it was missed. */
  readonly foundAs: readonly string[];
  /** From the start of the attack to its first anomaly; undefined when it was missed. */
  readonly delayMs: number | undefined;
}

export interface ScoreCard {
  readonly episodes: readonly EpisodeResult[];
  readonly found: number;
  readonly missed: number;
  /** Incidents that belong to no attack. */
  readonly falseAlarms: readonly DemoIncident[];
  readonly incidents: number;
  /** SERVER spans that are no attack's own, and how many of them were flagged, be it beside an attack. */
  readonly ordinarySpans: number;
  readonly ordinaryFlagged: number;
}

/** What the truth knows of one span. */
interface Witness {
  readonly label: string;
  readonly timeMs: number;
  readonly entities: readonly string[];
}

/** The ground truth, by span id. It is never sent: the detector has no way to see it. */
export class GroundTruth {
  readonly #episodes: readonly Episode[];
  readonly #witnesses = new Map<string, Witness>();

  constructor(episodes: readonly Episode[]) {
    this.#episodes = episodes;
  }

  /** Keeps what is known of a span that is about to be sent. */
  note(span: SimulatedSpan): void {
    if (span.kind !== SpanKind.SERVER) return;
    const { attributes, label, startMs, resource } = span;
    const user = attributes['user.id'] ?? attributes['enduser.id'];
    const address = attributes['client.address'] ?? attributes['http.client_ip'];
    const route = attributes['http.route'] ?? attributes['url.path'];
    const method = attributes['http.request.method'] ?? attributes['http.method'];
    const entities = [user, address, `${resource.service} ${method} ${route}`];
    this.#witnesses.set(span.spanId, { label, timeMs: startMs, entities: entities.map(String) });
  }

  /** Compares the anomalies with what happened. */
  judge(flagged: readonly FlaggedSpan[]): ScoreCard {
    const byIncident = Map.groupBy(flagged, ({ incidentId }) => incidentId);
    const culprits = new Map(Array.from(byIncident, ([id, spans]) => [id, this.#culpritsOf(spans)]));
    const episodes = this.#episodes.map((episode) => this.#resultOf(episode, byIncident, culprits));
    const found = episodes.filter(({ delayMs }) => delayMs !== undefined).length;
    const falseIds = [...byIncident.keys()].filter((id) => culprits.get(id)!.size === 0);
    const falseAlarms = falseIds.map((id) => incidentOf(id, byIncident.get(id)!));
    let ordinarySpans = 0;
    for (const { label } of this.#witnesses.values()) if (label === '') ordinarySpans++;
    const ordinaryFlagged = flagged.filter(({ spanId }) => this.#witnesses.get(spanId)?.label === '').length;
    return {
      episodes,
      found,
      missed: episodes.length - found,
      falseAlarms,
      incidents: byIncident.size,
      ordinarySpans,
      ordinaryFlagged,
    };
  }

  /** Labels of the attacks an incident is about: a good part of its spans is theirs, or their culprit's just then or after. */
  #culpritsOf(spans: readonly FlaggedSpan[]): ReadonlySet<string> {
    const witnesses = spans.map(({ spanId }) => this.#witnesses.get(spanId)).filter((witness) => witness !== undefined);
    const suspects = this.#episodes.filter((episode) => {
      const own = witnesses.filter((witness) => isPartOf(witness, episode));
      return own.length > 0 && own.length >= SHARE_OF_INCIDENT * witnesses.length;
    });
    return new Set(suspects.map(({ label }) => label));
  }

  #resultOf(
    episode: Episode,
    byIncident: ReadonlyMap<string, readonly FlaggedSpan[]>,
    culprits: ReadonlyMap<string, ReadonlySet<string>>,
  ): EpisodeResult {
    const behaviors = new Map<string, number>();
    let firstMs: number | undefined;
    let flaggedSpans = 0;
    for (const [id, spans] of byIncident) {
      if (!culprits.get(id)!.has(episode.label)) continue;
      for (const { spanId, behavior } of spans) {
        const witness = this.#witnesses.get(spanId);
        if (witness === undefined || !isPartOf(witness, episode)) continue;
        if (witness.label === episode.label) flaggedSpans++;
        behaviors.set(behavior, (behaviors.get(behavior) ?? 0) + 1);
        firstMs = Math.min(firstMs ?? witness.timeMs, witness.timeMs);
      }
    }
    let labelledSpans = 0;
    for (const { label } of this.#witnesses.values()) if (label === episode.label) labelledSpans++;
    return {
      episode,
      labelledSpans,
      flaggedSpans,
      foundAs: [...behaviors].toSorted(([, a], [, b]) => b - a).map(([behavior]) => behavior),
      delayMs: firstMs === undefined ? undefined : Math.max(0, firstMs - episode.fromMs),
    };
  }
}

/** Whether a span is the attack's own, or another one of its culprit while it goes on or soon after. */
function isPartOf({ label, timeMs, entities }: Witness, episode: Episode): boolean {
  if (label !== '') return label === episode.label;
  const isThen = timeMs >= episode.fromMs && timeMs < episode.untilMs + AFTERMATH_MS;
  return isThen && entities.some((entity) => episode.entities.includes(entity));
}

function incidentOf(id: string, spans: readonly FlaggedSpan[]): DemoIncident {
  const strongest = spans.reduce((best, span) => (span.score > best.score ? span : best));
  const { behavior, reason, score } = strongest;
  return { id, behavior, reason, score, spans: spans.length };
}
