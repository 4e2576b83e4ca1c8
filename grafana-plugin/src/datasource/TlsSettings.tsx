/** TLS between Grafana's proxy and the processor, in the settings that Grafana's proxy knows by these names. */
import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { Alert, Checkbox, Field, FieldSet, Input, SecretTextArea } from '@grafana/ui';
import React from 'react';
import { testIds } from '../testIds';
import type { AnomalySecrets, AnomalySettings, TlsSecret } from './query';

type Props = DataSourcePluginOptionsEditorProps<AnomalySettings, AnomalySecrets>;
type Flag = 'tlsAuthWithCACert' | 'tlsAuth' | 'tlsSkipVerify';

const CERTIFICATE = '-----BEGIN CERTIFICATE-----';
const KEY = '-----BEGIN PRIVATE KEY-----';

export function TlsSettings({ options, onOptionsChange }: Props) {
  const { jsonData, secureJsonData = {}, secureJsonFields = {} } = options;
  const set = (change: Partial<AnomalySettings>) =>
    onOptionsChange({ ...options, jsonData: { ...jsonData, ...change } });
  const flag = (name: Flag, label: string, description: string) => (
    <div style={{ marginBottom: 12 }}>
      <Checkbox
        label={label}
        description={description}
        value={jsonData[name] === true}
        onChange={({ currentTarget }) => set({ [name]: currentTarget.checked })}
      />
    </div>
  );
  const setSecret = (secret: TlsSecret, value: string) =>
    onOptionsChange({
      ...options,
      secureJsonData: { ...secureJsonData, [secret]: value },
      secureJsonFields: { ...secureJsonFields, [secret]: false },
    });
  const secretField = (secret: TlsSecret, label: string, placeholder: string) => (
    <Field label={label} htmlFor={`anomaly-${secret}`}>
      <SecretTextArea
        id={`anomaly-${secret}`}
        data-testid={testIds.config.token(secret)}
        cols={50}
        rows={5}
        placeholder={placeholder}
        isConfigured={secureJsonFields[secret] === true}
        value={secureJsonData[secret] ?? ''}
        onChange={({ currentTarget }) => setSecret(secret, currentTarget.value)}
        onReset={() => setSecret(secret, '')}
      />
    </Field>
  );
  return (
    <FieldSet label="TLS">
      {flag(
        'tlsAuthWithCACert',
        'With a CA certificate',
        'Where the processor’s certificate is of an authority of your own.',
      )}
      {jsonData.tlsAuthWithCACert === true && secretField('tlsCACert', 'CA certificate', CERTIFICATE)}
      {flag('tlsAuth', 'With a client certificate', 'Where the processor asks for one (control.tls.client_ca_file).')}
      {jsonData.tlsAuth === true && (
        <>
          <Field label="Server name" description="That the certificate is for, where the address has another.">
            <Input
              id="anomaly-server-name"
              width={50}
              placeholder="processor.example.com"
              value={jsonData.serverName ?? ''}
              onChange={({ currentTarget }) => set({ serverName: currentTarget.value.trim() || undefined })}
            />
          </Field>
          {secretField('tlsClientCert', 'Client certificate', CERTIFICATE)}
          {secretField('tlsClientKey', 'Client key', KEY)}
        </>
      )}
      {flag('tlsSkipVerify', 'Skip the check of the certificate', 'For a try only.')}
      {jsonData.tlsSkipVerify === true && (
        <Alert severity="warning" title="The certificate is not checked" topSpacing={1}>
          Whoever is in between can pretend to be the processor and read the tokens. Give Grafana the CA certificate
          instead.
        </Alert>
      )}
    </FieldSet>
  );
}
