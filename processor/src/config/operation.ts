/** Options of running the service: its files, its control API and its log. */
import { bindAddress, choice, decimal, flag, integer, live, names, path, section } from './option.ts';

export const store = section('Files the service keeps.', {
  directory: path('./data', 'Folder of models, snapshots and keys; one instance owns it.'),
  snapshot_seconds: decimal(
    60,
    [1, 86_400],
    'Seconds between snapshots of what was learnt; a crash loses at most that much learning.',
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
  level: live(choice(['info', 'trace', 'debug', 'warn', 'error'], 'Least severe level written.')),
});
