/** A control client that answers with what a real processor once said; a contract test holds these against the API. */
import anomalies from './recorded/anomalies.json';
import backtest from './recorded/backtest.json';
import endpoints from './recorded/endpoints.json';
import feedback from './recorded/feedback-preview.json';
import incident from './recorded/incident.json';
import incidents from './recorded/incidents.json';
import jobs from './recorded/jobs.json';
import models from './recorded/models.json';
import sensitivity from './recorded/sensitivity.json';
import status from './recorded/status.json';
import user from './recorded/user.json';
import users from './recorded/users.json';
import { ControlClient, type ControlRequest } from '../src/control/client';

export const recorded = {
  anomalies,
  backtest,
  endpoints,
  feedback,
  incident,
  incidents,
  jobs,
  models,
  sensitivity,
  status,
  user,
  users,
};

type Answer = unknown | ((request: ControlRequest) => unknown);

const ONCE = { next_cursor: null };

/** By method and path; `*` stands for an id. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  'GET status': status,
  'GET anomalies': { ...anomalies, ...ONCE },
  'GET incidents': ({ query }: ControlRequest) => ({ items: query?.['open'] === true ? [] : incidents.items, ...ONCE }),
  'GET incidents/*': incident,
  'POST incidents/*/feedback': ({ query }: ControlRequest) =>
    query?.['dry_run'] === true
      ? feedback
      : { ...feedback, applied: true, exclusion: { ...feedback.exclusion, id: 'e-1' } },
  'GET users': { ...users, ...ONCE },
  'GET users/*': user,
  'POST users/erase': { entities: 1, rows: 2, records: 3, files: 1 },
  'GET endpoints': { ...endpoints, ...ONCE },
  'GET models': { ...models, ...ONCE },
  'POST models/*/activate': models.items[0],
  'DELETE models/*': undefined,
  'GET jobs': { ...jobs, ...ONCE },
  'GET jobs/*': backtest,
  'DELETE jobs/*': backtest,
  'DELETE exclusions/*': undefined,
  'POST train': { ...jobs.items[0], state: 'running', stage: 'collect', progress: 0.2 },
  'GET sensitivity': sensitivity,
  'PUT sensitivity': sensitivity,
  'POST backtest': { ...backtest, state: 'running', result: null },
};

/** What was asked, as `METHOD path`, and with what. */
export interface Asked {
  readonly calls: string[];
  readonly requests: ControlRequest[];
}

/** `changes` are laid over the recorded answers; a function may throw what Grafana's fetch rejects with. */
export function recordedClient(
  changes: Readonly<Record<string, Answer>> = {},
): { readonly client: ControlClient } & Asked {
  const calls: string[] = [];
  const requests: ControlRequest[] = [];
  const answers = { ...ANSWERS, ...changes };
  const client = new ControlClient(async (request) => {
    const path = request.path.replace('api/v1/', '');
    calls.push(`${request.method} ${path}`);
    requests.push(request);
    const key = Object.keys(answers).find((name) => {
      const [method, pattern] = name.split(' ');
      return (
        method === request.method &&
        new RegExp(`^${pattern!.replaceAll('*', '[^/]+')}$`).test(path) &&
        path !== 'users/erase'
      );
    });
    const name = path === 'users/erase' ? 'POST users/erase' : key;
    if (name === undefined) {
      throw { status: 404, data: {} };
    }
    const answer = answers[name];
    return typeof answer === 'function' ? (answer as (request: ControlRequest) => unknown)(request) : answer;
  });
  return { client, calls, requests };
}
