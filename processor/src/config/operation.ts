/** Options of running the service: its files, its control API and its log. */
import {
  bindAddress,
  choice,
  decimal,
  flag,
  headers,
  headersFile,
  integer,
  listenerTls,
  live,
  names,
  path,
  secrets,
  section,
  text,
} from './option.ts';

const MIB = 1024 * 1024;

const PUSH_ENDPOINT = /^((https?:\/\/)?([\w.-]+|\[[\da-fA-F:.]+\]):\d{1,5}(\/[\w./~-]*)?)?$/;

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

const tokens = section(
  'Bearer tokens of the control API by role: viewer < operator < admin. With none at all, one for each role is generated into the data folder.',
  {
    viewer: secrets('Tokens that may read.'),
    viewer_file: path('', 'File with tokens that may read, one a line; read again when it changes.'),
    operator: secrets('Tokens that may also train, detect, give feedback and change sensitivity and exclusions.'),
    operator_file: path('', 'File with tokens of operators, one a line; read again when it changes.'),
    admin: secrets('Tokens that may also import, activate and delete models, erase users and read the audit trail.'),
    admin_file: path('', 'File with tokens of admins, one a line; read again when it changes.'),
    trusted_for_user_header: names(
      [],
      16,
      'Fingerprints of tokens whose X-Grafana-User header is believed in the audit trail; the log names them at start.',
    ),
  },
);

export const control = section('The control API with /health, /ready and /metrics.', {
  bind_address: bindAddress('Address the control API binds to.'),
  port: integer(8000, [0, 65_535], 'Port of the control API; 0 takes a free one.'),
  public_metrics: flag(true, 'Whether /metrics answers without a token.'),
  allowed_hosts: names(
    [],
    64,
    'Names clients may call the control API by, beside the bind address and loopback. A Host header with any other is refused.',
  ),
  tokens,
  tls: listenerTls('TLS of the control API.'),
  max_requests_per_minute: integer(
    300_000,
    [1, 100_000_000],
    'Requests a minute from one address; further ones are asked to wait (429).',
  ),
  max_refused_per_minute: integer(
    6_000,
    [1, 1_000_000],
    'Requests a minute without a valid token from one address; further ones get 429 instead of 401.',
  ),
  max_feedback_per_minute: integer(
    30,
    [1, 100_000],
    'Feedback and exclusions a minute with one token; further ones are asked to wait (429).',
  ),
  upload_idle_seconds: decimal(
    60,
    [0.1, 3600],
    'Longest wait for the next piece of an upload, in seconds; then it is refused, and its job ends.',
  ),
  max_detect_bytes: integer(4 * MIB, [1024, 1024 * MIB], 'Largest body of /detect after decompression, in bytes.'),
});

const otlp = section(
  'Metrics pushed over OTLP. What cannot be delivered is dropped: the next push has all sums again.',
  {
    endpoint: text(
      '',
      [PUSH_ENDPOINT, 'collector:4317 or https://otlp.example.com:443'],
      'OTLP receiver of metrics. Empty: none. Plain text unless https://. With http/protobuf a path may follow; /v1/metrics otherwise.',
    ),
    protocol: choice(['grpc', 'http/protobuf'], 'How it is spoken to.'),
    interval_seconds: decimal(60, [1, 86_400], 'Seconds between two pushes.'),
    timeout_seconds: decimal(10, [0.1, 60], 'Longest wait for an answer; at most interval_seconds.'),
    headers: headers('Headers sent with every push, such as authorization. Never printed or logged.'),
    headers_file: headersFile(),
  },
);

export const metrics = section('Metrics, beside /metrics on the control port.', { otlp });

export const log = section('JSON lines, on standard output or in a file.', {
  level: live(choice(['info', 'trace', 'debug', 'warn', 'error'], 'Least severe level written.')),
  file: path(
    '',
    'File to write to instead, created with mode 0600. While it cannot be written, lines go to standard output.',
  ),
  max_bytes: integer(
    16 * MIB,
    [64 * 1024, 4096 * MIB],
    'Size from which the file is renamed to FILE.1 and begun anew, in bytes.',
  ),
  max_files: integer(5, [1, 100], 'Renamed files kept, FILE.1 the latest.'),
});
