/** `/train`: learn now, from what was seen or from uploaded history. */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { ServiceError } from '../../errors.ts';
import type { Job } from '../../store/jobs.ts';
import { callerOf, type ControlApp } from '../call.ts';
import { instantInput } from '../instant.ts';
import { jobSchema, sendJob } from './jobs.ts';

export interface TrainingView {
  /** Rejects with `training_running`, which names the job, while another one runs. */
  fromWindow(range: { fromMs?: number | undefined; toMs?: number | undefined }, requestedBy: string): Promise<Job>;
  /**
   * Reads the upload to its end before it resolves: OTLP as JSON, JSON lines or protobuf, compressed or not, told by its
   * bytes. Bounded after decompression. Rejects with `training_running` and with what is wrong with the upload.
   */
  fromUpload(upload: Readable, requestedBy: string): Promise<Job>;
}

/** How history may be uploaded. */
const HISTORY_TYPES = [
  'application/x-protobuf',
  'application/x-ndjson',
  'application/gzip',
  'application/octet-stream',
];

const windowBody = z
  .strictObject({
    source: z.literal('window').describe('What the service has seen.'),
    from: instantInput.optional().describe('Not from before this time; all that is kept by default.'),
    to: instantInput.optional().describe('Not from after this time; now by default.'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, 'from is not before to');

const uploadBody = z.strictObject({
  source: z.literal('upload').describe('Put in place of a body of another media type.'),
});

export function addTrainRoute(app: ControlApp, training: TrainingView, isAlias: boolean): void {
  const meaning =
    'Or the history itself: OTLP traces as protobuf, JSON or JSON lines, compressed with gzip or not. It is read as it comes.';
  app.post(
    '/train',
    {
      config: {
        access: 'operator',
        audit: 'training.start',
        upload: { as: 'stream', types: HISTORY_TYPES, meaning },
      },
      schema: {
        hide: isAlias,
        tags: ['models'],
        summary: 'Train a model, from what was seen or from uploaded history',
        body: z.union([windowBody, uploadBody]),
        response: { 202: jobSchema.describe('The training that was begun; Location says where to look at it.') },
      },
    },
    async (request, reply) => {
      const { actor } = callerOf(request);
      const { body } = request;
      request.audited.detail = { source: body.source };
      if (body.source === 'window') {
        const range = { fromMs: body.from, toMs: body.to };
        Object.assign(request.audited.detail, range);
        const job = await training.fromWindow(range, actor);
        request.audited.target = job.id;
        return sendJob(reply, job);
      }
      if (request.uploaded === undefined) {
        const expected = `one of ${HISTORY_TYPES.join(', ')} for an upload`;
        throw new ServiceError('content_type_not_taken', { type: 'application/json', expected });
      }
      const job = await training.fromUpload(request.uploaded, actor);
      request.audited.target = job.id;
      return sendJob(reply, job);
    },
  );
}
