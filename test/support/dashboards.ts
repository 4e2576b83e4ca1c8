/** The queries of the dashboards that users get, in the form Prometheus takes. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const DASHBOARDS_FOLDER = path.resolve(import.meta.dirname, '../../deploy/grafana/dashboards');

/** A query of a dashboard, with the values of Grafana's variables put in. */
export interface DashboardQuery {
  readonly dashboard: string;
  readonly place: string;
  readonly expression: string;
}

interface Model {
  readonly title: string;
  readonly panels: readonly PanelModel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: string }[];
  };
  readonly annotations?: { readonly list: readonly { readonly name: string; readonly expr?: string }[] };
}

interface PanelModel {
  readonly type: string;
  readonly title?: string;
  readonly panels?: readonly PanelModel[];
  readonly targets?: readonly { readonly expr: string }[];
}

export function dashboardModels(): Model[] {
  const files = readdirSync(DASHBOARDS_FOLDER).filter((file) => file.endsWith('.json'));
  return files.map((file) => JSON.parse(readFileSync(path.join(DASHBOARDS_FOLDER, file), 'utf8')) as Model);
}

/** Of panels, annotations and variables; of `label_values(selector, label)` the selector. */
export function dashboardQueries(): DashboardQuery[] {
  return dashboardModels().flatMap(({ title, panels, templating, annotations }) => {
    const variables = templating.list.filter(({ type }) => type === 'query');
    const places: (readonly [string, string])[] = [
      ...panels
        .flatMap((panel) => [panel, ...(panel.panels ?? [])])
        .flatMap((panel) => (panel.targets ?? []).map(({ expr }) => [panel.title || panel.type, expr] as const)),
      ...(annotations?.list ?? []).flatMap(({ name, expr }) =>
        expr === undefined ? [] : [[`annotation ${name}`, expr] as const],
      ),
      ...variables.map(({ name, query }) => [`variable ${name}`, selectorOf(query)] as const),
    ];
    return places.map(([place, query]) => ({ dashboard: title, place, expression: withValues(query) }));
  });
}

function selectorOf(query: string): string {
  const [, selector] = /^label_values\((.+), \w+\)$/.exec(query) ?? [];
  if (selector === undefined) throw new Error(`Not a query for the values of a label: ${query}`);
  return selector;
}

/** What Grafana would send with everything chosen and a range of an hour. */
function withValues(query: string): string {
  return query.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '1h').replaceAll(/\$\w+/g, '.*');
}
