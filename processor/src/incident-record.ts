/** Incidents as the database keeps them, and back: what is open when the service stops goes on after it. */
import type { EntityNames } from './call/entity-names.ts';
import { displayName, parseDisplayName } from './call/pseudonym.ts';
import { type Behavior, BEHAVIOR_NAMES } from './detection/behaviors.ts';
import { rarityOf } from './detection/evidence.ts';
import type { Incident, SavedIncident } from './detection/incident.ts';
import type { KeptRequest } from './detection/kept-requests.ts';
import type { FullIncident, IncidentRequest } from './store/incidents.ts';

/** `closedMs`: undefined while the incident is open. */
export function incidentRecord(incident: Incident, closedMs: number | undefined, names: EntityNames): FullIncident {
  const { id, kind, entityHigh, entityLow, behavior, severity, score, evidence, reason, anomalies } = incident;
  return {
    id,
    kind,
    entity: names.entity(kind, entityHigh, entityLow),
    startMs: incident.startSeconds * 1000,
    lastMs: incident.lastSeconds * 1000,
    closedMs,
    behavior,
    behaviors: Object.fromEntries(incident.behaviors),
    severity,
    score,
    evidence,
    reason,
    anomalies,
    ...names.endpoint(incident.endpoint),
    modelVersion: incident.modelVersion,
    series: [...incident.series],
    requests: incident.requests.list().map((request) => requestRecord(request, names)),
    features: incident.explanation,
  };
}

export function requestRecord(request: KeptRequest, names: EntityNames): IncidentRequest {
  const { seconds, endpoint, traceId, spanId, statusCode, durationSeconds, score, userHigh, userLow } = request;
  return {
    timeMs: seconds * 1000,
    ...names.endpoint(endpoint),
    traceId,
    spanId,
    ...(statusCode !== 0 && { statusCode }),
    durationMs: Number.isNaN(durationSeconds) ? 0 : durationSeconds * 1000,
    score,
    ...((userHigh !== 0 || userLow !== 0) && { user: displayName('u', userHigh, userLow) }),
  };
}

/** Id of what stands for every endpoint that is not known. */
const OTHER_ENDPOINT = 0;

/**
 * The incident of a record, to go on with. `endpoints`: the ids there are now, by name. Undefined when it is of an
 * endpoint that is not known any more.
 */
export function savedIncident(record: FullIncident, endpoints: ReadonlyMap<string, number>): SavedIncident | undefined {
  const { id, kind, entity, score, evidence, severity, reason, anomalies, modelVersion, series } = record;
  const endpointOf = (of: { readonly service: string; readonly endpoint: string }): number =>
    endpoints.get(`${of.service} ${of.endpoint}`) ?? OTHER_ENDPOINT;
  const endpointId = endpoints.get(entity);
  const key =
    kind !== 'endpoint'
      ? parseDisplayName(entity)
      : endpointId === undefined
        ? undefined
        : { high: 0, low: endpointId };
  if (key === undefined) return undefined;
  return {
    id,
    kind,
    entityHigh: key.high,
    entityLow: key.low,
    startSeconds: record.startMs / 1000,
    lastSeconds: record.lastMs / 1000,
    behavior: behaviorOf(record.behavior),
    behaviors: new Map(Object.entries(record.behaviors).map(([name, count]) => [behaviorOf(name), count])),
    score,
    evidence,
    severity,
    reason,
    explanation: record.features,
    endpoint: endpointOf(record),
    modelVersion,
    anomalies,
    series: [...series],
    requests: record.requests.map((request) => keptRequest(request, endpointOf(request))),
  };
}

function keptRequest(request: IncidentRequest, endpoint: number): KeptRequest {
  const { timeMs, traceId, spanId, statusCode = 0, durationMs, score, user = '' } = request;
  const { high: userHigh, low: userLow } = parseDisplayName(user) ?? { high: 0, low: 0 };
  return {
    seconds: timeMs / 1000,
    endpoint,
    traceId,
    spanId,
    statusCode,
    durationSeconds: durationMs / 1000,
    score,
    // Not kept; its place among the most unusual is as good by what the score says.
    evidence: rarityOf(score),
    userHigh,
    userLow,
  };
}

/** `other` for one that this version does not know. */
const behaviorOf = (name: string): Behavior => BEHAVIOR_NAMES.find((known) => known === name) ?? 'other';
