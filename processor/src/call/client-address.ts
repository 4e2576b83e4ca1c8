import { hexDigit, indexOfByte } from './ascii.ts';

/** Longest text that can be an address with port and zone: `[` + 39 + `%` + an interface name + `]:65535`. */
const MAX_ADDRESS_BYTES = 80;

const DOT = 0x2e;
const COLON = 0x3a;
const PERCENT = 0x25;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const SPACE = 0x20;

const GROUPS = 8;

/**
 * Reads an IP address from text: IPv4, IPv6 (RFC 4291 and 5952), either with a port (`10.0.0.1:80`, `[2001:db8::1]:443`),
 * with a zone (`fe80::1%eth0`), and IPv6 that carries an IPv4 address (`::ffff:10.0.0.1`), which is read as that.
 */
export class ClientAddress {
  /** 4 or 6; 0 when the text is no IP address. */
  family: 0 | 4 | 6 = 0;
  /** The address in network byte order: 4 or 16 bytes count. */
  readonly bytes = new Uint8Array(16);

  readonly #groups = new Uint16Array(GROUPS);

  /** Bytes of `bytes` that count. */
  get length(): number {
    return this.family === 4 ? 4 : this.family === 6 ? 16 : 0;
  }

  /** Bytes of `bytes` that name the network: a /24 of IPv4, a /48 of IPv6, what one customer usually gets. */
  get networkLength(): number {
    return this.family === 4 ? 3 : this.family === 6 ? 6 : 0;
  }

  /** Reads `length` bytes of `text` from `offset` on. */
  read(text: Uint8Array, offset: number, length: number): void {
    this.family = 0;
    if (length > MAX_ADDRESS_BYTES) return;
    let start = offset;
    let end = offset + length;
    while (start < end && text[start] === SPACE) start++;
    while (end > start && text[end - 1] === SPACE) end--;

    if (text[start] === OPEN_BRACKET) {
      const close = indexOfByte(text, CLOSE_BRACKET, start, end);
      if (close < end) this.#readIpv6(text, start + 1, close);
      return;
    }
    const colon = indexOfByte(text, COLON, start, end);
    // One colon begins a port, several are IPv6.
    if (indexOfByte(text, COLON, colon + 1, end) >= end) this.#readIpv4(text, start, colon, 0);
    else this.#readIpv6(text, start, end);
  }

  /** Reads dotted decimal into `bytes` from `at` on. */
  #readIpv4(text: Uint8Array, start: number, end: number, at: number): boolean {
    let octet = 0;
    let digits = 0;
    let octets = 0;
    for (let index = start; index <= end; index++) {
      const byte = index < end ? text[index]! : DOT;
      if (byte === DOT) {
        if (digits === 0 || octet > 255 || octets === 4) return false;
        this.bytes[at + octets++] = octet;
        octet = 0;
        digits = 0;
      } else {
        if (byte < 0x30 || byte > 0x39 || ++digits > 3) return false;
        octet = octet * 10 + byte - 0x30;
      }
    }
    if (octets !== 4) return false;
    this.family = 4;
    return true;
  }

  #readIpv6(text: Uint8Array, start: number, textEnd: number): void {
    const end = indexOfByte(text, PERCENT, start, textEnd);
    const groups = this.#groups;
    let count = 0;
    /** Groups before the `::`; -1 as long as there was none. */
    let gap = -1;
    let index = start;
    if (text[index] === COLON) {
      if (text[index + 1] !== COLON) return;
      gap = 0;
      index += 2;
    }
    while (index < end) {
      const groupStart = index;
      let value = 0;
      let digit = hexDigit(text[index]!);
      while (index < end && digit >= 0 && index - groupStart < 5) {
        value = value * 16 + digit;
        index++;
        digit = index < end ? hexDigit(text[index]!) : -1;
      }
      if (index < end && text[index] === DOT) {
        // The last 32 bits in dotted decimal; `bytes` is rewritten as a whole below.
        if (count > GROUPS - 2 || !this.#readIpv4(text, groupStart, end, 0)) {
          this.family = 0;
          return;
        }
        this.family = 0;
        groups[count++] = (this.bytes[0]! << 8) | this.bytes[1]!;
        groups[count++] = (this.bytes[2]! << 8) | this.bytes[3]!;
        break;
      }
      if (index === groupStart || index - groupStart > 4 || count === GROUPS) return;
      groups[count++] = value;
      if (index === end) break;
      if (text[index] !== COLON) return;
      index++;
      if (index === end) return;
      if (text[index] === COLON) {
        if (gap >= 0) return;
        gap = count;
        index++;
      }
    }
    if (gap < 0 ? count !== GROUPS : count === GROUPS) return;
    this.#place(gap, count);
  }

  /** Spreads the groups over `bytes`, with zeros at the gap. */
  #place(gap: number, count: number): void {
    const { bytes } = this;
    const head = gap < 0 ? count : gap;
    bytes.fill(0);
    for (let group = 0; group < count; group++) {
      const at = 2 * (group < head ? group : GROUPS - count + group);
      bytes[at] = this.#groups[group]! >>> 8;
      bytes[at + 1] = this.#groups[group]! & 0xff;
    }
    this.family = 6;
    if (this.#isMappedIpv4()) {
      bytes.copyWithin(0, 12, 16);
      this.family = 4;
    }
  }

  /** ::ffff:0:0/96, RFC 4291 section 2.5.5.2: how a dual-stack server sees an IPv4 client. */
  #isMappedIpv4(): boolean {
    const { bytes } = this;
    for (let index = 0; index < 10; index++) if (bytes[index] !== 0) return false;
    return bytes[10] === 0xff && bytes[11] === 0xff;
  }
}
