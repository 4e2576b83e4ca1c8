/** What is known of each user: the current window, the objects used so far, and, in user-habits.ts, the habits. */
import type { ApiCall } from '../call/api-call.ts';
import * as activity from './activity.ts';
import type { EndpointState } from './endpoint-state.ts';
import { EntitySlab } from './entity-slab.ts';
import type { Population } from './population.ts';
import { addToMemory, distinctFromBits, scatter, setBit } from './sketches.ts';
import { UserHabits } from './user-habits.ts';
import { windowOf } from './window-clock.ts';
import type { WindowCloser } from './window-closer.ts';

// Counters of the current window, between those of activity.ts and of user-habits.ts.
const DENIED_ENDPOINT_COUNT = 34;
const DENIED_ENDPOINT_BITS = 35;
const FAILED_WRITES = 37;
/** 5xx, each weighed by how little the endpoint fails for everybody. */
const SERVER_ERRORS = 38;
const LARGEST_RESPONSE = 39;
const SIZE_Z = 40;
const SIZED = 41;
const REQUEST_BYTES = 42;
const NEW_OBJECTS = 43;
const OBJECT_RUNS = 44;
/** Writes on login endpoints. Some sites answer 200 to a wrong password. */
const LOGIN_ATTEMPTS = 52;
// What outlives the window, around the habits of user-habits.ts.
const WINDOW = 53;
/** Closed windows with at least one call. */
const WINDOWS = 54;
/** Decayed sums over an hour and of new objects over a day, as of the start of the window. */
const CALLS_HOUR = 55;
const NEW_OBJECTS_DAY = 56;
const IDENTITY_KIND = 61;
const OBJECT_MEMORY = 111;
const OBJECT_MEMORY_WORDS = 16;
/** Start of the latest call in unix seconds, and the latest numeric object id: 64-bit floats at even offsets. */
const LAST_SECONDS = 206;
const LAST_OBJECT_NUMBER = 208;
/** Decayed sums of refused calls over an hour and over a day, as of the start of the window. */
const REFUSED_HOUR = 210;
const REFUSED_DAY = 211;
const BASELINE = 222;

/**
 * An hour's refusals count at most as two and six times those of this window, a day's as four times the hour's: a window
 * without any, after an attack is over, is not the attack's.
 */
const QUIET_ECHO = 2;
const HOUR_ECHO = 6;
const DAY_ECHO = 4;

export class UserState extends EntitySlab {
  readonly #doubles = new Float64Array(this.floats.buffer);
  readonly #endpoints: EndpointState;
  readonly #habits: UserHabits;

  constructor(
    capacity: number,
    probationShare: number,
    closer: WindowCloser,
    population: Population,
    endpoints: EndpointState,
  ) {
    super('user', { window: WINDOW, windows: WINDOWS, baseline: BASELINE }, { capacity, probationShare, closer });
    this.#endpoints = endpoints;
    this.#habits = new UserHabits(this.floats, population, endpoints);
  }

  /** Takes a call into its user's window; `endpointSlot` is the call's slot in the endpoint state. Returns the slot. */
  observe(call: ApiCall, endpointSlot: number): number {
    let slot = this.use(call.userHigh, call.userLow);
    if (slot < 0) slot = this.#admit(call);
    this.closeBefore(slot, windowOf(call.startSeconds));

    const row = slot * this.stride;
    const isFirst = this.floats[row + activity.CALLS] === 0;
    const last = this.#doubles[(row + LAST_SECONDS) / 2]!;
    const pause = isFirst ? Number.NaN : Math.max(0, call.startSeconds - last);
    const refusal = call.isClientError ? this.#endpoints.refusalWeight(endpointSlot) : 0;
    activity.addToActivity(
      this.floats,
      this.words,
      row,
      call,
      this.#endpoints.clientErrorRate(endpointSlot),
      refusal,
      pause,
    );
    this.#doubles[(row + LAST_SECONDS) / 2] = Math.max(last, call.startSeconds);
    if (call.isLogin && call.isWrite) this.floats[row + LOGIN_ATTEMPTS]!++;
    this.#countFailures(row, call, endpointSlot);
    this.#countData(row, call, endpointSlot);
    this.#countObjects(row, call);
    this.#habits.observe(row, call, endpointSlot, isFirst, this.floats[row + WINDOWS]!);
    return slot;
  }

  /** Kind of identity of a user: position in the configured list, from 1. */
  identityKind(slot: number): number {
    return this.words[slot * this.stride + IDENTITY_KIND]!;
  }

  /** Network of a user's latest call, 0 for none: who trains the model is capped by network too. */
  network(slot: number): number {
    return this.#habits.network(slot * this.stride);
  }

  /** Start of a user's latest call, unix seconds. */
  lastSeconds(slot: number): number {
    return this.#doubles[(slot * this.stride + LAST_SECONDS) / 2]!;
  }

  /** Active windows by hour of the week from Monday 0 h UTC: 168 counts, halved together when one is full. */
  hoursOfWeek(slot: number): Uint8Array {
    return this.#habits.hoursOfWeek(slot * this.stride);
  }

  /** Ids of the endpoints a user calls most, and its calls of each, the most first. */
  endpointMix(slot: number): { readonly endpoint: number; readonly calls: number }[] {
    return this.#habits.endpointMix(slot * this.stride);
  }

  /** Puts a saved row back under its key. */
  restoreState(high: number, low: number, saved: Float32Array, mature: boolean): void {
    this.restore(high, low, saved, mature);
  }

  #admit(call: ApiCall): number {
    const slot = this.admit(call.userHigh, call.userLow);
    const row = slot * this.stride;
    this.words[row + IDENTITY_KIND] = call.identityKind;
    this.#doubles[(row + LAST_OBJECT_NUMBER) / 2] = Number.NaN;
    return slot;
  }

  #countFailures(row: number, call: ApiCall, endpointSlot: number): void {
    const floats = this.floats;
    if (call.isClientError) {
      // Who guesses finds no endpoints: every path is a door tried.
      const hash = call.isNameless ? call.path : scatter(call.endpoint + 1);
      if ((call.isAccessDenied || call.isNotFound) && setBit(this.words, row + DENIED_ENDPOINT_BITS, 2, hash)) {
        floats[row + DENIED_ENDPOINT_COUNT]!++;
      }
      if (call.isWrite) floats[row + FAILED_WRITES]!++;
    } else if (call.isServerError) {
      floats[row + SERVER_ERRORS]! += 1 - Math.min(1, 1.5 * this.#endpoints.recentServerErrorRate(endpointSlot));
    }
  }

  #countData(row: number, call: ApiCall, endpointSlot: number): void {
    const floats = this.floats;
    if (call.responseBytes > floats[row + LARGEST_RESPONSE]!) {
      floats[row + LARGEST_RESPONSE] = activity.boundedBytes(call.responseBytes);
    }
    const z = this.#endpoints.sizeDeviation(endpointSlot, call.responseBytes);
    if (z === z) {
      floats[row + SIZE_Z]! += z;
      floats[row + SIZED]!++;
    }
    if (call.requestBytes > 0) floats[row + REQUEST_BYTES]! += activity.boundedBytes(call.requestBytes);
  }

  #countObjects(row: number, call: ApiCall): void {
    if (call.object === 0) return;
    if (addToMemory(this.words, row + OBJECT_MEMORY, OBJECT_MEMORY_WORDS, call.object))
      this.floats[row + NEW_OBJECTS]!++;
    const last = (row + LAST_OBJECT_NUMBER) / 2;
    const step = Math.abs(call.objectNumber - this.#doubles[last]!);
    if (step === 1 || step === 2) this.floats[row + OBJECT_RUNS]!++;
    if (call.objectNumber === call.objectNumber) this.#doubles[last] = call.objectNumber;
  }

  protected override carryOver(row: number, elapsedSeconds: number): void {
    const floats = this.floats;
    this.#habits.carryOver(row, floats[row + activity.CALLS]!, elapsedSeconds);
    const calls = floats[row + CALLS_HOUR]! + floats[row + activity.CALLS]!;
    const newObjects = floats[row + NEW_OBJECTS_DAY]! + floats[row + NEW_OBJECTS]!;
    floats[row + CALLS_HOUR] = calls * Math.exp(-elapsedSeconds / 3600);
    floats[row + NEW_OBJECTS_DAY] = newObjects * Math.exp(-elapsedSeconds / 86_400);
    const refused = floats[row + activity.CLIENT_ERRORS]!;
    floats[row + REFUSED_HOUR] = (floats[row + REFUSED_HOUR]! + refused) * Math.exp(-elapsedSeconds / 3600);
    floats[row + REFUSED_DAY] = (floats[row + REFUSED_DAY]! + refused) * Math.exp(-elapsedSeconds / 86_400);
  }

  protected override extract(row: number, out: Float32Array): void {
    const floats = this.floats;
    const now = this.#doubles[(row + LAST_SECONDS) / 2]!;
    const calls = floats[row + activity.CALLS]!;
    const newObjects = floats[row + NEW_OBJECTS]!;
    const sized = floats[row + SIZED]!;
    const windows = floats[row + WINDOWS]!;
    const refused = floats[row + activity.CLIENT_ERRORS]!;
    const refusedHour = Math.min(floats[row + REFUSED_HOUR]! + refused, QUIET_ECHO + HOUR_ECHO * refused);
    let column = 0;
    out[column++] = Math.log1p(calls);
    out[column++] = Math.log1p(floats[row + activity.BURST]!);
    out[column++] = Math.log1p(Math.min(floats[row + CALLS_HOUR]! + calls, 8 * calls));
    out[column++] = Math.log1p(floats[row + activity.REPEATS]!);
    out[column++] = Math.log1p(floats[row + activity.CLIENT_ERRORS]!);
    out[column++] = Math.log1p(floats[row + activity.DENIED]!);
    out[column++] = Math.log1p(floats[row + activity.NOT_FOUND]!);
    out[column++] = Math.log1p(distinctFromBits(floats[row + DENIED_ENDPOINT_COUNT]!, 64));
    out[column++] = Math.log1p(floats[row + activity.FAILED_LOGINS]!);
    out[column++] = Math.log1p(floats[row + LOGIN_ATTEMPTS]!);
    out[column++] = Math.log1p(floats[row + FAILED_WRITES]!);
    out[column++] = activity.errorExcess(floats, row);
    out[column++] = Math.log1p(refusedHour);
    out[column++] = Math.log1p(Math.min(floats[row + REFUSED_DAY]! + refused, DAY_ECHO * refusedHour));
    out[column++] = Math.log1p(floats[row + SERVER_ERRORS]!);
    out[column++] = Math.log1p(floats[row + activity.RESPONSE_BYTES]!);
    out[column++] = Math.log1p(floats[row + LARGEST_RESPONSE]!);
    out[column++] = sized > 0 ? Math.max(0, floats[row + SIZE_Z]! / Math.sqrt(sized)) : 0;
    out[column++] = Math.log1p(floats[row + REQUEST_BYTES]!);
    out[column++] = Math.log1p(activity.distinctEndpoints(floats, row));
    out[column++] = Math.log1p(activity.distinctObjects(floats, row));
    out[column++] = Math.log1p(newObjects);
    out[column++] = Math.log1p(floats[row + OBJECT_RUNS]!);
    out[column++] = Math.log1p(Math.min(floats[row + NEW_OBJECTS_DAY]! + newObjects, 24 * newObjects));
    out[column++] = activity.regularity(floats, row);
    this.#habits.extract(row, calls, windows, now, out, column);
  }
}
