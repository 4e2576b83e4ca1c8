import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { HalfSipHash } from './half-sip-hash.ts';

/** A pseudonym: 64 bits in two unsigned halves. Never 0, 0. */
export interface EntityKey {
  readonly high: number;
  readonly low: number;
}

/** What a pseudonym stands for, and so the first letter of its display name. */
export type EntityPrefix = 'u' | 'a';

/** A kind of identity, such as 'user.id': the same text of another kind is another entity. Made by `Pseudonyms.kind`. */
export interface PseudonymKind {
  readonly name: string;
  /** What goes into the HMAC before the identity: the name and a zero byte. */
  readonly prefix: Buffer;
  /** Finds an identity's place in the cache; keyed by the kind too. */
  readonly cacheHash: HalfSipHash;
}

/** Identities whose pseudonyms are kept at hand: more than the users of a full state table. */
const CACHE_SLOTS = 2 ** 18;

/** Longest part of an identity that is read; of a longer one its length counts as well. */
const MAX_IDENTITY_BYTES = 4096;

/** Length of every key. */
export const PSEUDONYM_KEY_BYTES = 32;

export interface OtherKeys {
  /** Keys used before, the latest first: who had a pseudonym under one of them is the same entity. */
  readonly previous?: readonly Buffer[];
  /**
   * Key of the hashes of what is no identity: clients, networks, objects. They are part of what is learned, so that it
   * must outlive a change of the pseudonym key. The pseudonym key itself by default.
   */
  readonly hashKey?: Buffer;
}

/** Hears that the entity `high`, `low` was called `previousHigh`, `previousLow` under a previous key, if it was there then. */
export type SuccessionListener = (previousHigh: number, previousLow: number, high: number, low: number) => void;

/**
 * Replaces identities by pseudonyms: the first 64 bits of HMAC-SHA256 over kind and identity, under a secret key. Who
 * does not hold the key can neither invert them nor tell whether a guess is right.
 *
 * An HMAC costs microseconds, so results are kept in a direct-mapped cache. It is addressed and compared by a keyed
 * 64-bit HalfSipHash of the identity; the identity itself stays nowhere.
 */
export class Pseudonyms {
  /** Halves of the last `pseudonym`, unsigned. */
  high = 0;
  low = 0;

  readonly #key: KeyObject;
  readonly #previous: readonly KeyObject[];
  readonly #hashKey: KeyObject;
  #succession: SuccessionListener | undefined;
  readonly #valueHash: HalfSipHash;
  readonly #kinds = new Map<string, PseudonymKind>();
  /** Per slot: hash high, hash low, pseudonym high, pseudonym low; a pseudonym of 0, 0 marks a free slot. */
  readonly #cache = new Uint32Array(CACHE_SLOTS * 4);

  /** `key`: 32 secret bytes, kept as long as pseudonyms are to stay the same. */
  constructor(key: Buffer, { previous = [], hashKey = key }: OtherKeys = {}) {
    this.#key = keyObject(key);
    this.#previous = previous.map(keyObject);
    this.#hashKey = keyObject(hashKey);
    this.#valueHash = new HalfSipHash(this.#derive('value'));
  }

  /**
   * Has `listener` hear of the former pseudonyms of every identity that is not in the cache, one for each previous key,
   * before `pseudonym` returns. Never called where there are no previous keys.
   */
  onSuccession(listener: SuccessionListener): void {
    this.#succession = listener;
  }

  /** The kind of that name; always the same object. */
  kind(name: string): PseudonymKind {
    let kind = this.#kinds.get(name);
    if (kind === undefined) {
      kind = { name, prefix: Buffer.from(`${name}\0`), cacheHash: new HalfSipHash(this.#derive(`cache ${name}`)) };
      this.#kinds.set(name, kind);
    }
    return kind;
  }

  /** Leaves the pseudonym of the identity in `bytes` from `offset` on in `high` and `low`. */
  pseudonym(kind: PseudonymKind, bytes: Uint8Array, offset: number, length: number): void {
    const { cacheHash } = kind;
    const readLength = Math.min(length, MAX_IDENTITY_BYTES);
    cacheHash.hash64(bytes, offset, readLength);
    const hashHigh = cacheHash.high;
    // The length tells long identities apart that begin alike.
    const hashLow = (cacheHash.low ^ (length - readLength)) >>> 0;

    const cache = this.#cache;
    const slot = (hashLow & (CACHE_SLOTS - 1)) * 4;
    const isCached = cache[slot] === hashHigh && cache[slot + 1] === hashLow;
    if (!isCached || (cache[slot + 2] === 0 && cache[slot + 3] === 0)) {
      const identity = bytes.subarray(offset, offset + readLength);
      this.#compute(this.#key, kind, identity, length);
      if (this.#previous.length > 0) this.#tellSuccession(kind, identity, length);
      cache[slot] = hashHigh;
      cache[slot + 1] = hashLow;
      cache[slot + 2] = this.high;
      cache[slot + 3] = this.low;
      return;
    }
    this.high = cache[slot + 2]!;
    this.low = cache[slot + 3]!;
  }

  /** The pseudonyms of an identity under all keys, the present one first. */
  all(kind: PseudonymKind, bytes: Uint8Array, offset: number, length: number): EntityKey[] {
    const identity = bytes.subarray(offset, offset + Math.min(length, MAX_IDENTITY_BYTES));
    return [this.#key, ...this.#previous].map((key) => {
      this.#compute(key, kind, identity, length);
      return { high: this.high, low: this.low };
    });
  }

  /** Keyed 32-bit hash of values that are no identities, for counting distinct ones; unsigned, never 0. */
  keyedHash32(bytes: Uint8Array, offset: number, length: number): number {
    return this.#valueHash.hash32(bytes, offset, length) || 1;
  }

  /** Eight secret bytes for another HalfSipHash; `purpose` tells them apart. */
  deriveKey(purpose: string): Buffer {
    return this.#derive(`derived ${purpose}`);
  }

  /** A secret start value for `mixingHash`; signed 32 bit. */
  seed(purpose: string): number {
    return this.deriveKey(purpose).readInt32LE(0);
  }

  #tellSuccession(kind: PseudonymKind, identity: Uint8Array, length: number): void {
    const { high, low } = this;
    for (const key of this.#previous) {
      this.#compute(key, kind, identity, length);
      this.#succession?.(this.high, this.low, high, low);
    }
    this.high = high;
    this.low = low;
  }

  #compute(key: KeyObject, kind: PseudonymKind, identity: Uint8Array, length: number): void {
    const hmac = createHmac('sha256', key).update(kind.prefix).update(identity);
    if (length > identity.length) hmac.update(`\0${length}`);
    const digest = hmac.digest();
    this.high = digest.readUInt32BE(0);
    this.low = digest.readUInt32BE(4);
    if (this.high === 0 && this.low === 0) this.low = 1;
  }

  /** No kind begins with a zero byte, so these inputs are apart from those of pseudonyms. */
  #derive(purpose: string): Buffer {
    return createHmac('sha256', this.#hashKey).update(`\0${purpose}`).digest().subarray(0, 8);
  }
}

function keyObject(key: Buffer): KeyObject {
  if (key.length !== PSEUDONYM_KEY_BYTES) {
    throw new RangeError(`The pseudonym key has ${key.length} bytes; give ${PSEUDONYM_KEY_BYTES}.`);
  }
  return createSecretKey(key);
}

/** How an entity is called wherever it is shown: 'u_' (users) or 'a_' (addresses) and 16 hex digits. */
export function displayName(prefix: EntityPrefix, high: number, low: number): string {
  return `${prefix}_${hexWord(high)}${hexWord(low)}`;
}

/** The entity of a display name; undefined for any other text. */
export function parseDisplayName(text: string): (EntityKey & { readonly prefix: EntityPrefix }) | undefined {
  const prefix = text.startsWith('u_') ? 'u' : text.startsWith('a_') ? 'a' : undefined;
  if (prefix === undefined || !/^[0-9a-f]{16}$/.test(text.slice(2))) return undefined;
  return { prefix, high: Number.parseInt(text.slice(2, 10), 16), low: Number.parseInt(text.slice(10), 16) };
}

function hexWord(word: number): string {
  return word.toString(16).padStart(8, '0');
}
