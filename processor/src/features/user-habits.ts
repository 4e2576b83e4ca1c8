/**
 * What each user usually does: endpoints and steps between them, clients, networks and hours; and what is new among them.
 * Offsets are in 32-bit words from the start of the user's row (user-state.ts); a row is seen as floats, words and bytes.
 */
import type { ApiCall } from '../call/api-call.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { Population } from './population.ts';
import { addToMemory, countFrequent, frequency, remember, scatter } from './sketches.ts';
import { hourOf, hourOfWeek, hourSurprisal } from './usual-hours.ts';

// Counters of the current window.
const ENDPOINT_NOVELTY = 45;
const TRANSITION_SUM = 46;
const TRANSITIONS = 47;
const NEW_ENDPOINTS = 48;
const CLIENT_SWITCHES = 49;
const HOUR_SURPRISAL = 50;
/** Calls of the session before from another client than it. */
const SESSION_SWITCHES = 51;
// What outlives the window.
/** Calls ever, halved at the horizon together with the endpoint table. */
const TOTAL = 57;
const LAST_ENDPOINT = 58;
const LAST_CLIENT = 59;
const LAST_NETWORK = 60;
/** Session of the latest call that had one, and its client. */
const LAST_SESSION = 212;
const SESSION_CLIENT = 213;
/** Rarity of the latest new client and network in nats, and the second until which it counts. */
const CLIENT_NATS = 62;
const CLIENT_UNTIL = 63;
const NETWORK_NATS = 65;
const NETWORK_UNTIL = 66;
/** Both at once in one call. */
const JOINT_NATS = 68;
const JOINT_UNTIL = 69;
const ENDPOINT_TABLE = 70;
const ENDPOINT_ENTRIES = 16;
const ENDPOINT_MEMORY = 102;
const ENDPOINT_MEMORY_WORDS = 4;
/** What is known of the clients and of the networks: the table of those in use, and how many were new so far. */
const CLIENTS = { table: 144, entries: 4, novelties: 64 } as const;
const NETWORKS = { table: 152, entries: 6, novelties: 67 } as const;
/** 168 counts of active windows by hour of the week, one byte each. */
const HOURS = 164;
const HOUR_BYTES = 168;
/** Nats of surprise at the hour of the calls of the windows before, decayed, as of the start of this one. */
const ODD_HOURS = 214;
/** The day that is not in these counts yet, and its 24 counts by the hour of the day: a night must not excuse itself. */
const OPEN_DAY = 215;
const OPEN_HOURS = 216;
const DAY_HOURS = 24;
const DAY_SECONDS = 86_400;

const HORIZON_CALLS = 4096;
/** Weight of the population's share of an endpoint against the user's own calls. */
const NOVELTY_PRIOR = 8;
const NEW_FOR_SECONDS = 3600;
/** Time after which a call at an odd hour counts for 1 / e. */
const ODD_HOURS_SECONDS = 7200;
/** Calls after which the endpoints' shares of all calls are halved, so that counts stay exact in 32-bit floats. */
const SHARE_HORIZON = 4_000_000;

export class UserHabits {
  readonly #floats: Float32Array;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #population: Population;
  readonly #endpoints: EndpointState;

  /** @param rows the rows of all users, one after the other */
  constructor(rows: Float32Array, population: Population, endpoints: EndpointState) {
    this.#floats = rows;
    this.#words = new Uint32Array(rows.buffer);
    this.#bytes = new Uint8Array(rows.buffer);
    this.#population = population;
    this.#endpoints = endpoints;
  }

  /** Takes in a call of the user whose row starts at word `row`: its first in the window or not, after `windows` others. */
  observe(row: number, call: ApiCall, endpointSlot: number, isFirst: boolean, windows: number): void {
    if (isFirst) this.#countWindow(row, call, windows);
    this.#countEndpoint(row, call, endpointSlot);
    this.#countClient(row, call, isFirst, windows);
  }

  /** Network of a user's latest call, 0 for none. */
  network(row: number): number {
    return this.#words[row + LAST_NETWORK]!;
  }

  /** See UserState.hoursOfWeek; a copy. */
  hoursOfWeek(row: number): Uint8Array {
    const hours = this.#bytes.slice((row + HOURS) * 4, (row + HOURS) * 4 + HOUR_BYTES);
    const open = this.#bytes.subarray((row + OPEN_HOURS) * 4, (row + OPEN_HOURS) * 4 + DAY_HOURS);
    addDay(hours, this.#words[row + OPEN_DAY]!, open);
    return hours;
  }

  /** Carries over what of a finished window lives on; `calls`: those in it. */
  carryOver(row: number, calls: number, elapsedSeconds: number): void {
    const floats = this.#floats;
    const odd = floats[row + ODD_HOURS]! + calls * floats[row + HOUR_SURPRISAL]!;
    floats[row + ODD_HOURS] = odd * Math.exp(-elapsedSeconds / ODD_HOURS_SECONDS);
  }

  /** See UserState.endpointMix. */
  endpointMix(row: number): { readonly endpoint: number; readonly calls: number }[] {
    const table = this.#words.subarray(row + ENDPOINT_TABLE, row + ENDPOINT_TABLE + 2 * ENDPOINT_ENTRIES);
    return Array.from({ length: ENDPOINT_ENTRIES }, (_, entry) => ({
      endpoint: table[2 * entry]! - 1,
      calls: table[2 * entry + 1]!,
    }))
      .filter(({ endpoint }) => endpoint >= 0)
      .toSorted((one, other) => other.calls - one.calls);
  }

  /** Writes the values from `hour_surprisal` to `session_switches` from `column` on; `now` in unix seconds. */
  extract(row: number, calls: number, windows: number, now: number, out: Float32Array, column: number): void {
    const floats = this.#floats;
    const words = this.#words;
    const transitions = floats[row + TRANSITIONS]!;
    const surprisal = floats[row + HOUR_SURPRISAL]!;
    out[column++] = surprisal;
    out[column++] = surprisal > 0 ? Math.log1p(floats[row + ODD_HOURS]! + calls * surprisal) : 0;
    out[column++] = windows > 0 ? floats[row + ENDPOINT_NOVELTY]! : 0;
    out[column++] = transitions >= 4 ? floats[row + TRANSITION_SUM]! / transitions : 0;
    out[column++] = windows > 0 ? Math.log1p(floats[row + NEW_ENDPOINTS]!) : 0;
    out[column++] = words[row + CLIENT_UNTIL]! > now ? floats[row + CLIENT_NATS]! : 0;
    out[column++] = words[row + NETWORK_UNTIL]! > now ? floats[row + NETWORK_NATS]! : 0;
    out[column++] = words[row + JOINT_UNTIL]! > now ? floats[row + JOINT_NATS]! : 0;
    out[column++] = Math.log1p(floats[row + CLIENT_SWITCHES]!);
    out[column] = Math.log1p(floats[row + SESSION_SWITCHES]!);
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

  #countClient(row: number, call: ApiCall, isFirst: boolean, windows: number): void {
    const floats = this.#floats;
    const words = this.#words;
    const clientNats = this.#novelty(row, call.client, CLIENTS, call.startSeconds, windows);
    const networkNats = this.#novelty(row, call.network, NETWORKS, call.startSeconds, windows);
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
    this.#countSession(row, call);
    if (call.client !== 0) words[row + LAST_CLIENT] = call.client;
    if (call.network !== 0) words[row + LAST_NETWORK] = call.network;
  }

  /** A session belongs to the client that began it: a token that comes from another one was taken along. */
  #countSession(row: number, call: ApiCall): void {
    if (call.session === 0 || call.client === 0) return;
    const words = this.#words;
    if (words[row + LAST_SESSION] !== call.session) {
      words[row + LAST_SESSION] = call.session;
      words[row + SESSION_CLIENT] = call.client;
    } else if (words[row + SESSION_CLIENT] !== call.client) this.#floats[row + SESSION_SWITCHES]!++;
  }

  /** Nats of surprise at a client or network that is new for the user; 0 when it is known, absent, or all is new. */
  #novelty(
    row: number,
    key: number,
    known: typeof CLIENTS | typeof NETWORKS,
    seconds: number,
    windows: number,
  ): number {
    const isNew = key !== 0 && remember(this.#words, row + known.table, known.entries, key, Math.floor(seconds / 3600));
    if (!isNew || windows === 0) return 0;
    const isClient = known === CLIENTS;
    const rate = isClient ? this.#population.clientNoveltyRate : this.#population.networkNoveltyRate;
    if (isClient) this.#population.clientNovelty();
    else this.#population.networkNovelty();
    const own = noveltyNats(this.#floats[row + known.novelties]!++, rate, windows);
    // Networks are everybody's own, clients are not: one that nobody uses is no new browser.
    return isClient ? own + this.#population.clientRarity(key) / 2 : own;
  }

  /** How odd the hour is for the user, then counts the window. */
  #countWindow(row: number, { startSeconds, client }: ApiCall, windows: number): void {
    this.#population.windowStarted(startSeconds, client);
    const hours = this.#bytes.subarray((row + HOURS) * 4, (row + HOURS) * 4 + HOUR_BYTES);
    const open = this.#bytes.subarray((row + OPEN_HOURS) * 4, (row + OPEN_HOURS) * 4 + DAY_HOURS);
    const day = Math.floor(startSeconds / DAY_SECONDS);
    if (day > this.#words[row + OPEN_DAY]!) {
      addDay(hours, this.#words[row + OPEN_DAY]!, open);
      open.fill(0);
      this.#words[row + OPEN_DAY] = day;
    }
    if (this.#population.knowsTheDay && windows > 0) {
      this.#floats[row + HOUR_SURPRISAL] = hourSurprisal(hours, startSeconds, this.#population);
    }
    open[hourOf(startSeconds)]!++;
  }
}

/** Adds a day's 24 counts to those by the hour of the week, which are halved together when one is full. */
function addDay(hours: Uint8Array, day: number, open: Uint8Array): void {
  const first = hourOfWeek(day * DAY_SECONDS);
  for (let hour = 0; hour < DAY_HOURS; hour++) {
    if (hours[first + hour]! + open[hour]! > 255) for (let slot = 0; slot < HOUR_BYTES; slot++) hours[slot]! >>>= 1;
    hours[first + hour]! += open[hour]!;
  }
}

/** -ln((K + 5q) / (N + 5)): K own novelties so far, N own windows, q the population's novelties per window. */
function noveltyNats(novelties: number, rate: number, windows: number): number {
  return Math.max(0, -Math.log((novelties + 5 * rate) / (windows + 5)));
}
