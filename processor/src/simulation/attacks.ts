/** The behaviors an attack of the simulation shows; the names are those of detection. */
export const BEHAVIORS = [
  'credential_stuffing',
  'enumeration',
  'scraping',
  'token_theft',
  'privilege_probing',
  'data_exfiltration',
  'off_hours',
  'latency',
  'error_burst',
  'unusual_sequence',
  'new_client',
  'rate_burst',
  'low_and_slow',
] as const;

export type Behavior = (typeof BEHAVIORS)[number];

export const INTENSITIES = ['low', 'medium', 'high'] as const;

export type Intensity = (typeof INTENSITIES)[number];

/** How strongly an attack shows. */
export interface AttackParameters {
  readonly minutes: number;
  /** Mean number of the attack's own requests a minute; 0 where ordinary requests suffer instead. */
  readonly perMinute: number;
  /** Distinct targets it goes through: objects or endpoints; 0 where that means nothing. */
  readonly distinct: number;
  /** Addresses it comes from. */
  readonly addresses: number;
  /** Pace: 0 is a metronome, 1 is exponential gaps. */
  readonly jitter: number;
  /** Ordinary requests mixed in, per request of the attack. */
  readonly cover: number;
  /** See `magnitude` of the row. */
  readonly magnitude: number;
}

interface AttackRow extends Readonly<Record<Intensity, AttackParameters>> {
  /** What happens, in one line. */
  readonly meaning: string;
  /** What is at fault: the entity a detector should name. */
  readonly entity: 'user' | 'address' | 'endpoint';
  /** What the magnitude is; empty where it means nothing. */
  readonly magnitude: string;
}

/**
 * All attacks. High is what any rule finds, low hides: slower, jittered, among ordinary requests, from many addresses. Nobody
 * tunes these numbers to a detector: they are part of the ground truth that results are compared on.
 */
// prettier-ignore
export const ATTACKS = {
  credential_stuffing: {
    meaning: 'leaked passwords tried on many accounts', entity: 'address', magnitude: 'share of passwords that fit',
    low:    { minutes: 90,  perMinute: 4,   distinct: 0,    addresses: 10, jitter: 0.9, cover: 0,   magnitude: 0.01 },
    medium: { minutes: 40,  perMinute: 15,  distinct: 0,    addresses: 3,  jitter: 0.5, cover: 0,   magnitude: 0.01 },
    high:   { minutes: 15,  perMinute: 60,  distinct: 0,    addresses: 1,  jitter: 0.1, cover: 0,   magnitude: 0.01 },
  },
  enumeration: {
    meaning: 'order numbers tried one after another', entity: 'user', magnitude: 'share of orders that open',
    low:    { minutes: 45,  perMinute: 4,   distinct: 170,  addresses: 1,  jitter: 0.9, cover: 0.4, magnitude: 0.5 },
    medium: { minutes: 25,  perMinute: 15,  distinct: 360,  addresses: 1,  jitter: 0.5, cover: 0.1, magnitude: 0.2 },
    high:   { minutes: 10,  perMinute: 60,  distinct: 600,  addresses: 1,  jitter: 0.1, cover: 0,   magnitude: 0.05 },
  },
  scraping: {
    meaning: 'the whole catalog read page by page', entity: 'user', magnitude: '',
    low:    { minutes: 120, perMinute: 6,   distinct: 700,  addresses: 4,  jitter: 0.9, cover: 0.2, magnitude: 1 },
    medium: { minutes: 60,  perMinute: 20,  distinct: 1200, addresses: 2,  jitter: 0.5, cover: 0,   magnitude: 1 },
    high:   { minutes: 30,  perMinute: 80,  distinct: 2400, addresses: 1,  jitter: 0.1, cover: 0,   magnitude: 1 },
  },
  token_theft: {
    meaning: 'a stolen session used from elsewhere with another client', entity: 'user', magnitude: '',
    low:    { minutes: 20,  perMinute: 1,   distinct: 5,    addresses: 1,  jitter: 0.9, cover: 0,   magnitude: 1 },
    medium: { minutes: 20,  perMinute: 3,   distinct: 7,    addresses: 1,  jitter: 0.6, cover: 0,   magnitude: 1 },
    high:   { minutes: 15,  perMinute: 12,  distinct: 7,    addresses: 3,  jitter: 0.3, cover: 0,   magnitude: 1 },
  },
  privilege_probing: {
    meaning: 'a customer tries the doors of the back office', entity: 'user', magnitude: 'share answered 404',
    low:    { minutes: 40,  perMinute: 0.4, distinct: 9,    addresses: 1,  jitter: 0.9, cover: 1,   magnitude: 0.2 },
    medium: { minutes: 20,  perMinute: 2,   distinct: 14,   addresses: 1,  jitter: 0.6, cover: 0.3, magnitude: 0.2 },
    high:   { minutes: 10,  perMinute: 12,  distinct: 20,   addresses: 1,  jitter: 0.2, cover: 0,   magnitude: 0.2 },
  },
  data_exfiltration: {
    meaning: 'one report after another exported, each larger than usual', entity: 'user', magnitude: 'factor on sizes',
    low:    { minutes: 60,  perMinute: 0.3, distinct: 16,   addresses: 1,  jitter: 0.9, cover: 0.5, magnitude: 5 },
    medium: { minutes: 30,  perMinute: 1,   distinct: 25,   addresses: 1,  jitter: 0.6, cover: 0.2, magnitude: 12 },
    high:   { minutes: 20,  perMinute: 4,   distinct: 40,   addresses: 1,  jitter: 0.3, cover: 0,   magnitude: 40 },
  },
  off_hours: {
    meaning: 'an account of the staff at work in its night', entity: 'user', magnitude: '',
    low:    { minutes: 20,  perMinute: 0.8, distinct: 0,    addresses: 1,  jitter: 0.9, cover: 0,   magnitude: 1 },
    medium: { minutes: 40,  perMinute: 2,   distinct: 0,    addresses: 1,  jitter: 0.8, cover: 0,   magnitude: 1 },
    high:   { minutes: 60,  perMinute: 5,   distinct: 0,    addresses: 1,  jitter: 0.6, cover: 0,   magnitude: 1 },
  },
  latency: {
    meaning: 'an endpoint becomes slow', entity: 'endpoint', magnitude: 'factor on durations',
    low:    { minutes: 30,  perMinute: 0,   distinct: 0,    addresses: 0,  jitter: 0,   cover: 0,   magnitude: 3 },
    medium: { minutes: 25,  perMinute: 0,   distinct: 0,    addresses: 0,  jitter: 0,   cover: 0,   magnitude: 7 },
    high:   { minutes: 20,  perMinute: 0,   distinct: 0,    addresses: 0,  jitter: 0,   cover: 0,   magnitude: 25 },
  },
  error_burst: {
    meaning: 'an endpoint fails', entity: 'endpoint', magnitude: 'share of calls that fail',
    low:    { minutes: 30,  perMinute: 0,   distinct: 0,    addresses: 0,  jitter: 0,   cover: 0,   magnitude: 0.15 },
    medium: { minutes: 25,  perMinute: 0,   distinct: 0,    addresses: 0,  jitter: 0,   cover: 0,   magnitude: 0.4 },
    high:   { minutes: 20,  perMinute: 0,   distinct: 0,    addresses: 0,  jitter: 0,   cover: 0,   magnitude: 0.9 },
  },
  unusual_sequence: {
    meaning: 'steps of the checkout out of order and over again', entity: 'user', magnitude: '',
    low:    { minutes: 12,  perMinute: 0.7, distinct: 4,    addresses: 1,  jitter: 0.9, cover: 0.3, magnitude: 1 },
    medium: { minutes: 10,  perMinute: 2,   distinct: 5,    addresses: 1,  jitter: 0.6, cover: 0,   magnitude: 1 },
    high:   { minutes: 10,  perMinute: 8,   distinct: 6,    addresses: 1,  jitter: 0.3, cover: 0,   magnitude: 1 },
  },
  new_client: {
    meaning: 'a user comes with a script instead of a browser', entity: 'user', magnitude: '',
    low:    { minutes: 10,  perMinute: 1,   distinct: 0,    addresses: 1,  jitter: 0.9, cover: 0,   magnitude: 1 },
    medium: { minutes: 20,  perMinute: 2,   distinct: 0,    addresses: 1,  jitter: 0.6, cover: 0,   magnitude: 1 },
    high:   { minutes: 20,  perMinute: 8,   distinct: 0,    addresses: 1,  jitter: 0.3, cover: 0,   magnitude: 1 },
  },
  rate_burst: {
    meaning: 'one endpoint called over and over', entity: 'user', magnitude: 'share answered 429',
    low:    { minutes: 6,   perMinute: 25,  distinct: 0,    addresses: 1,  jitter: 0.8, cover: 0,   magnitude: 0 },
    medium: { minutes: 6,   perMinute: 80,  distinct: 0,    addresses: 1,  jitter: 0.5, cover: 0,   magnitude: 0.1 },
    high:   { minutes: 6,   perMinute: 300, distinct: 0,    addresses: 1,  jitter: 0.2, cover: 0,   magnitude: 0.4 },
  },
  low_and_slow: {
    meaning: "other people's orders opened, one every few minutes for hours", entity: 'user', magnitude: 'share of orders that open',
    low:    { minutes: 480, perMinute: 0.2, distinct: 96,   addresses: 1,  jitter: 0.9, cover: 0.5, magnitude: 0.9 },
    medium: { minutes: 480, perMinute: 0.4, distinct: 192,  addresses: 1,  jitter: 0.7, cover: 0.3, magnitude: 0.8 },
    high:   { minutes: 480, perMinute: 1,   distinct: 480,  addresses: 1,  jitter: 0.4, cover: 0.1, magnitude: 0.7 },
  },
} as const satisfies Record<Behavior, AttackRow>;
