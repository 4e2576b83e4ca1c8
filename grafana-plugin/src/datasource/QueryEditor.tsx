/** What a query asks for. */
import type { QueryEditorProps } from '@grafana/data';
import { Combobox, type ComboboxOption, InlineField, InlineFieldRow, Input } from '@grafana/ui';
import React from 'react';
import { BEHAVIOR_NAMES, behaviorInWords, SEVERITIES, sentenceCase } from '../control/words';
import { testIds } from '../testIds';
import type { AnomalyDataSource } from './datasource';
import {
  type AnomalyQuery,
  type AnomalySettings,
  DEFAULT_LIMIT,
  DEFAULT_QUERY,
  isOfFindings,
  LARGEST_LIMIT,
  QUERY_TYPES,
} from './query';

type Props = QueryEditorProps<AnomalyDataSource, AnomalyQuery, AnomalySettings>;

const TYPES: Array<ComboboxOption<NonNullable<AnomalyQuery['type']>>> = QUERY_TYPES.map((type) => ({ ...type }));
const BEHAVIORS = BEHAVIOR_NAMES.map((value) => ({ value, label: behaviorInWords(value) }));
const SEVERITY_OPTIONS = SEVERITIES.map((value) => ({ value: String(value), label: sentenceCase(value) }));
const KINDS = ['user', 'address', 'endpoint'].map((value) => ({ value, label: sentenceCase(value) }));
const SORTS = [
  { value: 'time' as const, label: 'Latest first' },
  { value: 'score' as const, label: 'Most unusual first' },
];

export function QueryEditor({ query, onChange, onRunQuery }: Props) {
  const type = query.type ?? DEFAULT_QUERY.type;
  const change = (part: Partial<AnomalyQuery>) => {
    onChange({ ...query, ...part });
    onRunQuery();
  };
  const id = (name: string) => `anomaly-${query.refId}-${name}`;
  const text = (name: 'entity' | 'service' | 'endpoint', label: string, placeholder: string) => (
    <InlineField label={label} labelWidth={14} htmlFor={id(name)}>
      <Input
        id={id(name)}
        width={30}
        placeholder={placeholder}
        defaultValue={query[name] ?? ''}
        onBlur={({ currentTarget }) => change({ [name]: currentTarget.value.trim() || undefined })}
      />
    </InlineField>
  );
  const choice = (name: 'kind' | 'behavior' | 'severity', label: string, options: ComboboxOption[]) => (
    <InlineField label={label} labelWidth={14} htmlFor={id(name)}>
      <Combobox
        id={id(name)}
        width={30}
        isClearable
        createCustomValue
        placeholder="Any"
        options={options}
        value={query[name] ?? null}
        onChange={(chosen) => change({ [name]: chosen?.value })}
      />
    </InlineField>
  );
  return (
    <div data-testid={testIds.query.editor}>
      <InlineFieldRow>
        <InlineField label="Show" labelWidth={14} htmlFor={id('type')}>
          <Combobox
            id={id('type')}
            width={30}
            options={TYPES}
            value={type}
            onChange={({ value }) => change({ type: value })}
          />
        </InlineField>
        <InlineField label="At most" labelWidth={14} htmlFor={id('limit')} tooltip={`Rows, 1 to ${LARGEST_LIMIT}`}>
          <Input
            id={id('limit')}
            type="number"
            min={1}
            max={LARGEST_LIMIT}
            width={15}
            defaultValue={query.limit ?? DEFAULT_LIMIT}
            onBlur={({ currentTarget }) => change({ limit: bounded(currentTarget.valueAsNumber) })}
          />
        </InlineField>
        {isOfFindings(type) && (
          <InlineField label="Order" labelWidth={14} htmlFor={id('sort')}>
            <Combobox
              id={id('sort')}
              width={30}
              options={SORTS}
              value={query.sort ?? DEFAULT_QUERY.sort}
              onChange={({ value }) => change({ sort: value })}
            />
          </InlineField>
        )}
      </InlineFieldRow>
      {isOfFindings(type) && (
        <InlineFieldRow>
          {choice('kind', 'Of', KINDS)}
          {choice('behavior', 'Behavior', BEHAVIORS)}
          {choice('severity', 'Severity', SEVERITY_OPTIONS)}
          {text('entity', 'Entity', 'u_1f2e3d4c5b6a7988')}
          {text('endpoint', 'Endpoint', 'GET /orders/{id}')}
        </InlineFieldRow>
      )}
      {(isOfFindings(type) || type === 'endpoints') && (
        <InlineFieldRow>{text('service', 'Service', 'shop')}</InlineFieldRow>
      )}
    </div>
  );
}

const bounded = (limit: number): number =>
  Number.isFinite(limit) ? Math.min(LARGEST_LIMIT, Math.max(1, Math.round(limit))) : DEFAULT_LIMIT;
