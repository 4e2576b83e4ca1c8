/** Queries of template variables: `users`, `endpoints`, `services`, `behaviors`, `severities`, `models`, `incidents`. */
import type { MetricFindValue } from '@grafana/data';
import { allPages } from '../control/all-pages';
import type { ControlClient } from '../control/client';
import { BEHAVIOR_NAMES, behaviorInWords, SEVERITIES, sentenceCase } from '../control/words';
import { DEFAULT_LIMIT, LARGEST_LIMIT } from './query';

export const VARIABLES = ['users', 'endpoints', 'services', 'behaviors', 'severities', 'models', 'incidents'] as const;

/** The values of a variable. Throws with what may be asked for where `query` is none of it. */
export async function variableValues(client: ControlClient, query: string): Promise<MetricFindValue[]> {
  const name = query.trim();
  switch (name) {
    case 'users': {
      const { rows } = await allPages(DEFAULT_LIMIT, (page) => client.users(page));
      return rows.map(({ user }) => ({ text: user, value: user }));
    }
    case 'endpoints': {
      const names = new Set((await endpoints(client)).map(({ endpoint }) => endpoint));
      return [...names].sort().map(valueOf);
    }
    case 'services': {
      const names = new Set((await endpoints(client)).map(({ service }) => service));
      return [...names].sort().map(valueOf);
    }
    case 'behaviors':
      return BEHAVIOR_NAMES.map((value) => ({ text: behaviorInWords(value), value }));
    case 'severities':
      return SEVERITIES.map((value) => ({ text: sentenceCase(value), value }));
    case 'models':
      return (await client.models()).items.map(({ version, state }) => ({
        text: `${version} (${state})`,
        value: version,
      }));
    case 'incidents':
      return (await client.incidents({ sort: 'score', limit: 100 })).items.map(({ id, behavior, entity }) => ({
        text: `${behaviorInWords(behavior)}, ${entity}`,
        value: id,
      }));
    default:
      throw new Error(`"${name}" is no query of a variable; use one of ${VARIABLES.join(', ')}.`);
  }
}

const valueOf = (text: string): MetricFindValue => ({ text, value: text });

async function endpoints(client: ControlClient) {
  return (await allPages(LARGEST_LIMIT, (page) => client.endpoints({ ...page, sort: 'name' }))).rows;
}
