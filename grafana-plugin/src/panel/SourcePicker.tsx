/** An option of the panel that is a data source. */
import type { StandardEditorProps } from '@grafana/data';
import { DataSourcePicker } from '@grafana/runtime';
import React from 'react';

interface Settings {
  /** Only of this type of plugin; those with traces by default. */
  readonly pluginId?: string;
}

export function SourcePicker({ value, onChange, item, id }: StandardEditorProps<string | undefined, Settings>) {
  const pluginId = item.settings?.pluginId;
  return (
    <DataSourcePicker
      inputId={id}
      noDefault
      placeholder="None"
      current={value ?? null}
      {...(pluginId === undefined ? { tracing: true } : { pluginId })}
      onChange={({ uid }) => onChange(uid)}
      onClear={() => onChange(undefined)}
    />
  );
}
