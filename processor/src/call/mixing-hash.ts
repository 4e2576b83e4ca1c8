/**
 * A quick 32-bit hash of `length` bytes from `offset` on, started from a secret `seed`; unsigned. For values that are
 * only told apart and where colliding on purpose gains nothing that sending the same value would not; for all others
 * there is HalfSipHash.
 */
export function mixingHash(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  const end = offset + length;
  let hash = seed ^ length;
  for (let index = offset; index < end; index++) {
    hash = Math.imul(hash ^ bytes[index]!, 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  return hash >>> 0;
}
