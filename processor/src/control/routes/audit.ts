/** `/audit`: who did what. */
import { z } from 'zod';
import type { Audit, AuditEntry } from '../../store/audit.ts';
import type { ControlApp } from '../call.ts';
import { shownName } from '../finding.ts';
import { instant, instantOutput } from '../instant.ts';
import { pageAnswer, pageOf, pageQuery, timeRange } from '../page.ts';

export type AuditView = Pick<Audit, 'list'>;

const auditQuery = pageQuery.extend({
  ...timeRange,
  actor: z.string().max(256).optional(),
  action: z
    .string()
    .regex(/^[a-z.]{1,64}$/)
    .optional()
    .describe('Such as model.activate.'),
  target: shownName.optional().describe('Id of what it was done to.'),
});

const entrySchema = z.object({
  id: z.string(),
  time: instantOutput,
  actor: z
    .string()
    .describe('Role and fingerprint of the token, or the Grafana user where the token is trusted to say.'),
  role: z.string(),
  action: z.string(),
  target: z.string().nullable().describe('Id of what it was done to; null for an erasure.'),
  detail: z.record(z.string(), z.unknown()).describe('What was asked for, and the status of the answer.'),
});

export function addAuditRoute(app: ControlApp, view: AuditView): void {
  app.get(
    '/audit',
    {
      config: { access: 'admin' },
      schema: {
        tags: ['audit'],
        summary: 'Who did what, newest first',
        querystring: auditQuery,
        response: { 200: pageOf(entrySchema) },
      },
    },
    async ({ query: { from, to, limit, cursor, ...filter } }) =>
      pageAnswer(
        await view.list({ fromMs: from, toMs: to, ...filter }, { limit, cursor }),
        ({ id, timeMs, actor, role, action, target, detail }: AuditEntry) => ({
          id,
          actor,
          role,
          action,
          time: instant(timeMs),
          target: target ?? null,
          detail: { ...detail },
        }),
      ),
  );
}
