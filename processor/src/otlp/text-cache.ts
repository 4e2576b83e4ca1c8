/** Strings kept at most, and their length at most: together half a MiB of bytes, whatever senders make up. */
const SLOTS = 4096;
const SLOT_BYTES = 128;

/**
 * Turns bytes that come again and again (routes, methods, service names) into strings without decoding them each time.
 * Direct-mapped: text that meets another in its slot replaces it, so the worst case is decoding every time. The bytes
 * stay in memory: not for personal values.
 */
export class TextCache {
  readonly #texts: string[] = Array.from({ length: SLOTS }, () => '');
  readonly #lengths = new Uint8Array(SLOTS);
  readonly #bytes = new Uint8Array(SLOTS * SLOT_BYTES);

  /** The UTF-8 text in `bytes` from `offset` on; invalid sequences become U+FFFD. */
  text(bytes: Buffer, offset: number, length: number): string {
    if (length === 0) return '';
    const end = offset + length;
    if (length > SLOT_BYTES) return bytes.toString('utf8', offset, end);
    const slot = slotOf(bytes, offset, length);
    const base = slot * SLOT_BYTES;
    const kept = this.#bytes;
    if (this.#lengths[slot] === length) {
      let index = 0;
      while (index < length && kept[base + index] === bytes[offset + index]) index++;
      if (index === length) return this.#texts[slot]!;
    }
    for (let index = 0; index < length; index++) kept[base + index] = bytes[offset + index]!;
    this.#lengths[slot] = length;
    return (this.#texts[slot] = bytes.toString('utf8', offset, end));
  }
}

/** FNV-1a over the last 16 bytes, where texts differ most, and the length. */
function slotOf(bytes: Buffer, offset: number, length: number): number {
  let hash = 0x811c9dc5 ^ length;
  const end = offset + length;
  for (let index = length > 16 ? end - 16 : offset; index < end; index++) {
    hash = Math.imul(hash ^ bytes[index]!, 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}
