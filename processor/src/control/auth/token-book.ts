/** The tokens that are valid now, and whose they are. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { TokenEntry } from './token-file.ts';

/** A token that was shown and is valid. */
export interface KnownToken<Role> {
  readonly role: Role;
  /** Names the token in the log and the audit trail without giving it away: the start of its SHA-256, hex. */
  readonly fingerprint: string;
}

interface Kept<Role> extends KnownToken<Role> {
  readonly digest: Buffer;
  readonly expiresMs: number;
}

const FINGERPRINT_LENGTH = 16;

export class TokenBook<Role> {
  readonly #kept: readonly Kept<Role>[];

  /** Where a token has several roles, the last one counts. */
  constructor(entries: readonly (readonly [Role, TokenEntry])[]) {
    this.#kept = entries.map(([role, { token, expiresMs }]) => {
      const digest = digestOf(token);
      return { role, digest, expiresMs, fingerprint: digest.toString('hex').slice(0, FINGERPRINT_LENGTH) };
    });
  }

  /** Of all tokens, for the log. */
  get fingerprints(): readonly { readonly role: Role; readonly fingerprint: string; readonly expires?: string }[] {
    return this.#kept.map(({ role, fingerprint, expiresMs }) => ({
      role,
      fingerprint,
      ...(expiresMs !== Infinity && { expires: new Date(expiresMs).toISOString() }),
    }));
  }

  /**
   * Whose token it is; undefined for one that is unknown or has expired. Takes the same time whichever it is: digests
   * are compared, all of them, so that nothing can be learnt from how long it took.
   */
  find(token: string, nowMs: number): KnownToken<Role> | undefined {
    const digest = digestOf(token);
    let found: Kept<Role> | undefined;
    for (const kept of this.#kept) if (timingSafeEqual(kept.digest, digest) && kept.expiresMs > nowMs) found = kept;
    return found;
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
