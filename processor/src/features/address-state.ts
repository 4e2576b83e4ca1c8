/** What is known of each client address: who comes from it and how often that fails. The side on which stuffing shows. */
import type { ApiCall } from '../call/api-call.ts';
import * as activity from './activity.ts';
import { copyBaseline, updateBaseline } from './baseline.ts';
import type { EndpointState } from './endpoint-state.ts';
import { EntityTable } from './entity-table.ts';
import { FEATURE_NAMES } from './features.ts';
import { addToMemory, distinctFromBits, setBit } from './sketches.ts';
import { windowOf } from './window-clock.ts';
import type { WindowCloser } from './window-closer.ts';

const FEATURES = FEATURE_NAMES.address.length;

// Counters of the current window, after those of activity.ts.
const USER_COUNT = 34;
const FAILED_USER_COUNT = 35;
const NEW_USERS = 36;
const USER_BITS = 37;
const FAILED_USER_BITS = 45;
const USER_WORDS = 8;
const WINDOW_END = 53;
// What outlives the window.
const WINDOW = 53;
const WINDOWS = 54;
const USER_MEMORY = 55;
const USER_MEMORY_WORDS = 8;
/** Start of the latest call in unix seconds: a 64-bit float at an even offset. */
const LAST_SECONDS = 72;
const BASELINE = 74;
const STRIDE = BASELINE + 2 * FEATURES;

const MATURE_WINDOWS = 2;

export class AddressState {
  readonly table: EntityTable;
  readonly stride = STRIDE;
  readonly #floats: Float32Array;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;
  readonly #closer: WindowCloser;
  readonly #endpoints: EndpointState;
  readonly #values = new Float32Array(FEATURES);

  constructor(capacity: number, probationShare: number, closer: WindowCloser, endpoints: EndpointState) {
    this.table = new EntityTable(capacity, probationShare, (slot) => this.#evict(slot));
    const buffer = new ArrayBuffer(capacity * STRIDE * 4);
    this.#floats = new Float32Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#doubles = new Float64Array(buffer);
    this.#closer = closer;
    this.#endpoints = endpoints;
  }

  /** Takes a call into its address' window; `endpointSlot` is the call's slot in the endpoint state. Returns the slot. */
  observe(call: ApiCall, endpointSlot: number): number {
    let slot = this.table.find(call.addressHigh, call.addressLow);
    if (slot < 0) {
      slot = this.table.insert(call.addressHigh, call.addressLow);
      this.#floats.fill(0, slot * STRIDE, (slot + 1) * STRIDE);
    } else this.table.touch(slot);
    const floats = this.#floats;
    const words = this.#words;
    const row = slot * STRIDE;
    const window = windowOf(call.startSeconds);
    if (window > words[row + WINDOW]!) this.#startWindow(slot, window);

    const isFirst = floats[row + activity.CALLS] === 0;
    const last = this.#doubles[(row + LAST_SECONDS) / 2]!;
    const pause = isFirst ? Number.NaN : Math.max(0, call.startSeconds - last);
    activity.addToActivity(floats, words, row, call, this.#endpoints.clientErrorRate(endpointSlot), pause);
    this.#doubles[(row + LAST_SECONDS) / 2] = Math.max(last, call.startSeconds);
    if (call.identityKind !== 0 && !call.isAddressIdentity) {
      if (setBit(words, row + USER_BITS, USER_WORDS, call.userLow)) floats[row + USER_COUNT]!++;
      if (call.isAccessDenied && setBit(words, row + FAILED_USER_BITS, USER_WORDS, call.userLow)) {
        floats[row + FAILED_USER_COUNT]!++;
      }
      if (addToMemory(words, row + USER_MEMORY, USER_MEMORY_WORDS, call.userLow)) floats[row + NEW_USERS]!++;
    }
    return slot;
  }

  /** The row of an address as of its last call: values, own means and variances, number of windows. */
  row(slot: number, out: Float32Array): void {
    const base = slot * STRIDE;
    this.#extract(base, out);
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

  #evict(slot: number): void {
    if (this.#floats[slot * STRIDE + activity.CALLS]! > 0) this.#closer.closing('address', slot);
    this.#closer.evicted('address', slot);
  }

  #startWindow(slot: number, window: number): void {
    const row = slot * STRIDE;
    const floats = this.#floats;
    if (floats[row + activity.CALLS]! > 0) {
      this.#extract(row, this.#values);
      this.#closer.closing('address', slot);
      updateBaseline(floats, row + BASELINE, this.#values, FEATURES, floats[row + WINDOWS]!);
      if (++floats[row + WINDOWS]! >= MATURE_WINDOWS) this.table.promote(slot);
    }
    floats.fill(0, row, row + WINDOW_END);
    this.#words[row + WINDOW] = window;
  }

  #extract(row: number, out: Float32Array): void {
    const floats = this.#floats;
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
