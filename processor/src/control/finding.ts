/** What anomalies and incidents have in common: whom they are about, and by what lists are narrowed. */
import { z } from 'zod';
import { BEHAVIOR_NAMES } from '../detection/behaviors.ts';
import { timeRange } from './page.ts';

const entityKind = z.enum(['user', 'address', 'endpoint']);
const severity = z.enum(['low', 'medium', 'high', 'critical']);
export const behavior = z.enum(BEHAVIOR_NAMES);

/** A name as lists show it: a pseudonym, or a service and an endpoint. */
export const shownName = z.string().min(1).max(600);

/** Filters of a list of findings; all that are given must hold. */
export const findingFilters = {
  ...timeRange,
  kind: entityKind.optional().describe('Only of users, addresses or endpoints.'),
  entity: shownName.optional().describe('Pseudonym of a user or an address, or service and endpoint, as shown.'),
  service: z.string().min(1).max(256).optional(),
  endpoint: shownName.optional().describe('Endpoint as shown, such as GET /orders/{id}.'),
  behavior: behavior.optional(),
  severity: severity.optional(),
  min_score: z.coerce.number().min(0).max(1).optional().describe('Only with this score or a higher one.'),
};

/** The filters as the store takes them. */
export function filterOf(query: z.output<z.ZodObject<typeof findingFilters>>) {
  const { from, to, kind, entity, service, endpoint, behavior: named, severity: grade, min_score: minScore } = query;
  return { fromMs: from, toMs: to, kind, entity, service, endpoint, behavior: named, severity: grade, minScore };
}

/** Of both. `entity` is a pseudonym, or service and endpoint; never a raw id. */
export const findingShape = {
  kind: entityKind,
  entity: z.string().describe('Pseudonym of a user or an address; service and endpoint of an endpoint.'),
  service: z.string(),
  endpoint: z.string().describe('Template, never a path.'),
  behavior: z.string(),
  severity,
  owasp: z.string().nullable().describe('OWASP API Security Top 10 (2023), where one fits.'),
  score: z.number().min(0).max(1),
  evidence: z.number().describe('Nats.'),
  reason: z.string(),
  model_version: z.string(),
};
