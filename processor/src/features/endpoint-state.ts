/** What is known of each endpoint: its usual rates, durations and sizes, and the counters of its current window. */
import type { ApiCall } from '../call/api-call.ts';
import { boundedBytes, CALLS, poissonExcess } from './activity.ts';
import { EntitySlab } from './entity-slab.ts';
import { Everywhere } from './everywhere.ts';
import { countFrequent, distinctFromBits, setBit } from './sketches.ts';
import { windowOf } from './window-clock.ts';
import type { WindowCloser } from './window-closer.ts';
import { WINDOW_COUNTS } from './worst-endpoints.ts';

/** NaN where unknown. Errors are shares of calls, 0..1; the usual duration and size are geometric means. */
export interface EndpointProfile {
  readonly now: { readonly serverErrors: number; readonly clientErrors: number; readonly durationMs: number };
  readonly usual: {
    readonly serverErrors: number;
    readonly clientErrors: number;
    readonly durationMs: number;
    readonly responseBytes: number;
  };
}

// Counters of the current window, after its calls.
const SERVER_ERRORS = 1;
const CLIENT_ERRORS = 2;
/** Durations: number, sum of z against the own history, sum in ms, how many beyond the usual 99th percentile. */
const TIMED = 3;
const DURATION_Z = 4;
const DURATION_MS = 5;
const SLOW = 6;
const SIZED = 7;
const SIZE_Z = 8;
const USER_COUNT = 9;
const FAILED_USER_COUNT = 10;
/** Calls and refused calls of the one caller with the most of them: what one caller does is that caller's incident. */
const BUSIEST = 11;
const MOST_REFUSED = 12;
const CALLER_ENTRIES = 4;
const CALLERS = 13;
const REFUSED_CALLERS = 21;
const USER_BITS = 29;
const USER_WORDS = 8;
const FAILED_USER_BITS = 37;
const FAILED_USER_WORDS = 8;
/** Set bits of the bitmaps of client addresses below, all and those that were refused. */
const ADDRESS_COUNT = 45;
const REFUSED_ADDRESS_COUNT = 46;
const ADDRESS_BITS = 47;
const REFUSED_ADDRESS_BITS = 51;
const ADDRESS_WORDS = 4;
// What outlives the window.
const WINDOW = 55;
const WINDOWS = 56;
/** Calls that carried a user, halved with the population's. */
const TOTAL = 57;
/** Slow rates of 4xx and 5xx per call, as sums over decayed calls, and the fast 5xx rate. */
const RATE_CALLS = 58;
const RATE_CLIENT_ERRORS = 59;
const RATE_SERVER_ERRORS = 60;
const FAST_SERVER_ERRORS = 61;
/** Mean and variance of ln(duration in ms) and of ln(1 + response bytes), decayed over calls, with their weights. */
const DURATION_MEAN = 62;
const DURATION_WEIGHT = 64;
const SIZE_MEAN = 65;
const SIZE_WEIGHT = 67;
/** A variance lies right behind its mean. */
const TO_VARIANCE = 1;
/** Id of the endpoint's service. */
const SERVICE = 68;
/** Mean deviation of the sizes of the last twenty answers or so, in standard deviations. */
const FAST_SIZE_Z = 69;
const BASELINE = 70;

/** Calls over which rates, durations and sizes are averaged: slow enough that a bad hour does not become normal. */
const HISTORY_CALLS = 2000;
const FAST_CALLS = 20;
/** Calls before a history of durations or sizes is trusted. */
const HISTORY_FROM = 20;
/** ln(duration) has at least this spread: jitter of a few percent on a constant endpoint is nothing. */
const SPREAD_FLOOR = 0.15;
const Z_LIMIT = 6;
/** Normal quantile 0.99. */
const SLOW_Z = 2.33;
const LEAST_ERROR_RATE = 0.002;
/** Calls of the service added to a share, and calls of usual duration added to a mean: the first call of a window says little. */
const SHARE_PRIOR = 50;
const DURATION_PRIOR = 5;

/** Of sizes, in ln: where all answers are of one size, a quarter more is no sensation. */
const SIZE_SPREAD_FLOOR = 0.25;
/** Client addresses below which no share of them says anything; from which share on refusals are not the caller's own. */
const LEAST_ADDRESSES = 15;
const FEW_REFUSED_SHARE = 0.6;
const MOST_REFUSED_SHARE = 0.9;

export class EndpointState extends EntitySlab {
  /** Calls per service id in its current window and in the one before, which its endpoints may still have to close. */
  readonly #serviceWindow: Uint32Array;
  readonly #serviceCalls: Float32Array;
  readonly #serviceCallsBefore: Float32Array;
  /** What all endpoints have in common at present. */
  readonly everywhere = new Everywhere();
  readonly #windowCounts = new Float64Array(WINDOW_COUNTS);

  constructor(capacity: number, services: number, probationShare: number, closer: WindowCloser) {
    super('endpoint', { window: WINDOW, windows: WINDOWS, baseline: BASELINE }, { capacity, probationShare, closer });
    this.#serviceWindow = new Uint32Array(services);
    this.#serviceCalls = new Float32Array(services);
    this.#serviceCallsBefore = new Float32Array(services);
  }

  /** The slot of an endpoint id, or -1. */
  find(endpoint: number): number {
    return this.table.find(0, endpoint);
  }

  /** Takes a call into its endpoint's window; returns the slot. */
  observe(call: ApiCall): number {
    let slot = this.use(0, call.endpoint);
    if (slot < 0) slot = this.admit(0, call.endpoint);
    const window = windowOf(call.startSeconds);
    this.closeBefore(slot, window);

    const floats = this.floats;
    const row = slot * this.stride;
    this.#countService(call.service, window);
    this.words[row + SERVICE] = call.service;

    floats[row + CALLS]!++;
    if (call.countsForUser) floats[row + TOTAL]!++;
    if (call.isServerError) floats[row + SERVER_ERRORS]!++;
    if (call.isClientError) floats[row + CLIENT_ERRORS]!++;
    this.#countDuration(row, call);
    this.#countSize(row, call.responseBytes);
    this.#countRates(row, call);
    // Calls without identity come from other services, on whose behalf is not known: they count as one caller.
    this.#countCaller(row, call);
    if (call.hasAddress) this.#countAddress(row, call);
    if (call.identityKind !== 0) {
      if (setBit(this.words, row + USER_BITS, USER_WORDS, call.userLow)) floats[row + USER_COUNT]!++;
      const failed = call.isServerError || call.isClientError;
      if (failed && setBit(this.words, row + FAILED_USER_BITS, FAILED_USER_WORDS, call.userLow)) {
        floats[row + FAILED_USER_COUNT]!++;
      }
    }
    this.everywhere.note(this.words[row + WINDOW]!, call.endpoint, this.#countsOf(row));
    return slot;
  }

  /** Calls of an endpoint that carried a user, as part of the population's calls. */
  total(slot: number): number {
    return this.floats[slot * this.stride + TOTAL]!;
  }

  /** Halves the totals of all endpoints, as the population halves its own. */
  forgetHalf(): void {
    for (let slot = 0; slot < this.table.capacity; slot++) this.floats[slot * this.stride + TOTAL]! /= 2;
  }

  /** Usual share of 4xx answers, 0..1. */
  clientErrorRate(slot: number): number {
    const row = slot * this.stride;
    return this.floats[row + RATE_CLIENT_ERRORS]! / (this.floats[row + RATE_CALLS]! + 10);
  }

  /** Share of 5xx among the last twenty calls or so, 0..1. */
  recentServerErrorRate(slot: number): number {
    return this.floats[slot * this.stride + FAST_SERVER_ERRORS]!;
  }

  /**
   * How far a response size lies from what the endpoint usually answers, in standard deviations; NaN while unknown. Less
   * what its other answers are off by now, at most one: after a release everybody's are larger.
   */
  sizeDeviation(slot: number, bytes: number): number {
    const row = slot * this.stride;
    const { floats } = this;
    if (!(bytes >= 0) || floats[row + SIZE_WEIGHT]! < HISTORY_FROM) return Number.NaN;
    const now = Math.max(-1, Math.min(1, floats[row + FAST_SIZE_Z]!));
    const spread = Math.max(SIZE_SPREAD_FLOOR, Math.sqrt(floats[row + SIZE_MEAN + TO_VARIANCE]!));
    const z = (Math.log1p(boundedBytes(bytes)) - floats[row + SIZE_MEAN]!) / spread;
    return Math.max(-Z_LIMIT, Math.min(Z_LIMIT, z)) - now;
  }

  /**
   * How much of a refusal is its caller's own, 0..1: less than 1 where most client addresses that call the endpoint are
   * refused now, as when nobody can sign in. Attackers come from few of them, however many calls they make and accounts
   * they try.
   */
  refusalWeight(slot: number): number {
    const row = slot * this.stride;
    const addresses = distinctFromBits(this.floats[row + ADDRESS_COUNT]!, ADDRESS_WORDS * 32);
    if (addresses < LEAST_ADDRESSES) return 1;
    const refused = distinctFromBits(this.floats[row + REFUSED_ADDRESS_COUNT]!, ADDRESS_WORDS * 32);
    return Math.max(
      0,
      Math.min(1, (MOST_REFUSED_SHARE - refused / addresses) / (MOST_REFUSED_SHARE - FEW_REFUSED_SHARE)),
    );
  }

  /** How far a duration lies from the endpoint's usual one, in standard deviations; NaN while unknown. */
  durationDeviation(slot: number, seconds: number): number {
    const row = slot * this.stride;
    if (!(seconds >= 0) || this.floats[row + DURATION_WEIGHT]! < HISTORY_FROM) return Number.NaN;
    return this.#deviation(row, DURATION_MEAN, logarithmOf(seconds));
  }

  /** What its calls are like: in the window so far, and usually. */
  profile(slot: number): EndpointProfile {
    const { floats } = this;
    const row = slot * this.stride;
    const calls = floats[row + CALLS]!;
    const known = floats[row + RATE_CALLS]!;
    const usually = (weightAt: number, value: number): number =>
      floats[row + weightAt]! >= HISTORY_FROM ? value : Number.NaN;
    return {
      now: {
        serverErrors: floats[row + SERVER_ERRORS]! / calls,
        clientErrors: floats[row + CLIENT_ERRORS]! / calls,
        durationMs: floats[row + DURATION_MS]! / floats[row + TIMED]!,
      },
      usual: {
        serverErrors: floats[row + RATE_SERVER_ERRORS]! / known,
        clientErrors: floats[row + RATE_CLIENT_ERRORS]! / known,
        durationMs: usually(DURATION_WEIGHT, Math.exp(floats[row + DURATION_MEAN]!)),
        responseBytes: usually(SIZE_WEIGHT, Math.expm1(floats[row + SIZE_MEAN]!)),
      },
    };
  }

  /** Puts a saved row back under its id. */
  restoreState(endpoint: number, saved: Float32Array, mature: boolean): void {
    this.restore(0, endpoint, saved, mature);
  }

  /** Calls per service, for a snapshot: window, calls in it and in the one before, service after service. */
  serviceCounts(): number[] {
    return Array.from(this.#serviceWindow, (window, service) => [
      window,
      this.#serviceCalls[service]!,
      this.#serviceCallsBefore[service]!,
    ]).flat();
  }

  /** Puts saved counts back; those of services beyond this table's are left out. */
  restoreServiceCounts(saved: readonly number[]): void {
    for (let service = 0; service < Math.min(this.#serviceWindow.length, saved.length / 3); service++) {
      this.#serviceWindow[service] = saved[3 * service]!;
      this.#serviceCalls[service] = saved[3 * service + 1]!;
      this.#serviceCallsBefore[service] = saved[3 * service + 2]!;
    }
  }

  /** Takes over the calls per service of another state with as many services. */
  takeServiceCounts(from: EndpointState): void {
    this.#serviceWindow.set(from.#serviceWindow);
    this.#serviceCalls.set(from.#serviceCalls);
    this.#serviceCallsBefore.set(from.#serviceCallsBefore);
  }

  /** In the order of `Everywhere`. */
  #countsOf(row: number): Float64Array {
    const out = this.#windowCounts;
    let column = 0;
    out[column++] = this.floats[row + CALLS]!;
    out[column++] = this.floats[row + SERVER_ERRORS]!;
    out[column++] = this.floats[row + TIMED]!;
    out[column++] = this.floats[row + DURATION_Z]!;
    out[column] = this.floats[row + SLOW]!;
    return out;
  }

  #countCaller(row: number, call: ApiCall): void {
    const caller = call.userLow | 1;
    const calls = countFrequent(this.words, row + CALLERS, CALLER_ENTRIES, caller >>> 0);
    if (calls > this.floats[row + BUSIEST]!) this.floats[row + BUSIEST] = calls;
    if (!call.isClientError) return;
    const refused = countFrequent(this.words, row + REFUSED_CALLERS, CALLER_ENTRIES, caller >>> 0);
    if (refused > this.floats[row + MOST_REFUSED]!) this.floats[row + MOST_REFUSED] = refused;
  }

  #countAddress(row: number, call: ApiCall): void {
    const { floats, words } = this;
    if (setBit(words, row + ADDRESS_BITS, ADDRESS_WORDS, call.addressLow)) floats[row + ADDRESS_COUNT]!++;
    if (!call.isClientError) return;
    if (setBit(words, row + REFUSED_ADDRESS_BITS, ADDRESS_WORDS, call.addressLow))
      floats[row + REFUSED_ADDRESS_COUNT]!++;
  }

  #countService(service: number, window: number): void {
    if (this.#serviceWindow[service]! < window) {
      this.#serviceWindow[service] = window;
      this.#serviceCallsBefore[service] = this.#serviceCalls[service]!;
      this.#serviceCalls[service] = 0;
    }
    this.#serviceCalls[service]!++;
  }

  #callsOfService(row: number): number {
    const service = this.words[row + SERVICE]!;
    const isCurrent = this.#serviceWindow[service] === this.words[row + WINDOW];
    // A snapshot may name services that this table, made smaller since, cannot count.
    const counted = (isCurrent ? this.#serviceCalls : this.#serviceCallsBefore)[service] ?? 0;
    return Math.max(this.floats[row + CALLS]!, counted);
  }

  #countDuration(row: number, call: ApiCall): void {
    if (!(call.durationSeconds >= 0)) return;
    const floats = this.floats;
    const milliseconds = call.durationSeconds * 1000;
    const logarithm = logarithmOf(call.durationSeconds);
    floats[row + TIMED]!++;
    floats[row + DURATION_MS]! += milliseconds;
    if (floats[row + DURATION_WEIGHT]! >= HISTORY_FROM) {
      const z = this.#deviation(row, DURATION_MEAN, logarithm);
      floats[row + DURATION_Z]! += z;
      if (z > SLOW_Z) floats[row + SLOW]!++;
    }
    this.#learn(row, DURATION_MEAN, DURATION_WEIGHT, logarithm);
  }

  #countSize(row: number, bytes: number): void {
    if (!(bytes >= 0)) return;
    const logarithm = Math.log1p(boundedBytes(bytes));
    if (this.floats[row + SIZE_WEIGHT]! >= HISTORY_FROM) {
      const z = this.#deviation(row, SIZE_MEAN, logarithm);
      this.floats[row + SIZED]!++;
      this.floats[row + SIZE_Z]! += z;
      this.floats[row + FAST_SIZE_Z]! += (z - this.floats[row + FAST_SIZE_Z]!) / FAST_CALLS;
    }
    this.#learn(row, SIZE_MEAN, SIZE_WEIGHT, logarithm);
  }

  #countRates(row: number, call: ApiCall): void {
    const floats = this.floats;
    const keep = 1 - 1 / HISTORY_CALLS;
    floats[row + RATE_CALLS] = floats[row + RATE_CALLS]! * keep + 1;
    floats[row + RATE_CLIENT_ERRORS] = floats[row + RATE_CLIENT_ERRORS]! * keep + (call.isClientError ? 1 : 0);
    floats[row + RATE_SERVER_ERRORS] = floats[row + RATE_SERVER_ERRORS]! * keep + (call.isServerError ? 1 : 0);
    floats[row + FAST_SERVER_ERRORS]! +=
      ((call.isServerError ? 1 : 0) - floats[row + FAST_SERVER_ERRORS]!) / FAST_CALLS;
  }

  #deviation(row: number, meanAt: number, value: number): number {
    const spread = Math.max(SPREAD_FLOOR, Math.sqrt(this.floats[row + meanAt + TO_VARIANCE]!));
    const z = (value - this.floats[row + meanAt]!) / spread;
    return Math.max(-Z_LIMIT, Math.min(Z_LIMIT, z));
  }

  /** Decayed mean and variance with updates clipped at three standard deviations once there is a history. */
  #learn(row: number, meanAt: number, weightAt: number, value: number): void {
    const floats = this.floats;
    const known = floats[row + weightAt]!;
    const weight = Math.max(1 / (known + 1), 1 / HISTORY_CALLS);
    let delta = value - floats[row + meanAt]!;
    if (known >= HISTORY_FROM) {
      const limit = 3 * Math.max(SPREAD_FLOOR, Math.sqrt(floats[row + meanAt + TO_VARIANCE]!));
      delta = Math.max(-limit, Math.min(limit, delta));
    }
    floats[row + meanAt]! += weight * delta;
    floats[row + meanAt + TO_VARIANCE] =
      known === 0 ? 0 : (1 - weight) * (floats[row + meanAt + TO_VARIANCE]! + weight * delta * delta);
    floats[row + weightAt] = Math.min(HISTORY_CALLS, known + 1);
  }

  protected override extract(row: number, out: Float32Array): void {
    const floats = this.floats;
    const calls = floats[row + CALLS]!;
    const history = floats[row + RATE_CALLS]! + 10;
    const excuse = this.everywhere.excuse(this.words[row + WINDOW]!, this.table.keyLow(row / this.stride));
    const elsewhere = excuse.serverErrorRate;
    const serverErrorRate = Math.max(LEAST_ERROR_RATE, floats[row + RATE_SERVER_ERRORS]! / history, elsewhere);
    const clientErrorRate = Math.max(LEAST_ERROR_RATE, floats[row + RATE_CLIENT_ERRORS]! / history);
    const timed = floats[row + TIMED]!;
    const usualMs = Math.exp(floats[row + DURATION_MEAN]!);
    const sized = floats[row + SIZED]!;
    const othersCalls = Math.max(0, calls - floats[row + BUSIEST]!);
    const othersRefused = Math.max(0, floats[row + CLIENT_ERRORS]! - floats[row + MOST_REFUSED]!);
    let column = 0;
    out[column++] = Math.log1p(othersCalls);
    out[column++] = Math.log((othersCalls + 1) / (this.#callsOfService(row) + SHARE_PRIOR));
    out[column++] = Math.log1p(Math.max(0, floats[row + SERVER_ERRORS]! - calls * elsewhere));
    out[column++] = poissonExcess(floats[row + SERVER_ERRORS]!, calls * serverErrorRate);
    out[column++] = Math.log1p(othersRefused);
    out[column++] = poissonExcess(othersRefused, calls * clientErrorRate);
    const slowness = floats[row + DURATION_Z]! - timed * excuse.slowness;
    out[column++] = timed > 0 ? Math.max(0, slowness / Math.sqrt(timed)) : 0;
    out[column++] = poissonExcess(floats[row + SLOW]!, Math.max(0.2, timed * Math.max(0.01, excuse.slowRate)));
    out[column++] = Math.log1p((floats[row + DURATION_MS]! + DURATION_PRIOR * usualMs) / (timed + DURATION_PRIOR));
    out[column++] = sized > 0 ? Math.max(0, floats[row + SIZE_Z]! / Math.sqrt(sized)) : 0;
    out[column++] = Math.log1p(distinctFromBits(floats[row + USER_COUNT]!, USER_WORDS * 32));
    out[column] = Math.log1p(distinctFromBits(floats[row + FAILED_USER_COUNT]!, FAILED_USER_WORDS * 32));
  }
}

/** ln of a duration in ms; anything below 10 µs counts as that. */
const logarithmOf = (seconds: number): number => Math.log(Math.max(0.01, seconds * 1000));
