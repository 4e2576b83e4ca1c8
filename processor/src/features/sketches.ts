/** Small counting structures over words of a Uint32Array: no allocation, no pointers, so that they fit into a state row. */

/**
 * Spreads small or successive numbers over 32 bits as if by chance, on which linear counting and Bloom filters rest
 * (the finalizer of MurmurHash3, Appleby 2011). A multiplication alone spreads them too evenly to count them.
 */
export function scatter(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Sets the bit of `hash` in a bitmap of `words` 32-bit words (a power of two); true if it was not set before. */
export function setBit(bits: Uint32Array, offset: number, words: number, hash: number): boolean {
  const bit = hash & (words * 32 - 1);
  const word = offset + (bit >>> 5);
  const mask = 1 << (bit & 31);
  if ((bits[word]! & mask) !== 0) return false;
  bits[word] = bits[word]! | mask;
  return true;
}

/**
 * Number of distinct values from the number of set bits (linear counting, Whang, Vander-Zanden, Taylor 1990):
 * m ln(m / (m - set)), where a full bitmap counts as if half a bit were left.
 */
export function distinctFromBits(set: number, bits: number): number {
  return bits * Math.log(bits / Math.max(0.5, bits - set));
}

/**
 * Adds a value to a Bloom filter of two generations, each of `words` words, with two probes; true if neither generation
 * knew it. When the younger generation is half full it becomes the older one, so the filter remembers the last few
 * hundred values and never saturates. `bits[offset + 2 * words]` counts the set bits of the younger generation.
 */
export function addToMemory(bits: Uint32Array, offset: number, words: number, hash: number): boolean {
  const second = Math.imul(hash, 0x85ebca6b) >>> 9;
  const known =
    (hasBit(bits, offset, words, hash) && hasBit(bits, offset, words, second)) ||
    (hasBit(bits, offset + words, words, hash) && hasBit(bits, offset + words, words, second));
  const counter = offset + 2 * words;
  if (setBit(bits, offset, words, hash)) bits[counter] = bits[counter]! + 1;
  if (setBit(bits, offset, words, second)) bits[counter] = bits[counter]! + 1;
  if (bits[counter]! >= words * 16) {
    bits.copyWithin(offset + words, offset, offset + words);
    bits.fill(0, offset, offset + words);
    bits[counter] = 0;
  }
  return !known;
}

function hasBit(bits: Uint32Array, offset: number, words: number, hash: number): boolean {
  const bit = hash & (words * 32 - 1);
  return (bits[offset + (bit >>> 5)]! & (1 << (bit & 31))) !== 0;
}

/**
 * Counts a key in a table of `entries` (key, count) pairs that keeps the most frequent ones (Space-Saving, Metwally,
 * Agrawal, El Abbadi 2005) and returns the key's count, an upper bound. Keys must not be 0.
 */
export function countFrequent(words: Uint32Array, offset: number, entries: number, key: number): number {
  let rarest = offset;
  const end = offset + entries * 2;
  for (let entry = offset; entry < end; entry += 2) {
    if (words[entry] === key) return ++words[entry + 1]!;
    if (words[entry + 1]! < words[rarest + 1]!) rarest = entry;
  }
  words[rarest] = key;
  return ++words[rarest + 1]!;
}

/** The count of a key in a table of `countFrequent`, 0 when it is not there. */
export function frequency(words: Uint32Array, offset: number, entries: number, key: number): number {
  const end = offset + entries * 2;
  for (let entry = offset; entry < end; entry += 2) if (words[entry] === key) return words[entry + 1]!;
  return 0;
}

/**
 * Remembers that `key` was seen at `stamp` (any growing number, such as hours) in a table of `entries` (key, stamp)
 * pairs, replacing the one not seen for longest; true if the key was not there. Keys must not be 0.
 */
export function remember(words: Uint32Array, offset: number, entries: number, key: number, stamp: number): boolean {
  let oldest = offset;
  const end = offset + entries * 2;
  for (let entry = offset; entry < end; entry += 2) {
    if (words[entry] === key) {
      words[entry + 1] = stamp;
      return false;
    }
    if (words[entry + 1]! < words[oldest + 1]!) oldest = entry;
  }
  words[oldest] = key;
  words[oldest + 1] = stamp;
  return true;
}
