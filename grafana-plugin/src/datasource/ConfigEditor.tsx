/** Settings of the data source: address, tokens, and where traces are. */
import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { DataSourcePicker } from '@grafana/runtime';
import { Alert, Field, FieldSet, Input, SecretInput } from '@grafana/ui';
import React from 'react';
import { testIds } from '../testIds';
import type { AnomalySecrets, AnomalySettings } from './query';
import { TlsSettings } from './TlsSettings';

type Props = DataSourcePluginOptionsEditorProps<AnomalySettings, AnomalySecrets>;

interface TokenField {
  readonly secret: keyof AnomalySecrets;
  readonly label: string;
  readonly description: string;
  /** What the settings say of the token. */
  readonly flag?: 'canOperate' | 'canAdminister';
}

const TOKENS: readonly TokenField[] = [
  {
    secret: 'readToken',
    label: 'Read token',
    description: 'Of the role viewer: tokens/viewer in the data folder of the processor. Needed.',
  },
  {
    secret: 'operateToken',
    label: 'Operate token',
    description: 'Of the role operator: lets Editors train, give feedback and change the alert budget. Optional.',
    flag: 'canOperate',
  },
  {
    secret: 'adminToken',
    label: 'Admin token',
    description: 'Of the role admin: lets Admins promote, roll back and delete models and erase users. Optional.',
    flag: 'canAdminister',
  },
];

export function ConfigEditor(props: Props) {
  const { options, onOptionsChange } = props;
  const { jsonData, secureJsonData = {}, secureJsonFields = {} } = options;
  const setToken = ({ secret, flag }: TokenField, value: string, isSet: boolean) =>
    onOptionsChange({
      ...options,
      jsonData: flag === undefined ? jsonData : { ...jsonData, [flag]: isSet },
      secureJsonData: { ...secureJsonData, [secret]: value },
      secureJsonFields: { ...secureJsonFields, [secret]: false },
    });
  const isPlain = options.url.startsWith('http:') && !/^http:\/\/(localhost|127\.|\[::1\])/.test(options.url);
  return (
    <>
      <FieldSet label="Processor">
        <Field
          noMargin
          label="Address"
          description="Scheme, host and port of the control API; nothing after them."
          invalid={options.url !== '' && !isAddress(options.url)}
          error="An address looks like http://processor:8000, without a path."
        >
          <Input
            id="anomaly-url"
            data-testid={testIds.config.url}
            width={50}
            placeholder="http://processor:8000"
            value={options.url}
            onChange={({ currentTarget }) => onOptionsChange({ ...options, url: currentTarget.value.trim() })}
          />
        </Field>
        {isPlain && (
          <Alert severity="warning" title="Tokens travel in plain text">
            Anybody on the way can read them. Give the processor a certificate (control.tls) and use https.
          </Alert>
        )}
      </FieldSet>
      <FieldSet label="Tokens">
        {TOKENS.map((token) => (
          <Field key={token.secret} label={token.label} description={token.description}>
            <SecretInput
              id={`anomaly-${token.secret}`}
              data-testid={testIds.config.token(token.secret)}
              width={50}
              autoComplete="off"
              isConfigured={secureJsonFields[token.secret] === true}
              value={secureJsonData[token.secret] ?? ''}
              onChange={({ currentTarget }) =>
                setToken(token, currentTarget.value.trim(), currentTarget.value.trim() !== '')
              }
              onReset={() => setToken(token, '', false)}
            />
          </Field>
        ))}
      </FieldSet>
      <TlsSettings {...props} />
      <FieldSet label="Traces">
        <Field noMargin label="Trace data source" description="Tempo or Jaeger: where trace ids of anomalies lead to.">
          <DataSourcePicker
            inputId="anomaly-traces"
            tracing
            noDefault
            width={50}
            current={jsonData.traces?.uid ?? null}
            onChange={({ uid, name }) =>
              onOptionsChange({ ...options, jsonData: { ...jsonData, traces: { uid, name } } })
            }
            onClear={() => onOptionsChange({ ...options, jsonData: { ...jsonData, traces: undefined } })}
          />
        </Field>
      </FieldSet>
    </>
  );
}

function isAddress(text: string): boolean {
  try {
    const { protocol, pathname, search } = new URL(text);
    return /^https?:$/.test(protocol) && pathname === '/' && search === '';
  } catch {
    return false;
  }
}
