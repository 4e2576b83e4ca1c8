import { PanelPlugin } from '@grafana/data';
import { AnomalyPanel } from './AnomalyPanel';
import type { PanelOptions } from './options';
import { SourcePicker } from './SourcePicker';

export const plugin = new PanelPlugin<PanelOptions>(AnomalyPanel).setNoPadding().setPanelOptions((builder) =>
  builder
    .addSelect({
      path: 'view',
      name: 'View',
      description: 'All behind tabs, or one pinned',
      defaultValue: 'tabs',
      settings: {
        options: [
          { value: 'tabs', label: 'Tabs' },
          { value: 'overview', label: 'Overview' },
          { value: 'incidents', label: 'Incidents' },
          { value: 'users', label: 'Users' },
          { value: 'endpoints', label: 'Endpoints' },
          { value: 'model', label: 'Model' },
        ],
      },
    })
    .addCustomEditor({
      id: 'control',
      path: 'control',
      name: 'Control data source',
      description: 'The processor. Without one the panel is read-only from its queries.',
      editor: SourcePicker,
      settings: { pluginId: 'apianomaly-anomaly-datasource' },
    })
    .addCustomEditor({
      id: 'traces',
      path: 'traces',
      name: 'Trace data source',
      description: 'Tempo or Jaeger: where traces are opened. By default that of the control data source.',
      editor: SourcePicker,
      settings: {},
    }),
);
