/** Which names the control API answers to. A page that has its own name point here (DNS rebinding) sends a foreign Host. */
import { isIP } from 'node:net';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];
const WILDCARDS = ['0.0.0.0', '::'];

/** `bindAddress` and `allowedHosts` as configured. */
export class HostCheck {
  readonly #allowed: ReadonlySet<string>;
  readonly #allowsAnyAddress: boolean;

  constructor(bindAddress: string, allowedHosts: readonly string[]) {
    this.#allowed = new Set([...LOOPBACK, bindAddress, ...allowedHosts].map((host) => host.toLowerCase()));
    // Bound to all addresses, each of them is the bind address. No rebinding: that needs a name.
    this.#allowsAnyAddress = WILDCARDS.includes(bindAddress);
  }

  /** Whether to answer a request with this Host header, with or without a port. */
  allows(header: string | undefined): boolean {
    const host = nameIn(header ?? '');
    return this.#allowed.has(host) || (this.#allowsAnyAddress && isIP(host) !== 0);
  }
}

/** `[::1]:8000` → `::1`, `Processor.:8000` → `processor`. */
function nameIn(header: string): string {
  const bracket = header.indexOf(']');
  if (header.startsWith('[') && bracket !== -1) return header.slice(1, bracket).toLowerCase();
  const [name = ''] = header.split(':', 1);
  return name.toLowerCase().replace(/\.$/, '');
}
