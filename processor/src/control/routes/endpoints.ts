/** `/endpoints`: what is usual for each endpoint, and now. */
import { z } from 'zod';
import type { ControlApp } from '../call.ts';
import { finite, measure } from '../measure.ts';
import type { Page } from '../../store/listing.ts';
import { order, pageAnswer, pageOf, pageQuery } from '../page.ts';

export interface EndpointSummary {
  readonly service: string;
  readonly endpoint: string;
  /** Of the present window, 0..1. */
  readonly score: number;
  readonly behavior: string | undefined;
  /** Closed windows with calls. */
  readonly windows: number;
  readonly now: EndpointMeasures;
  readonly usual: EndpointMeasures;
  /** Highest score of each minute of late, oldest first, for a sparkline. */
  readonly series: readonly number[];
}

/** NaN where unknown. */
export interface EndpointMeasures {
  /** Calls in five minutes. */
  readonly calls: number;
  /** Shares of all calls, 0..1. */
  readonly serverErrors: number;
  readonly clientErrors: number;
  readonly durationMs: number;
  readonly responseBytes: number;
}

export interface EndpointsView {
  list(query: EndpointsQuery): Page<EndpointSummary> | Promise<Page<EndpointSummary>>;
}

const endpointsQuery = pageQuery.extend({
  service: z.string().max(256).optional(),
  search: z.string().max(256).optional().describe('Part of the name.'),
  sort: z.enum(['score', 'calls', 'name']).default('score'),
  order,
});
export type EndpointsQuery = z.output<typeof endpointsQuery>;

const measuresSchema = z.object({
  calls: measure.describe('In five minutes.'),
  server_errors: measure.describe('Share of calls, 0..1.'),
  client_errors: measure.describe('Share of calls, 0..1.'),
  duration_ms: measure,
  response_bytes: measure,
});

const endpointSchema = z.object({
  service: z.string(),
  endpoint: z.string(),
  score: z.number().min(0).max(1).describe('Of the present five minutes.'),
  behavior: z.string().nullable(),
  windows: z.number().describe('Five-minute windows with calls that are over: how well it is known.'),
  now: measuresSchema,
  usual: measuresSchema,
  series: z.array(z.number()).describe('Highest scores of late, oldest first; for a sparkline.'),
});

const measuresAnswer = (measures: EndpointMeasures) => ({
  calls: finite(measures.calls),
  server_errors: finite(measures.serverErrors),
  client_errors: finite(measures.clientErrors),
  duration_ms: finite(measures.durationMs),
  response_bytes: finite(measures.responseBytes),
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
    async ({ query }) =>
      pageAnswer(await endpoints.list(query), ({ now, usual, behavior, series, ...rest }) => ({
        ...rest,
        behavior: behavior ?? null,
        now: measuresAnswer(now),
        usual: measuresAnswer(usual),
        series: [...series],
      })),
  );
}
