/** Options of running the service: its files, its control API and its log. */
import { bindAddress, choice, decimal, flag, integer, names, path, section } from './option.ts';

export const store = section('Files the service keeps.', {
  directory: path('./data', 'Folder of models, snapshots and keys; one instance owns it.'),
  snapshot_seconds: decimal(
    60,
    [1, 86_400],
    'Seconds between snapshots of what was learnt; a crash loses at most that much learning.',
  ),
  retention_days: integer(
    90,
    [1, 3650],
    'Days that anomalies, incidents, feedback, jobs and models out of use are on record.',
  ),
  window_retention_days: integer(
    30,
    [1, 365],
    'Days that the most unusual one in a hundred of the windows are kept: how far a backtest can look back.',
  ),
  audit_retention_days: integer(400, [30, 3650], 'Days that the audit trail reaches back.'),
  max_database_bytes: integer(
    536_870_912,
    [16_777_216, 1_099_511_627_776],
    'Size of the database from which the oldest anomalies and kept windows go before their time.',
  ),
});

export const control = section('The control API with /health, /ready and /metrics.', {
  bind_address: bindAddress('Address the control API binds to.'),
  port: integer(8000, [0, 65_535], 'Port of the control API; 0 takes a free one.'),
  public_metrics: flag(true, 'Whether /metrics answers without a token.'),
  allowed_hosts: names(
    [],
    64,
    'Names clients may call the control API by, beside the bind address and loopback. A Host header with any other is refused.',
  ),
});

export const log = section('JSON lines on standard output.', {
  level: choice(['info', 'trace', 'debug', 'warn', 'error'], 'Least severe level written.'),
});
