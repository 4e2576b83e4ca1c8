/** Renders the panel against recorded answers, as somebody of a role. */
import { type DataFrame, dateTime, FieldType, LoadingState, type PanelProps, toDataFrame } from '@grafana/data';
import { config, locationService } from '@grafana/runtime';
import { render } from '@testing-library/react';
import { MemoryRouter } from 'react-router-dom';
import React from 'react';
import { AnomalyPanel } from '../../src/panel/AnomalyPanel';
import type { PanelOptions } from '../../src/panel/options';
import { recordedClient } from '../answers';

export const sources = { get: jest.fn(), getInstanceSettings: jest.fn(), getList: jest.fn() };

interface Settings {
  readonly role?: 'Viewer' | 'Editor' | 'Admin';
  readonly answers?: Parameters<typeof recordedClient>[0];
  readonly options?: Partial<PanelOptions>;
  readonly width?: number;
  readonly height?: number;
  readonly at?: string;
  readonly series?: DataFrame[];
  readonly state?: LoadingState;
  /** What the data source turns out to be. */
  readonly found?: () => Promise<unknown>;
}

export function renderPanel({
  role = 'Admin',
  answers = {},
  options = {},
  width = 1200,
  height = 700,
  at = '',
  series = [],
  state = LoadingState.Done,
  found,
}: Settings = {}) {
  const asked = recordedClient(answers);
  config.bootData = {
    ...config.bootData,
    user: { ...config.bootData?.user, orgRole: role, isGrafanaAdmin: false },
  } as typeof config.bootData;
  locationService.push(`/d/x${at}`);
  const source = {
    uid: 'anomaly',
    name: 'API anomaly',
    client: asked.client,
    canOperate: true,
    canAdminister: true,
    tracesUid: 'tempo',
  };
  sources.get.mockImplementation(found ?? (() => Promise.resolve(source)));
  sources.getInstanceSettings.mockReturnValue({ uid: 'tempo', type: 'tempo' });
  const onChangeTimeRange = jest.fn();
  const timeRange = {
    from: dateTime('2026-11-28T00:00:00Z'),
    to: dateTime('2026-11-28T09:00:00Z'),
    raw: { from: 'now-9h', to: 'now' },
  };
  const props = {
    id: 1,
    options: { view: 'tabs', control: 'anomaly', ...options },
    data: { state, series, timeRange, ...(state === LoadingState.Error && { errors: [{ message: 'parse error' }] }) },
    timeRange,
    timeZone: 'utc',
    width,
    height,
    onChangeTimeRange,
    replaceVariables: (text: string) => (text === '${control}' ? 'anomaly' : text),
  } as unknown as PanelProps<PanelOptions>;
  return { ...render(<AnomalyPanel {...props} />, { wrapper: MemoryRouter }), ...asked, onChangeTimeRange };
}

/** A frame as Prometheus gives it. */
export function frame(refId: string, values: number[], labels: Record<string, string> = {}): DataFrame {
  const start = Date.parse('2026-11-28T00:00:00Z');
  return toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: values.map((_, index) => start + index * 60_000) },
      { name: 'Value', type: FieldType.number, values, labels },
    ],
  });
}
