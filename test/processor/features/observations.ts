/** Calls made by hand, and the rows that they leave. */
import { createHash } from 'node:crypto';
import { ApiCall } from '../../../processor/src/call/api-call.ts';
import { type EntityCapacities, EntityStates } from '../../../processor/src/features/entity-states.ts';
import { type EntityKind, FEATURE_NAMES, FEATURES, rowWidth } from '../../../processor/src/features/features.ts';

/** Monday, 5 January 2026, 0 h UTC: the start of a window, an hour, a day and a week. */
export const MONDAY = 1_767_571_200;
export const MINUTES_5 = 300;
export const HOUR = 3600;
export const DAY = 86_400;

export interface CallFields extends Partial<ApiCall> {
  /** Seconds after MONDAY. */
  at?: number;
  status?: number;
  /** Small numbers that stand for the hashes of these things. */
  user?: number;
  address?: number;
  object?: number;
  client?: number;
  network?: number;
}

const hashes = new Map<string, number>();

/** The unsigned 32-bit hash of a numbered thing, as good as the keyed hashes that calls carry. */
export function hashOf(kind: string, number: number): number {
  const name = `${kind} ${number}`;
  let hash = hashes.get(name);
  if (hash === undefined) {
    hash = createHash('sha256').update(name).digest().readUInt32LE();
    hashes.set(name, hash);
  }
  return hash;
}

/** A successful call of endpoint 1 by user 1 from address 1, but for what is given. */
export function callOf(fields: CallFields = {}): ApiCall {
  const { at = 0, status = 200, user = 1, address = 1, object, client, network, ...exact } = fields;
  const refused = status >= 400 && status < 500;
  return Object.assign(new ApiCall(), {
    startSeconds: MONDAY + at,
    endpoint: 1,
    service: 1,
    statusCode: status,
    isServerError: status >= 500,
    isClientError: refused,
    isAccessDenied: status === 401 || status === 403,
    isUnauthenticated: status === 401,
    isNotFound: status === 404,
    userHigh: user,
    userLow: hashOf('user', user),
    identityKind: 1,
    countsForUser: true,
    addressHigh: address,
    addressLow: hashOf('address', address),
    hasAddress: true,
    countsForAddress: true,
    object: object === undefined ? 0 : hashOf('object', object),
    client: client === undefined ? 0 : hashOf('client', client),
    network: network === undefined ? 0 : hashOf('network', network),
    ...exact,
  });
}

export interface Closing {
  kind: EntityKind;
  slot: number;
  row: Float32Array;
}

/** Entity states that are told calls, and what they tell about windows and evictions. */
export class Observations {
  readonly states: EntityStates;
  readonly closings: Closing[] = [];
  readonly evictions: { kind: EntityKind; slot: number }[] = [];

  constructor(capacities: Partial<EntityCapacities> = {}) {
    this.states = new EntityStates(
      { users: 100, addresses: 100, endpoints: 100, services: 10, probationShare: 0.2, ...capacities },
      {
        closing: (kind, slot) => this.closings.push({ kind, slot, row: this.rowAt(kind, slot) }),
        evicted: (kind, slot) => this.evictions.push({ kind, slot }),
      },
    );
  }

  observe(...calls: CallFields[]): this {
    for (const fields of calls) this.states.observe(callOf(fields));
    return this;
  }

  /** Windows that were closed while `act` ran. */
  closedBy(act: () => void): Closing[] {
    const before = this.closings.length;
    act();
    return this.closings.slice(before);
  }

  rowAt(kind: EntityKind, slot: number): Float32Array {
    const row = new Float32Array(rowWidth(kind));
    this.states[kind].row(slot, row);
    return row;
  }

  /** The row of the latest call's entity. */
  row(kind: EntityKind): Float32Array {
    return this.rowAt(
      kind,
      { user: this.states.userSlot, address: this.states.addressSlot, endpoint: this.states.endpointSlot }[kind],
    );
  }

  valueOf<Kind extends EntityKind>(kind: Kind, name: keyof (typeof FEATURES)[Kind]): number {
    return this.row(kind)[columnOf(kind, name)]!;
  }
}

export function columnOf<Kind extends EntityKind>(kind: Kind, name: keyof (typeof FEATURES)[Kind]): number {
  return (FEATURE_NAMES[kind] as readonly unknown[]).indexOf(name);
}

/** So many times the same calls; `at` of the nth is moved by n times `seconds`. */
export function repeat(times: number, fields: CallFields, seconds = 0): CallFields[] {
  return Array.from({ length: times }, (_, n) => ({ ...fields, at: (fields.at ?? 0) + n * seconds }));
}

/** What linear counting answers for so many distinct values that all hit other bits: m ln(m / (m - n)). */
export function linearCount(distinct: number, bits: number): number {
  return bits * Math.log(bits / (bits - distinct));
}

/** x ln(x / mu) - (x - mu). */
export function excess(x: number, mu: number): number {
  return x * Math.log(x / mu) - (x - mu);
}
