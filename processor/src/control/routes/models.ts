/** `/models`: versions, what each was trained on and how it did; import, promote, roll back, delete. */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { ServiceError } from '../../errors.ts';
import type { Job } from '../../store/jobs.ts';
import type { ModelRecord } from '../../store/model-records.ts';
import { callerOf, type ControlApp } from '../call.ts';
import { byId } from '../identifier.ts';
import { instant, instantOrNull, instantOutput } from '../instant.ts';
import { pageAnswer, pageOf, pageOfList, pageQuery } from '../page.ts';
import { gateSchema, jobSchema, sendJob } from './jobs.ts';

export interface ModelsView {
  /** Newest first. */
  list(): readonly ModelRecord[];
  get(version: string): ModelRecord | undefined;
  /** Promotes, rolls back or sets beside the active one; on the disk when it resolves. Rejects with the reason it cannot. */
  activate(version: string, mode: 'active' | 'shadow'): Promise<ModelRecord>;
  /** Rejects with `model_not_found`, and with `model_in_use` for one that is needed. */
  delete(version: string): Promise<void>;
  /** Resolves when the import has ended. Rejects with `job_running` and with what is wrong with the model. */
  importModel(upload: Readable, requestedBy: string): Promise<Job>;
}

const MODEL_STATES = ['candidate', 'shadow', 'active', 'retired', 'rejected'] as const;

const modelsQuery = pageQuery.extend({ state: z.enum(MODEL_STATES).optional() });

const modelSchema = z.object({
  version: z.string(),
  state: z.enum(MODEL_STATES),
  created: instantOutput,
  changed: instantOutput.describe('Last change of state.'),
  from: instantOutput.nullable().describe('Event time of the data it was trained on; null where unknown.'),
  to: instantOutput.nullable(),
  origin: z.enum(['schedule', 'request', 'upload', 'import', 'offline']),
  job: z.string().nullable(),
  gates: z.array(gateSchema),
  measures: z
    .record(z.string(), z.unknown())
    .describe("Rows, entities, the distribution of scores; a shadow's agreement with the active one."),
  series: z.array(z.number()).describe('Share of scores in tenths of 0..1, for a sparkline; empty where unknown.'),
});

function modelAnswer(model: ModelRecord): z.output<typeof modelSchema> {
  const { version, state, origin, gates, measures } = model;
  return {
    version,
    state,
    created: instant(model.createdMs),
    changed: instant(model.changedMs),
    from: instantOrNull(model.fromMs),
    to: instantOrNull(model.toMs),
    origin,
    job: model.jobId ?? null,
    gates: [...gates],
    measures: { ...measures },
    series: seriesOf(measures['scores']),
  };
}

/** The distribution of the first kind of entity that the model judges. */
function seriesOf(scores: unknown): number[] {
  const [first] = Object.values((scores ?? {}) as Record<string, unknown>);
  return Array.isArray(first) ? first.filter((value): value is number => Number.isFinite(value)) : [];
}

export function addModelRoutes(app: ControlApp, models: ModelsView): void {
  const tags = ['models'];
  app.get(
    '/models',
    {
      config: { access: 'viewer' },
      schema: {
        tags,
        summary: 'Versions, newest first',
        querystring: modelsQuery,
        response: { 200: pageOf(modelSchema) },
      },
    },
    ({ query: { state, ...page } }) => {
      const rows = models.list().filter((model) => state === undefined || model.state === state);
      return pageAnswer(pageOfList(rows, page), modelAnswer);
    },
  );
  app.get(
    '/models/:id',
    {
      config: { access: 'viewer' },
      schema: { tags, summary: 'One version', params: byId, response: { 200: modelSchema } },
    },
    ({ params: { id } }) => {
      const model = models.get(id);
      if (model !== undefined) return modelAnswer(model);
      throw new ServiceError('no_such_record', { noun: 'model', id, list: 'GET /api/v1/models' });
    },
  );
  const meaning = 'A model file, as `api-anomaly train` writes it.';
  app.post(
    '/models',
    {
      config: {
        access: 'admin',
        audit: 'model.import',
        upload: { as: 'stream', types: ['application/octet-stream'], meaning },
      },
      schema: {
        tags,
        summary: 'Import a model that was trained elsewhere; it becomes a candidate',
        response: { 202: jobSchema },
      },
    },
    async (request, reply) => {
      if (request.uploaded === undefined) {
        const type = request.headers['content-type'] ?? 'missing';
        throw new ServiceError('content_type_not_taken', { type, expected: 'application/octet-stream' });
      }
      const job = await models.importModel(request.uploaded, callerOf(request).actor);
      request.audited.target = job.modelVersion ?? job.id;
      return sendJob(reply, job);
    },
  );
  app.post(
    '/models/:id/activate',
    {
      config: { access: 'admin', audit: 'model.activate' },
      schema: {
        tags,
        summary: 'Promote a version, roll back to one, or let it score beside the active one',
        params: byId,
        body: z.strictObject({ mode: z.enum(['active', 'shadow']) }),
        response: { 200: modelSchema },
      },
    },
    async (request) => {
      const { params, body } = request;
      Object.assign(request.audited, { target: params.id, detail: { ...body } });
      return modelAnswer(await models.activate(params.id, body.mode));
    },
  );
  app.delete(
    '/models/:id',
    {
      config: { access: 'admin', audit: 'model.delete' },
      schema: { tags, summary: 'Delete a version that is not in use', params: byId, response: { 204: z.null() } },
    },
    async (request, reply) => {
      request.audited.target = request.params.id;
      await models.delete(request.params.id);
      return reply.code(204).send(null);
    },
  );
}
