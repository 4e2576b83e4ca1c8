import { Device } from './clients.ts';
import type { Access } from './endpoints.ts';
import { HomeLine, mobileAddress, officeAddress } from './networks.ts';
import { Random } from './random.ts';
import { type PatternName, Rhythm } from './rhythm.ts';

interface RoleRow {
  /** Share of the population. */
  readonly share: number;
  readonly rhythm: PatternName;
  /** Median number of sessions on an average day, and the spread of its logarithm between users: activity is heavy-tailed. */
  readonly sessionsPerDay: number;
  readonly activitySpread: number;
  /** Median pause between two pages, in seconds. */
  readonly thinkSeconds: number;
  readonly mobileShare: number;
  readonly access: readonly Access[];
}

const SHOPPER_ACCESS = ['everyone', 'signed-in'] as const;

/** People who use the shop, by what they do there. */
const ROLES = {
  reader: {
    share: 0.88,
    rhythm: 'leisure',
    sessionsPerDay: 1.5,
    activitySpread: 1,
    thinkSeconds: 11,
    mobileShare: 0.6,
    access: SHOPPER_ACCESS,
  },
  editor: {
    share: 0.045,
    rhythm: 'office',
    sessionsPerDay: 4,
    activitySpread: 0.5,
    thinkSeconds: 22,
    mobileShare: 0.02,
    access: [...SHOPPER_ACCESS, 'catalog'],
  },
  manager: {
    share: 0.02,
    rhythm: 'office',
    sessionsPerDay: 3,
    activitySpread: 0.5,
    thinkSeconds: 30,
    mobileShare: 0.12,
    access: [...SHOPPER_ACCESS, 'reports', 'care'],
  },
  support: {
    share: 0.045,
    rhythm: 'office',
    sessionsPerDay: 6,
    activitySpread: 0.4,
    thinkSeconds: 16,
    mobileShare: 0.01,
    access: [...SHOPPER_ACCESS, 'care'],
  },
  admin: {
    share: 0.02,
    rhythm: 'office',
    sessionsPerDay: 2.5,
    activitySpread: 0.6,
    thinkSeconds: 20,
    mobileShare: 0.03,
    access: [...SHOPPER_ACCESS, 'catalog', 'care', 'reports', 'administration'],
  },
} as const satisfies Record<string, RoleRow>;

export type Role = keyof typeof ROLES;

export const ROLE_NAMES = Object.keys(ROLES) as Role[];

/** Everyone's first order has a number from here on. */
const FIRST_ORDER = 4_000_000;

/** A person with an account: what stays the same from session to session. */
export class User {
  readonly index: number;
  readonly id: string;
  readonly role: Role;
  readonly rhythm: Rhythm;
  readonly sessionsPerDay: number;
  readonly thinkSeconds: number;
  /** Numbers of the user's own orders, the latest last. */
  readonly orders: number[];
  /** The user's own liking per endpoint (by position in the table) multiplies the walk's weights. */
  readonly taste: Float32Array;
  readonly #mobileShare: number;
  readonly #desk: Device;
  readonly #phone: Device;
  readonly #home: HomeLine;
  readonly #carrier: number;
  readonly #office: number;

  constructor(index: number, role: Role, endpointCount: number, random: Random) {
    const row: RoleRow = ROLES[role];
    this.index = index;
    this.id = `usr_${random.hex(2).slice(0, 10)}`;
    this.role = role;
    this.rhythm = Rhythm.draw(row.rhythm, random);
    this.sessionsPerDay = Math.min(random.logNormal(row.sessionsPerDay, row.activitySpread), 12 * row.sessionsPerDay);
    this.thinkSeconds = random.logNormal(row.thinkSeconds, 0.35);
    this.orders = Array.from({ length: 1 + random.integer(8) }, () => FIRST_ORDER - 1 - random.integer(600_000));
    this.taste = Float32Array.from({ length: endpointCount }, () => random.logNormal(1, 0.6));
    this.#mobileShare = Math.max(0, Math.min(1, row.mobileShare + 0.3 * random.normal() * row.mobileShare));
    this.#desk = Device.draw(random, false);
    this.#phone = Device.draw(random, true);
    this.#home = new HomeLine(random);
    this.#carrier = random.integer(4);
    this.#office = random.integer(3);
  }

  /** Number of the account in the shop's own tables, as customer care sees it. */
  get accountNumber(): number {
    return 10_000 + this.index;
  }

  get isStaff(): boolean {
    return this.role !== 'reader';
  }

  mayCall(access: Access): boolean {
    return (ROLES[this.role].access as readonly Access[]).includes(access);
  }

  /** Device and address of a new session at a time (Unix ms). */
  connect(timeMs: number, random: Random): { device: Device; address: string } {
    if (random.chance(this.#mobileShare)) {
      const address = random.chance(0.6) ? mobileAddress(this.#carrier, random) : this.#home.addressAt(timeMs);
      return { device: this.#phone, address };
    }
    const isAtOffice = this.isStaff && this.rhythm.at(timeMs) > 0.3 && random.chance(0.8);
    return { device: this.#desk, address: isAtOffice ? officeAddress(this.#office) : this.#home.addressAt(timeMs) };
  }

  /** Remembers an order confirmed at a time (Unix ms); order numbers rise with time. */
  addOrder(timeMs: number, worldStartMs: number): void {
    this.orders.push(FIRST_ORDER + Math.floor((timeMs - worldStartMs) / 700));
    if (this.orders.length > 30) this.orders.shift();
  }
}

/** `count` users with the roles of the table; at least one of every role when there are ten or more. */
export function createUsers(count: number, endpointCount: number, seed: number): User[] {
  return Array.from({ length: count }, (_, index) => {
    const random = new Random(seed, 'user', index);
    return new User(index, roleOf(index, count), endpointCount, random);
  });
}

/** Roles by quota, not by chance: a small world has its admin too. */
function roleOf(index: number, count: number): Role {
  let end = 0;
  for (const role of ROLE_NAMES.toReversed()) {
    end += Math.max(1, Math.round(ROLES[role].share * count));
    if (index < end) return role;
  }
  return 'reader';
}
