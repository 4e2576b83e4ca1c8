/**
 * A file of tokens: one a line, then, if it ends, `expires=` and a time (RFC 3339). Empty lines and what follows a `#`
 * at the start of a line do not count.
 */
import { ServiceError } from '../../errors.ts';

export interface TokenEntry {
  readonly token: string;
  /** Unix milliseconds; Infinity for a token that does not end. */
  readonly expiresMs: number;
}

/** Short ones could be guessed; longer ones do not fit a header. */
const TOKEN = /^[\x21-\x7e]{16,1024}$/;
const EXPIRES = /^expires=(\S+)$/;
/** Most tokens read from one file. */
const MOST_TOKENS = 64;

/** Throws `tokens_unreadable`, which names file and line but never a token. */
export function parseTokens(file: string, content: Buffer): TokenEntry[] {
  const entries: TokenEntry[] = [];
  for (const [index, text] of content.toString('utf8').split(/\r?\n/).entries()) {
    const line = text.trim();
    if (line === '' || line.startsWith('#')) continue;
    const refuse = (reason: string): never => {
      throw new ServiceError('tokens_unreadable', { file, reason: `line ${index + 1} ${reason}` });
    };
    const [token = '', expires, ...rest] = line.split(/\s+/);
    if (!TOKEN.test(token)) refuse('is no token of 16 to 1024 printable ASCII characters');
    if (rest.length > 0) refuse('has more than a token and its end');
    if (entries.length === MOST_TOKENS) refuse(`is one token too many; ${MOST_TOKENS} are read`);
    entries.push({
      token,
      expiresMs: expires === undefined ? Infinity : (timeOf(expires) ?? refuse('has no readable end')),
    });
  }
  return entries;
}

function timeOf(text: string): number | undefined {
  const time = Date.parse(EXPIRES.exec(text)?.[1] ?? '');
  return Number.isNaN(time) ? undefined : time;
}
