/** `/status`: how the service is doing. */
import { z } from 'zod';
import type { ControlApp } from '../call.ts';
import { instantOutput } from '../instant.ts';
import { measure, share } from '../measure.ts';

export const statusSchema = z
  .object({
    version: z.string(),
    started: instantOutput,
    uptime_seconds: z.number(),
    ready: z.boolean().describe('Whether spans are welcome.'),
    model: z
      .object({ version: z.string(), trained: instantOutput.nullable(), rows: z.int() })
      .nullable()
      .describe('The one in use; null while learning.'),
    learning: z.object({
      progress: z.number().min(0).max(1).describe('Share of what the first model needs that has been seen.'),
      eta_seconds: measure.describe('Until the first model at the present pace; null where it cannot be told.'),
      training: z.string().nullable().describe('The training that is under way: id of a job.'),
    }),
    throughput: z.object({
      spans: z.int().describe('Spans received since the start.'),
      unscored: z.int().describe('Of them, those that passed unscored.'),
      spans_per_second: z.number().describe('Received, over the last minute.'),
      bytes_in_flight: z.int(),
    }),
    coverage: z.object({
      user: share.describe('Share of scored spans with a user.'),
      route: share.describe('Share of scored spans with a route.'),
    }),
    sampled: share.describe('Share of scored spans whose trace says it was sampled: counts are then too low.'),
    drift: measure.describe('Population stability index of the scores since the model was put to use.'),
    incidents_open: z.int(),
    limits: z
      .array(z.object({ option: z.string(), limit: z.number(), used: z.number(), hits: z.int() }))
      .describe('What is bounded, how much of it is used, and how often something had to give way.'),
    config: z.object({
      loaded: instantOutput.describe('Last time a configuration was put to use.'),
      success: z.boolean().describe('Whether the configuration read last is in use.'),
      mistakes: z.array(z.string()).describe('What was wrong with the one read last.'),
      pending: z.array(z.string()).describe('Options that were changed and need a restart.'),
    }),
  })
  .describe('How the service is doing.');

export type Status = z.output<typeof statusSchema>;

export interface StatusView {
  status(): Status;
}

export function addStatusRoute(app: ControlApp, view: StatusView, isAlias: boolean): void {
  app.get(
    '/status',
    {
      config: { access: 'viewer' },
      schema: {
        hide: isAlias,
        tags: ['status'],
        summary: 'Version, model, learning, throughput, coverage, sampling, drift, limits and configuration',
        response: { 200: statusSchema },
      },
    },
    () => view.status(),
  );
}
