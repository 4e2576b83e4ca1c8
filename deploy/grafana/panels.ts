/** The building blocks of our dashboards: panels over Prometheus in one look. */
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

/** The data sources are chosen on the dashboard, by template variables of these names. */
export const PROMETHEUS: common.DataSourceRef = { type: 'prometheus', uid: '${prometheus}' };
export const CONTROL_TYPE = 'apianomaly-anomaly-datasource';
export const CONTROL: common.DataSourceRef = { type: CONTROL_TYPE, uid: '${control}' };

/** The scrape job of `deploy/prometheus/prometheus.yml`, so that a second service is told apart. */
export const OURS = 'job="api-anomaly", instance=~"$instance"';

/** An expression and the legend of its series; `{{label}}` stands for the label's value. */
export type Query = readonly [expression: string, legend: string];

export interface PanelText {
  readonly title: string;
  /** What one sees, and what should make one wonder. */
  readonly description: string;
  /** Unit as Grafana names it. */
  readonly unit: string;
}

/** Columns and rows of the grid, which is 24 wide. */
export interface PanelSize {
  readonly width: number;
  readonly height: number;
}

export function rangeQuery([expression, legend]: Query, refId: string): prometheus.DataqueryBuilder {
  return new prometheus.DataqueryBuilder().expr(expression).legendFormat(legend).range().refId(refId);
}

export function instantQuery([expression, legend]: Query, refId: string): prometheus.DataqueryBuilder {
  return new prometheus.DataqueryBuilder().expr(expression).legendFormat(legend).instant().refId(refId);
}

/** `A`, `B`, …: how Grafana numbers the queries of a panel. */
export function refIdOf(index: number): string {
  return String.fromCodePoint('A'.codePointAt(0)! + index);
}

/** A graph over time. */
export function graph(text: PanelText, size: PanelSize, queries: readonly Query[]): timeseries.PanelBuilder {
  const panel = new timeseries.PanelBuilder()
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .min(0)
    .datasource(PROMETHEUS)
    .span(size.width)
    .height(size.height)
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(common.VisibilityMode.Never)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending),
    );
  for (const [index, query] of queries.entries()) panel.withTarget(rangeQuery(query, refIdOf(index)));
  return panel;
}

/** The present value, large. `steps`: colors from a value on, the first from below everything (null). */
export function number(
  text: PanelText,
  size: PanelSize,
  query: Query,
  steps: readonly (readonly [from: number | null, color: string])[] = [[null, 'text']],
): stat.PanelBuilder {
  return new stat.PanelBuilder()
    .title(text.title)
    .description(text.description)
    .unit(text.unit)
    .datasource(PROMETHEUS)
    .span(size.width)
    .height(size.height)
    .graphMode(common.BigValueGraphMode.Area)
    .colorMode(common.BigValueColorMode.Value)
    .noValue('none')
    .thresholds(thresholds(steps))
    .withTarget(rangeQuery(query, 'A'));
}

export function thresholds(
  steps: readonly (readonly [from: number | null, color: string])[],
): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));
}

/** A variable whose values are those of a label. */
export function labelVariable(name: string, label: string, metric: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(PROMETHEUS)
    .query(`label_values(${metric}, ${name})`)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

/** An annotation of the moments at which an expression is above 0. */
export function moments(
  name: string,
  expression: string,
  color: string,
  title: string,
): dashboard.AnnotationQueryBuilder {
  return new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(PROMETHEUS)
    .enable(true)
    .iconColor(color)
    .expr(expression)
    .titleFormat(title)
    .step('60s');
}
