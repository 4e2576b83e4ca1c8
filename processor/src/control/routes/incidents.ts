/** `/incidents`: consecutive anomalies of one entity, with what a person needs to judge them. */
import { z } from 'zod';
import { owaspOf } from '../../detection/behaviors.ts';
import { ServiceError } from '../../errors.ts';
import type { Feedback, FeedbackBook } from '../../store/feedback.ts';
import type {
  FeatureExplanation,
  FeatureRange,
  Incidents,
  ListedIncident,
  ReadIncident,
} from '../../store/incidents.ts';
import type { ControlApp } from '../call.ts';
import { filterOf, findingFilters, findingShape } from '../finding.ts';
import { byId } from '../identifier.ts';
import { instant, instantOrNull, instantOutput } from '../instant.ts';
import { finite, measure } from '../measure.ts';
import { order, pageAnswer, pageOf, pageQuery } from '../page.ts';

export interface IncidentsView {
  readonly incidents: Pick<Incidents, 'list' | 'get'>;
  /** What was said of them. */
  readonly feedback: Pick<FeedbackBook, 'list'>;
}

const incidentsQuery = pageQuery.extend({
  ...findingFilters,
  open: z.stringbool().optional().describe('Only those that are still open, or only those that are not.'),
  feedback: z
    .enum(['none', 'false_positive', 'confirmed'])
    .optional()
    .describe('Only those of which this was said last.'),
  sort: z.enum(['time', 'score']).default('time'),
  order,
});

const verdict = z.enum(['false_positive', 'confirmed']);

const rangeSchema = z
  .object({ p5: z.number(), p50: z.number(), p95: z.number(), percentile: z.number().min(0).max(100) })
  .nullable();

const incidentSchema = z.object({
  id: z.string(),
  open: z.boolean(),
  start: instantOutput,
  last: instantOutput.describe('Latest anomaly.'),
  closed: instantOutput.nullable(),
  ...findingShape,
  behaviors: z.record(z.string(), z.int()).describe('Anomalies by behaviour.'),
  anomalies: z.int(),
  feedback: verdict.nullable().describe('What was said of it last.'),
  series: z.array(z.number()).describe('Highest score of each five minutes, oldest first; for a sparkline.'),
});

const fullIncidentSchema = incidentSchema.extend({
  feedback_given: z
    .array(
      z.object({
        id: z.string(),
        verdict,
        time: instantOutput,
        actor: z.string(),
        note: z.string(),
        exclusion: z.string().nullable().describe('The exclusion that came of it.'),
        withdrawn: instantOutput.nullable(),
      }),
    )
    .describe('The latest first.'),
  requests: z
    .array(
      z.object({
        time: instantOutput,
        service: z.string(),
        endpoint: z.string().describe('Template, never a path.'),
        trace_id: z.string(),
        span_id: z.string(),
        status_code: z.int().nullable(),
        duration_ms: measure,
        score: z.number(),
      }),
    )
    .describe('In order of time, at most 100: the first and the most unusual.'),
  features: z
    .array(
      z.object({
        name: z.string(),
        unit: z.string(),
        direction: z.enum(['above', 'below']),
        observed: measure,
        expected: measure,
        own: rangeSchema.describe("Percentiles of the entity's own history; null where there is too little."),
        peers: rangeSchema.describe('Percentiles of entities of its kind.'),
        nats: measure.describe('Evidence.'),
      }),
    )
    .describe('Of the most unusual anomaly, strongest first.'),
});

function incidentAnswer(incident: ListedIncident): z.output<typeof incidentSchema> {
  const { id, kind, entity, service, endpoint, behavior, severity, score, evidence, reason, anomalies } = incident;
  return {
    id,
    open: incident.closedMs === undefined,
    start: instant(incident.startMs),
    last: instant(incident.lastMs),
    closed: instantOrNull(incident.closedMs),
    kind,
    entity,
    service,
    endpoint,
    behavior,
    severity,
    score,
    evidence,
    reason,
    anomalies,
    owasp: owaspOf(behavior) ?? null,
    model_version: incident.modelVersion,
    behaviors: { ...incident.behaviors },
    feedback: incident.verdict ?? null,
    series: [...incident.series],
  };
}

function fullAnswer(incident: ReadIncident, said: readonly Feedback[]): z.output<typeof fullIncidentSchema> {
  const { requests, features } = incident;
  return {
    ...incidentAnswer(incident),
    feedback_given: said.map(({ id, verdict: given, timeMs, actor, note, exclusionId, withdrawnMs }) => ({
      id,
      verdict: given,
      actor,
      note,
      time: instant(timeMs),
      exclusion: exclusionId ?? null,
      withdrawn: instantOrNull(withdrawnMs),
    })),
    requests: requests.map(({ timeMs, service, endpoint, traceId, spanId, statusCode, durationMs, score }) => ({
      time: instant(timeMs),
      service,
      endpoint,
      trace_id: traceId,
      span_id: spanId,
      status_code: statusCode ?? null,
      duration_ms: finite(durationMs),
      score,
    })),
    features: features.map(featureAnswer),
  };
}

function featureAnswer({ name, unit, direction, observed, expected, own, peers, nats }: FeatureExplanation) {
  return {
    name,
    unit,
    direction,
    observed: finite(observed),
    expected: finite(expected),
    own: rangeAnswer(own),
    peers: rangeAnswer(peers),
    nats: finite(nats),
  };
}

function rangeAnswer(range: FeatureRange | undefined) {
  if (range === undefined) return null;
  const { p5, p50, p95, percentile } = range;
  return [p5, p50, p95, percentile].every(Number.isFinite) ? { p5, p50, p95, percentile } : null;
}

export function addIncidentRoutes(app: ControlApp, { incidents, feedback }: IncidentsView): void {
  const tags = ['findings'];
  app.get(
    '/incidents',
    {
      config: { access: 'viewer' },
      schema: {
        tags,
        summary: 'Incidents, the latest or the most unusual first',
        querystring: incidentsQuery,
        response: { 200: pageOf(incidentSchema) },
      },
    },
    async ({ query }) => {
      const { limit, cursor, sort, order: direction, open, feedback: said } = query;
      const filter = { ...filterOf(query), isOpen: open, verdict: said };
      return pageAnswer(await incidents.list(filter, { limit, cursor, sort, order: direction }), incidentAnswer);
    },
  );
  app.get(
    '/incidents/:id',
    {
      config: { access: 'viewer' },
      schema: {
        tags,
        summary: 'One incident with its requests and features',
        params: byId,
        response: { 200: fullIncidentSchema },
      },
    },
    async ({ params: { id } }) => {
      const incident = await incidents.get(id);
      if (incident !== undefined) return fullAnswer(incident, (await feedback.list({ incidentId: id })).items);
      throw new ServiceError('no_such_record', { noun: 'incident', id, list: 'GET /api/v1/incidents' });
    },
  );
}
