/** Tokens from the configuration and from files, which are read again when they change: that is how tokens are rotated. */
import type { FileContents } from '../../config/watched-files.ts';
import { WatchedFiles } from '../../config/watched-files.ts';
import { ServiceError } from '../../errors.ts';
import type { Log } from '../../telemetry/log.ts';
import { type KnownToken, TokenBook } from './token-book.ts';
import { parseTokens, type TokenEntry } from './token-file.ts';

/** The tokens of one role. */
export interface TokenSet<Role> {
  readonly role: Role;
  readonly tokens: readonly string[];
  /** '' for none. */
  readonly file: string;
}

export class TokenSource<Role extends string> {
  readonly #sets: readonly TokenSet<Role>[];
  readonly #files: readonly TokenSet<Role>[];
  readonly #log: Log;
  readonly #watched: WatchedFiles;
  #book = new TokenBook<Role>([]);

  /** `sets`: the weakest role first. */
  constructor(sets: readonly TokenSet<Role>[], log: Log) {
    this.#sets = sets;
    this.#files = sets.filter(({ file }) => file !== '');
    this.#log = log;
    this.#watched = new WatchedFiles(
      this.#files.map(({ file }) => file),
      (contents) => this.#take(contents),
      (error) => log.error({ err: error }, 'changed credentials cannot be used; those read before stay valid'),
    );
  }

  /** Whether any token is asked for at all. */
  get isConfigured(): boolean {
    return this.#sets.some(({ tokens, file }) => tokens.length > 0 || file !== '');
  }

  /** Reads the files. Rejects with `tokens_unreadable`. */
  async start(): Promise<void> {
    try {
      await this.#watched.start();
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      const { path = 'unknown', message } = error as NodeJS.ErrnoException;
      throw new ServiceError('tokens_unreadable', { file: path, reason: message }, { cause: error });
    }
  }

  /** Reads files that have changed now instead of within seconds. */
  look(): Promise<void> {
    return this.#watched.look();
  }

  stop(): void {
    this.#watched.stop();
  }

  /** Whose token an Authorization header shows; undefined unless it is `Bearer` with one that is valid now. */
  bearer(authorization: string | undefined, nowMs: number): KnownToken<Role> | undefined {
    const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    return token === undefined ? undefined : this.find(token, nowMs);
  }

  find(token: string, nowMs: number): KnownToken<Role> | undefined {
    return this.#book.find(token, nowMs);
  }

  #take(contents: FileContents): void {
    const entries: [Role, TokenEntry][] = [];
    for (const set of this.#sets) {
      for (const token of set.tokens) entries.push([set.role, { token, expiresMs: Infinity }]);
      const content = contents[this.#files.indexOf(set)];
      if (content !== undefined) for (const entry of parseTokens(set.file, content)) entries.push([set.role, entry]);
    }
    this.#book = new TokenBook(entries);
    // Not under a name that says token: the log would hide them.
    if (entries.length > 0) this.#log.info({ accepted: this.#book.fingerprints }, 'credentials read');
  }
}
