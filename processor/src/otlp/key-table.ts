/** Slots of the hash table; far more than keys, so that an unknown key mostly meets an empty slot. */
const SLOTS = 1024;

/** What `KeyTable.find` answers for a key of ours, which is to be removed. */
export const OWN_KEY = -2;

/** What `KeyTable.find` answers for a key that is in neither list. */
export const UNKNOWN_KEY = -1;

interface KeyEntry {
  readonly bytes: Buffer;
  /** Key number, or OWN_KEY. */
  readonly key: number;
}

/**
 * The attribute keys a view looks for, found by their bytes, without making a string. A key's number is its index in
 * `read`; span and resource attributes share the list. `own` are the keys that are cut from every span.
 */
export class KeyTable {
  readonly read: readonly string[];
  readonly #slots: (KeyEntry[] | undefined)[];

  constructor(read: readonly string[], own: readonly string[]) {
    this.read = read;
    this.#slots = Array.from({ length: SLOTS }, () => undefined);
    // Own keys first: a key in both lists is cut, not read.
    for (const name of own) this.#add(name, OWN_KEY);
    for (const [key, name] of read.entries()) this.#add(name, key);
  }

  /** The number of the key in `bytes` from `offset` on, OWN_KEY or UNKNOWN_KEY. */
  find(bytes: Buffer, offset: number, length: number): number {
    if (length === 0) return UNKNOWN_KEY;
    const entries = this.#slots[slotOf(bytes, offset, length)];
    if (entries === undefined) return UNKNOWN_KEY;
    for (const entry of entries) {
      if (entry.bytes.length !== length) continue;
      // Keys of one namespace differ at their ends.
      let index = length - 1;
      while (index >= 0 && entry.bytes[index] === bytes[offset + index]) index--;
      if (index < 0) return entry.key;
    }
    return UNKNOWN_KEY;
  }

  #add(name: string, key: number): void {
    const bytes = Buffer.from(name);
    if (bytes.length === 0) throw new RangeError('An attribute key is empty; name at least one character.');
    const slot = slotOf(bytes, 0, bytes.length);
    (this.#slots[slot] ??= []).push({ bytes, key });
  }
}

function slotOf(bytes: Buffer, offset: number, length: number): number {
  const last = bytes[offset + length - 1]!;
  const middle = bytes[offset + (length >>> 1)]!;
  const nearLast = bytes[offset + length - 1 - (length >>> 2)]!;
  return (length * 37 + last * 101 + middle * 13 + nearLast * 7) & (SLOTS - 1);
}
