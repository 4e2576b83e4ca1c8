import { LoadingState } from '@grafana/data';
import { locationService } from '@grafana/runtime';
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { testIds } from '../../src/testIds';
import { recorded } from '../answers';
import { frame, renderPanel, sources } from './panel';

jest.mock('@grafana/runtime', () => ({
  ...jest.requireActual('@grafana/runtime'),
  getDataSourceSrv: () => sources,
}));

const fails =
  (status: number, data: unknown = {}) =>
  () => {
    throw { status, data };
  };
const learning = { ...recorded.status, model: null, learning: { progress: 0.77, eta_seconds: 840, training: null } };
const silent = {
  ...learning,
  learning: { progress: 0, eta_seconds: null, training: null },
  throughput: { ...recorded.status.throughput, spans: 0 },
};
const [first] = recorded.incidents.items;

test('the overview shows data quality, incidents, users and endpoints', async () => {
  renderPanel();
  const list = await screen.findByTestId(testIds.panel.incidents);
  expect(within(list).getAllByText(first!.reason).length).toBeGreaterThan(0);
  expect(screen.getByTestId(testIds.panel.strip)).toHaveTextContent('With a user62 % low, 38 % by address');
  expect(await screen.findByText(`${recorded.users.items[0]!.user.slice(0, 6)}…`)).toBeInTheDocument();
  expect(
    within(screen.getByTestId(testIds.panel.topEndpoints)).getByText(recorded.endpoints.items[0]!.endpoint),
  ).toBeInTheDocument();
});

test('open incidents come first, numbered, and are counted on the tab', async () => {
  const open = { ...first!, id: 'i_open', open: true, closed: null };
  renderPanel({ answers: { 'GET incidents': { items: [open], next_cursor: null } } });
  expect(await screen.findByTitle('Open incident 1')).toHaveTextContent('1');
  expect(screen.getByText('Open incidents')).toBeInTheDocument();
  expect(screen.getByRole('tab', { name: /Incidents/ })).toHaveTextContent('1');
});

test('an incident opens by keyboard, and its address can be shared', async () => {
  const user = userEvent.setup();
  renderPanel();
  const list = await screen.findByTestId(testIds.panel.incidents);
  const row = within(list).getAllByRole('row')[1]!;
  act(() => row.focus());
  await user.keyboard('{ArrowDown}{Enter}');
  await waitFor(() => expect(locationService.getSearch().get('an-id')).not.toBeNull());
  expect(locationService.getSearch().get('an-tab')).toBe('incidents');
  expect(await screen.findByTestId(testIds.panel.incident)).toBeInTheDocument();
});

test('an incident has its sentence, its features and its requests with their traces', async () => {
  renderPanel({ at: `?an-tab=incidents&an-id=${recorded.incident.id}` });
  expect(await screen.findByRole('heading', { name: recorded.incident.reason })).toBeInTheDocument();
  expect(screen.getByTestId(testIds.panel.features)).toHaveTextContent('Bytes received in 5 min');
  const [request] = recorded.incident.requests;
  const link = screen.getByRole('link', { name: `Trace ${request!.trace_id}` });
  expect(decodeURIComponent(link.getAttribute('href')!)).toContain(
    `"query":"${request!.trace_id}","queryType":"traceql"`,
  );
  await userEvent.keyboard('{Escape}');
});

test('an incident that is gone says so', async () => {
  const data = { type: 'urn:api-anomaly:error:no_such_record', detail: 'There is no incident i_1.' };
  renderPanel({ at: '?an-tab=incidents&an-id=i_1', answers: { 'GET incidents/*': fails(404, data) } });
  expect(await screen.findByText(/It is not there any more/)).toBeInTheDocument();
});

test('a false alarm shows what it would change before it can be sent, and can be undone', async () => {
  const user = userEvent.setup();
  const { calls, requests } = renderPanel({ at: `?an-tab=incidents&an-id=${recorded.incident.id}` });
  await user.click(await screen.findByRole('button', { name: 'False alarm…' }));
  const dialog = await screen.findByRole('dialog');
  expect(await within(dialog).findByText(recorded.feedback.preview.sentence)).toBeInTheDocument();
  await user.click(within(dialog).getByRole('radio', { name: /on every endpoint/ }));
  await user.type(within(dialog).getByLabelText(/Why/), 'nightly export');
  const send = within(dialog).getByRole('button', { name: 'Mark as false alarm' });
  await waitFor(() => expect(send).toBeEnabled());
  await user.click(send);
  await user.click(await screen.findByRole('button', { name: 'Undo' }));
  await waitFor(() => expect(calls).toContain('DELETE exclusions/e-1'));
  const sent = requests.filter(({ method, query }) => method === 'POST' && query?.['dry_run'] === undefined);
  expect(sent).toHaveLength(1);
  expect(sent[0]?.body).toMatchObject({
    verdict: 'false_positive',
    note: 'nightly export',
    scope: { entity: recorded.incident.entity, behavior: recorded.incident.behavior },
  });
});

test('an incident is confirmed with one button', async () => {
  const user = userEvent.setup();
  const { requests } = renderPanel({ role: 'Editor', at: `?an-tab=incidents&an-id=${recorded.incident.id}` });
  await user.click(await screen.findByRole('button', { name: 'Confirm as real' }));
  expect(await screen.findByText(/Confirmed as real. What happened/)).toBeInTheDocument();
  expect(requests.find(({ method }) => method === 'POST')?.body).toEqual({ verdict: 'confirmed' });
});

test('a refusal of feedback is shown where it was asked for', async () => {
  const user = userEvent.setup();
  renderPanel({
    at: `?an-tab=incidents&an-id=${recorded.incident.id}`,
    answers: { 'POST incidents/*/feedback': fails(403, { message: 'plugin proxy route access denied' }) },
  });
  await user.click(await screen.findByRole('button', { name: 'Confirm as real' }));
  expect(await screen.findByText(/Marking needs the Editor role/)).toBeInTheDocument();
});

test('a Viewer is offered no action, and told which role has it', async () => {
  renderPanel({ role: 'Viewer', at: `?an-tab=incidents&an-id=${recorded.incident.id}` });
  expect(await screen.findByText(/Marking needs the Editor role/)).toBeInTheDocument();
  expect(screen.queryByRole('button', { name: 'False alarm…' })).not.toBeInTheDocument();
  expect(screen.queryByRole('button', { name: /Confirm/ })).not.toBeInTheDocument();
});

test('incidents are filtered by the processor', async () => {
  const user = userEvent.setup();
  const { requests } = renderPanel({ at: '?an-tab=incidents' });
  await screen.findByTestId(testIds.panel.incidents);
  await user.click(screen.getByRole('radio', { name: 'Closed' }));
  await waitFor(() => expect(requests.some(({ query }) => query?.['open'] === false)).toBe(true));
});

test('users are listed, found and shown with their week', async () => {
  const user = userEvent.setup();
  const profile = recorded.user;
  renderPanel({ at: '?an-tab=users' });
  const list = await screen.findByTestId(testIds.panel.users);
  expect(list).toHaveAttribute('aria-rowcount', String(recorded.users.items.length + 1));
  await user.type(screen.getByRole('textbox', { name: 'Find a pseudonym' }), recorded.users.items[2]!.user);
  await waitFor(() => expect(list).toHaveAttribute('aria-rowcount', '2'));
  await user.click(within(list).getAllByRole('row')[1]!);
  const pane = await screen.findByTestId(testIds.panel.profile);
  expect(await within(pane).findByRole('img', { name: /of 168 hours of the week/ })).toBeInTheDocument();
  expect(within(pane).getByText(profile.endpoints[0]!.endpoint)).toBeInTheDocument();
});

test('an Admin erases a user after a question', async () => {
  const user = userEvent.setup();
  const { calls } = renderPanel({ at: `?an-tab=users&an-user=${recorded.user.user}` });
  await user.click(await screen.findByRole('button', { name: 'Erase this user…' }));
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: /Erase/ }));
  await waitFor(() => expect(calls).toContain('POST users/erase'));
  expect(await screen.findByText(/is erased/)).toBeInTheDocument();
});

test('on a narrow panel the profile lies over the list', async () => {
  renderPanel({ width: 700, at: `?an-tab=users&an-user=${recorded.user.user}` });
  expect(await screen.findByRole('dialog')).toBeInTheDocument();
});

test('endpoints are searched by name and ordered by the processor', async () => {
  const user = userEvent.setup();
  const { requests } = renderPanel({ at: '?an-tab=endpoints' });
  const list = await screen.findByTestId(testIds.panel.endpoints);
  expect(list).toHaveTextContent(recorded.endpoints.items[0]!.endpoint);
  await user.click(screen.getByRole('radio', { name: 'Busiest' }));
  await waitFor(() => expect(requests.some(({ query }) => query?.['sort'] === 'calls')).toBe(true));
  fireEvent.change(screen.getByRole('textbox', { name: 'Find a route' }), { target: { value: 'nothing like this' } });
  expect(await screen.findByText(/No endpoint is like this/)).toBeInTheDocument();
});

test('versions are promoted after a question that says what it does', async () => {
  const user = userEvent.setup();
  const { calls, requests } = renderPanel({ at: '?an-tab=model' });
  const versions = await screen.findByTestId(testIds.panel.versions);
  expect(versions).toHaveTextContent(recorded.models.items[0]!.version);
  await user.click(within(versions).getAllByRole('button', { name: 'Roll back…' })[0]!);
  const dialog = await screen.findByRole('dialog');
  expect(dialog).toHaveTextContent('It scores again from the next request on; m-tp78s3 is kept.');
  await user.click(within(dialog).getByRole('button', { name: /Roll back/ }));
  await waitFor(() => expect(calls).toContain(`POST models/${recorded.models.items[1]!.version}/activate`));
  expect(requests.find(({ path }) => path.endsWith('activate'))?.body).toEqual({ mode: 'active' });
  await user.click(within(versions).getByRole('button', { name: recorded.models.items[1]!.version }));
  expect(
    await screen.findByText(`${recorded.models.items[1]!.version} against ${recorded.models.items[0]!.version}`),
  ).toBeInTheDocument();
});

test('a version is deleted or run in shadow from its menu', async () => {
  const user = userEvent.setup();
  const { calls } = renderPanel({ at: '?an-tab=model' });
  const { version } = recorded.models.items[1]!;
  await user.click(await screen.findByRole('button', { name: `More about ${version}` }));
  await user.click(await screen.findByRole('menuitem', { name: 'Delete…' }));
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: /Delete/ }));
  await waitFor(() => expect(calls).toContain(`DELETE models/${version}`));
});

test('an Editor trains and changes the budget, and does not promote', async () => {
  renderPanel({ role: 'Editor', at: '?an-tab=model' });
  expect(await screen.findByRole('button', { name: 'Train…' })).toBeInTheDocument();
  expect(await screen.findByText(/Promoting and rolling back needs the Admin role/)).toBeInTheDocument();
  expect(screen.queryByRole('button', { name: 'Roll back…' })).not.toBeInTheDocument();
});

test('a Viewer sees the budget and no way to change it', async () => {
  const { calls } = renderPanel({ role: 'Viewer', at: '?an-tab=model' });
  expect(await screen.findByText('10 a day now')).toBeInTheDocument();
  expect(screen.queryByRole('slider')).not.toBeInTheDocument();
  expect(screen.queryByRole('button', { name: /Apply|Train/ })).not.toBeInTheDocument();
  expect(calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
});

test('a training is followed to its end and can be cancelled', async () => {
  const user = userEvent.setup();
  const running = {
    ...recorded.jobs.items[0]!,
    kind: 'training',
    state: 'running',
    stage: 'train',
    progress: 0.62,
    eta_seconds: 20,
  };
  let job: unknown = running;
  const { calls } = renderPanel({ at: '?an-tab=model', answers: { 'GET jobs/*': () => job } });
  await user.click(await screen.findByRole('button', { name: 'Train…' }));
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Train' }));
  const training = await screen.findByTestId(testIds.panel.training);
  expect(await within(training).findByText(/62 %/)).toBeInTheDocument();
  expect(within(training).getByRole('progressbar')).toHaveAttribute('aria-valuenow', '62');
  await user.click(screen.getByRole('button', { name: 'Cancel training' }));
  await waitFor(() => expect(calls.some((call) => call.startsWith('DELETE jobs/'))).toBe(true));
  job = { ...running, state: 'rejected', progress: 1, error: null };
  expect(await within(training).findAllByText(/not all gates passed/, undefined, { timeout: 4000 })).not.toHaveLength(
    0,
  );
});

test('a time range and an upload are trained on', async () => {
  const user = userEvent.setup();
  const { requests } = renderPanel({ at: '?an-tab=model' });
  await user.click(await screen.findByRole('button', { name: 'Train…' }));
  await user.click(await screen.findByRole('radio', { name: 'Upload' }));
  const file = new File(['{}'], 'traces.json');
  await user.upload(document.querySelector<HTMLInputElement>('input[type=file]')!, file);
  expect(await screen.findByText('traces.json is chosen.')).toBeInTheDocument();
  await user.click(screen.getByRole('radio', { name: 'Time range' }));
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Train' }));
  await screen.findByTestId(testIds.panel.training);
  expect(requests.find(({ path }) => path.endsWith('train'))?.body).toEqual({
    source: 'window',
    from: '2026-11-28T00:00:00.000Z',
    to: '2026-11-28T09:00:00.000Z',
  });
});

test('a training that is under way already is shown instead of a refusal', async () => {
  const user = userEvent.setup();
  const data = { type: 'urn:api-anomaly:error:training_running', detail: 'A training is under way.', job: 'j-9' };
  const { calls } = renderPanel({ at: '?an-tab=model', answers: { 'POST train': fails(409, data) } });
  await user.click(await screen.findByRole('button', { name: 'Train…' }));
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Train' }));
  await screen.findByTestId(testIds.panel.training);
  expect(calls).toContain('GET jobs/j-9');
});

test('the budget shows what would vanish before it is applied', async () => {
  const user = userEvent.setup();
  const { requests } = renderPanel({ at: '?an-tab=model' });
  const input = await screen.findByRole('spinbutton', { name: 'False incidents a day' });
  await user.clear(input);
  fireEvent.change(input, { target: { value: '2' } });
  expect(await screen.findByText('This one would vanish', undefined, { timeout: 5000 })).toBeInTheDocument();
  expect(screen.getByText('18.6 incidents a day then, 17 with it')).toBeInTheDocument();
  const apply = screen.getByRole('button', { name: 'Apply 2 a day' });
  await waitFor(() => expect(apply).toBeEnabled());
  await user.click(apply);
  await waitFor(() =>
    expect(requests.find(({ method }) => method === 'PUT')?.body).toEqual({ false_incidents_per_day: 2 }),
  );
  await user.click(await screen.findByRole('button', { name: 'Undo' }));
  await waitFor(() =>
    expect(requests.filter(({ method }) => method === 'PUT').at(-1)?.body).toEqual({ false_incidents_per_day: null }),
  );
});

test('while learning it says how far it is and how long it takes', async () => {
  renderPanel({ answers: { 'GET status': learning } });
  expect(
    await screen.findByRole('heading', { name: 'Learning what is normal, about 14 min left' }),
  ).toBeInTheDocument();
  expect(screen.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '77');
});

test('the model view offers an upload while learning', async () => {
  const user = userEvent.setup();
  renderPanel({
    at: '?an-tab=model',
    answers: { 'GET status': learning, 'GET models': { items: [], next_cursor: null } },
  });
  await user.click(await screen.findByRole('button', { name: 'Upload traces…' }));
  expect(await screen.findByTestId(testIds.panel.train)).toBeInTheDocument();
});

test('without spans it says how to send some', async () => {
  renderPanel({ answers: { 'GET status': silent } });
  expect(await screen.findByTestId(testIds.panel.noSpans)).toHaveTextContent('otlp/anomaly');
});

test.each([
  [fails(502), 'The processor does not answer', /Is it running/],
  [fails(400, 'Authentication to data source failed'), 'The processor refused the token', /tokens\/viewer/],
  [fails(404), 'The processor is too old for this', /Update the processor/],
  [fails(403), 'This is not allowed', /Ask an Editor/],
  ['<html>', 'What answers is no processor', /Is the address right/],
])('%# a status that cannot be had is a problem with its next step', async (answer, title, step) => {
  renderPanel({ answers: { 'GET status': answer } });
  const problem = await screen.findByTestId(testIds.panel.problem);
  expect(problem).toHaveTextContent(title);
  expect(problem).toHaveTextContent(step);
  expect(within(problem).getByRole('button', { name: 'Try again' })).toBeInTheDocument();
});

test('one card that fails leaves the others', async () => {
  renderPanel({ answers: { 'GET users': fails(404) } });
  expect(await screen.findByText(/needs a newer version/)).toBeInTheDocument();
  expect(await screen.findByTestId(testIds.panel.incidents)).toBeInTheDocument();
});

test('a data source that is not there is a problem that says what to do', async () => {
  renderPanel({
    options: { control: 'xyz' },
    found: () => Promise.reject(new Error('Data source xyz was not found.')),
  });
  expect(await screen.findByTestId(testIds.panel.problem)).toHaveTextContent(
    "Data source xyz was not found. Choose another one in the panel's options.",
  );
});

test('a data source of another kind is a problem', async () => {
  renderPanel({ found: () => Promise.resolve({ name: 'Prometheus' }) });
  expect(await screen.findByTestId(testIds.panel.problem)).toHaveTextContent(
    '“Prometheus” is no API anomaly data source.',
  );
});

test('without a control data source it is read-only from its queries', async () => {
  const { onChangeTimeRange } = renderPanel({
    options: { control: undefined },
    series: [
      frame('A', [0.2, 0.9, 0.3]),
      frame('threshold', [0.75]),
      frame('incidents', [2], { behavior: 'latency' }),
      frame('users', [0.1, 0.6], { user: 'u_1f2e3d4c5b6a7988' }),
      frame('endpoints', [0.4], { endpoint: 'GET /orders/{id}' }),
    ],
  });
  expect(screen.getByText('Read-only from Prometheus')).toBeInTheDocument();
  expect(screen.getByText('Latency 2')).toBeInTheDocument();
  expect(screen.getByText('u_1f2e…')).toBeInTheDocument();
  expect(screen.getByText('GET /orders/{id}')).toBeInTheDocument();
  const chart = screen.getByRole('img', { name: /at most 0.90/ });
  expect(chart).toHaveTextContent('flagged above 0.75 · rarer than 1 in 32,000');
  fireEvent.keyDown(chart, { key: 'ArrowUp', shiftKey: true });
  expect(onChangeTimeRange).toHaveBeenCalledWith({
    from: Date.parse('2026-11-28T02:15:00Z'),
    to: Date.parse('2026-11-28T06:45:00Z'),
  });
});

test('dragging over the timeline sets the range of the dashboard', async () => {
  const { onChangeTimeRange } = renderPanel({ options: { control: undefined }, series: [frame('A', [0.2, 0.9])] });
  const chart = screen.getByRole('img', { name: /Highest score/ });
  for (const [type, clientX] of [
    ['pointerDown', 300],
    ['pointerMove', 700],
    ['pointerUp', 700],
  ] as const) {
    const event = new MouseEvent(type.toLowerCase(), { bubbles: true, clientX });
    fireEvent(chart, event);
  }
  expect(onChangeTimeRange).toHaveBeenCalledTimes(1);
  const [{ from, to }] = onChangeTimeRange.mock.calls[0]!;
  expect(from).toBeLessThan(to);
});

test('read-only without scores says which query to add, and shows what failed', () => {
  renderPanel({ options: { control: undefined } });
  expect(screen.getByText('max(api_anomaly_endpoint_score)')).toBeInTheDocument();
  renderPanel({ options: { control: undefined }, state: LoadingState.Error });
  expect(screen.getByText('parse error')).toBeInTheDocument();
});

test('a pinned view has no tabs, a small panel a list of views', async () => {
  renderPanel({ options: { view: 'endpoints' } });
  expect(await screen.findByTestId(testIds.panel.endpoints)).toBeInTheDocument();
  expect(screen.queryByRole('tab')).not.toBeInTheDocument();
  renderPanel({ width: 400, height: 300 });
  expect(await screen.findByRole('combobox', { name: 'View' })).toBeInTheDocument();
});

test('a series that has ended is not of now', () => {
  renderPanel({
    options: { control: undefined },
    series: [
      frame('A', [0.2, 0.9, 0.3]),
      frame('incidents', [1, 1], { behavior: 'latency', severity: 'high' }),
      frame('incidents', [2, 2, 2], { behavior: 'enumeration', severity: 'high' }),
      frame('incidents', [Number.NaN, Number.NaN, 1], { behavior: 'enumeration', severity: 'critical' }),
    ],
  });
  expect(screen.getByText('Open incidents by behaviour, 3 open')).toBeInTheDocument();
  expect(screen.getByText('Enumeration 3')).toBeInTheDocument();
  expect(screen.queryByText(/Latency/)).not.toBeInTheDocument();
});

test('a clock that is wrong is named', async () => {
  const status = { started: new Date(Date.now() - 3_700_000).toISOString(), uptime_seconds: 100 };
  renderPanel({ answers: { 'GET status': { ...recorded.status, ...status } } });
  expect(await screen.findByText(/clock is 60 min ahead of the processor/)).toBeInTheDocument();
});

test('an answer without what a view needs is a problem with its next step', async () => {
  jest.spyOn(console, 'error').mockImplementation(() => {});
  renderPanel({ answers: { 'GET status': { version: '0.1.0' } } });
  const problem = await screen.findByTestId(testIds.panel.problem);
  expect(problem).toHaveTextContent('What answers is no processor');
  expect(problem).toHaveTextContent('version of this plugin');
});

test('an Editor turns a behaviour off, and takes it back', async () => {
  const user = userEvent.setup();
  const { requests } = renderPanel({ at: '?an-tab=model', role: 'Editor' });
  await user.click(await screen.findByRole('button', { name: 'By behaviour' }));
  await user.click(screen.getByRole('switch', { name: 'Off hours' }));
  expect(await screen.findByText('Off hours is not flagged any more.')).toBeInTheDocument();
  await user.click(screen.getByRole('button', { name: 'Undo' }));
  await screen.findByText('Undone.');
  const changes = requests.filter(({ method }) => method === 'PUT').map(({ body }) => body);
  expect(changes).toEqual([{ behaviors: { off_hours: false } }, { behaviors: { off_hours: null } }]);
});

test('a Viewer sees the behaviours without switches', async () => {
  renderPanel({ at: '?an-tab=model', role: 'Viewer' });
  await userEvent.click(await screen.findByRole('button', { name: 'By behaviour' }));
  expect(screen.getByText('Off hours')).toBeInTheDocument();
  expect(screen.queryByRole('switch')).not.toBeInTheDocument();
});

test('a narrow panel has severity, reason and endpoint of an incident in one cell', async () => {
  renderPanel({ width: 560 });
  const list = await screen.findByTestId(testIds.panel.incidents);
  const [, row] = within(list).getAllByRole('row');
  const shown = recorded.incidents.items.find(({ reason }) => row!.textContent!.includes(reason))!;
  const cell = within(row!).getByText(shown.reason).closest('[role=gridcell]');
  expect(cell).toHaveTextContent(new RegExp(shown.severity, 'i'));
  expect(cell).toHaveTextContent(shown.endpoint);
});

test('the control data source may be a variable of the dashboard', async () => {
  renderPanel({ options: { control: '${control}' } });
  expect(await screen.findByTestId(testIds.panel.incidents)).toBeInTheDocument();
  expect(sources.get).toHaveBeenLastCalledWith({ uid: 'anomaly' });
});
