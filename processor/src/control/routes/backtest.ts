/** `/backtest`: what would have been flagged otherwise. */
import { z } from 'zod';
import type { Job } from '../../store/jobs.ts';
import type { Scope } from '../../store/exclusions.ts';
import { callerOf, type ControlApp } from '../call.ts';
import { identifier } from '../identifier.ts';
import { instantInput } from '../instant.ts';
import { scopeOf, scopeSchema } from './exclusions.ts';
import { jobSchema, sendJob } from './jobs.ts';

/** What is to be otherwise; what is undefined is as it is now. */
export interface BacktestOrder {
  readonly falseIncidentsPerDay: number | undefined;
  readonly model: string | undefined;
  readonly exclusion: Scope | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly requestedBy: string;
}

export interface BacktestView {
  /** Rejects with `job_running`, which names the job, while another one runs. */
  start(order: BacktestOrder): Promise<Job>;
}

const backtestBody = z
  .strictObject({
    budget: z.number().min(0.01).max(10_000).optional().describe('False incidents a day.'),
    model: identifier.optional().describe('Version of another model.'),
    exclusion: scopeSchema.optional(),
    from: instantInput.optional(),
    to: instantInput.optional(),
  })
  .refine(
    ({ budget, model, exclusion }) => budget !== undefined || model !== undefined || exclusion !== undefined,
    'it names no other budget, model or exclusion to compare with',
  )
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, 'from is not before to');

export function addBacktestRoute(app: ControlApp, view: BacktestView): void {
  app.post(
    '/backtest',
    {
      config: { access: 'operator', audit: 'backtest.start' },
      schema: {
        tags: ['sensitivity'],
        summary: 'Which incidents would appear or vanish under another budget, model or exclusion',
        body: backtestBody,
        response: { 202: jobSchema },
      },
    },
    async (request, reply) => {
      const { budget, model, exclusion, from, to } = request.body;
      request.audited.detail = { ...request.body };
      const job = await view.start({
        falseIncidentsPerDay: budget,
        model,
        exclusion: exclusion && scopeOf(exclusion),
        fromMs: from,
        toMs: to,
        requestedBy: callerOf(request).actor,
      });
      request.audited.target = job.id;
      return sendJob(reply, job);
    },
  );
}
