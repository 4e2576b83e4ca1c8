import { ControlProblem, problemOf } from '../../src/control/problem';

const document = (code: string, detail: string, job?: string) => ({
  type: `urn:api-anomaly:error:${code}`,
  detail,
  job,
});

test.each([
  [undefined, 'unreachable'],
  [{ status: 0 }, 'unreachable'],
  [{ status: 502, data: { message: 'bad gateway' } }, 'unreachable'],
  [{ status: 504, data: '<html>timeout</html>' }, 'unreachable'],
  [{ status: 401 }, 'token'],
  [{ status: 400, data: { message: 'Authentication to data source failed' } }, 'token'],
  [{ status: 400, data: 'Authentication to data source failed' }, 'token'],
  [{ status: 400, data: document('invalid_request', 'budget is -1; use 0.01 or more.') }, 'refused'],
  [{ status: 403, data: { message: 'plugin proxy route access denied' } }, 'forbidden'],
  [{ status: 404, data: {} }, 'missing'],
  [{ status: 405, data: {} }, 'missing'],
  [{ status: 404, data: document('no_such_record', 'There is no incident i_1.') }, 'gone'],
  [{ status: 409, data: document('training_running', 'A training is under way.', 'j-1') }, 'busy'],
  [{ status: 503, data: document('overloaded', 'Too much waits.') }, 'busy'],
  [{ status: 429, data: document('too_many_requests', 'Too often.') }, 'busy'],
  [{ status: 418 }, 'refused'],
])('%j is a problem of the kind %s', (error, kind) => {
  expect(problemOf(error, 'GET /x').kind).toBe(kind);
});

test('what the processor said is kept, with the job that is in the way', () => {
  const problem = problemOf(
    { status: 409, data: JSON.stringify(document('training_running', 'A training is under way.', 'j-1')) },
    'POST /train',
  );
  expect(problem).toMatchObject({ message: 'A training is under way.', job: 'j-1', status: 409, call: 'POST /train' });
});

test('a problem stays what it is', () => {
  const problem = new ControlProblem('garbled', 'No.');
  expect(problemOf(problem, 'GET /y')).toBe(problem);
});

test('a problem of another module of the plugin, with a class of its own, stays what it is too', () => {
  let foreign: Error | undefined;
  jest.isolateModules(() => {
    const { ControlProblem: Other } =
      jest.requireActual<typeof import('../../src/control/problem')>('../../src/control/problem');
    foreign = new Other('token', 'No such token.', { status: 400 });
  });
  expect(foreign).not.toBeInstanceOf(ControlProblem);
  expect(problemOf(foreign, 'GET /y')).toBe(foreign);
});
