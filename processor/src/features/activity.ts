/**
 * What users and addresses have in common: the counters of the current window, at the start of every state row.
 * Offsets are in 32-bit words from the start of the row; a row is seen as Float32 and as Uint32 at once.
 */
import type { ApiCall } from '../call/api-call.ts';
import { countFrequent, distinctFromBits, scatter, setBit } from './sketches.ts';

/** Calls in the window: what the rows of endpoints start with as well. */
export const CALLS = 0;
/** Most calls within one 10 s of the clock (:00 to :10, …), those within the latest 10 s, and which 10 s these are. */
export const BURST = 1;
const BURST_NOW = 2;
const BURST_TENTH = 3;
/** Calls with status 4xx; 401 and 403; 404; 4xx on login endpoints. */
export const CLIENT_ERRORS = 4;
export const DENIED = 5;
export const NOT_FOUND = 6;
export const FAILED_LOGINS = 7;
/** Expected 4xx: the sum of the endpoints' own rates. */
const EXPECTED_ERRORS = 8;
/** Sum of response sizes in bytes. */
export const RESPONSE_BYTES = 9;
/** Pauses between calls: number, mean, sum of squared deviations (Welford 1962). */
const PAUSES = 10;
const PAUSE_MEAN = 11;
const PAUSE_SQUARES = 12;
/** Most calls of one endpoint. */
export const REPEATS = 13;
/** Set bits of the two bitmaps below. */
const ENDPOINT_COUNT = 14;
const OBJECT_COUNT = 15;
const REPEAT_TABLE = 16;
const REPEAT_ENTRIES = 4;
const ENDPOINT_BITS = 24;
const ENDPOINT_WORDS = 2;
const OBJECT_BITS = 26;
const OBJECT_WORDS = 8;
/** End of the counters of the current window; what follows outlives it. */
export const ACTIVITY_END = 34;

/** Smallest expected number of refused calls per call, so that one 404 of a flawless endpoint is no sensation. */
const LEAST_ERROR_RATE = 0.005;
const BURST_SECONDS = 10;
/** A petabyte, more than any one message has. */
const MOST_BYTES = 2 ** 50;
/** Regularity needs this many calls (detection experiments: ln(n/5) for n >= 6). */
const REGULARITY_FROM = 6;

/**
 * Counts a call. `errorRate`: the endpoint's usual share of 4xx. `refusal`: how much a refusal counts, 0..1. `pause`:
 * seconds since the entity's call before, NaN for none.
 */
export function addToActivity(
  floats: Float32Array,
  words: Uint32Array,
  row: number,
  call: ApiCall,
  errorRate: number,
  refusal: number,
  pause: number,
): void {
  floats[row + CALLS]!++;
  const tenth = Math.floor(call.startSeconds / BURST_SECONDS) >>> 0;
  // A late call belongs to 10 s that are over; it must not interrupt the count of the latest.
  if (tenth === words[row + BURST_TENTH]) floats[row + BURST_NOW]!++;
  else if (tenth > words[row + BURST_TENTH]!) {
    words[row + BURST_TENTH] = tenth;
    floats[row + BURST_NOW] = 1;
  }
  if (floats[row + BURST_NOW]! > floats[row + BURST]!) floats[row + BURST] = floats[row + BURST_NOW]!;

  floats[row + EXPECTED_ERRORS]! += Math.max(LEAST_ERROR_RATE, errorRate);
  if (call.isClientError) {
    floats[row + CLIENT_ERRORS]! += refusal;
    if (call.isAccessDenied) floats[row + DENIED]! += refusal;
    if (call.isNotFound) floats[row + NOT_FOUND]! += refusal;
    if (call.isLogin) floats[row + FAILED_LOGINS]! += refusal;
  }
  if (call.responseBytes > 0) floats[row + RESPONSE_BYTES]! += boundedBytes(call.responseBytes);

  if (pause >= 0) {
    const pauses = ++floats[row + PAUSES]!;
    const delta = pause - floats[row + PAUSE_MEAN]!;
    floats[row + PAUSE_MEAN]! += delta / pauses;
    floats[row + PAUSE_SQUARES]! += delta * (pause - floats[row + PAUSE_MEAN]!);
  }

  const target = call.isNameless ? call.path : call.endpoint + 1;
  const repeats = countFrequent(words, row + REPEAT_TABLE, REPEAT_ENTRIES, target);
  if (repeats > floats[row + REPEATS]!) floats[row + REPEATS] = repeats;
  if (setBit(words, row + ENDPOINT_BITS, ENDPOINT_WORDS, scatter(target))) floats[row + ENDPOINT_COUNT]!++;
  if (call.object !== 0 && setBit(words, row + OBJECT_BITS, OBJECT_WORDS, call.object)) floats[row + OBJECT_COUNT]!++;
}

/** A size as far as it can be meant: sums of it stay finite in 32-bit floats. NaN stays NaN. */
export const boundedBytes = (bytes: number): number => Math.min(MOST_BYTES, bytes);

/** Distinct endpoints of the window. */
export const distinctEndpoints = (floats: Float32Array, row: number): number =>
  distinctFromBits(floats[row + ENDPOINT_COUNT]!, ENDPOINT_WORDS * 32);

/** Distinct object ids of the window. */
export const distinctObjects = (floats: Float32Array, row: number): number =>
  distinctFromBits(floats[row + OBJECT_COUNT]!, OBJECT_WORDS * 32);

/** x ln(x / mu) - (x - mu): the log-likelihood ratio of x Poisson events where mu are usual, 0 when no more than usual. */
export function poissonExcess(observed: number, expected: number): number {
  return observed > expected ? observed * Math.log(observed / expected) - (observed - expected) : 0;
}

export const errorExcess = (floats: Float32Array, row: number): number =>
  poissonExcess(floats[row + CLIENT_ERRORS]!, floats[row + EXPECTED_ERRORS]!);

/** ln(n / 5) x -ln(coefficient of variation of the pauses) for n >= 6 calls: how much the pace looks like a machine's. */
export function regularity(floats: Float32Array, row: number): number {
  const calls = floats[row + CALLS]!;
  const pauses = floats[row + PAUSES]!;
  const mean = floats[row + PAUSE_MEAN]!;
  if (calls < REGULARITY_FROM || pauses < REGULARITY_FROM - 1 || mean <= 0) return 0;
  // Rounding can leave the sum of squares of equal pauses a little below zero.
  const variation = Math.sqrt(Math.max(0, floats[row + PAUSE_SQUARES]!) / pauses) / mean;
  return Math.log(calls / 5) * Math.max(0, -Math.log(Math.max(0.01, variation)));
}
