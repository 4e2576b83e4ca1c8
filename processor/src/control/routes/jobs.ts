/** `/jobs`: trainings, backtests and imports, which take longer than a request may. */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ServiceError } from '../../errors.ts';
import type { Job } from '../../store/jobs.ts';
import type { ControlApp } from '../call.ts';
import { byId } from '../identifier.ts';
import { instant, instantOrNull, instantOutput } from '../instant.ts';
import { finite, measure } from '../measure.ts';
import { pageAnswer, pageOf, pageOfList, pageQuery } from '../page.ts';

export interface JobsView {
  /** Newest first. */
  list(): readonly Job[];
  get(id: string): Job | undefined;
  /** Resolves with the job when it has ended; with one that had ended before as it was. */
  cancel(id: string): Promise<Job | undefined>;
  etaSeconds(job: Job): number | undefined;
}

export const gateSchema = z.object({ gate: z.string(), passed: z.boolean(), detail: z.string() });

export const jobSchema = z.object({
  id: z.string(),
  kind: z.enum(['training', 'backtest', 'import']),
  state: z
    .enum(['running', 'succeeded', 'rejected', 'failed', 'cancelled', 'interrupted'])
    .describe('rejected: trained, and did not pass the gates. interrupted: the service stopped while it ran.'),
  stage: z.string().describe('What it is doing, or did last.'),
  progress: z.number().min(0).max(1),
  eta_seconds: measure.describe('Until it is done, at the present pace; null where that cannot be told.'),
  started: instantOutput,
  ended: instantOutput.nullable(),
  requested_by: z.string(),
  request: z.unknown().describe('What was asked for.'),
  model_version: z.string().nullable(),
  gates: z.array(gateSchema),
  result: z.unknown().describe('What came of it; null where nothing did.'),
  error: z.string().nullable().describe('Why it failed and what to do.'),
});

function jobAnswer(job: Job, etaSeconds?: number): z.output<typeof jobSchema> {
  const { id, kind, state, stage, progress, gates } = job;
  return {
    id,
    kind,
    state,
    stage,
    progress,
    eta_seconds: finite(etaSeconds),
    started: instant(job.startedMs),
    ended: instantOrNull(job.endedMs),
    requested_by: job.requestedBy,
    request: job.request ?? null,
    model_version: job.modelVersion ?? null,
    gates: [...gates],
    result: job.result ?? null,
    error: job.error ?? null,
  };
}

/** 202 with the job that was begun and where it can be looked at. */
export function sendJob(reply: FastifyReply, job: Job): FastifyReply {
  return reply.code(202).header('location', `/api/v1/jobs/${job.id}`).send(jobAnswer(job));
}

export function addJobRoutes(app: ControlApp, jobs: JobsView): void {
  const tags = ['jobs'];
  const query = pageQuery.extend({ kind: jobSchema.shape.kind.optional(), state: jobSchema.shape.state.optional() });
  app.get(
    '/jobs',
    {
      config: { access: 'viewer' },
      schema: { tags, summary: 'Jobs, newest first', querystring: query, response: { 200: pageOf(jobSchema) } },
    },
    ({ query: { kind, state, ...page } }) => {
      const rows = jobs
        .list()
        .filter((job) => (kind === undefined || job.kind === kind) && (state === undefined || job.state === state));
      return pageAnswer(pageOfList(rows, page), (job) => jobAnswer(job, jobs.etaSeconds(job)));
    },
  );
  app.get(
    '/jobs/:id',
    {
      config: { access: 'viewer' },
      schema: { tags, summary: 'One job', params: byId, response: { 200: jobSchema } },
    },
    ({ params: { id } }) => {
      const job = found(jobs.get(id), id);
      return jobAnswer(job, jobs.etaSeconds(job));
    },
  );
  app.delete(
    '/jobs/:id',
    {
      config: { access: 'operator', audit: 'job.cancel' },
      schema: {
        tags,
        summary: 'Cancel a job; one that has ended stays as it is',
        params: byId,
        response: { 200: jobSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      request.audited.target = id;
      return jobAnswer(found(await jobs.cancel(id), id));
    },
  );
}

function found(job: Job | undefined, id: string): Job {
  if (job === undefined) throw new ServiceError('no_such_record', { noun: 'job', id, list: 'GET /api/v1/jobs' });
  return job;
}
