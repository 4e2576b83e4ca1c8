import type { EndpointTable } from './call/endpoint-table.ts';
import { displayName } from './call/pseudonym.ts';
import type { Incident } from './detection/incident.ts';

/** What an incident looks like from outside: no key, only the pseudonym. */
export interface IncidentNotice {
  readonly id: string;
  readonly behavior: string;
  readonly severity: string;
  readonly score: number;
  readonly kind: string;
  /** Pseudonym of a user or address; the endpoint's name for an endpoint. */
  readonly entity: string;
  readonly service: string;
  readonly endpoint: string;
  readonly reason: string;
  readonly startSeconds: number;
}

export function noticeOf(incident: Incident, endpoints: EndpointTable): IncidentNotice {
  const { id, behavior, severity, score, kind, entityHigh, entityLow, reason, startSeconds } = incident;
  const where = endpoints.describe(incident.endpoint);
  const entity =
    kind === 'endpoint'
      ? endpoints.describe(entityLow).endpoint
      : displayName(kind === 'user' ? 'u' : 'a', entityHigh, entityLow);
  return { id, behavior, severity, score, kind, entity, ...where, reason, startSeconds };
}
