/** `/sensitivity`: how much is flagged. What is set here outlives restarts and beats the configuration file. */
import { z } from 'zod';
import { BEHAVIOR_NAMES } from '../../detection/behaviors.ts';
import type { NewAuditEntry } from '../../store/audit.ts';
import { auditEntryOf, type ControlApp } from '../call.ts';

/** A change: what is left out stays as it is, what is null is the configuration file's again. */
export type SensitivityChange = z.output<typeof changeSchema>;

/** An option in force. `key`: path below `sensitivity`, such as `behaviors.scraping`. */
export interface SensitivityOption {
  readonly key: string;
  readonly value: number | boolean;
  readonly source: 'file' | 'settings';
}

export interface SensitivityView {
  list(): readonly SensitivityOption[];
  /** Kept and in force when it resolves. Rejects with `invalid_request`, with nothing changed. */
  set(change: SensitivityChange, audit: NewAuditEntry): Promise<void>;
}

const fraction = z.number().min(0).max(1).nullable();

const changeSchema = z.strictObject({
  false_incidents_per_day: z.number().min(0.01).max(10_000).nullable().optional(),
  users_share: fraction.optional(),
  addresses_share: fraction.optional(),
  endpoints_share: fraction.optional(),
  minimum_effect: z.number().min(0.1).max(100).nullable().optional(),
  behaviors: z
    .strictObject(
      Object.fromEntries(BEHAVIOR_NAMES.map((name) => [name, z.boolean().nullable().optional()])) as Record<
        (typeof BEHAVIOR_NAMES)[number],
        z.ZodOptional<z.ZodNullable<z.ZodBoolean>>
      >,
    )
    .optional(),
});

const answerSchema = z.object({
  options: z.array(
    z.object({
      key: z.string().describe('Path below sensitivity in the configuration.'),
      value: z.union([z.number(), z.boolean()]),
      source: z.enum(['file', 'settings']).describe('settings: set over this API.'),
    }),
  ),
});

export function addSensitivityRoutes(app: ControlApp, view: SensitivityView): void {
  const tags = ['sensitivity'];
  const answer = () => ({ options: view.list().map((option) => ({ ...option })) });
  app.get(
    '/sensitivity',
    {
      config: { access: 'viewer' },
      schema: {
        tags,
        summary: 'How much is flagged, and where each value comes from',
        response: { 200: answerSchema },
      },
    },
    answer,
  );
  app.put(
    '/sensitivity',
    {
      config: { access: 'operator', audit: 'sensitivity.set' },
      schema: {
        tags,
        summary: "Change it: what is left out stays, what is null is the file's again",
        body: changeSchema,
        response: { 200: answerSchema },
      },
    },
    async (request) => {
      request.audited.detail = { ...request.body };
      await view.set(request.body, auditEntryOf(request));
      request.audited.isWritten = true;
      return answer();
    },
  );
}
