/** `/train`: learn now, from what was seen or from uploaded history. */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Job } from '../../store/jobs.ts';
import { callerOf, type ControlApp } from '../call.ts';
import { instantInput } from '../instant.ts';
import { historyUpload, uploadBody, uploadOf } from './history-upload.ts';
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

const windowBody = z
  .strictObject({
    source: z.literal('window').describe('What the service has seen.'),
    from: instantInput.optional().describe('Not from before this time; all that is kept by default.'),
    to: instantInput.optional().describe('Not from after this time; now by default.'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, 'from is not before to');

export function addTrainRoute(app: ControlApp, training: TrainingView, isAlias: boolean): void {
  app.post(
    '/train',
    {
      config: {
        access: 'operator',
        audit: 'training.start',
        upload: historyUpload,
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
      const job = await training.fromUpload(uploadOf(request), actor);
      request.audited.target = job.id;
      return sendJob(reply, job);
    },
  );
}
