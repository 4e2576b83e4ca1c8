import { AppPlugin } from '@grafana/data';
import { ConfigurationPage } from './configuration/ConfigurationPage';

export const plugin = new AppPlugin().addConfigPage({
  title: 'Configuration',
  icon: 'cog',
  body: ConfigurationPage,
  id: 'configuration',
});
