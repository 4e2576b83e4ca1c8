/** `/anomalies`: spans whose verdict was true. */
import { z } from 'zod';
import { owaspOf } from '../../detection/behaviors.ts';
import { ServiceError } from '../../errors.ts';
import type { Anomalies, Anomaly } from '../../store/anomalies.ts';
import type { ControlApp } from '../call.ts';
import { filterOf, findingFilters, findingShape } from '../finding.ts';
import { identifier } from '../identifier.ts';
import { instant, instantOutput } from '../instant.ts';
import { finite, measure } from '../measure.ts';
import { order, pageAnswer, pageOf, pageQuery } from '../page.ts';

export type AnomaliesView = Pick<Anomalies, 'list' | 'get'>;

const anomaliesQuery = pageQuery.extend({
  ...findingFilters,
  incident: identifier.optional().describe('Only of this incident.'),
  sort: z.enum(['time', 'score']).default('time'),
  order,
});

const anomalySchema = z.object({
  id: z.string(),
  time: instantOutput.describe('Start of the span.'),
  user: z.string().nullable().describe('Pseudonym of who called.'),
  address: z.string().nullable().describe('Pseudonym of where from.'),
  ...findingShape,
  features: z.array(z.string()).describe('Top contributing features, strongest first.'),
  trace_id: z.string(),
  span_id: z.string(),
  status_code: z.int().nullable(),
  duration_ms: measure,
  incident: z.string().nullable(),
  series: z
    .array(z.number())
    .describe('Of its incident: highest score of each five minutes, oldest first; for a sparkline.'),
});

function anomalyAnswer(anomaly: Anomaly): z.output<typeof anomalySchema> {
  const { id, kind, entity, service, endpoint, behavior, severity, score, evidence, reason, features } = anomaly;
  return {
    id,
    time: instant(anomaly.timeMs),
    user: anomaly.user ?? null,
    address: anomaly.address ?? null,
    kind,
    entity,
    service,
    endpoint,
    behavior,
    severity,
    score,
    evidence,
    reason,
    owasp: owaspOf(behavior) ?? null,
    model_version: anomaly.modelVersion,
    features: [...features],
    trace_id: anomaly.traceId,
    span_id: anomaly.spanId,
    status_code: anomaly.statusCode ?? null,
    duration_ms: finite(anomaly.durationMs),
    incident: anomaly.incidentId ?? null,
    series: [...anomaly.series],
  };
}

export function addAnomalyRoutes(app: ControlApp, anomalies: AnomaliesView): void {
  const tags = ['findings'];
  app.get(
    '/anomalies',
    {
      config: { access: 'viewer' },
      schema: {
        tags,
        summary: 'Anomalies, the latest or the most unusual first',
        querystring: anomaliesQuery,
        response: { 200: pageOf(anomalySchema) },
      },
    },
    async ({ query }) => {
      const { limit, cursor, sort, order: direction, incident } = query;
      const filter = { ...filterOf(query), incidentId: incident };
      return pageAnswer(await anomalies.list(filter, { limit, cursor, sort, order: direction }), anomalyAnswer);
    },
  );
  app.get(
    '/anomalies/:id',
    {
      config: { access: 'viewer' },
      schema: {
        tags,
        summary: 'One anomaly',
        params: z.strictObject({ id: z.string().regex(/^\d{1,15}$/, 'not an id of an anomaly') }),
        response: { 200: anomalySchema },
      },
    },
    async ({ params: { id } }) => {
      const anomaly = await anomalies.get(id);
      if (anomaly !== undefined) return anomalyAnswer(anomaly);
      throw new ServiceError('no_such_record', { noun: 'anomaly', id, list: 'GET /api/v1/anomalies' });
    },
  );
}
