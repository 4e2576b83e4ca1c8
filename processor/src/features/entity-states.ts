/** All state about entities in one place: what a call moves, and what a snapshot holds. */
import type { ApiCall } from '../call/api-call.ts';
import { AddressState } from './address-state.ts';
import { EndpointState } from './endpoint-state.ts';
import type { EntitySlab } from './entity-slab.ts';
import type { EntityKind } from './features.ts';
import { Population } from './population.ts';
import { UserState } from './user-state.ts';
import type { WindowCloser } from './window-closer.ts';

export interface EntityCapacities {
  users: number;
  addresses: number;
  endpoints: number;
  /** Services the endpoint table can name, ids 0 to services - 1. */
  services: number;
  /** Share of a full table that newcomers may hold, 0 to 1. */
  probationShare: number;
}

/** What the three states have in common. */
export type EntityState = EntitySlab;

export const ENTITY_KINDS = ['user', 'address', 'endpoint'] as const satisfies readonly EntityKind[];

/** No entity: the call carries none of this kind, or it is not kept. */
export const NO_SLOT = -1;

export class EntityStates {
  readonly population = new Population();
  readonly user: UserState;
  readonly address: AddressState;
  readonly endpoint: EndpointState;
  /** Slots of the call given to `observe` or `locate` last; NO_SLOT where it has no such entity. */
  userSlot = NO_SLOT;
  addressSlot = NO_SLOT;
  endpointSlot = NO_SLOT;

  constructor(capacities: EntityCapacities, closer: WindowCloser) {
    const { users, addresses, endpoints, services, probationShare } = capacities;
    this.endpoint = new EndpointState(endpoints, services, probationShare, closer);
    this.user = new UserState(users, probationShare, closer, this.population, this.endpoint);
    this.address = new AddressState(addresses, probationShare, closer, this.endpoint);
  }

  /** Takes a call into the state of its endpoint, and of its user and address if it counts for them. */
  observe(call: ApiCall): void {
    this.endpointSlot = this.endpoint.observe(call);
    this.userSlot = call.countsForUser ? this.user.observe(call, this.endpointSlot) : NO_SLOT;
    this.addressSlot = call.countsForAddress ? this.address.observe(call, this.endpointSlot) : NO_SLOT;
  }

  /** Finds the entities of a call without moving anything. */
  locate(call: ApiCall): void {
    this.endpointSlot = this.endpoint.find(call.endpoint);
    this.userSlot = call.countsForUser ? this.user.table.find(call.userHigh, call.userLow) : NO_SLOT;
    this.addressSlot = call.countsForAddress ? this.address.table.find(call.addressHigh, call.addressLow) : NO_SLOT;
  }

  /**
   * A user or address known by a former pseudonym goes on under its present one, unless that is known already. Returns
   * whether the former one was known.
   */
  rename(formerHigh: number, formerLow: number, high: number, low: number): boolean {
    let isKnown = false;
    for (const { table } of [this.user, this.address]) {
      const slot = table.find(formerHigh, formerLow);
      if (slot === NO_SLOT) continue;
      isKnown = true;
      if (table.find(high, low) === NO_SLOT) table.rename(slot, high, low);
    }
    return isKnown;
  }

  /** Rows of entities whose window is over are given to the closer, in slices; returns the slot to go on from, or -1 at the end. */
  closeBefore(kind: EntityKind, window: number, fromSlot: number, slots: number): number {
    const state: EntityState = this[kind];
    const end = Math.min(state.table.capacity, fromSlot + slots);
    for (let slot = fromSlot; slot < end; slot++) if (state.table.isUsed(slot)) state.closeBefore(slot, window);
    return end < state.table.capacity ? end : NO_SLOT;
  }
}
