/** Incidents: consecutive anomalies of one entity are one incident, so that one cause alerts once. */
import { type Behavior, severityOf, type Severity } from './behaviors.ts';
import type { FeatureExplanation } from './explanation.ts';
import { type KeptRequest, KeptRequests, RequestRoom } from './kept-requests.ts';
import { noteScore } from './score-series.ts';

type EntityKind = 'user' | 'address' | 'endpoint';

/** Quiet time after which an incident is over, seconds of event time. */
export const QUIET_SECONDS = 30 * 60;
/** Open incidents at most; beyond that the one quiet for longest is closed early. */
const MOST_OPEN = 10_000;
/** Requests kept at most, of all open incidents together; each takes about 200 bytes. */
const MOST_REQUESTS = 50_000;

export interface Incident {
  readonly id: string;
  readonly kind: EntityKind;
  entityHigh: number;
  entityLow: number;
  readonly startSeconds: number;
  lastSeconds: number;
  /** Dominant behaviour: the one with the most anomalies. */
  behavior: Behavior;
  readonly behaviors: Map<Behavior, number>;
  /** Highest score so far, 0..1. */
  score: number;
  /** Highest evidence so far, nats. */
  evidence: number;
  severity: Severity;
  /** Of the most unusual anomaly: its sentence, its features, strongest first, its endpoint. */
  reason: string;
  explanation: readonly FeatureExplanation[];
  endpoint: number;
  modelVersion: string;
  anomalies: number;
  /** The first and the most unusual, 100 at most. */
  readonly requests: KeptRequests;
  /** Highest score of each window of 5 minutes, oldest first, the latest 48; 0 for one without anomaly. */
  readonly series: number[];
}

/** An open incident of an earlier run. */
export type SavedIncident = Omit<Incident, 'requests'> & { readonly requests: readonly KeptRequest[] };

/** One anomaly of an entity, as the book of incidents needs it. */
export interface AnomalyEvent {
  kind: EntityKind;
  entityHigh: number;
  entityLow: number;
  seconds: number;
  behavior: Behavior;
  /** 0..1. */
  score: number;
  /** Nats. */
  evidence: number;
  /** Made only when the anomaly is the most unusual of its incident. */
  reason: () => string;
  explain: () => readonly FeatureExplanation[];
  /** Made only when the request is one to keep. */
  request: () => KeptRequest;
  endpoint: number;
  modelVersion: string;
}

export interface IncidentListener {
  opened(incident: Incident): void;
  /** Another anomaly of an open incident; called for each, so to be cheap. */
  updated?(incident: Incident): void;
  closed(incident: Incident): void;
}

export class IncidentBook {
  readonly #open = new Map<string, Incident>();
  readonly #listener: IncidentListener;
  readonly #room = new RequestRoom(MOST_REQUESTS);

  constructor(listener: IncidentListener) {
    this.#listener = listener;
  }

  get open(): Iterable<Incident> {
    return this.#open.values();
  }

  /** The open incident that an anomaly of an entity at `seconds` would belong to; undefined if it would begin another. */
  openOf(kind: EntityKind, high: number, low: number, seconds: number): Incident | undefined {
    const incident = this.#open.get(keyOf(kind, high, low));
    return incident === undefined || isOver(incident, seconds) ? undefined : incident;
  }

  /** Takes an anomaly into its entity's incident, opening one if none is open. */
  add(event: AnomalyEvent): Incident {
    const key = keyOf(event.kind, event.entityHigh, event.entityLow);
    let incident = this.#open.get(key);
    if (incident !== undefined && isOver(incident, event.seconds)) {
      this.#close(key, incident);
      incident = undefined;
    }
    if (incident === undefined) {
      this.#makeRoom();
      incident = openIncident(event, new KeptRequests(this.#room));
      this.#open.set(key, incident);
      this.#take(incident, event);
      this.#listener.opened(incident);
    } else {
      this.#take(incident, event);
      this.#listener.updated?.(incident);
    }
    return incident;
  }

  /** Goes on with an incident of an earlier run, untold. False, and nothing is done, if its entity has one or all are too many. */
  resume({ requests, ...saved }: SavedIncident): boolean {
    const key = keyOf(saved.kind, saved.entityHigh, saved.entityLow);
    if (this.#open.has(key) || this.#open.size >= MOST_OPEN) return false;
    const incident = { ...saved, requests: new KeptRequests(this.#room) };
    for (const request of requests) incident.requests.offer(request.evidence, () => request);
    this.#open.set(key, incident);
    return true;
  }

  /** Closes what has been quiet for 30 minutes of event time. */
  closeQuiet(nowSeconds: number): void {
    for (const [key, incident] of this.#open) {
      if (isOver(incident, nowSeconds)) this.#close(key, incident);
    }
  }

  /**
   * Forgets a user or an address that is erased: its open incident, which is returned and not told as closed, and a user's
   * requests in the incidents of others.
   */
  forget(kind: EntityKind, high: number, low: number): Incident | undefined {
    const key = keyOf(kind, high, low);
    const incident = this.#open.get(key);
    this.#open.delete(key);
    incident?.requests.release();
    if (kind === 'user') for (const { requests } of this.#open.values()) requests.forgetUser(high, low);
    return incident;
  }

  /** A user or an address goes by another key: its incidents, unless it has one by that already, and a user's requests. */
  rename(formerHigh: number, formerLow: number, high: number, low: number): void {
    for (const kind of ['user', 'address'] as const) {
      const key = keyOf(kind, formerHigh, formerLow);
      const presentKey = keyOf(kind, high, low);
      const incident = this.#open.get(key);
      if (incident === undefined || this.#open.has(presentKey)) continue;
      this.#open.delete(key);
      this.#open.set(presentKey, incident);
      incident.entityHigh = high;
      incident.entityLow = low;
    }
    for (const { requests } of this.#open.values()) requests.renameUser(formerHigh, formerLow, high, low);
  }

  #take(incident: Incident, event: AnomalyEvent): void {
    incident.anomalies++;
    noteScore(incident.series, incident.lastSeconds, event.seconds, event.score);
    incident.lastSeconds = Math.max(incident.lastSeconds, event.seconds);
    const count = (incident.behaviors.get(event.behavior) ?? 0) + 1;
    incident.behaviors.set(event.behavior, count);
    if (count > (incident.behaviors.get(incident.behavior) ?? 0)) incident.behavior = event.behavior;
    incident.requests.offer(event.evidence, event.request);
    if (isMoreUnusual(event, incident) || incident.reason === '') {
      incident.score = Math.max(incident.score, event.score);
      incident.evidence = Math.max(incident.evidence, event.evidence);
      incident.severity = severityOf(incident.score);
      incident.reason = event.reason();
      incident.explanation = event.explain();
      incident.endpoint = event.endpoint;
      incident.modelVersion = event.modelVersion;
    }
  }

  #close(key: string, incident: Incident): void {
    this.#open.delete(key);
    this.#listener.closed(incident);
    incident.requests.release();
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

const keyOf = (kind: EntityKind, high: number, low: number): string => `${kind}:${high}:${low}`;

/** Whether an incident has been quiet for more than 30 minutes at `seconds`. */
const isOver = ({ lastSeconds }: Incident, seconds: number): boolean => seconds - lastSeconds > QUIET_SECONDS;

/** By score; among scores of 1, which say no more than one in a million, by evidence. */
const isMoreUnusual = (event: AnomalyEvent, { score, evidence }: Incident): boolean =>
  event.score > score || (event.score === score && event.evidence > evidence);

function openIncident(event: AnomalyEvent, requests: KeptRequests): Incident {
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
    evidence: 0,
    severity: 'low',
    reason: '',
    explanation: [],
    endpoint: event.endpoint,
    modelVersion: event.modelVersion,
    anomalies: 0,
    requests,
    series: [],
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
