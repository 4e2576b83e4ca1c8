import { isLoginName } from './login-words.ts';

/** Paths whose answer is kept, a power of two: more than a busy site's in a minute. */
const SLOTS = 4096;
/** A login is not named further back in a path. */
const MAX_BYTES = 256;

const UNKNOWN = 0;
const NO = 1;
const YES = 2;

/** Whether paths speak of logging in; the latest answers are kept by the hash of the path, since words cost microseconds. */
export class LoginPaths {
  readonly #hashes = new Uint32Array(SLOTS);
  readonly #answers = new Uint8Array(SLOTS);

  /** Of the path in `bytes` from `offset` on. `hash`: keyed, so that nobody can make two paths meet. */
  isLogin(bytes: Buffer, offset: number, length: number, hash: number): boolean {
    const slot = hash & (SLOTS - 1);
    if (this.#hashes[slot] !== hash || this.#answers[slot] === UNKNOWN) {
      this.#hashes[slot] = hash;
      const text = bytes.toString('latin1', offset, offset + Math.min(length, MAX_BYTES));
      this.#answers[slot] = isLoginName(text) ? YES : NO;
    }
    return this.#answers[slot] === YES;
  }
}
