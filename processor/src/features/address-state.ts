/** What is known of each client address: who comes from it and how often that fails. The side on which stuffing shows. */
import type { ApiCall } from '../call/api-call.ts';
import * as activity from './activity.ts';
import type { EndpointState } from './endpoint-state.ts';
import { EntitySlab } from './entity-slab.ts';
import { addToMemory, distinctFromBits, setBit } from './sketches.ts';
import { windowOf } from './window-clock.ts';
import type { WindowCloser } from './window-closer.ts';

// Counters of the current window, after those of activity.ts.
const USER_COUNT = 34;
const FAILED_USER_COUNT = 35;
const NEW_USERS = 36;
const USER_BITS = 37;
const FAILED_USER_BITS = 45;
const USER_WORDS = 8;
// What outlives the window.
const WINDOW = 53;
const WINDOWS = 54;
const USER_MEMORY = 55;
const USER_MEMORY_WORDS = 8;
/** Start of the latest call in unix seconds: a 64-bit float at an even offset. */
const LAST_SECONDS = 72;
/** The network it belongs to. */
const NETWORK = 74;
const BASELINE = 76;

export class AddressState extends EntitySlab {
  readonly #doubles = new Float64Array(this.floats.buffer);
  readonly #endpoints: EndpointState;

  constructor(capacity: number, probationShare: number, closer: WindowCloser, endpoints: EndpointState) {
    super('address', { window: WINDOW, windows: WINDOWS, baseline: BASELINE }, { capacity, probationShare, closer });
    this.#endpoints = endpoints;
  }

  /** Takes a call into its address' window; `endpointSlot` is the call's slot in the endpoint state. Returns the slot. */
  observe(call: ApiCall, endpointSlot: number): number {
    let slot = this.use(call.addressHigh, call.addressLow);
    if (slot < 0) slot = this.admit(call.addressHigh, call.addressLow);
    this.closeBefore(slot, windowOf(call.startSeconds));

    const { floats, words } = this;
    const row = slot * this.stride;
    const isFirst = floats[row + activity.CALLS] === 0;
    const last = this.#doubles[(row + LAST_SECONDS) / 2]!;
    const pause = isFirst ? Number.NaN : Math.max(0, call.startSeconds - last);
    const refusal = call.isClientError ? this.#endpoints.refusalWeight(endpointSlot) : 0;
    activity.addToActivity(floats, words, row, call, this.#endpoints.clientErrorRate(endpointSlot), refusal, pause);
    this.#doubles[(row + LAST_SECONDS) / 2] = Math.max(last, call.startSeconds);
    words[row + NETWORK] = call.network;
    if (call.identityKind !== 0 && !call.isAddressIdentity) {
      if (setBit(words, row + USER_BITS, USER_WORDS, call.userLow)) floats[row + USER_COUNT]!++;
      if (call.isAccessDenied && setBit(words, row + FAILED_USER_BITS, USER_WORDS, call.userLow)) {
        floats[row + FAILED_USER_COUNT]!++;
      }
      if (addToMemory(words, row + USER_MEMORY, USER_MEMORY_WORDS, call.userLow)) floats[row + NEW_USERS]!++;
    }
    return slot;
  }

  /** Network of an address, 0 for none: who trains the model is capped by network too. */
  network(slot: number): number {
    return this.words[slot * this.stride + NETWORK]!;
  }

  /** Puts a saved row back under its key. */
  restoreState(high: number, low: number, saved: Float32Array, mature: boolean): void {
    this.restore(high, low, saved, mature);
  }

  protected override extract(row: number, out: Float32Array): void {
    const floats = this.floats;
    const windows = floats[row + WINDOWS]!;
    let column = 0;
    out[column++] = Math.log1p(floats[row + activity.CALLS]!);
    out[column++] = Math.log1p(floats[row + activity.BURST]!);
    out[column++] = Math.log1p(floats[row + activity.REPEATS]!);
    out[column++] = Math.log1p(floats[row + activity.CLIENT_ERRORS]!);
    out[column++] = Math.log1p(floats[row + activity.DENIED]!);
    out[column++] = Math.log1p(floats[row + activity.NOT_FOUND]!);
    out[column++] = Math.log1p(floats[row + activity.FAILED_LOGINS]!);
    out[column++] = Math.log1p(distinctFromBits(floats[row + FAILED_USER_COUNT]!, USER_WORDS * 32));
    out[column++] = activity.errorExcess(floats, row);
    out[column++] = Math.log1p(distinctFromBits(floats[row + USER_COUNT]!, USER_WORDS * 32));
    out[column++] = windows > 0 ? Math.log1p(floats[row + NEW_USERS]!) : 0;
    out[column++] = Math.log1p(activity.distinctObjects(floats, row));
    out[column++] = Math.log1p(activity.distinctEndpoints(floats, row));
    out[column++] = Math.log1p(floats[row + activity.RESPONSE_BYTES]!);
    out[column] = activity.regularity(floats, row);
  }
}
