/** `/endpoints`: what is usual for each endpoint, and now. */
import { z } from 'zod';
import type { EndpointList, EndpointMeasures, EndpointSummary } from '../../pipeline/endpoint-list.ts';
import type { ControlApp } from '../call.ts';
import { finite, measure } from '../measure.ts';
import { order, pageAnswer, pageOf, pageOfList, pageQuery } from '../page.ts';

export type EndpointsView = Pick<EndpointList, 'list'>;

const endpointsQuery = pageQuery.extend({
  service: z.string().max(256).optional(),
  search: z.string().max(256).optional().describe('Part of the name.'),
  sort: z.enum(['score', 'calls', 'name']).default('score'),
  order,
});
type EndpointsQuery = z.output<typeof endpointsQuery>;

const measuresSchema = z.object({
  calls: measure.describe('In five minutes.'),
  server_errors: measure.describe('Share of calls, 0..1.'),
  client_errors: measure.describe('Share of calls, 0..1.'),
  duration_ms: measure,
});

const endpointSchema = z.object({
  service: z.string(),
  endpoint: z.string(),
  score: z.number().min(0).max(1).describe('Of the present five minutes.'),
  behavior: z.string().nullable(),
  windows: z.number().describe('Five-minute windows with calls that are over: how well it is known.'),
  now: measuresSchema,
  usual: measuresSchema.extend({ response_bytes: measure }),
  series: z.array(z.number()).describe('Highest scores of late, oldest first; for a sparkline.'),
});

const measuresAnswer = (measures: EndpointMeasures) => ({
  calls: finite(measures.calls),
  server_errors: finite(measures.serverErrors),
  client_errors: finite(measures.clientErrors),
  duration_ms: finite(measures.durationMs),
});

export function addEndpointRoutes(app: ControlApp, endpoints: EndpointsView): void {
  app.get(
    '/endpoints',
    {
      config: { access: 'viewer' },
      schema: {
        tags: ['entities'],
        summary: 'Endpoints: what is usual, and now',
        querystring: endpointsQuery,
        response: { 200: pageOf(endpointSchema) },
      },
    },
    ({ query }) =>
      pageAnswer(pageOfList(narrowed(endpoints.list(), query), query), ({ now, usual, behavior, series, ...rest }) => ({
        ...rest,
        behavior: behavior ?? null,
        now: measuresAnswer(now),
        usual: { ...measuresAnswer(usual), response_bytes: finite(usual.responseBytes) },
        series: [...series],
      })),
  );
}

function narrowed(all: readonly EndpointSummary[], { service, search, sort, order: direction }: EndpointsQuery) {
  const wanted = search?.toLowerCase() ?? '';
  const sign = direction === 'asc' ? 1 : -1;
  const compare = (one: EndpointSummary, other: EndpointSummary): number => {
    if (sort === 'score' && one.score !== other.score) return sign * (one.score - other.score);
    if (sort === 'calls' && one.now.calls !== other.now.calls) return sign * (one.now.calls - other.now.calls);
    const byName = `${one.service} ${one.endpoint}`.localeCompare(`${other.service} ${other.endpoint}`);
    return sort === 'name' ? sign * byName : byName;
  };
  return all
    .filter((one) => (service === undefined || one.service === service) && one.endpoint.toLowerCase().includes(wanted))
    .toSorted(compare);
}
