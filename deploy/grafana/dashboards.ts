/** Every dashboard, as it is committed: for provisioning, and once more in the app, which brings them along. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { apiAnomalies } from './api-anomalies.ts';
import { processorHealth } from './processor-health.ts';

const FOLDERS = ['deploy/grafana/dashboards', 'grafana-plugin/src/dashboards'] as const;

/** The dashboards' JSON by its path in the repository. */
export function dashboards(): Map<string, string> {
  const all = { 'api-anomalies': apiAnomalies(), 'processor-health': processorHealth() };
  return new Map(
    Object.entries(all).flatMap(([name, model]) => {
      const text = `${JSON.stringify({ ...model, panels: numbered(model.panels) }, null, 2)}\n`;
      return FOLDERS.map((folder): [string, string] => [`${folder}/${name}.json`, text]);
    }),
  );
}

/** With ids, so that links to a panel stay the same from one import to the next. */
function numbered(panels: Dashboard['panels']): Dashboard['panels'] {
  return panels?.map((panel, index) => ({ ...panel, id: index + 1 }));
}
