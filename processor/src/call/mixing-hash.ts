/**
 * A quick 32-bit hash of `length` bytes from `offset` on, started from a secret `seed`; unsigned, never 0. For values
 * that are only told apart and where a collision made on purpose gains nothing that sending the same value would not;
 * for all others there is HalfSipHash.
 */
export function mixingHash(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  const end = offset + length;
  const wordsEnd = end - (length & 3);
  let hash = seed ^ length;
  for (let index = offset; index < wordsEnd; index += 4) {
    const word = (bytes[index]! << 24) | (bytes[index + 1]! << 16) | (bytes[index + 2]! << 8) | bytes[index + 3]!;
    hash = mixWord(hash, word);
  }
  for (let index = wordsEnd; index < end; index++) hash = mixWord(hash, bytes[index]!);
  return finishHash(hash);
}

/** The hash with 32 more bits in it. The multipliers and shifts are those of MurmurHash3's finalizer. */
export function mixWord(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x85ebca6b);
  return product ^ (product >>> 13);
}

/** Spreads the last word over all bits. Unsigned, never 0. */
export function finishHash(hash: number): number {
  const product = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return (product ^ (product >>> 16)) >>> 0 || 1;
}
