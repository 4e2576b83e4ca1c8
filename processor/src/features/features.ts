/**
 * FEATURES: every feature once. The position in its entity's table is its column in a row.
 *
 * A window is floor(event time / 5 min) of one entity; counts restart with it. Counts, sizes and durations are log1p
 * (raw to log1p took AUC from 0.75 to 0.92 on real API data), rarities are nats.
 */
export interface FeatureDefinition {
  /** Features of one theme share a forest. */
  readonly theme: Theme;
  /** How the value is stored: `log1p` or `log` of a quantity, `nats` of a rarity or of a likelihood ratio, `plain`. */
  readonly scale: 'log1p' | 'log' | 'nats' | 'plain';
  /** Whether the entity's own history may excuse the value. Failures of access are never excused by earlier failures. */
  readonly relative: boolean;
  /** Most evidence the feature may give, in nats; nearly binary features get 6, so that none of them decides alone. */
  readonly cap: number;
  /** What is measured, for the reason sentence: "41 distinct object ids in 5 min". */
  readonly noun: string;
  /** Whether the value may be less than what the noun says: it fades with time, or what others had too is taken off. */
  readonly isLeast?: boolean;
  /** Whether it is 0 until a day was watched: a model that knows nothing but zeros of it cannot tell what is rare. */
  readonly comesLate?: boolean;
  readonly unit: string;
  readonly formula: string;
  /** Attributes without which the feature is unavailable. */
  readonly source: readonly string[];
}

export type Theme = 'rate' | 'access' | 'errors' | 'data' | 'breadth' | 'timing' | 'novelty' | 'client' | 'latency';
export type EntityKind = 'user' | 'address' | 'endpoint';

const STATUS = ['http.response.status_code'];
const PATH = ['url.path'];
const SIZE = ['http.response.body.size'];

/** Shorthand for the commonest kind: the log1p of a count within the window. */
const count = (
  theme: Theme,
  noun: string,
  formula: string,
  source: readonly string[],
  more: Partial<FeatureDefinition> = {},
) => ({ theme, scale: 'log1p', relative: true, cap: 24, noun, unit: '1', formula, source, ...more }) as const;

/** Access failures are judged against the population only. */
const never = { relative: false } as const;
const least = { isLeast: true } as const;
const rarity = { scale: 'nats', relative: false, cap: 6, unit: 'nats' } as const;

export const USER_FEATURES = {
  calls: count('rate', 'calls in 5 min', 'calls', []),
  burst: count('rate', 'calls within 10 s', 'most calls within one 10 s of the clock', []),
  calls_hour: count('rate', 'calls in an hour', 'min(decayed sum over 1 h, 8 x calls)', [], least),
  repeats: count(
    'rate',
    'calls of one endpoint in 5 min',
    'most calls of one endpoint, of one path where it has no name; beyond 4 an upper bound (Space-Saving)',
    [],
  ),
  client_errors: count('access', 'refused calls in 5 min', 'status 4xx', STATUS, never),
  denied: count('access', 'calls answered 401 or 403 in 5 min', 'status 401, 403', STATUS, never),
  not_found: count('access', 'calls answered 404 in 5 min', 'status 404', STATUS, never),
  denied_endpoints: count(
    'access',
    'endpoints that refused access in 5 min',
    'distinct endpoints with 401, 403, 404; where they have no names, distinct paths',
    STATUS,
    never,
  ),
  failed_logins: count('access', 'failed logins in 5 min', 'status 4xx on login endpoints', STATUS, never),
  login_attempts: count('rate', 'login attempts in 5 min', 'writes on login endpoints, whatever is answered', PATH),
  failed_writes: count(
    'access',
    'refused writes in 5 min',
    'status 4xx and method not GET, HEAD, OPTIONS',
    STATUS,
    never,
  ),
  error_excess: count(
    'access',
    'nats of refused calls beyond what these endpoints usually refuse',
    "x ln(x / mu) - (x - mu), x = 4xx, mu = sum of the endpoints' 4xx rates, at least 0.005 each",
    STATUS,
    { ...never, scale: 'nats', unit: 'nats' },
  ),
  refused_hour: count(
    'access',
    'refused calls in an hour',
    'min(decayed sum of 4xx over 1 h, 2 + 6 x those in this window)',
    STATUS,
    { ...never, ...least },
  ),
  refused_day: count(
    'errors',
    'refused calls in a day',
    'min(decayed sum of 4xx over 24 h, 4 x refused_hour)',
    STATUS,
    { cap: 12, ...least },
  ),
  server_errors: count(
    'errors',
    'server errors in 5 min',
    "sum over 5xx of 1 - min(1, 1.5 x the endpoint's recent 5xx rate)",
    STATUS,
    { cap: 8, ...least },
  ),
  response_bytes: count('data', 'bytes received in 5 min', 'sum of response sizes', SIZE, { unit: 'By' }),
  largest_response: count('data', 'bytes in one response', 'largest response', SIZE, { unit: 'By' }),
  response_excess: count(
    'data',
    'standard deviations above the usual response size',
    'sum z / sqrt(n) if above 0, z of ln(1 + bytes) within the endpoint, -6 to 6',
    SIZE,
    { scale: 'plain', unit: '1' },
  ),
  request_bytes: count('data', 'bytes sent in 5 min', 'sum of request sizes', ['http.request.body.size'], {
    unit: 'By',
    cap: 8,
  }),
  endpoints: count(
    'breadth',
    'distinct endpoints in 5 min',
    'distinct endpoints; where they have no names, distinct paths',
    [],
  ),
  objects: count(
    'breadth',
    'distinct object ids in 5 min',
    'distinct ids in paths, else queries; where endpoints have no names, distinct paths not answered 401 or 403',
    PATH,
  ),
  new_objects: count('breadth', 'object ids never used before in 5 min', "distinct ids not in the user's memory", PATH),
  object_runs: count(
    'breadth',
    'steps to a neighbouring object id in 5 min',
    'numeric ids that differ from the one before by 1 or 2',
    PATH,
  ),
  new_objects_day: count(
    'breadth',
    'new object ids in a day',
    'min(decayed sum over 24 h, 24 x new in this window)',
    PATH,
    least,
  ),
  regularity: count(
    'timing',
    'nats of evenness of the pauses between calls',
    'ln(n / 5) x -ln(CV of pauses), n >= 6 calls',
    [],
    { scale: 'plain', cap: 8, unit: 'nats' },
  ),
  hour_surprisal: count(
    'timing',
    'nats of surprise at this hour',
    'ln(population share / own share of the hour), smoothed over 2 h: of the day after one day of watching, of the week after seven',
    [],
    { ...rarity, comesLate: true },
  ),
  odd_hour_calls: count(
    'timing',
    'nats of surprise at the hour, of all calls in two hours',
    'sum of hour_surprisal over calls, decayed over 2 h',
    [],
    { cap: 8, comesLate: true, ...least },
  ),
  endpoint_novelty: count(
    'novelty',
    'nats of surprise at an endpoint',
    '-ln((c_ue + 8 p_e) / (N + 8)), the highest of the window; after the first window',
    [],
    { ...rarity, cap: 8 },
  ),
  transition_surprisal: count(
    'novelty',
    'nats of surprise at the order of calls',
    'mean of -ln((c_ab + 4 p_b) / (n_a + 4)), at least 4 steps',
    [],
    { ...rarity, cap: 8, relative: true },
  ),
  new_endpoints: count(
    'novelty',
    'endpoints never used before in 5 min',
    "distinct endpoints not in the user's memory; after the first window",
    [],
    { cap: 8 },
  ),
  client_novelty: count(
    'client',
    'nats of surprise at a new client',
    "-ln((K + 5q) / (N + 5)) and half of -ln(everybody's share of the client), for one hour; after the first window",
    ['user_agent.original'],
    { ...rarity, cap: 8 },
  ),
  network_novelty: count(
    'client',
    'nats of surprise at a new network',
    '-ln((K + 5q) / (N + 5)), for one hour; after the first window',
    ['client.address'],
    { ...rarity },
  ),
  joint_novelty: count(
    'client',
    'nats of surprise at a new client in a new network',
    'client_novelty + network_novelty where one call brought both, for one hour',
    ['user_agent.original', 'client.address'],
    { ...rarity, cap: 10 },
  ),
  client_switches: count(
    'client',
    'switches between clients in 5 min',
    'calls whose client or network differs from the call before',
    ['user_agent.original', 'client.address'],
    { cap: 8 },
  ),
  session_switches: count(
    'client',
    'calls of a session from another client in 5 min',
    'calls whose session.id is that of the call before, from another client than began it',
    ['session.id', 'user_agent.original'],
    { ...never, cap: 12 },
  ),
} as const satisfies Record<string, FeatureDefinition>;

export const ADDRESS_FEATURES = {
  calls: count('rate', 'calls in 5 min', 'calls', []),
  burst: count('rate', 'calls within 10 s', 'most calls within one 10 s of the clock', []),
  repeats: count(
    'rate',
    'calls of one endpoint in 5 min',
    'most calls of one endpoint, of one path where it has no name; beyond 4 an upper bound (Space-Saving)',
    [],
  ),
  client_errors: count('access', 'refused calls in 5 min', 'status 4xx', STATUS, never),
  denied: count('access', 'calls answered 401 or 403 in 5 min', 'status 401, 403', STATUS, never),
  not_found: count('access', 'calls answered 404 in 5 min', 'status 404', STATUS, never),
  failed_logins: count('access', 'failed logins in 5 min', 'status 4xx on login endpoints', STATUS, never),
  failed_users: count(
    'access',
    'users who were refused in 5 min',
    'distinct users with 401, 403',
    [...STATUS, 'user.id'],
    never,
  ),
  error_excess: count(
    'access',
    'nats of refused calls beyond what these endpoints usually refuse',
    "x ln(x / mu) - (x - mu), x = 4xx, mu = sum of the endpoints' 4xx rates, at least 0.005 each",
    STATUS,
    { ...never, scale: 'nats', unit: 'nats' },
  ),
  users: count('breadth', 'distinct users in 5 min', 'distinct users', ['user.id']),
  new_users: count(
    'breadth',
    'users never seen from here in 5 min',
    "distinct users not in the address's memory; after the first window",
    ['user.id'],
  ),
  objects: count(
    'breadth',
    'distinct object ids in 5 min',
    'distinct ids in paths, else queries; where endpoints have no names, distinct paths not answered 401 or 403',
    PATH,
  ),
  endpoints: count(
    'breadth',
    'distinct endpoints in 5 min',
    'distinct endpoints; where they have no names, distinct paths',
    [],
  ),
  response_bytes: count('data', 'bytes received in 5 min', 'sum of response sizes', SIZE, { unit: 'By' }),
  regularity: count(
    'timing',
    'nats of evenness of the pauses between calls',
    'ln(n / 5) x -ln(CV of pauses), n >= 6 calls',
    [],
    { scale: 'plain', cap: 8, unit: 'nats' },
  ),
} as const satisfies Record<string, FeatureDefinition>;

export const ENDPOINT_FEATURES = {
  calls: count(
    'rate',
    'calls in 5 min',
    'calls of all but the busiest caller; all calls without identity are one caller',
    [],
    least,
  ),
  share: count(
    'rate',
    "of the service's calls in 5 min",
    'ln((x + 1) / (calls of the service + 50)), x = calls of all but the busiest caller',
    [],
    {
      scale: 'log',
    },
  ),
  server_errors: count(
    'errors',
    'server errors in 5 min',
    'status 5xx less all calls x 5xx rate elsewhere',
    STATUS,
    least,
  ),
  server_error_excess: count(
    'errors',
    'nats of server errors beyond the usual rate',
    'x ln(x / mu) - (x - mu), x = 5xx, mu = all calls x own usual 5xx rate or that elsewhere, at least 0.002',
    STATUS,
    { scale: 'nats', unit: 'nats', relative: false },
  ),
  client_errors: count(
    'errors',
    'refused calls in 5 min',
    'status 4xx, of all but the caller with the most',
    STATUS,
    least,
  ),
  client_error_excess: count(
    'errors',
    'nats of refused calls beyond the usual rate',
    'x ln(x / mu) - (x - mu), x = client_errors, mu = all calls x own 4xx rate, at least 0.002',
    STATUS,
    { scale: 'nats', unit: 'nats', relative: false },
  ),
  latency_shift: count(
    'latency',
    'standard deviations above the usual duration',
    'sum z / sqrt(n) if above 0, z of ln(duration) against its own history, -6 to 6, less the mean z elsewhere',
    [],
    { scale: 'plain', unit: '1' },
  ),
  slow_excess: count(
    'latency',
    'nats of slow calls beyond the usual share',
    'x ln(x / mu) - (x - mu), x = calls slower than mean + 2.33 sd of ln(duration), mu = calls x 0.01 or the slow share elsewhere, at least 0.2',
    [],
    { scale: 'nats', unit: 'nats', relative: false },
  ),
  mean_duration: count('latency', 'ms mean duration', 'mean duration in ms, shrunk to the usual one by 5 calls', [], {
    unit: 'ms',
  }),
  response_shift: count(
    'data',
    'standard deviations above the usual response size',
    'sum z / sqrt(n) if above 0, z of ln(1 + bytes) against its own history, -6 to 6',
    SIZE,
    { scale: 'plain', unit: '1' },
  ),
  users: count('breadth', 'distinct users in 5 min', 'distinct users', ['user.id']),
  failed_users: count('errors', 'users with an error in 5 min', 'distinct users with 4xx or 5xx', [
    ...STATUS,
    'user.id',
  ]),
} as const satisfies Record<string, FeatureDefinition>;

export const FEATURES = { user: USER_FEATURES, address: ADDRESS_FEATURES, endpoint: ENDPOINT_FEATURES } as const;

export type UserFeature = keyof typeof USER_FEATURES;
export type AddressFeature = keyof typeof ADDRESS_FEATURES;
export type EndpointFeature = keyof typeof ENDPOINT_FEATURES;

/** Names in column order. */
export const FEATURE_NAMES = {
  user: Object.keys(USER_FEATURES) as UserFeature[],
  address: Object.keys(ADDRESS_FEATURES) as AddressFeature[],
  endpoint: Object.keys(ENDPOINT_FEATURES) as EndpointFeature[],
} as const;

/**
 * A row as training and scoring see it: the values of the F features, then the entity's own mean and variance of each
 * over its earlier windows, then how many windows those rest on, then its habit of each, 0 for none. Width 4F + 1.
 */
export const rowWidth = (kind: EntityKind): number => 4 * FEATURE_NAMES[kind].length + 1;
