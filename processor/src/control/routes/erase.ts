/** `/users/erase`: forget a user. The audit trail holds that it happened, not whom. */
import { z } from 'zod';
import type { ControlApp } from '../call.ts';

/** How much of a user was found and is gone. */
export interface Erasure {
  /** Entities in memory. */
  readonly entities: number;
  /** Rows of the training sample. */
  readonly rows: number;
}

export interface ErasureView {
  /** `id`: raw or a pseudonym. Everything is gone from memory and disk when it resolves. */
  erase(id: string): Promise<Erasure>;
}

export function addEraseRoute(app: ControlApp, view: ErasureView): void {
  app.post(
    '/users/erase',
    {
      config: { access: 'admin', audit: 'user.erase' },
      schema: {
        tags: ['entities'],
        summary: 'Erase all that is kept of one user',
        body: z.strictObject({
          id: z.string().min(1).max(4096).describe('As the spans have it, or the pseudonym. It is kept nowhere.'),
        }),
        response: {
          200: z
            .object({ entities: z.int(), rows: z.int() })
            .describe(
              'Entities in memory and rows of the training sample that were found; records and files are gone too.',
            ),
        },
      },
    },
    async ({ body }) => ({ ...(await view.erase(body.id)) }),
  );
}
