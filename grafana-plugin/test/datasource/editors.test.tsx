import { type DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import { ConfigEditor } from '../../src/datasource/ConfigEditor';
import type { AnomalyDataSource } from '../../src/datasource/datasource';
import type { AnomalySecrets, AnomalySettings } from '../../src/datasource/query';
import { QueryEditor } from '../../src/datasource/QueryEditor';
import { testIds } from '../../src/testIds';

jest.mock('@grafana/runtime', () => ({
  ...jest.requireActual('@grafana/runtime'),
  DataSourcePicker: ({ inputId, onChange }: { inputId: string; onChange: (source: object) => void }) => (
    <button id={inputId} onClick={() => onChange({ uid: 't', name: 'Tempo' })}>
      pick
    </button>
  ),
}));

type Options = DataSourcePluginOptionsEditorProps<AnomalySettings, AnomalySecrets>['options'];

function settings(part: Partial<Options>) {
  const onOptionsChange = jest.fn();
  const options = { url: 'http://processor:8000', jsonData: {}, secureJsonFields: {}, ...part } as Options;
  render(<ConfigEditor options={options} onOptionsChange={onOptionsChange} />);
  return onOptionsChange;
}

test('a token that is set is said to be there, without its value in the open settings', () => {
  const onOptionsChange = settings({});
  fireEvent.change(screen.getByTestId(testIds.config.token('operateToken')), { target: { value: 's3cret' } });
  const changed = onOptionsChange.mock.calls[0][0] as Options;
  expect(changed.jsonData).toEqual({ canOperate: true });
  expect(changed.secureJsonData).toEqual({ operateToken: 's3cret' });
  expect(JSON.stringify(changed.jsonData)).not.toContain('s3cret');
});

test('a token that is taken away is said to be missing', async () => {
  const onOptionsChange = settings({ secureJsonFields: { adminToken: true } });
  await userEvent.click(screen.getByRole('button', { name: 'Reset' }));
  expect((onOptionsChange.mock.calls[0][0] as Options).jsonData).toEqual({ canAdminister: false });
});

test.each(['processor:8000', 'http://processor:8000/api/v1', 'ftp://processor'])('the address %s is refused', (url) => {
  settings({ url });
  expect(screen.getByText(/An address looks like/)).toBeInTheDocument();
});

test('plain text off the machine is warned of', () => {
  settings({});
  expect(screen.getByText('Tokens travel in plain text')).toBeInTheDocument();
  settings({ url: 'http://127.0.0.1:8000' });
  expect(screen.getAllByText('Tokens travel in plain text')).toHaveLength(1);
});

test('a CA certificate is a secret, and asked for where it is wanted', async () => {
  expect(settings({})).not.toHaveBeenCalled();
  expect(screen.queryByTestId(testIds.config.token('tlsCACert'))).not.toBeInTheDocument();
  const onOptionsChange = settings({ jsonData: { tlsAuthWithCACert: true } });
  fireEvent.change(screen.getByTestId(testIds.config.token('tlsCACert')), { target: { value: 'PEM' } });
  const changed = onOptionsChange.mock.calls[0][0] as Options;
  expect(changed.secureJsonData).toEqual({ tlsCACert: 'PEM' });
  expect(changed.jsonData).toEqual({ tlsAuthWithCACert: true });
});

test.each([
  ['With a CA certificate', { tlsAuthWithCACert: true }],
  ['With a client certificate', { tlsAuth: true }],
  ['Skip the check of the certificate', { tlsSkipVerify: true }],
])('TLS: “%s” is kept as Grafana’s proxy reads it', async (label, expected) => {
  const onOptionsChange = settings({});
  await userEvent.click(screen.getByRole('checkbox', { name: new RegExp(`^${label}`) }));
  expect((onOptionsChange.mock.calls[0][0] as Options).jsonData).toEqual(expected);
});

test('a client certificate comes with its key and the name of the server', () => {
  const onOptionsChange = settings({ jsonData: { tlsAuth: true }, secureJsonFields: { tlsClientKey: true } });
  fireEvent.change(screen.getByLabelText(/Server name/), { target: { value: 'processor.example.com ' } });
  expect((onOptionsChange.mock.calls[0][0] as Options).jsonData).toMatchObject({ serverName: 'processor.example.com' });
  fireEvent.change(screen.getByTestId(testIds.config.token('tlsClientCert')), { target: { value: 'PEM' } });
  expect((onOptionsChange.mock.calls[1][0] as Options).secureJsonData).toEqual({ tlsClientCert: 'PEM' });
  // One that is kept is not shown.
  expect(screen.getByDisplayValue('configured')).toBeDisabled();
});

test('a certificate that is not checked is warned of', () => {
  settings({ jsonData: { tlsSkipVerify: true } });
  expect(screen.getByText('The certificate is not checked')).toBeInTheDocument();
});

test('a trace data source is kept by uid and name', async () => {
  const onOptionsChange = settings({});
  await userEvent.click(screen.getByText('pick'));
  expect((onOptionsChange.mock.calls[0][0] as Options).jsonData.traces).toEqual({ uid: 't', name: 'Tempo' });
});

test('a query is changed and run', async () => {
  const user = userEvent.setup();
  const [onChange, onRunQuery] = [jest.fn(), jest.fn()];
  render(
    <QueryEditor
      query={{ refId: 'A' }}
      datasource={{} as AnomalyDataSource}
      onChange={onChange}
      onRunQuery={onRunQuery}
    />,
  );
  await user.type(screen.getByLabelText('Entity'), 'u_1');
  await user.tab();
  expect(onChange).toHaveBeenCalledWith({ refId: 'A', entity: 'u_1' });
  await user.clear(screen.getByLabelText('At most'));
  await user.type(screen.getByLabelText('At most'), '99999');
  await user.tab();
  expect(onChange).toHaveBeenCalledWith({ refId: 'A', limit: 5000 });
  expect(onRunQuery).toHaveBeenCalledTimes(onChange.mock.calls.length);
});

test('a query of models takes no filters', () => {
  render(
    <QueryEditor
      query={{ refId: 'A', type: 'models' }}
      datasource={{} as AnomalyDataSource}
      onChange={jest.fn()}
      onRunQuery={jest.fn()}
    />,
  );
  expect(screen.queryByLabelText('Behavior')).not.toBeInTheDocument();
});
