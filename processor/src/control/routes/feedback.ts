/** `/incidents/{id}/feedback`: what a person says of an incident, and what comes of it. */
import { z } from 'zod';
import type { NewAuditEntry } from '../../store/audit.ts';
import type { Exclusion, Scope } from '../../store/exclusions.ts';
import type { Feedback } from '../../store/feedback.ts';
import { auditEntryOf, callerOf, type ControlApp } from '../call.ts';
import { byId } from '../identifier.ts';
import { instant, instantInput, instantOutput } from '../instant.ts';
import { note, scopeAnswer, scopeOf, scopeSchema } from './exclusions.ts';

export interface FeedbackOrder {
  readonly verdict: 'false_positive' | 'confirmed';
  /** Undefined: as proposed for the incident. */
  readonly scope: Scope | undefined;
  /** Undefined: as proposed. */
  readonly expiresMs: number | undefined;
  readonly note: string;
  readonly actor: string;
}

/** What feedback would change, over the kept history. */
export interface FeedbackPreview {
  /** The exclusion it would make; undefined for a confirmation. */
  readonly exclusion: (Scope & { readonly expiresMs: number }) | undefined;
  readonly overDays: number;
  /** Incidents of those days that would not have been. */
  readonly removedIncidents: number;
  /** Of them, those somebody has confirmed. */
  readonly hiddenConfirmed: number;
  /** In one sentence. */
  readonly sentence: string;
}

export interface FeedbackView {
  /** Changes nothing. Rejects with `no_such_record`. */
  preview(incidentId: string, order: FeedbackOrder): Promise<FeedbackPreview>;
  /** Kept and in force when it resolves. Rejects with `no_such_record`. */
  give(
    incidentId: string,
    order: FeedbackOrder,
    audit: NewAuditEntry,
  ): Promise<{ feedback: Feedback; exclusion: Exclusion | undefined; preview: FeedbackPreview }>;
}

const feedbackBody = z.strictObject({
  verdict: z.enum(['false_positive', 'confirmed']),
  scope: scopeSchema.optional().describe('What is not to alert again; the entity and the behaviour by default.'),
  expires: instantInput.optional().describe('When that ends; in 30 days by default.'),
  note,
});

const feedbackAnswer = z.object({
  applied: z.boolean().describe('false for dry_run.'),
  feedback: z.string().nullable().describe('Id of what was kept; null for dry_run.'),
  exclusion: z
    .object({
      id: z.string().nullable(),
      scope: z.object({
        entity: z.string().nullable(),
        endpoint: z.string().nullable(),
        behavior: z.string().nullable(),
      }),
      expires: instantOutput,
    })
    .nullable()
    .describe('What is not to alert again; null for a confirmation.'),
  preview: z.object({
    over_days: z.number(),
    removed_incidents: z.int().describe('Incidents of those days that would not have been.'),
    hidden_confirmed: z.int().describe('Of them, those somebody has confirmed.'),
    sentence: z.string(),
  }),
});

export function addFeedbackRoute(app: ControlApp, view: FeedbackView): void {
  app.post(
    '/incidents/:id/feedback',
    {
      config: { access: 'operator', audit: 'feedback.add', isRare: true },
      schema: {
        tags: ['feedback'],
        summary: 'Say that an incident was a false alarm, or was not',
        params: byId,
        querystring: z.strictObject({
          dry_run: z.stringbool().default(false).describe('Answer what it would change, and change nothing.'),
        }),
        body: feedbackBody,
        response: { 200: feedbackAnswer },
      },
    },
    async (request) => {
      const { params, body, query } = request;
      const { verdict, scope, expires, note: why } = body;
      Object.assign(request.audited, { target: params.id, detail: { verdict, dry_run: query.dry_run } });
      const order: FeedbackOrder = {
        verdict,
        scope: scope && scopeOf(scope),
        expiresMs: expires,
        note: why,
        actor: callerOf(request).actor,
      };
      if (query.dry_run) return answer(await view.preview(params.id, order), undefined, undefined);
      const { feedback, exclusion, preview } = await view.give(params.id, order, auditEntryOf(request));
      request.audited.isWritten = true;
      return answer(preview, feedback, exclusion);
    },
  );
}

function answer(
  preview: FeedbackPreview,
  feedback: Feedback | undefined,
  made: Exclusion | undefined,
): z.output<typeof feedbackAnswer> {
  const exclusion = made ?? preview.exclusion;
  return {
    applied: feedback !== undefined,
    feedback: feedback?.id ?? null,
    exclusion: exclusion
      ? { id: made?.id ?? null, scope: scopeAnswer(exclusion), expires: instant(exclusion.expiresMs) }
      : null,
    preview: {
      over_days: preview.overDays,
      removed_incidents: preview.removedIncidents,
      hidden_confirmed: preview.hiddenConfirmed,
      sentence: preview.sentence,
    },
  };
}
