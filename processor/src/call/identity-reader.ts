import { type RequestView, ValueKind } from '../otlp/request-view.ts';
import type { ApiCall } from './api-call.ts';
import { indexOfByte, isName } from './ascii.ts';
import { ClientAddress } from './client-address.ts';
import { writeDecimal } from './decimal.ts';
import { mixingHash } from './mixing-hash.ts';
import type { EntityKey, PseudonymKind, Pseudonyms } from './pseudonym.ts';
import type { AttributeKeys } from './semantic-conventions.ts';
import { SpanText } from './span-text.ts';

/** The identity that is read from every attribute that may hold the client's address, not only from its own. */
const ADDRESS_ATTRIBUTE = 'client.address';

/**
 * Which attributes identify a user, the best first, when the configuration says nothing else. The last two are no
 * users, but what most traffic has.
 */
export const DEFAULT_USER_ATTRIBUTES = [
  'user.id',
  'enduser.id',
  'user.name',
  'enduser.pseudo.id',
  'user.hash',
  'session.id',
  ADDRESS_ATTRIBUTE,
] as const;

/** What programs write where nobody is meant: one "user" of all who are not signed in would be no user. */
const PLACEHOLDERS = ['null', 'none', 'nil', 'undefined', 'unknown', 'anonymous', 'guest'].map((name) =>
  Buffer.from(name),
);
const LONGEST_PLACEHOLDER = Math.max(...PLACEHOLDERS.map((name) => name.length));

const COMMA = 0x2c;
const HYPHEN = 0x2d;

/** Finds out whose call a span is. */
export class IdentityReader {
  readonly #kinds: readonly PseudonymKind[];
  /** Per kind the number of its attribute. */
  readonly #kindKeys: readonly number[];
  readonly #addressKind: PseudonymKind;
  readonly #keys: AttributeKeys['of'];
  readonly #pseudonyms: Pseudonyms;
  readonly #isForwardedForTrusted: boolean;
  readonly #networkSeed: number;

  readonly #text = new SpanText();
  readonly #address = new ClientAddress();
  readonly #digits = new Uint8Array(24);

  constructor(
    userAttributes: readonly string[],
    keys: AttributeKeys,
    pseudonyms: Pseudonyms,
    trustForwardedFor: boolean,
  ) {
    this.#kinds = userAttributes.map((name) => pseudonyms.kind(name));
    this.#kindKeys = userAttributes.map((name) => keys.number(name));
    this.#addressKind = pseudonyms.kind(ADDRESS_ATTRIBUTE);
    this.#keys = keys.of;
    this.#pseudonyms = pseudonyms;
    this.#isForwardedForTrusted = trustForwardedFor;
    this.#networkSeed = pseudonyms.seed('network');
  }

  /** Fills in user, address and network of the current span. `isEdge`: users and addresses are counted at its service. */
  read(view: RequestView, call: ApiCall, isEdge: boolean): void {
    this.#readAddress(view, call);
    call.countsForAddress = call.hasAddress && isEdge;
    this.#readUser(view, call);
    call.countsForUser = call.identityKind !== 0 && isEdge;
  }

  /** The pseudonyms of a raw identity under every kind and key, as user and as address: all that is to be erased of it. */
  keysOf(identity: string): EntityKey[] {
    const bytes = Buffer.from(identity);
    const address = this.#address;
    address.read(bytes, 0, bytes.length);
    return [...new Set([...this.#kinds, this.#addressKind])].flatMap((kind) => {
      const isAddress = kind === this.#addressKind && address.family !== 0;
      return isAddress
        ? this.#pseudonyms.all(kind, address.bytes, 0, address.length)
        : this.#pseudonyms.all(kind, bytes, 0, bytes.length);
    });
  }

  #readAddress(view: RequestView, call: ApiCall): void {
    call.hasAddress = false;
    call.addressHigh = 0;
    call.addressLow = 0;
    call.network = 0;
    if (!this.#findAddress(view)) return;
    const pseudonyms = this.#pseudonyms;
    const { offset, length } = this.#text;
    this.#addressPseudonym(view.body, offset, length);
    call.hasAddress = true;
    call.addressHigh = pseudonyms.high;
    call.addressLow = pseudonyms.low;
    const { bytes, networkLength } = this.#address;
    if (networkLength > 0) call.network = mixingHash(bytes, 0, networkLength, this.#networkSeed);
  }

  /** However an address is spelled, it is one; a text that is none (a host's name, a socket) stands for itself. */
  #addressPseudonym(bytes: Uint8Array, offset: number, length: number): void {
    const address = this.#address;
    address.read(bytes, offset, length);
    if (address.family === 0) this.#pseudonyms.pseudonym(this.#addressKind, bytes, offset, length);
    else this.#pseudonyms.pseudonym(this.#addressKind, address.bytes, 0, address.length);
  }

  #findAddress(view: RequestView): boolean {
    const text = this.#text;
    if (text.find(view, this.#keys.clientAddress) && !this.#isPlaceholder(view.body)) return true;
    if (this.#isForwardedForTrusted && this.#findForwardedFor(view)) return true;
    // Behind a proxy the peer is the proxy, and inside a trace the calling service: a peer is the client at a root only.
    if (view.parentSpanIdLength > 0) return false;
    return text.find(view, this.#keys.peerAddress) && !this.#isPlaceholder(view.body);
  }

  /** The first hop of X-Forwarded-For: what the outermost proxy says. */
  #findForwardedFor(view: RequestView): boolean {
    const [key] = this.#keys.forwardedFor;
    if (key === undefined || !this.#findFirst(view, key)) return false;
    const text = this.#text;
    text.length = indexOfByte(view.body, COMMA, text.offset, text.offset + text.length) - text.offset;
    return text.length > 0 && !this.#isPlaceholder(view.body);
  }

  #readUser(view: RequestView, call: ApiCall): void {
    const pseudonyms = this.#pseudonyms;
    const kinds = this.#kinds;
    call.userHigh = 0;
    call.userLow = 0;
    call.identityKind = 0;
    call.isAddressIdentity = false;
    for (let index = 0; index < kinds.length; index++) {
      const kind = kinds[index]!;
      if (kind === this.#addressKind) {
        if (!call.hasAddress) continue;
        call.userHigh = call.addressHigh;
        call.userLow = call.addressLow;
        call.isAddressIdentity = true;
      } else {
        if (!this.#readPseudonym(view, kind, this.#kindKeys[index]!)) continue;
        call.userHigh = pseudonyms.high;
        call.userLow = pseudonyms.low;
      }
      call.identityKind = index + 1;
      return;
    }
  }

  /** Leaves the pseudonym of the identity in an attribute with the pseudonyms; false when the attribute holds none. */
  #readPseudonym(view: RequestView, kind: PseudonymKind, key: number): boolean {
    if (view.valueKind(key) === ValueKind.INT) {
      // 17 is the same user as '17'.
      const length = writeDecimal(this.#digits, view.number(key));
      this.#pseudonyms.pseudonym(kind, this.#digits, 0, length);
      return true;
    }
    if (!this.#findFirst(view, key) || this.#isPlaceholder(view.body)) return false;
    this.#pseudonyms.pseudonym(kind, view.body, this.#text.offset, this.#text.length);
    return true;
  }

  /** Finds the bytes of a STRING or BYTES attribute, or of the first string of an ARRAY. */
  #findFirst(view: RequestView, key: number): boolean {
    const text = this.#text;
    const kind = view.valueKind(key);
    text.length = 0;
    if (kind === ValueKind.STRING || kind === ValueKind.BYTES) {
      text.offset = view.textOffset(key);
      text.length = view.textLength(key);
    } else if (kind === ValueKind.ARRAY) {
      text.offset = view.firstArrayTextOffset(key);
      text.length = view.firstArrayTextLength(key);
    }
    return text.length > 0;
  }

  #isPlaceholder(body: Uint8Array): boolean {
    const { offset, length } = this.#text;
    if (length > LONGEST_PLACEHOLDER) return false;
    if (length === 1 && body[offset] === HYPHEN) return true;
    for (let index = 0; index < PLACEHOLDERS.length; index++) {
      if (isName(body, offset, length, PLACEHOLDERS[index]!)) return true;
    }
    return false;
  }
}
