/** Options of what is learnt and what is flagged. */
import { z } from 'zod';
import { choice, decimal, flag, integer, live, names, path, secret, section, text } from './option.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

export const identity = section('Who sent a request.', {
  user_attributes: names(
    ['user.id', 'enduser.id', 'user.name', 'enduser.pseudo.id', 'user.hash', 'session.id', 'client.address'],
    16,
    'Span attributes that may name the user; the first one present counts. session.id and client.address stand in for a user.',
  ),
  edge_services: names(
    [],
    256,
    'Services (service.name) whose spans count for users and addresses. Empty: all spans that carry the identity themselves.',
  ),
  pseudonym_key: secret('Key of the pseudonyms, 32 bytes in hex or base64; best given by the environment.'),
  pseudonym_key_file: path(
    '',
    'File with that key: its bytes as they are, in hex or base64, or as the service keeps it. With neither one is made at the first start, in the data folder.',
  ),
  previous_pseudonym_key_files: names(
    [],
    8,
    'Files with keys used before, the latest first: users known under one of them go on under their new pseudonym.',
  ),
  trust_forwarded_for: flag(
    false,
    'Whether the first hop of X-Forwarded-For is the client address. Only behind a proxy that sets that header itself.',
  ),
});

export const endpoints = section('What was called.', {
  max_services: integer(200, [1, 10_000], 'Services told apart; further ones are {other}.'),
  max_endpoints_per_service: integer(
    500,
    [1, 10_000],
    'Endpoints told apart in one service; further ones are {other}.',
  ),
});

export const features = section('How much behavior is remembered.', {
  max_users: integer(
    100_000,
    [100, 10_000_000],
    'Users with a baseline, at most 2 KiB each; the longest unseen is forgotten first.',
  ),
  max_addresses: integer(50_000, [100, 10_000_000], 'Client addresses with a baseline.'),
  max_endpoints: integer(2_000, [10, 100_000], 'Endpoints with a baseline.'),
  probation_share: decimal(
    0.2,
    [0.01, 0.9],
    'Share of each table kept for newcomers, so that rotating ids cannot push out well-known users.',
  ),
});

export const annotate = section('What is written onto spans.', {
  prefix: text(
    'anomaly.',
    [/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*\.$/, 'anomaly.'],
    'Prefix of the attributes written. Incoming attributes of these names are removed.',
  ),
  detail: choice(['compact', 'full'], 'compact writes the explanation on anomalies only, full on every scored span.'),
});

export const model = section('The isolation forests and their training.', {
  seed: integer(1, [0, 4_294_967_295], 'Seed of all randomness: same seed and data, same model.'),
  trees: integer(200, [10, 2000], 'Trees a forest.'),
  sample_size: integer(256, [2, 65_536], 'Rows a tree is built from.'),
  min_rows: integer(10_000, [100, 100_000_000], 'Rows needed before the first model.'),
  min_entities: integer(20, [1, 1_000_000], 'Users or addresses needed before the first model.'),
  min_hours: decimal(1, [0, 720], 'Hours of span time needed before the first model.'),
  retrain_every_hours: live(decimal(1, [0, 720], 'Hours of span time between trainings; 0 never trains again.')),
  promote: live(
    choice(['automatic', 'manual'], 'Whether a later model that passes its checks replaces the one in use by itself.'),
  ),
  sample_rows: integer(12_000, [1000, 1_000_000], 'Rows kept to train on.'),
  max_upload_bytes: integer(
    16 * GIB,
    [MIB, 1024 * GIB],
    'Most bytes of history in one upload to train on, after decompression.',
  ),
});

const switches = {
  credential_stuffing: flag(true, 'Many failed logins from one source.'),
  enumeration: flag(true, 'Walking through object ids.'),
  scraping: flag(true, 'Reading far more than usual.'),
  token_theft: flag(true, "A user's session used by another client elsewhere."),
  privilege_probing: flag(true, 'Trying what is not allowed.'),
  data_exfiltration: flag(true, 'Taking out far more data than usual.'),
  off_hours: flag(true, "Activity at hours that are not the user's."),
  latency: flag(true, 'An endpoint slower than usual.'),
  error_burst: flag(true, 'More server errors than usual.'),
  unusual_sequence: flag(true, 'Calls in an order nobody uses.'),
  new_client: flag(true, 'A client this user never had.'),
  rate_burst: flag(true, 'Far more requests than usual.'),
  low_and_slow: flag(true, 'A little too much for a long time.'),
  other: flag(true, 'Unusual in no way that has a name.'),
};

const behaviors = section('Behaviors that may raise an anomaly. A behavior switched off is still scored.', switches);

const exclusion = z.strictObject({
  entity: z.string().min(1).max(600).optional().describe('Pseudonym of a user or address, or service and endpoint.'),
  endpoint: z.string().min(1).max(600).optional().describe('Endpoint as shown, such as GET /orders/{id}.'),
  behavior: z
    .enum(Object.keys(switches) as (keyof typeof switches)[])
    .optional()
    .describe('Name of a behavior.'),
  expires: z.iso
    .datetime({ offset: true })
    .describe('When it ends, as 2027-01-31T00:00:00Z.')
    .meta({ examples: ['2027-01-31T00:00:00Z'] }),
  note: z.string().max(1000).default('').describe('Why.'),
});

export const sensitivity = live(
  section('How much is flagged.', {
    false_incidents_per_day: decimal(
      10,
      [0.01, 10_000],
      'Expected number of false incidents a day, for the whole deployment.',
    ),
    users_share: decimal(0.6, [0, 1], 'Share of that budget for users.'),
    addresses_share: decimal(0.2, [0, 1], 'Share of that budget for client addresses.'),
    endpoints_share: decimal(0.2, [0, 1], 'Share of that budget for endpoints.'),
    minimum_effect: decimal(
      1,
      [0.1, 100],
      'Factor on the least effect that is worth an alert, such as five failed logins.',
    ),
    behaviors,
    exclusions: z
      .array(exclusion)
      .max(200)
      .default([])
      .describe(
        'What is known and not to alert: a scope of entity, endpoint and behavior, at least one of them, and when it ends.',
      ),
    top_users: integer(50, [0, 200], 'Users shown in api_anomaly_user_score, by pseudonym.'),
  }),
);
