import { DataSourcePlugin } from '@grafana/data';
import { ConfigEditor } from './ConfigEditor';
import { AnomalyDataSource } from './datasource';
import type { AnomalyQuery, AnomalySecrets, AnomalySettings } from './query';
import { QueryEditor } from './QueryEditor';

export const plugin = new DataSourcePlugin<AnomalyDataSource, AnomalyQuery, AnomalySettings, AnomalySecrets>(
  AnomalyDataSource,
)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor);
