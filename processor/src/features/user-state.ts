/** What is known of each user: habits (endpoints, objects, clients, hours), own baselines, and the current window. */
import type { ApiCall } from '../call/api-call.ts';
import * as activity from './activity.ts';
import { copyBaseline, updateBaseline } from './baseline.ts';
import type { EndpointState } from './endpoint-state.ts';
import { EntityTable } from './entity-table.ts';
import { FEATURE_NAMES } from './features.ts';
import { HOUR_KERNEL, hourOf, hourOfWeek, type Population } from './population.ts';
import { addToMemory, countFrequent, distinctFromBits, frequency, remember, scatter, setBit } from './sketches.ts';
import { WINDOW_SECONDS, windowOf } from './window-clock.ts';
import type { WindowCloser } from './window-closer.ts';

const FEATURES = FEATURE_NAMES.user.length;

// Counters of the current window, after those of activity.ts.
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
const ENDPOINT_NOVELTY = 45;
const TRANSITION_SUM = 46;
const TRANSITIONS = 47;
const NEW_ENDPOINTS = 48;
const CLIENT_SWITCHES = 49;
const HOUR_SURPRISAL = 50;
const WINDOW_END = 51;
// What outlives the window.
const WINDOW = 51;
/** Closed windows with at least one call. */
const WINDOWS = 52;
/** Decayed sums over an hour and of new objects over a day, as of the start of the window. */
const CALLS_HOUR = 53;
const NEW_OBJECTS_DAY = 54;
/** Calls ever, halved at the horizon together with the endpoint table. */
const TOTAL = 55;
const LAST_ENDPOINT = 56;
const LAST_CLIENT = 57;
const LAST_NETWORK = 58;
const IDENTITY_KIND = 59;
/** Rarity of the latest new client and network in nats, and the second until which it counts; novelties so far. */
const CLIENT_NATS = 60;
const CLIENT_UNTIL = 61;
const CLIENT_NOVELTIES = 62;
const NETWORK_NATS = 63;
const NETWORK_UNTIL = 64;
const NETWORK_NOVELTIES = 65;
/** Both at once in one call. */
const JOINT_NATS = 66;
const JOINT_UNTIL = 67;
const ENDPOINT_TABLE = 68;
const ENDPOINT_ENTRIES = 16;
const ENDPOINT_MEMORY = 100;
const ENDPOINT_MEMORY_WORDS = 4;
const OBJECT_MEMORY = 109;
const OBJECT_MEMORY_WORDS = 16;
const CLIENT_TABLE = 142;
const CLIENT_ENTRIES = 4;
const NETWORK_TABLE = 150;
const NETWORK_ENTRIES = 6;
/** 168 counts of active windows by hour of the week, one byte each. */
const HOURS = 162;
const HOUR_BYTES = 168;
/** Start of the latest call in unix seconds, and the latest numeric object id: 64-bit floats at even offsets. */
const LAST_SECONDS = 204;
const LAST_OBJECT_NUMBER = 206;
const BASELINE = 208;
const STRIDE = BASELINE + 2 * FEATURES;

const HORIZON_CALLS = 4096;
/** Weight of the population's share of an endpoint against the user's own calls. */
const NOVELTY_PRIOR = 8;
const NEW_FOR_SECONDS = 3600;
/** Weight of the population's hours against the user's own windows. */
const HOUR_PRIOR = 10;
const MATURE_WINDOWS = 2;
/** Calls after which the endpoints' shares of all calls are halved, so that counts stay exact in 32-bit floats. */
const SHARE_HORIZON = 4_000_000;

export class UserState {
  readonly table: EntityTable;
  readonly stride = STRIDE;
  readonly #floats: Float32Array;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #doubles: Float64Array;
  readonly #closer: WindowCloser;
  readonly #population: Population;
  readonly #endpoints: EndpointState;
  readonly #values = new Float32Array(FEATURES);

  constructor(
    capacity: number,
    probationShare: number,
    closer: WindowCloser,
    population: Population,
    endpoints: EndpointState,
  ) {
    this.table = new EntityTable(capacity, probationShare, (slot) => this.#evict(slot));
    const buffer = new ArrayBuffer(capacity * STRIDE * 4);
    this.#floats = new Float32Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#doubles = new Float64Array(buffer);
    this.#closer = closer;
    this.#population = population;
    this.#endpoints = endpoints;
  }

  /** Takes a call into its user's window; `endpointSlot` is the call's slot in the endpoint state. Returns the slot. */
  observe(call: ApiCall, endpointSlot: number): number {
    let slot = this.table.find(call.userHigh, call.userLow);
    if (slot < 0) slot = this.#admit(call);
    else this.table.touch(slot);
    const row = slot * STRIDE;
    const window = windowOf(call.startSeconds);
    if (window > this.#words[row + WINDOW]!) this.#startWindow(slot, window);

    const isFirst = this.#floats[row + activity.CALLS] === 0;
    if (isFirst) this.#countHour(row, call.startSeconds);
    const last = this.#doubles[(row + LAST_SECONDS) / 2]!;
    const pause = isFirst ? Number.NaN : Math.max(0, call.startSeconds - last);
    activity.addToActivity(this.#floats, this.#words, row, call, this.#endpoints.clientErrorRate(endpointSlot), pause);
    this.#doubles[(row + LAST_SECONDS) / 2] = Math.max(last, call.startSeconds);
    this.#countFailures(row, call, endpointSlot);
    this.#countData(row, call, endpointSlot);
    this.#countObjects(row, call);
    this.#countEndpoint(row, call, endpointSlot);
    this.#countClient(row, call, isFirst);
    return slot;
  }

  /** The row of a user as of the last call: values, own means and variances, number of windows. */
  row(slot: number, out: Float32Array): void {
    const base = slot * STRIDE;
    this.#extract(slot, out);
    copyBaseline(this.#floats, base + BASELINE, FEATURES, this.#floats[base + WINDOWS]!, out);
  }

  windows(slot: number): number {
    return this.#floats[slot * STRIDE + WINDOWS]!;
  }

  calls(slot: number): number {
    return this.#floats[slot * STRIDE + activity.CALLS]!;
  }

  window(slot: number): number {
    return this.#words[slot * STRIDE + WINDOW]!;
  }

  /** Kind of identity of a user: position in the configured list, from 1. */
  identityKind(slot: number): number {
    return this.#words[slot * STRIDE + IDENTITY_KIND]!;
  }

  /** Network of a user's latest call, 0 for none: who trains the model is capped by network too. */
  network(slot: number): number {
    return this.#words[slot * STRIDE + LAST_NETWORK]!;
  }

  closeBefore(slot: number, window: number): void {
    if (this.#words[slot * STRIDE + WINDOW]! < window) this.#startWindow(slot, window);
  }

  copyState(slot: number, out: Float32Array, offset: number): void {
    out.set(this.#floats.subarray(slot * STRIDE, (slot + 1) * STRIDE), offset);
  }

  restoreState(high: number, low: number, saved: Float32Array, mature: boolean): void {
    const slot = this.table.insert(high, low);
    this.#floats.set(saved, slot * STRIDE);
    if (mature) this.table.promote(slot);
  }

  #admit(call: ApiCall): number {
    const slot = this.table.insert(call.userHigh, call.userLow);
    const row = slot * STRIDE;
    this.#floats.fill(0, row, row + STRIDE);
    this.#words[row + IDENTITY_KIND] = call.identityKind;
    this.#doubles[(row + LAST_OBJECT_NUMBER) / 2] = Number.NaN;
    return slot;
  }

  #evict(slot: number): void {
    if (this.#floats[slot * STRIDE + activity.CALLS]! > 0) this.#closer.closing('user', slot);
    this.#closer.evicted('user', slot);
  }

  #startWindow(slot: number, window: number): void {
    const row = slot * STRIDE;
    const floats = this.#floats;
    if (floats[row + activity.CALLS]! > 0) {
      this.#extract(slot, this.#values);
      this.#closer.closing('user', slot);
      updateBaseline(floats, row + BASELINE, this.#values, FEATURES, floats[row + WINDOWS]!);
      if (++floats[row + WINDOWS]! >= MATURE_WINDOWS) this.table.promote(slot);
    }
    const elapsed = (window - this.#words[row + WINDOW]!) * WINDOW_SECONDS;
    floats[row + CALLS_HOUR] = (floats[row + CALLS_HOUR]! + floats[row + activity.CALLS]!) * Math.exp(-elapsed / 3600);
    floats[row + NEW_OBJECTS_DAY] =
      (floats[row + NEW_OBJECTS_DAY]! + floats[row + NEW_OBJECTS]!) * Math.exp(-elapsed / 86_400);
    floats.fill(0, row, row + WINDOW_END);
    this.#words[row + WINDOW] = window;
  }

  #countFailures(row: number, call: ApiCall, endpointSlot: number): void {
    const floats = this.#floats;
    if (call.isClientError) {
      const hash = scatter(call.endpoint + 1);
      if ((call.isAccessDenied || call.isNotFound) && setBit(this.#words, row + DENIED_ENDPOINT_BITS, 2, hash)) {
        floats[row + DENIED_ENDPOINT_COUNT]!++;
      }
      if (call.isWrite) floats[row + FAILED_WRITES]!++;
    } else if (call.isServerError) {
      floats[row + SERVER_ERRORS]! += 1 - Math.min(1, 1.5 * this.#endpoints.recentServerErrorRate(endpointSlot));
    }
  }

  #countData(row: number, call: ApiCall, endpointSlot: number): void {
    const floats = this.#floats;
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
    if (addToMemory(this.#words, row + OBJECT_MEMORY, OBJECT_MEMORY_WORDS, call.object))
      this.#floats[row + NEW_OBJECTS]!++;
    const last = (row + LAST_OBJECT_NUMBER) / 2;
    const step = Math.abs(call.objectNumber - this.#doubles[last]!);
    if (step === 1 || step === 2) this.#floats[row + OBJECT_RUNS]!++;
    if (call.objectNumber === call.objectNumber) this.#doubles[last] = call.objectNumber;
  }

  #countEndpoint(row: number, call: ApiCall, endpointSlot: number): void {
    const floats = this.#floats;
    const words = this.#words;
    const key = call.endpoint + 1;
    const share = (this.#endpoints.total(endpointSlot) + 1) / (this.#population.calls + 100);
    const own = frequency(words, row + ENDPOINT_TABLE, ENDPOINT_ENTRIES, key);
    const total = floats[row + TOTAL]!;
    const novelty = -Math.log(Math.min(1, (own + NOVELTY_PRIOR * share) / (total + NOVELTY_PRIOR)));
    if (novelty > floats[row + ENDPOINT_NOVELTY]!) floats[row + ENDPOINT_NOVELTY] = novelty;
    countFrequent(words, row + ENDPOINT_TABLE, ENDPOINT_ENTRIES, key);
    if (addToMemory(words, row + ENDPOINT_MEMORY, ENDPOINT_MEMORY_WORDS, scatter(key))) {
      floats[row + NEW_ENDPOINTS]!++;
    }
    const from = words[row + LAST_ENDPOINT]!;
    if (from !== 0) {
      floats[row + TRANSITION_SUM]! += this.#population.transition(from, key, share);
      floats[row + TRANSITIONS]!++;
    }
    words[row + LAST_ENDPOINT] = key;
    if (++this.#population.calls >= SHARE_HORIZON) {
      this.#population.calls /= 2;
      this.#endpoints.forgetHalf();
    }
    if (++floats[row + TOTAL]! >= HORIZON_CALLS) {
      floats[row + TOTAL]! /= 2;
      for (let entry = 0; entry < ENDPOINT_ENTRIES; entry++) words[row + ENDPOINT_TABLE + 2 * entry + 1]! >>>= 1;
    }
  }

  #countClient(row: number, call: ApiCall, isFirst: boolean): void {
    const floats = this.#floats;
    const words = this.#words;
    const clientNats = this.#novelty(
      row,
      call.client,
      CLIENT_TABLE,
      CLIENT_ENTRIES,
      CLIENT_NOVELTIES,
      call.startSeconds,
    );
    const networkNats = this.#novelty(
      row,
      call.network,
      NETWORK_TABLE,
      NETWORK_ENTRIES,
      NETWORK_NOVELTIES,
      call.startSeconds,
    );
    const until = call.startSeconds + NEW_FOR_SECONDS;
    if (clientNats > 0) {
      floats[row + CLIENT_NATS] = clientNats;
      words[row + CLIENT_UNTIL] = until;
    }
    if (networkNats > 0) {
      floats[row + NETWORK_NATS] = networkNats;
      words[row + NETWORK_UNTIL] = until;
    }
    if (clientNats > 0 && networkNats > 0) {
      floats[row + JOINT_NATS] = clientNats + networkNats;
      words[row + JOINT_UNTIL] = until;
    }
    const isOtherClient = call.client !== 0 && call.client !== words[row + LAST_CLIENT];
    const isOtherNetwork = call.network !== 0 && call.network !== words[row + LAST_NETWORK];
    if (!isFirst && (isOtherClient || isOtherNetwork)) floats[row + CLIENT_SWITCHES]!++;
    if (call.client !== 0) words[row + LAST_CLIENT] = call.client;
    if (call.network !== 0) words[row + LAST_NETWORK] = call.network;
  }

  /** Nats of surprise at a client or network that is new for the user; 0 when it is known, absent, or all is new. */
  #novelty(row: number, key: number, table: number, entries: number, novelties: number, seconds: number): number {
    if (key === 0 || !remember(this.#words, row + table, entries, key, Math.floor(seconds / 3600))) return 0;
    const windows = this.#floats[row + WINDOWS]!;
    if (windows === 0) return 0;
    const isClient = table === CLIENT_TABLE;
    const rate = isClient ? this.#population.clientNoveltyRate : this.#population.networkNoveltyRate;
    if (isClient) this.#population.clientNovelty();
    else this.#population.networkNovelty();
    return noveltyNats(this.#floats[row + novelties]!++, rate, windows);
  }

  /** How much rarer this hour of the day is for the user than for the population, then counts the window. */
  #countHour(row: number, startSeconds: number): void {
    this.#population.windowStarted(startSeconds);
    const hours = this.#bytes.subarray((row + HOURS) * 4, (row + HOURS) * 4 + HOUR_BYTES);
    const hour = hourOf(startSeconds);
    if (this.#population.knowsTheDay && this.#floats[row + WINDOWS]! > 0) {
      let near = 0;
      let all = 0;
      let weights = 0;
      for (let index = 0; index < HOUR_BYTES; index++) all += hours[index]!;
      for (let distance = -4; distance <= 4; distance++) {
        const weight = HOUR_KERNEL[Math.abs(distance)]!;
        weights += weight;
        for (let day = 0; day < 7; day++) near += weight * hours[day * 24 + ((hour + distance + 24) % 24)]!;
      }
      const usual = this.#population.hourShare(hour);
      const own = (near / weights + HOUR_PRIOR * usual) / (all + HOUR_PRIOR);
      this.#floats[row + HOUR_SURPRISAL] = Math.max(0, Math.log(usual / own));
    }
    const slot = hourOfWeek(startSeconds);
    if (hours[slot] === 255) for (let index = 0; index < HOUR_BYTES; index++) hours[index]! >>>= 1;
    hours[slot]!++;
  }

  #extract(slot: number, out: Float32Array): void {
    const floats = this.#floats;
    const row = slot * STRIDE;
    const now = this.#doubles[(row + LAST_SECONDS) / 2]!;
    const calls = floats[row + activity.CALLS]!;
    const newObjects = floats[row + NEW_OBJECTS]!;
    const sized = floats[row + SIZED]!;
    const transitions = floats[row + TRANSITIONS]!;
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
    out[column++] = Math.log1p(floats[row + FAILED_WRITES]!);
    out[column++] = activity.errorExcess(floats, row);
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
    out[column++] = floats[row + HOUR_SURPRISAL]!;
    out[column++] = floats[row + WINDOWS]! > 0 ? floats[row + ENDPOINT_NOVELTY]! : 0;
    out[column++] = transitions >= 4 ? floats[row + TRANSITION_SUM]! / transitions : 0;
    out[column++] = floats[row + WINDOWS]! > 0 ? Math.log1p(floats[row + NEW_ENDPOINTS]!) : 0;
    out[column++] = this.#words[row + CLIENT_UNTIL]! > now ? floats[row + CLIENT_NATS]! : 0;
    out[column++] = this.#words[row + NETWORK_UNTIL]! > now ? floats[row + NETWORK_NATS]! : 0;
    out[column++] = this.#words[row + JOINT_UNTIL]! > now ? floats[row + JOINT_NATS]! : 0;
    out[column] = Math.log1p(floats[row + CLIENT_SWITCHES]!);
  }
}

/** -ln((K + 5q) / (N + 5)): K own novelties so far, N own windows, q the population's novelties per window. */
function noveltyNats(novelties: number, rate: number, windows: number): number {
  return Math.max(0, -Math.log((novelties + 5 * rate) / (windows + 5)));
}
