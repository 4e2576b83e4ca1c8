import type { PluginConfigPageProps, AppPluginMeta } from '@grafana/data';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import { MemoryRouter } from 'react-router-dom';
import { throwError } from 'rxjs';
import { ConfigurationPage } from '../../src/configuration/ConfigurationPage';
import { checkHealth } from '../../src/datasource/health';
import { testIds } from '../../src/testIds';
import { recordedClient } from '../answers';

const sources = { getList: jest.fn(), get: jest.fn() };
const fetch = jest.fn();
jest.mock('@grafana/runtime', () => ({
  ...jest.requireActual('@grafana/runtime'),
  getDataSourceSrv: () => sources,
  getBackendSrv: () => ({ fetch }),
}));

const page = (enabled = true) =>
  render(
    <ConfigurationPage
      {...({
        plugin: { meta: { id: 'apianomaly-anomaly-app', enabled } },
        query: {},
      } as unknown as PluginConfigPageProps<AppPluginMeta>)}
    />,
    { wrapper: MemoryRouter },
  );

test('the first step without a data source is to add one', () => {
  sources.getList.mockReturnValue([]);
  page();
  expect(screen.getByTestId(testIds.config.checklist)).toHaveTextContent('Add an API anomaly data source');
  expect(screen.queryByText('Done:')).not.toBeInTheDocument();
});

test('a processor that answers and scores has done all but the dashboard', async () => {
  const { client } = recordedClient();
  sources.getList.mockReturnValue([{ uid: 'a', name: 'API anomaly' }]);
  sources.get.mockResolvedValue({ client, testDatasource: () => checkHealth(client) });
  page();
  expect(await screen.findByText(/scoring with model m-tp78s3/)).toBeInTheDocument();
  expect(within(screen.getByTestId(testIds.config.checklist)).getAllByText('Done:')).toHaveLength(4);
});

test('a processor that does not answer says what to do', async () => {
  const { client } = recordedClient({
    'GET status': () => {
      throw { status: 502, data: {} };
    },
  });
  sources.get.mockResolvedValue({ client, testDatasource: () => checkHealth(client) });
  page();
  expect(await screen.findByText(/Check that it runs/)).toBeInTheDocument();
  expect(screen.getAllByText('Done:')).toHaveLength(1);
});

test('an app that is not enabled offers to be, and says why it could not', async () => {
  fetch.mockReturnValue(throwError(() => ({ status: 403, data: { message: 'Access denied' } })));
  page(false);
  await userEvent.click(screen.getByRole('button', { name: 'Enable' }));
  expect(await screen.findByText('Access denied')).toBeInTheDocument();
});
