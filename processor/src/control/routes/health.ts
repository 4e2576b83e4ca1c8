import type { ControlApp } from '../call.ts';

/** Why the service cannot do its work now; empty when it can. */
export type Readiness = () => readonly string[];

/**
 * `/health`: the process is alive; whoever gets no answer should restart it. `/ready`: spans are welcome; 503 with the
 * reasons while starting and stopping. Neither looks at the next hop: its fault is no reason to restart or drain us.
 */
export function addHealthRoutes(app: ControlApp, unreadyBecause: Readiness): void {
  const tags = ['service'];
  app.get(
    '/health',
    { config: { access: 'anyone' }, schema: { tags, summary: 'Whether the process is alive' } },
    () => ({ status: 'alive' }),
  );
  app.get(
    '/ready',
    {
      config: { access: 'anyone' },
      schema: { tags, summary: 'Whether spans are welcome; 503 with the reasons if not' },
    },
    (_, reply) => {
      const reasons = unreadyBecause();
      return reasons.length === 0 ? { status: 'ready' } : reply.code(503).send({ status: 'unready', reasons });
    },
  );
}
