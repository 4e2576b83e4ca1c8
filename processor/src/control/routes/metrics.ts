import type { FastifyInstance } from 'fastify';

/** The text exposition format of Prometheus. */
const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** `/metrics`. `exposition` gives all metrics as text, or rejects with the reason it does not. */
export function addMetricsRoute(app: FastifyInstance, exposition: () => Promise<string>): void {
  app.get('/metrics', async (_, reply) => reply.type(EXPOSITION_TYPE).send(await exposition()));
}
