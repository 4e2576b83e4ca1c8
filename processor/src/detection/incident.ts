/** Incidents: consecutive anomalies of one entity are one incident, so that one cause alerts once. */
import { type Behavior, severityOf, type Severity } from './behaviors.ts';

type EntityKind = 'user' | 'address' | 'endpoint';

/** Quiet time after which an incident is over, seconds of event time. */
export const QUIET_SECONDS = 30 * 60;
/** Open incidents at most; beyond that the one quiet for longest is closed early. */
const MOST_OPEN = 10_000;

export interface Incident {
  readonly id: string;
  readonly kind: EntityKind;
  readonly entityHigh: number;
  readonly entityLow: number;
  readonly startSeconds: number;
  lastSeconds: number;
  /** Dominant behaviour: the one with the most anomalies. */
  behavior: Behavior;
  readonly behaviors: Map<Behavior, number>;
  /** Highest score so far, 0..1. */
  score: number;
  severity: Severity;
  /** Sentence of the most unusual anomaly. */
  reason: string;
  anomalies: number;
  /** Endpoint of the most unusual anomaly. */
  endpoint: number;
}

/** One anomaly of an entity, as the book of incidents needs it. */
export interface AnomalyEvent {
  kind: EntityKind;
  entityHigh: number;
  entityLow: number;
  seconds: number;
  behavior: Behavior;
  score: number;
  /** Made only when the anomaly is the most unusual of its incident. */
  reason: () => string;
  endpoint: number;
}

export interface IncidentListener {
  opened(incident: Incident): void;
  closed(incident: Incident): void;
}

export class IncidentBook {
  readonly #open = new Map<string, Incident>();
  readonly #listener: IncidentListener;

  constructor(listener: IncidentListener) {
    this.#listener = listener;
  }

  get open(): Iterable<Incident> {
    return this.#open.values();
  }

  /** Takes an anomaly into its entity's incident, opening one if none is open. */
  add(event: AnomalyEvent): Incident {
    const key = `${event.kind}:${event.entityHigh}:${event.entityLow}`;
    let incident = this.#open.get(key);
    if (incident !== undefined && event.seconds - incident.lastSeconds > QUIET_SECONDS) {
      this.#close(key, incident);
      incident = undefined;
    }
    if (incident === undefined) {
      incident = openIncident(event);
      this.#makeRoom();
      this.#open.set(key, incident);
      this.#take(incident, event);
      this.#listener.opened(incident);
    } else this.#take(incident, event);
    return incident;
  }

  /** Closes what has been quiet for 30 minutes of event time. */
  closeQuiet(nowSeconds: number): void {
    for (const [key, incident] of this.#open) {
      if (nowSeconds - incident.lastSeconds > QUIET_SECONDS) this.#close(key, incident);
    }
  }

  #take(incident: Incident, event: AnomalyEvent): void {
    incident.anomalies++;
    incident.lastSeconds = Math.max(incident.lastSeconds, event.seconds);
    const count = (incident.behaviors.get(event.behavior) ?? 0) + 1;
    incident.behaviors.set(event.behavior, count);
    if (count > (incident.behaviors.get(incident.behavior) ?? 0)) incident.behavior = event.behavior;
    if (event.score > incident.score || incident.reason === '') {
      incident.score = Math.max(incident.score, event.score);
      incident.severity = severityOf(incident.score);
      incident.reason = event.reason();
      incident.endpoint = event.endpoint;
    }
  }

  #close(key: string, incident: Incident): void {
    this.#open.delete(key);
    this.#listener.closed(incident);
  }

  #makeRoom(): void {
    if (this.#open.size < MOST_OPEN) return;
    let quietest: [string, Incident] | undefined;
    for (const entry of this.#open) {
      if (quietest === undefined || entry[1].lastSeconds < quietest[1].lastSeconds) quietest = entry;
    }
    if (quietest !== undefined) this.#close(...quietest);
  }
}

function openIncident(event: AnomalyEvent): Incident {
  return {
    id: incidentId(event),
    kind: event.kind,
    entityHigh: event.entityHigh,
    entityLow: event.entityLow,
    startSeconds: event.seconds,
    lastSeconds: event.seconds,
    behavior: event.behavior,
    behaviors: new Map(),
    score: 0,
    severity: 'low',
    reason: '',
    anomalies: 0,
    endpoint: event.endpoint,
  };
}

/** The same entity and time give the same id, so that a replay names the same incidents: FNV-1a over both. */
function incidentId(event: AnomalyEvent): string {
  const milliseconds = Math.round(event.seconds * 1000);
  const words = [
    event.kind.length,
    event.entityHigh,
    event.entityLow,
    Math.floor(milliseconds / 2 ** 32),
    milliseconds >>> 0,
  ];
  let first = 0x811c9dc5;
  let second = 0x9dc5811c;
  for (const word of words) {
    first = Math.imul(first ^ word, 0x01000193);
    first ^= first >>> 15;
    second = Math.imul(second ^ (word + 0x9e3779b9), 0x85ebca6b);
    second ^= second >>> 13;
  }
  return `i_${hex(first)}${hex(second)}`;
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
