/** `/exclusions`: what is known and not to alert, for a time. */
import { z } from 'zod';
import { ServiceError } from '../../errors.ts';
import type { NewAuditEntry } from '../../store/audit.ts';
import type { Exclusion, Scope } from '../../store/exclusions.ts';
import type { Page, PageRequest } from '../../store/listing.ts';
import { auditEntryOf, callerOf, type ControlApp } from '../call.ts';
import { behavior, shownName } from '../finding.ts';
import { byId } from '../identifier.ts';
import { instant, instantInput, instantOutput } from '../instant.ts';
import { pageAnswer, pageOf, pageQuery } from '../page.ts';

export interface ExclusionsView {
  /** Newest first. `isExpired`: with those that have ended. */
  list(filter: { readonly isExpired: boolean }, page: PageRequest<'time'>): Promise<Page<Exclusion>>;
  /** Kept and in force when it resolves. Rejects with `invalid_request` for one that ends in the past. */
  add(order: ExclusionOrder, audit: NewAuditEntry): Promise<Exclusion>;
  /** Ends one at once, and takes the feedback back that it came of; false where there is none. */
  remove(id: string, audit: NewAuditEntry): Promise<boolean>;
}

export interface ExclusionOrder extends Scope {
  readonly expiresMs: number;
  readonly note: string;
  readonly actor: string;
}

export const scopeSchema = z
  .strictObject({
    entity: shownName.optional().describe('Pseudonym of a user or an address, or service and endpoint, as shown.'),
    endpoint: shownName.optional().describe('Endpoint as shown, such as GET /orders/{id}.'),
    behavior: behavior.optional(),
  })
  .refine(
    ({ entity, endpoint, behavior: named }) => (entity ?? endpoint ?? named) !== undefined,
    'it names no entity, endpoint or behavior, and would hide everything',
  )
  .describe('What it is about: a part left out stands for all, but one must be there.');

export const note = z.string().max(1000).default('').describe('Why. Put no personal data here.');

const exclusionsQuery = pageQuery.extend({
  expired: z.stringbool().default(false).describe('Whether to list those too that have ended.'),
});

const exclusionSchema = z.object({
  id: z.string(),
  scope: z.object({
    entity: z.string().nullable(),
    endpoint: z.string().nullable(),
    behavior: z.string().nullable(),
  }),
  created: instantOutput,
  expires: instantOutput,
  source: z.enum(['operator', 'feedback']),
  feedback: z.string().nullable(),
  actor: z.string(),
  note: z.string(),
});

export function scopeAnswer({ entity, endpoint, behavior: named }: Scope) {
  return { entity: entity ?? null, endpoint: endpoint ?? null, behavior: named ?? null };
}

/** A scope in which what was left out says so. */
export function scopeOf({ entity, endpoint, behavior: named }: z.output<typeof scopeSchema>): Scope {
  return { entity, endpoint, behavior: named };
}

function exclusionAnswer(exclusion: Exclusion): z.output<typeof exclusionSchema> {
  const { id, source, actor, note: why } = exclusion;
  return {
    id,
    scope: scopeAnswer(exclusion),
    created: instant(exclusion.createdMs),
    expires: instant(exclusion.expiresMs),
    source,
    feedback: exclusion.feedbackId ?? null,
    actor,
    note: why,
  };
}

export function addExclusionRoutes(app: ControlApp, exclusions: ExclusionsView): void {
  const tags = ['feedback'];
  app.get(
    '/exclusions',
    {
      config: { access: 'viewer' },
      schema: {
        tags,
        summary: 'Exclusions, newest first',
        querystring: exclusionsQuery,
        response: { 200: pageOf(exclusionSchema) },
      },
    },
    async ({ query: { expired, ...page } }) =>
      pageAnswer(await exclusions.list({ isExpired: expired }, page), exclusionAnswer),
  );
  app.post(
    '/exclusions',
    {
      config: { access: 'operator', audit: 'exclusion.add', isRare: true },
      schema: {
        tags,
        summary: 'Exclude something, for a time',
        body: z.strictObject({ scope: scopeSchema, expires: instantInput.describe('When it ends.'), note }),
        response: { 201: exclusionSchema },
      },
    },
    async (request, reply) => {
      const { scope, expires, note: why } = request.body;
      request.audited.detail = { scope, expires: instant(expires) };
      const { actor } = callerOf(request);
      const order = { ...scopeOf(scope), expiresMs: expires, note: why, actor };
      const exclusion = await exclusions.add(order, auditEntryOf(request));
      request.audited.isWritten = true;
      return reply.code(201).header('location', '/api/v1/exclusions').send(exclusionAnswer(exclusion));
    },
  );
  app.delete(
    '/exclusions/:id',
    {
      config: { access: 'operator', audit: 'exclusion.remove' },
      schema: { tags, summary: 'End an exclusion at once', params: byId, response: { 204: z.null() } },
    },
    async (request, reply) => {
      const { id } = request.params;
      request.audited.target = id;
      if (await exclusions.remove(id, auditEntryOf(request))) {
        request.audited.isWritten = true;
        return reply.code(204).send(null);
      }
      throw new ServiceError('no_such_record', { noun: 'exclusion', id, list: 'GET /api/v1/exclusions' });
    },
  );
}
