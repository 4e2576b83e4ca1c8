/**
 * A quick 32-bit hash of `length` bytes from `offset` on, started from a secret `seed`; unsigned, never 0. For values
 * that are only told apart and where a collision made on purpose gains nothing that sending the same value would not;
 * for all others there is HalfSipHash.
 */
export function mixingHash(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  const end = offset + length;
  let hash = seed ^ length;
  for (let index = offset; index < end; index++) hash = mixByte(hash, bytes[index]!);
  return finishHash(hash);
}

/** The hash with one more byte in it. The multiplier and the shifts are those of MurmurHash3's finalizer. */
export function mixByte(hash: number, byte: number): number {
  const product = Math.imul(hash ^ byte, 0x85ebca6b);
  return product ^ (product >>> 13);
}

/** Spreads the last bytes over all bits. Unsigned, never 0. */
export function finishHash(hash: number): number {
  const product = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return (product ^ (product >>> 16)) >>> 0 || 1;
}
