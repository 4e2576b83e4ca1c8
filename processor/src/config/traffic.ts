/** Options of the way of the spans: in, through and out. */
import { z } from 'zod';
import {
  bindAddress,
  choice,
  decimal,
  flag,
  headers,
  headersFile,
  integer,
  listenerTls,
  path,
  secrets,
  section,
  text,
} from './option.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const PORT = [0, 65_535] as const;
const ENDPOINT = /^((https?:\/\/)?([\w.-]+|\[[\da-fA-F:.]+\]):\d{1,5}\/?)?$/;

export const receiver = section('OTLP in, over gRPC and HTTP.', {
  bind_address: bindAddress('Address both OTLP listeners bind to.'),
  grpc_port: integer(4317, PORT, 'Port of OTLP/gRPC; 0 takes a free one.'),
  http_port: integer(4318, PORT, 'Port of OTLP/HTTP; 0 takes a free one.'),
  http_path: text('/v1/traces', [/^\/[\w./~-]*$/, '/v1/traces'], 'Path of OTLP/HTTP traces.'),
  max_request_bytes: integer(
    64 * MIB,
    [KIB, GIB],
    'Largest request after decompression, in bytes. Larger ones are refused for good (RESOURCE_EXHAUSTED, 413).',
  ),
  max_concurrent_inflations: integer(4, [1, 64], 'Requests decompressed at the same time; others wait.'),
  max_connections: integer(256, [1, 65_536], 'Connections per listener; further ones are closed at once.'),
  max_concurrent_streams: integer(100, [1, 10_000], 'Requests at the same time on one gRPC connection.'),
  allow_plaintext: flag(
    false,
    'Serve OTLP in plain text on an address that is not loopback. Spans hold personal data: only on a trusted network.',
  ),
  tokens: secrets('Bearer tokens senders must show; without any here or in token_file, every sender is taken.'),
  token_file: path('', 'File with tokens of senders, one a line; read again when it changes.'),
  tls: listenerTls('TLS of both OTLP listeners.'),
});

const tls = section('TLS to a next hop that is given as https://.', {
  ca_file: path('', 'PEM file of the authorities to trust; empty trusts those of Node.'),
  cert_file: path('', 'PEM file of our certificate, where the next hop asks for one; needs key_file.'),
  key_file: path('', 'PEM file of the key of our certificate; needs cert_file.'),
});

export const exporter = section('OTLP/gRPC out, to the next hop.', {
  endpoint: text(
    '',
    [ENDPOINT, 'collector:4317 or https://otlp.example.com:443'],
    'OTLP/gRPC address of the next hop. Empty: none, spans are scored, measured and acknowledged. Plain text unless https://.',
  ),
  compression: choice(
    ['none', 'gzip'],
    'Compression towards the next hop. gzip costs about as much CPU as all the rest.',
  ),
  max_request_bytes: integer(
    4 * MIB,
    [64 * KIB, GIB],
    "Largest request the next hop takes, in bytes; larger ones are split. The collector's default is 4 MiB.",
  ),
  connections: integer(1, [1, 64], 'Connections to the next hop.'),
  timeout_seconds: decimal(30, [0.1, 300], "Longest wait for the next hop, however patient the sender's deadline is."),
  default_timeout_seconds: decimal(
    4.5,
    [0.1, 300],
    "Wait for the next hop when the sender gives no deadline. Keep it below the sender's own timeout (5 s in a collector).",
  ),
  headers: headers('Headers sent to the next hop, such as authorization. Never printed or logged.'),
  headers_file: headersFile(),
  tls,
});

export const pipeline = section('Bounds of the spans in work.', {
  max_in_flight_bytes: integer(
    128 * MIB,
    [MIB, 64 * GIB],
    'Bytes of all requests in work, in and out together. Above it senders are asked to retry (UNAVAILABLE).',
  ),
  slice_spans: integer(256, [16, 65_536], 'Spans worked on before other requests get their turn.'),
  duplicate_bodies_bytes: integer(
    8 * MIB,
    [0, 4 * GIB],
    'Memory for the verdicts of recent requests, so that a request sent again gets the same ones.',
  ),
  duplicate_spans: integer(
    500_000,
    [1024, 100_000_000],
    'Recent spans remembered, so that each counts once (8 bytes each).',
  ),
  scored_kinds: z
    .array(z.enum(['SERVER', 'CONSUMER']))
    .min(1)
    .max(2)
    .default(['SERVER'])
    .describe('Span kinds that are scored; others pass untouched.'),
  max_spans_per_request: integer(
    100_000,
    [1, 10_000_000],
    'Spans scored in one request; those after them pass unscored.',
  ),
  max_attributes_per_span: integer(256, [16, 65_536], 'Attributes looked at; a span with more passes unscored.'),
  max_attribute_depth: integer(64, [4, 256], 'Nesting of attribute values looked at; a deeper span passes unscored.'),
});

export const stop = section('The graceful stop.', {
  deadline_seconds: decimal(
    25,
    [0, 600],
    'Time to finish the requests in work and to save state, after SIGTERM or SIGINT.',
  ),
});
