/** The dashboard for who runs the service: whether spans come and go, whether the model is good, what it costs. */
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { API_ANOMALIES_UID } from './api-anomalies.ts';
import { graph, labelVariable, number, OURS, type PanelSize, type Query } from './panels.ts';

const RATE = '[$__rate_interval]';
const STAT: PanelSize = { width: 4, height: 4 };
const THIRD: PanelSize = { width: 8, height: 8 };

const GOOD_WHEN_ONE = [
  [null, 'red'],
  [1, 'green'],
] as const;

export function processorHealth(): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder('Processor health')
    .uid('api-anomaly-processor')
    .description('Whether spans come and go, what the model is worth, and what it all costs.')
    .tags(['api-anomaly'])
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .variables([
      new dashboard.DatasourceVariableBuilder('prometheus').label('Prometheus').type('prometheus'),
      labelVariable('instance', 'Instance', 'up{job="api-anomaly"}'),
    ])
    .link(
      new dashboard.DashboardLinkBuilder('API anomalies')
        .type(dashboard.DashboardLinkType.Link)
        .url(`/d/${API_ANOMALIES_UID}`)
        .keepTime(true),
    );
  const sections = {
    'At a glance': glance(),
    Spans: spans(),
    'What is known': knowledge(),
    Model: model(),
    Operation: operation(),
  };
  for (const [title, panels] of Object.entries(sections)) {
    builder.withRow(new dashboard.RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  return builder.build();
}

type Panels = (ReturnType<typeof graph> | ReturnType<typeof number>)[];

function glance(): Panels {
  return [
    number(
      { title: 'Scrapes', description: '1 while Prometheus reaches the service.', unit: 'none' },
      STAT,
      [`min(up{${OURS}})`, ''],
      GOOD_WHEN_ONE,
    ),
    number(
      { title: 'Learning', description: 'Progress towards the first model.', unit: 'percentunit' },
      STAT,
      [`min(api_anomaly_learning_progress_ratio{${OURS}})`, ''],
      GOOD_WHEN_ONE,
    ),
    number(
      { title: 'Age of the model', description: 'Since the training of the model in use.', unit: 's' },
      STAT,
      [`max(time() - api_anomaly_model_trained_timestamp_seconds{${OURS}})`, ''],
      [
        [null, 'green'],
        [86_400, 'orange'],
      ],
    ),
    number(
      {
        title: 'Drift',
        description: 'Population stability index of the scores; above 0.25 they no longer fit.',
        unit: 'none',
      },
      STAT,
      [`max(api_anomaly_model_drift{${OURS}})`, ''],
      [
        [null, 'green'],
        [0.1, 'yellow'],
        [0.25, 'red'],
      ],
    ),
    number(
      { title: 'With a user', description: 'Share of scored spans that name a user.', unit: 'percentunit' },
      STAT,
      [`min(api_anomaly_identified_spans_ratio{${OURS}})`, ''],
      [
        [null, 'red'],
        [0.5, 'green'],
      ],
    ),
    number(
      { title: 'Configuration', description: '1 while the file last read is in use.', unit: 'none' },
      STAT,
      [`min(api_anomaly_config_reload_success{${OURS}})`, ''],
      GOOD_WHEN_ONE,
    ),
  ];
}

function spans(): Panels {
  const perSecond = (title: string, description: string, ...queries: Query[]): Panels[number] =>
    graph({ title, description, unit: 'cps' }, THIRD, queries);
  return [
    perSecond(
      'Received',
      'By transport, and what senders sent twice.',
      [`sum by (transport) (rate(api_anomaly_received_spans_total{${OURS}}${RATE}))`, '{{transport}}'],
      [`sum(rate(api_anomaly_duplicate_spans_total{${OURS}}${RATE}))`, 'sent before'],
    ),
    perSecond(
      'Scored and unscored',
      'Learning and kind belong there; shed and error do not.',
      [`sum(rate(api_anomaly_scored_spans_total{${OURS}}${RATE}))`, 'scored'],
      [`sum by (reason) (rate(api_anomaly_unscored_spans_total{${OURS}}${RATE}))`, 'unscored, {{reason}}'],
      [`sum(rate(api_anomaly_excluded_spans_total{${OURS}}${RATE}))`, 'not flagged by an exclusion'],
    ),
    perSecond('Refused', 'At the door, by error code. Should be empty.', [
      `sum by (reason) (rate(api_anomaly_refused_spans_total{${OURS}}${RATE}))`,
      '{{reason}}',
    ]),
    perSecond(
      'Exported',
      'Acknowledged by the next hop, tried again later, or lost.',
      [`sum(rate(api_anomaly_exported_spans_total{${OURS}}${RATE}))`, 'acknowledged'],
      [`sum by (code) (rate(api_anomaly_export_failed_spans_total{${OURS}}${RATE}))`, 'failed, {{code}}'],
      [`sum by (code) (rate(api_anomaly_export_rejected_spans_total{${OURS}}${RATE}))`, 'rejected, {{code}}'],
    ),
    graph(
      { title: 'Time of a request, median', description: 'By stage. Export is waiting for the next hop.', unit: 's' },
      THIRD,
      [
        [
          `histogram_quantile(0.5, sum by (le, stage) (rate(api_anomaly_processing_duration_seconds_bucket{${OURS}}${RATE})))`,
          '{{stage}}',
        ],
      ],
    ),
    graph({ title: 'Time of a request, 99th percentile', description: 'By stage.', unit: 's' }, THIRD, [
      [
        `histogram_quantile(0.99, sum by (le, stage) (rate(api_anomaly_processing_duration_seconds_bucket{${OURS}}${RATE})))`,
        '{{stage}}',
      ],
    ]),
  ];
}

function knowledge(): Panels {
  return [
    graph({ title: 'Tracked', description: 'Users, addresses and endpoints with a baseline.', unit: 'short' }, THIRD, [
      [`sum by (entity) (api_anomaly_tracked_entities{${OURS}})`, '{{entity}}'],
    ]),
    graph(
      {
        title: 'Forgotten to make room',
        description: 'Should be empty: otherwise raise the limits, or ids rotate.',
        unit: 'cps',
      },
      THIRD,
      [[`sum by (entity) (rate(api_anomaly_evicted_entities_total{${OURS}}${RATE}))`, '{{entity}}']],
    ),
    graph(
      {
        title: 'Quality of the data',
        description: 'Shares of the scored spans. Sampled ones should be none.',
        unit: 'percentunit',
      },
      THIRD,
      [
        [`min(api_anomaly_identified_spans_ratio{${OURS}})`, 'with a user'],
        [`min(api_anomaly_routed_spans_ratio{${OURS}})`, 'with a route'],
        [`max(api_anomaly_sampled_spans_ratio{${OURS}})`, 'sampled'],
      ],
    ).max(1),
  ];
}

function model(): Panels {
  return [
    graph({ title: 'Drift', description: 'Population stability index of the scores.', unit: 'none' }, THIRD, [
      [`api_anomaly_model_drift{${OURS}}`, '{{instance}}'],
    ]),
    graph({ title: 'Trainings', description: 'By outcome, in the last hour.', unit: 'none' }, THIRD, [
      [`sum by (outcome) (increase(api_anomaly_training_runs_total{${OURS}}[1h]))`, '{{outcome}}'],
    ]),
    graph({ title: 'Time of a training', description: 'Mean, outside the event loop.', unit: 's' }, THIRD, [
      [
        `sum(rate(api_anomaly_training_duration_seconds_sum{${OURS}}[1h])) / sum(rate(api_anomaly_training_duration_seconds_count{${OURS}}[1h]))`,
        'mean',
      ],
    ]),
    graph(
      { title: 'Model in use', description: 'A change of color is a promotion or a rollback.', unit: 'none' },
      { width: 12, height: 6 },
      [[`api_anomaly_model_info{${OURS}}`, '{{version}}']],
    ),
    graph(
      {
        title: 'Threshold',
        description: 'The score from which the budget of false incidents flags.',
        unit: 'percentunit',
      },
      { width: 12, height: 6 },
      [[`api_anomaly_threshold{${OURS}}`, '{{entity}}']],
    ).max(1),
  ];
}

function operation(): Panels {
  return [
    graph({ title: 'Errors of the data folder, records lost', description: 'Should be empty.', unit: 'none' }, THIRD, [
      [`sum by (operation) (increase(api_anomaly_store_errors_total{${OURS}}${RATE}))`, '{{operation}}'],
      [
        `sum by (table, reason) (increase(api_anomaly_dropped_records_total{${OURS}}${RATE}))`,
        'not kept, {{table}}, {{reason}}',
      ],
    ]),
    graph({ title: 'CPU', description: 'Cores in use, all threads.', unit: 'none' }, THIRD, [
      [`rate(process_cpu_seconds_total{${OURS}}${RATE})`, '{{instance}}'],
    ]),
    graph({ title: 'Memory', description: 'Resident.', unit: 'bytes' }, THIRD, [
      [`process_resident_memory_bytes{${OURS}}`, '{{instance}}'],
    ]),
    graph(
      {
        title: 'Delay of the event loop',
        description: '99th percentile; above some tens of milliseconds it is short of CPU.',
        unit: 's',
      },
      THIRD,
      [[`nodejs_eventloop_delay_p99{${OURS}}`, '{{instance}}']],
    ),
    graph({ title: 'Since the start', description: 'A fall is a restart.', unit: 's' }, THIRD, [
      [`time() - process_start_time_seconds{${OURS}}`, '{{instance}}'],
    ]),
    graph({ title: 'Metrics pushed', description: 'Only with metrics.otlp.endpoint.', unit: 'cps' }, THIRD, [
      [`sum by (outcome) (rate(api_anomaly_metric_pushes_total{${OURS}}${RATE}))`, '{{outcome}}'],
    ]),
  ];
}
