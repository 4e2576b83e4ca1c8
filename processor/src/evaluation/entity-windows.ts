import type { ApiCall } from '../call/api-call.ts';
import { BEHAVIOR_NAMES } from '../detection/behaviors.ts';
import { DurationHistograms } from './duration-histograms.ts';
import { IncidentOutcomes } from './incident-outcomes.ts';
import { LabelOutcomes } from './label-outcomes.ts';
import { PairIndex } from './pair-index.ts';

/** Length of a window in seconds: the unit in which detectors are compared is one user in floor(time / 5 min). */
export const WINDOW_SECONDS = 300;

/** What static rules can ask of a user's window, each with its meaning. */
export const QUANTITIES = {
  requests: 'requests',
  client_errors: 'requests answered with a status of 400 to 499',
  access_denied: 'requests answered with status 401 or 403',
  not_found: 'requests answered with status 404',
  server_errors: 'requests that failed on the server: status 500 to 599, or a span status of ERROR where there is none',
  p95_duration_ms: '95th percentile of the duration in milliseconds',
  response_bytes: 'sum of the sizes of the response bodies in bytes',
  login_writes: 'requests that write (POST and the like) to a login endpoint',
} as const;
export type Quantity = keyof typeof QUANTITIES;
export const QUANTITY_NAMES = Object.keys(QUANTITIES) as Quantity[];

/** What is known about one call beside the call itself. */
export interface SpanVerdict {
  /** Value of the label; undefined for an ordinary call. */
  readonly label: string | undefined;
  /** Whether the call is of the part that detectors are compared on, not of the part they learn from. */
  readonly isTest: boolean;
  /** The detector's evidence in nats; 0 where it has none. */
  readonly evidence: number;
  readonly isAnomaly: boolean;
  /** Of an anomaly: its incident's id and its behavior. */
  readonly incident: string | undefined;
  readonly behavior: string | undefined;
}

/** Another detector that sees one span at a time. */
export interface SpanScorer {
  /** Takes a call of the training part. */
  learn(call: ApiCall): void;
  /** Score of a call of the test part; 0 when nothing was learnt. */
  score(call: ApiCall): number;
}

/** Columns of a unit: those quantities that are sums, then what the detectors say. */
const EVIDENCE = QUANTITY_NAMES.length;
const PEER_SCORE = EVIDENCE + 1;
const VALUES = EVIDENCE + 2;
const columnOf = (quantity: Quantity): number => QUANTITY_NAMES.indexOf(quantity);
const REQUESTS = columnOf('requests');
const CLIENT_ERRORS = columnOf('client_errors');
const ACCESS_DENIED = columnOf('access_denied');
const NOT_FOUND = columnOf('not_found');
const SERVER_ERRORS = columnOf('server_errors');
const RESPONSE_BYTES = columnOf('response_bytes');
const LOGIN_WRITES = columnOf('login_writes');

const IS_POSITIVE = 1;
const IS_ANOMALY = 2;
/** Some call is of the training part: the boundary cuts the window, or it lies before it. */
const IS_TRAINING = 4;
/** The bits from here on: which behaviors its anomalies were named. */
const FIRST_BEHAVIOR = 3;

const FIRST_CAPACITY = 1024;

/**
 * Every user's 5-minute windows with what the detectors say of them and whether the label says that something was there.
 * About 130 bytes a window and a few tens more for its durations; nothing of a call is kept.
 */
export class EntityWindows {
  readonly labels = new LabelOutcomes();
  readonly incidents = new IncidentOutcomes();
  /** Calls that belong to no user's window: without identity, not at the edge, or without a start time. */
  callsLeftOut = 0;
  /** How many of them carry the label. */
  labelledCallsLeftOut = 0;

  readonly #peer: SpanScorer;
  readonly #users = new PairIndex();
  /** Pairs of user id and window number; their ids are the units. */
  readonly #units = new PairIndex();
  readonly #durations = new DurationHistograms();
  readonly #labelsOf = new Map<number, Set<string>>();
  /** Row-major, VALUES a unit. */
  #values = new Float64Array(VALUES * FIRST_CAPACITY);
  #flags = new Uint32Array(FIRST_CAPACITY);

  /** `peer`: the detector that ours is compared with span by span; it learns from the training part. */
  constructor(peer: SpanScorer) {
    this.#peer = peer;
  }

  /** Windows seen; units are 0 to size - 1. */
  get size(): number {
    return this.#units.size;
  }

  /**
   * Takes a call, all of the training part before those of the test part. For its user's window it counts only where it
   * `countsForUser`; for labels and incidents every call of the test part does.
   */
  add(call: ApiCall, verdict: SpanVerdict): void {
    const { isTest, isAnomaly, incident, behavior } = verdict;
    const label = verdict.label === undefined ? undefined : this.labels.known(verdict.label);
    const hasTime = call.startSeconds > 0;
    const unit = hasTime && call.countsForUser ? this.unitOf(call) : undefined;
    const peerScore = isTest ? this.#peer.score(call) : 0;
    if (!isTest) this.#peer.learn(call);

    if (unit !== undefined) {
      this.#count(unit, call);
      this.#judge(unit, label, peerScore, verdict);
    } else {
      this.callsLeftOut++;
      if (label !== undefined) this.labelledCallsLeftOut++;
    }
    if (!isTest || !hasTime) return;
    if (label !== undefined) this.labels.add(label, call.startSeconds, isAnomaly, behavior);
    if (!isAnomaly || incident === undefined) return;
    this.incidents.add(incident, behavior ?? 'other', call.startSeconds, label !== undefined, unit);
  }

  /** The unit of a call that has a time: of its user and its window; a new one for the first call in it. */
  unitOf(call: ApiCall): number {
    const user = this.#users.idOf(call.userHigh, call.userLow);
    const unit = this.#units.idOf(user, Math.floor(call.startSeconds / WINDOW_SECONDS));
    if (unit === this.#flags.length) {
      const [values, flags] = [this.#values, this.#flags];
      this.#values = new Float64Array(2 * values.length);
      this.#flags = new Uint32Array(2 * flags.length);
      this.#values.set(values);
      this.#flags.set(flags);
    }
    return unit;
  }

  /** The units of one part. A window that the boundary cuts belongs to the training part. */
  unitsOf(part: 'training' | 'test'): Uint32Array {
    const wanted = part === 'training' ? IS_TRAINING : 0;
    const units = new Uint32Array(this.size);
    let found = 0;
    for (let unit = 0; unit < this.size; unit++) {
      if ((this.#flags[unit]! & IS_TRAINING) === wanted) units[found++] = unit;
    }
    return units.slice(0, found);
  }

  /** A quantity of each of the units. */
  quantity(quantity: Quantity, units: Uint32Array): Float64Array {
    if (quantity === 'p95_duration_ms') return Float64Array.from(units, (unit) => this.#durations.p95(unit));
    return this.#column(columnOf(quantity), units);
  }

  /** Our detector's largest evidence in nats, of each of the units. */
  evidence(units: Uint32Array): Float64Array {
    return this.#column(EVIDENCE, units);
  }

  /** The peer's highest span score, of each of the units; 0 for all when it has not learnt. */
  peerScores(units: Uint32Array): Float64Array {
    return this.#column(PEER_SCORE, units);
  }

  /** 1 where some call carries the label. */
  positives(units: Uint32Array): Uint8Array {
    return Uint8Array.from(units, (unit) => (this.isPositive(unit) ? 1 : 0));
  }

  /** 1 where some call was an anomaly. */
  anomalies(units: Uint32Array): Uint8Array {
    return Uint8Array.from(units, (unit) => ((this.#flags[unit]! & IS_ANOMALY) === 0 ? 0 : 1));
  }

  /** Number of the user, of each of the units. */
  users(units: Uint32Array): Uint32Array {
    return Uint32Array.from(units, (unit) => this.#units.first(unit));
  }

  isPositive(unit: number): boolean {
    return (this.#flags[unit]! & IS_POSITIVE) !== 0;
  }

  /** Values of the label that calls of the unit carry. */
  labelsOf(unit: number): readonly string[] {
    return [...(this.#labelsOf.get(unit) ?? [])];
  }

  /** Behaviors that anomalies of the unit were named. */
  behaviorsOf(unit: number): readonly string[] {
    return BEHAVIOR_NAMES.filter((_, bit) => (this.#flags[unit]! & (1 << (FIRST_BEHAVIOR + bit))) !== 0);
  }

  /** What a user is called in a report: a number in order of appearance, since replays have no secret for pseudonyms. */
  userName(unit: number): string {
    return `u_${this.#units.first(unit) + 1}`;
  }

  /** Begin of the unit's window, Unix seconds. */
  startSeconds(unit: number): number {
    return this.#units.second(unit) * WINDOW_SECONDS;
  }

  #count(unit: number, call: ApiCall): void {
    const values = this.#values;
    const row = unit * VALUES;
    values[row + REQUESTS]!++;
    if (call.isClientError) values[row + CLIENT_ERRORS]!++;
    if (call.isAccessDenied) values[row + ACCESS_DENIED]!++;
    if (call.isNotFound) values[row + NOT_FOUND]!++;
    if (call.isServerError) values[row + SERVER_ERRORS]!++;
    if (call.responseBytes > 0) values[row + RESPONSE_BYTES]! += call.responseBytes;
    if (call.isLogin && call.isWrite) values[row + LOGIN_WRITES]!++;
    if (call.durationSeconds > 0) this.#durations.add(unit, call.durationSeconds * 1000);
  }

  #judge(unit: number, label: string | undefined, peerScore: number, verdict: SpanVerdict): void {
    const row = unit * VALUES;
    if (verdict.evidence > this.#values[row + EVIDENCE]!) this.#values[row + EVIDENCE] = verdict.evidence;
    if (peerScore > this.#values[row + PEER_SCORE]!) this.#values[row + PEER_SCORE] = peerScore;
    let flags = this.#flags[unit]!;
    if (!verdict.isTest) flags |= IS_TRAINING;
    if (label !== undefined) {
      flags |= IS_POSITIVE;
      const labels = this.#labelsOf.get(unit);
      if (labels === undefined) this.#labelsOf.set(unit, new Set([label]));
      else labels.add(label);
    }
    if (verdict.isAnomaly) {
      const behavior = BEHAVIOR_NAMES.findIndex((name) => name === verdict.behavior);
      flags |= IS_ANOMALY;
      if (behavior >= 0) flags |= 1 << (FIRST_BEHAVIOR + behavior);
    }
    this.#flags[unit] = flags;
  }

  #column(column: number, units: Uint32Array): Float64Array {
    return Float64Array.from(units, (unit) => this.#values[unit * VALUES + column]!);
  }
}
