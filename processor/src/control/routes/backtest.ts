/** `/backtest`: what would have been flagged otherwise. */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { ServiceError } from '../../errors.ts';
import type { Job } from '../../store/jobs.ts';
import type { Scope } from '../../store/exclusions.ts';
import { callerOf, type ControlApp } from '../call.ts';
import { behavior, shownName } from '../finding.ts';
import { identifier } from '../identifier.ts';
import { instantInput } from '../instant.ts';
import { scopeOf, scopeSchema } from './exclusions.ts';
import { historyUpload, uploadBody, uploadOf } from './history-upload.ts';
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
  /** Over the kept windows. Rejects with `job_running`, which names the job, while another one runs. */
  start(order: BacktestOrder): Promise<Job>;
  /**
   * Over the windows of an upload, as a training takes it, which is read to its end before this resolves. Rejects with
   * `job_running` and with what is wrong with the upload.
   */
  startOnUpload(order: BacktestOrder, upload: Readable): Promise<Job>;
}

const budget = z.number().min(0.01).max(10_000);

/** What is to be otherwise, and of what time. */
const backtestBody = z.strictObject({
  budget: budget.optional().describe('False incidents a day.'),
  model: identifier.optional().describe('Version of another model.'),
  exclusion: scopeSchema.optional(),
  from: instantInput.optional(),
  to: instantInput.optional(),
});

/** The same beside an upload, which is the body then. */
const backtestQuery = z.strictObject({
  budget: z.coerce.number().pipe(budget).optional().describe('Of an upload: false incidents a day.'),
  model: identifier.optional().describe('Of an upload: version of another model.'),
  entity: shownName.optional().describe('Of an upload: what is to be excluded, with endpoint and behavior.'),
  endpoint: shownName.optional(),
  behavior: behavior.optional(),
  from: instantInput.optional().describe('Of an upload: only windows from this time on.'),
  to: instantInput.optional().describe('Of an upload: only windows before this time.'),
});

export function addBacktestRoute(app: ControlApp, view: BacktestView): void {
  app.post(
    '/backtest',
    {
      config: { access: 'operator', audit: 'backtest.start', upload: historyUpload },
      schema: {
        tags: ['sensitivity'],
        summary: 'Which incidents would appear or vanish under another budget, model or exclusion',
        querystring: backtestQuery,
        body: z.union([backtestBody, uploadBody]),
        response: { 202: jobSchema },
      },
    },
    async (request, reply) => {
      const { body, query } = request;
      const { actor: requestedBy } = callerOf(request);
      const isUpload = 'source' in body;
      request.audited.detail = isUpload ? { source: body.source, ...query } : { ...body };
      if (!isUpload && Object.keys(query).length > 0) throw invalid('what is to be otherwise belongs into the body');
      const order = { ...(isUpload ? queriedOrder(query) : sentOrder(body)), requestedBy };
      check(order);
      const job = isUpload ? await view.startOnUpload(order, uploadOf(request)) : await view.start(order);
      request.audited.target = job.id;
      return sendJob(reply, job);
    },
  );
}

type Wish = Omit<BacktestOrder, 'requestedBy'>;

function sentOrder({ budget: perDay, model, exclusion, from, to }: z.output<typeof backtestBody>): Wish {
  return {
    falseIncidentsPerDay: perDay,
    model,
    exclusion: exclusion && scopeOf(exclusion),
    fromMs: from,
    toMs: to,
  };
}

function queriedOrder(query: z.output<typeof backtestQuery>): Wish {
  const { entity, endpoint, behavior: named, ...others } = query;
  const isScoped = (entity ?? endpoint ?? named) !== undefined;
  return sentOrder({ ...others, exclusion: isScoped ? { entity, endpoint, behavior: named } : undefined });
}

function check({ falseIncidentsPerDay, model, exclusion, fromMs, toMs }: Wish): void {
  if (falseIncidentsPerDay === undefined && model === undefined && exclusion === undefined) {
    throw invalid('it names no other budget, model or exclusion to compare with');
  }
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) throw invalid('from is not before to');
}

const invalid = (reason: string): ServiceError => new ServiceError('invalid_request', { reason });
