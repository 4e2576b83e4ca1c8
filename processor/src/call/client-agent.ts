import { finishHash, mixWord } from './mixing-hash.ts';

/** Longest part of a user agent that is read. */
const MAX_AGENT_BYTES = 512;

const DOT = 0x2e;
const UNDERSCORE = 0x5f;

/**
 * Hash of a user agent's family: its text without version numbers, so that a browser that updates itself stays the
 * same client. Unsigned, 0 for an empty text. `seed` keys it; an attacker gains nothing by a collision that sending
 * the other agent's text would not give, so a quick hash is enough.
 */
export function agentFamilyHash(bytes: Uint8Array, offset: number, length: number, seed: number): number {
  if (length === 0) return 0;
  const end = offset + Math.min(length, MAX_AGENT_BYTES);
  let hash = seed;
  let word = 0;
  let count = 0;
  let isInVersion = false;
  for (let index = offset; index < end; index++) {
    const byte = bytes[index]!;
    const isDigit = byte >= 0x30 && byte <= 0x39;
    // The dots of 131.0.0.1 and the underscores of 10_15_7 belong to the number.
    isInVersion = isDigit || (isInVersion && (byte === DOT || byte === UNDERSCORE));
    if (isInVersion) continue;
    word = (word << 8) | byte;
    if ((++count & 3) === 0) hash = mixWord(hash, word);
  }
  return finishHash(mixWord(hash, word) ^ count);
}
