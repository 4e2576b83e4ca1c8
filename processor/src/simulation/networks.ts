import type { Random } from './random.ts';

const DAY_MS = 86_400_000;

/**
 * Addresses of the simulated world. All lie in ranges that belong to nobody: shared address space (RFC 6598),
 * benchmarking (RFC 2544), documentation (RFC 5737, RFC 3849) and private use (RFC 1918).
 */
const byte = (value: number) => value & 0xff;

/** A home line: an IPv4 address of its own that the provider changes now and then, or a stable IPv6 prefix. */
export class HomeLine {
  readonly #line: number;
  readonly #leaseMs: number;
  readonly #isIPv6: boolean;

  constructor(random: Random) {
    this.#line = random.word();
    // Half of the lines keep their address; the others change every week or three.
    this.#leaseMs = random.chance(0.5) ? Number.POSITIVE_INFINITY : random.between(6, 25) * DAY_MS;
    this.#isIPv6 = random.chance(0.25);
  }

  addressAt(timeMs: number): string {
    if (this.#isIPv6) {
      const [high, low] = [this.#line >>> 16, this.#line & 0xffff];
      return `2001:db8:${high.toString(16)}:${low.toString(16)}::1`;
    }
    // The provider hands out addresses of one /16: the network part outlives the lease.
    const lease = Math.floor(timeMs / this.#leaseMs);
    const host = (Math.imul(this.#line ^ lease, 0x9e3779b1) >>> 16) & 0xffff;
    return `100.${64 + (byte(this.#line) % 60)}.${byte(host >>> 8)}.${(byte(host) % 254) + 1}`;
  }
}

/** An address of one of four mobile carriers: each puts thousands of phones behind a few dozen addresses. */
export function mobileAddress(carrier: number, random: Random): string {
  return `198.18.${(carrier % 4) * 4 + random.integer(2)}.${1 + random.integer(60)}`;
}

/** The way out of one of the company's offices: all of its staff share it. */
export function officeAddress(office: number): string {
  return `203.0.113.${10 + (office % 3)}`;
}

/** A machine in a data center or an exit of a VPN provider. */
export function hostedAddress(random: Random): string {
  return `198.19.${random.integer(256)}.${1 + random.integer(254)}`;
}

/** The one public address behind which a campus or a company of customers sits. */
export const CAMPUS_ADDRESS = '192.0.2.77';

/** Where the cluster's own probes come from. */
export function probeAddress(index: number): string {
  return `10.0.${index % 4}.${2 + (index % 3)}`;
}

/** Pod of the edge that calls an inner service. */
export function podAddress(index: number): string {
  return `10.1.${index % 3}.${10 + (index % 4)}`;
}
