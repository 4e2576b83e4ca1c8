/** `/audit`: who did what. */
import { z } from 'zod';
import type { AuditEntry } from '../../store/audit.ts';
import type { ControlApp } from '../call.ts';
import { instant, instantOutput } from '../instant.ts';
import { type Page, pageAnswer, pageOf, pageQuery, timeRange } from '../page.ts';

export interface AuditView {
  /** Newest first. */
  list(query: AuditQuery): Promise<Page<AuditEntry>>;
}

const auditQuery = pageQuery.extend({
  ...timeRange,
  actor: z.string().max(256).optional(),
  action: z
    .string()
    .regex(/^[a-z.]{1,64}$/)
    .optional()
    .describe('Such as model.activate.'),
});
export type AuditQuery = z.output<typeof auditQuery>;

const entrySchema = z.object({
  id: z.string(),
  time: instantOutput,
  actor: z.string().describe('Role and fingerprint of the token, or the Grafana user where the token is trusted to say.'),
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
    async ({ query }) =>
      pageAnswer(await view.list(query), ({ id, timeMs, actor, role, action, target, detail }: AuditEntry) => ({
        ...{ id, actor, role, action },
        time: instant(timeMs),
        target: target ?? null,
        detail: { ...detail },
      })),
  );
}
