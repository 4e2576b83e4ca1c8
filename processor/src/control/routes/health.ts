import type { FastifyInstance } from 'fastify';

/** Why the service cannot do its work now; empty when it can. */
export type Readiness = () => readonly string[];

/**
 * `/health`: the process is alive; whoever gets no answer should restart it. `/ready`: spans are welcome; 503 with the
 * reasons while starting and stopping. Neither looks at the next hop: its fault is no reason to restart or drain us.
 */
export function addHealthRoutes(app: FastifyInstance, unreadyBecause: Readiness): void {
  app.get('/health', () => ({ status: 'alive' }));
  app.get('/ready', (_, reply) => {
    const reasons = unreadyBecause();
    return reasons.length === 0 ? { status: 'ready' } : reply.code(503).send({ status: 'unready', reasons });
  });
}
