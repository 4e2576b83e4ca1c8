import type { ControlApp } from '../call.ts';

/** The text exposition format of Prometheus. */
const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** `/metrics`. `exposition` gives all metrics as text, or rejects with the reason it does not. */
export function addMetricsRoute(app: ControlApp, exposition: () => Promise<string>, isPublic: boolean): void {
  app.get(
    '/metrics',
    {
      config: { access: isPublic ? 'anyone' : 'viewer' },
      schema: { tags: ['service'], summary: 'Metrics in the text format of Prometheus' },
    },
    async (_, reply) => reply.type(EXPOSITION_TYPE).send(await exposition()),
  );
}
