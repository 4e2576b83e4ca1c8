/** The health check: whether the processor answers, with which tokens, and what it is doing. */
import type { ControlClient } from '../control/client';
import { problemOf } from '../control/problem';

export interface Health {
  readonly status: 'success' | 'error';
  readonly message: string;
}

export async function checkHealth(client: ControlClient): Promise<Health> {
  try {
    const { version, model, learning, throughput, config } = await client.status();
    const doing =
      model === null
        ? `learning, ${Math.round(100 * learning.progress)} % done`
        : `scoring with model ${model.version}`;
    const spans = throughput.spans === 0 ? ' It has received no spans yet.' : '';
    const mistakes = config.success ? '' : ` Its configuration has mistakes: ${config.mistakes.join('; ')}`;
    return { status: 'success', message: `api-anomaly ${version} answers: ${doing}.${spans}${mistakes}` };
  } catch (error) {
    const problem = problemOf(error, 'GET /api/v1/status');
    return { status: 'error', message: `${problem.message} ${REMEDIES[problem.kind] ?? ''}`.trim() };
  }
}

const REMEDIES: Readonly<Partial<Record<string, string>>> = {
  unreachable:
    'The processor does not answer. Check that it runs (curl ADDRESS/health) and that Grafana can reach the address.',
  token: 'Put the content of tokens/viewer in the data folder of the processor into Read token.',
  missing: 'Check the address: nothing but scheme, host and port belongs in it.',
  forbidden: 'Check that Host is one of control.allowed_hosts of the processor, and that the token may read.',
};
