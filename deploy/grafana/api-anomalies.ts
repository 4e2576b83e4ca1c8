/** The dashboard for who looks after the APIs: what is unusual, where, and since when. */
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import type * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import {
  CONTROL,
  CONTROL_TYPE,
  graph,
  instantQuery,
  labelVariable,
  moments,
  number,
  OURS,
  PROMETHEUS,
  type Query,
  rangeQuery,
  refIdOf,
  thresholds,
} from './panels.ts';

export const API_ANOMALIES_UID = 'api-anomalies';
const PANEL_TYPE = 'apianomaly-anomaly-panel';

const SELECTED = `${OURS}, service_name=~"$service_name", endpoint=~"$endpoint"`;

/** Severity bounds of an incident by its highest score. */
const SEVERITY_STEPS = [
  [null, 'green'],
  [0.67, 'yellow'],
  [0.8, 'orange'],
  [0.95, 'red'],
] as const;

/** What our panel shows without a control data source; it tells the queries apart by these names. */
const PANEL_QUERIES: Readonly<Record<string, Query>> = {
  scores: [`max(api_anomaly_endpoint_score{${SELECTED}})`, 'highest score'],
  threshold: [`min(api_anomaly_threshold{${OURS}})`, 'flagged from'],
  incidents: [
    `sum by (behavior, severity) (api_anomaly_incidents_open{${OURS}, behavior=~"$behavior"})`,
    '{{behavior}} {{severity}}',
  ],
  users: [`api_anomaly_user_score{${OURS}}`, '{{user}}'],
  endpoints: [`api_anomaly_endpoint_score{${SELECTED}}`, '{{service_name}} {{endpoint}}'],
};

export function apiAnomalies(): dashboard.Dashboard {
  return new dashboard.DashboardBuilder('API anomalies')
    .uid(API_ANOMALIES_UID)
    .description('Which users and endpoints behave oddly, and why. Choose a service, an endpoint or a behavior above.')
    .tags(['api-anomaly'])
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .variables([
      new dashboard.DatasourceVariableBuilder('prometheus').label('Prometheus').type('prometheus'),
      new dashboard.DatasourceVariableBuilder('control').label('Processor').type(CONTROL_TYPE),
      labelVariable('instance', 'Instance', 'up{job="api-anomaly"}').hide(dashboard.VariableHide.HideVariable),
      labelVariable('service_name', 'Service', `api_anomaly_scored_spans_total{${OURS}}`),
      labelVariable('endpoint', 'Endpoint', `api_anomaly_scored_spans_total{${OURS}, service_name=~"$service_name"}`),
      labelVariable('behavior', 'Behavior', `api_anomaly_incidents_total{${OURS}}`),
    ])
    .annotation(
      moments(
        'New model',
        `changes(api_anomaly_model_trained_timestamp_seconds{${OURS}}[1m]) > 0`,
        'blue',
        'New model in use',
      ),
    )
    .annotation(
      moments(
        'Incidents',
        `delta(api_anomaly_incidents_open{${OURS}, behavior=~"$behavior"}[1m]) > 0`,
        'red',
        '{{severity}} {{behavior}}',
      ),
    )
    .link(
      new dashboard.DashboardLinkBuilder('Processor health')
        .type(dashboard.DashboardLinkType.Link)
        .url('/d/api-anomaly-processor')
        .keepTime(true),
    )
    .withPanel(ourPanel())
    .withRow(new dashboard.RowBuilder('From Prometheus'))
    .withPanel(openIncidents())
    .withPanel(
      graph(
        {
          title: 'Anomalies by behavior',
          description: 'Spans whose verdict was anomaly.',
          unit: 'reqps',
        },
        { width: 10, height: 8 },
        [
          [
            `sum by (behavior) (rate(api_anomaly_anomalies_total{${SELECTED}, behavior=~"$behavior"}[$__rate_interval]))`,
            '{{behavior}}',
          ],
        ],
      ),
    )
    .withPanel(
      graph(
        {
          title: 'Highest scores and threshold',
          description:
            'The highest score of the last minute of the ten most unusual endpoints, and the scores from which is flagged.',
          unit: 'percentunit',
        },
        { width: 10, height: 8 },
        [
          [`topk(10, api_anomaly_endpoint_score{${SELECTED}})`, '{{service_name}} {{endpoint}}'],
          [`api_anomaly_threshold{${OURS}}`, 'threshold of {{entity}}'],
        ],
      ).max(1),
    )
    .withPanel(endpoints())
    .withPanel(users())
    .withPanel(scores())
    .build();
}

function ourPanel(): dashboard.PanelBuilder {
  const panel = new dashboard.PanelBuilder()
    .type(PANEL_TYPE)
    .title('')
    .datasource(PROMETHEUS)
    .span(24)
    .height(26)
    .options({ control: CONTROL.uid });
  for (const [refId, query] of Object.entries(PANEL_QUERIES)) panel.withTarget(rangeQuery(query, refId));
  return panel;
}

function openIncidents(): stat.PanelBuilder {
  const text = { title: 'Open incidents', description: 'By severity; the panel above has each.', unit: 'none' };
  const query: Query = [
    `sum by (severity) (api_anomaly_incidents_open{${OURS}, behavior=~"$behavior"})`,
    '{{severity}}',
  ];
  return number(text, { width: 4, height: 8 }, query, [
    [null, 'green'],
    [1, 'orange'],
  ]);
}

/** One row an endpoint; a click on one narrows the dashboard down to it. */
function endpoints(): table.PanelBuilder {
  const queries: readonly Query[] = [
    [`sum by (service_name, endpoint) (rate(api_anomaly_scored_spans_total{${SELECTED}}[$__range]))`, ''],
    [
      `sum by (service_name, endpoint) (increase(api_anomaly_anomalies_total{${SELECTED}, behavior=~"$behavior"}[$__range]))`,
      '',
    ],
    [`max by (service_name, endpoint) (api_anomaly_endpoint_score{${SELECTED}})`, ''],
  ];
  const panel = new table.PanelBuilder()
    .title('Endpoints')
    .description('The most unusual first. Click an endpoint to see it alone.')
    .datasource(PROMETHEUS)
    .span(12)
    .height(10)
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        renameByName: {
          service_name: 'Service',
          endpoint: 'Endpoint',
          'Value #A': 'Calls',
          'Value #B': 'Anomalies',
          'Value #C': 'Score now',
        },
      },
    })
    .sortBy([new common.TableSortByFieldStateBuilder().displayName('Score now').desc(true)])
    .overrideByName('Calls', [{ id: 'unit', value: 'reqps' }])
    .overrideByName('Anomalies', [{ id: 'decimals', value: 0 }])
    .overrideByName('Score now', [{ id: 'decimals', value: 2 }])
    .overrideByName('Endpoint', [
      {
        id: 'links',
        value: [
          {
            title: 'Show this endpoint alone',
            url: `/d/${API_ANOMALIES_UID}?\${__url_time_range}&\${prometheus:queryparam}&\${control:queryparam}&var-service_name=\${__data.fields.Service}&var-endpoint=\${__data.fields.Endpoint}`,
          },
        ],
      },
    ]);
  for (const [index, query] of queries.entries()) {
    panel.withTarget(instantQuery(query, refIdOf(index)).format(prometheus.PromQueryFormat.Table));
  }
  return panel;
}

function users(): bargauge.PanelBuilder {
  return new bargauge.PanelBuilder()
    .title('Most unusual users')
    .description('By pseudonym; the panel above knows more of each.')
    .datasource(PROMETHEUS)
    .span(6)
    .height(10)
    .unit('percentunit')
    .min(0)
    .max(1)
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .thresholds(thresholds(SEVERITY_STEPS))
    .withTarget(instantQuery([`topk(15, api_anomaly_user_score{${OURS}})`, '{{user}}'], 'A'));
}

function scores(): heatmap.PanelBuilder {
  return new heatmap.PanelBuilder()
    .title('All scores')
    .description(
      'Spans by score over time. Ordinary traffic stays at the bottom; when all of it rises, what is usual has changed.',
    )
    .datasource(PROMETHEUS)
    .span(6)
    .height(10)
    .withTarget(
      rangeQuery(
        [`sum by (le) (increase(api_anomaly_score_bucket{${SELECTED}}[$__rate_interval]))`, '{{le}}'],
        'A',
      ).format(prometheus.PromQueryFormat.Heatmap),
    );
}
