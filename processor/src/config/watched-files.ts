/** Files that may change while the service runs: tokens, certificates and keys, which are rotated without a restart. */
import { readFile } from 'node:fs/promises';

/** Contents by path, in the order of the paths. */
export type FileContents = readonly Buffer[];

/** Long enough to cost nothing, short enough that a revoked token is gone while one waits for it. */
const LOOK_EVERY_MS = 5000;

/**
 * Looks at the contents, not at the times: mounted secrets are swapped by a link, whose times say nothing. Files that
 * cannot be read, or that `take` throws at, change nothing: what was taken before stays in use.
 */
export class WatchedFiles {
  readonly #paths: readonly string[];
  readonly #take: (contents: FileContents) => void;
  readonly #onError: (error: unknown) => void;
  #taken: FileContents = [];
  /** What was refused, so that it is reported once. */
  #refused = '';
  #timer: NodeJS.Timeout | undefined;

  /** `take` throws when contents are of no use; `onError` hears why, once for each change. */
  constructor(paths: readonly string[], take: (contents: FileContents) => void, onError: (error: unknown) => void) {
    this.#paths = paths;
    this.#take = take;
    this.#onError = onError;
  }

  /** Takes the files for the first time and watches them from then on. Rejects with what reading or `take` threw. */
  async start(): Promise<void> {
    const contents = await this.#read();
    this.#take(contents);
    this.#taken = contents;
    if (this.#paths.length > 0) this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  /** Takes the files again if they have changed. */
  async look(): Promise<void> {
    try {
      const contents = await this.#read();
      if (contents.every((content, index) => content.equals(this.#taken[index]!))) return;
      this.#take(contents);
      this.#taken = contents;
      this.#refused = '';
    } catch (error) {
      const reason = (error as Error).message;
      if (reason === this.#refused) return;
      this.#refused = reason;
      this.#onError(error);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #read(): Promise<Buffer[]> {
    return Promise.all(this.#paths.map((path) => readFile(path)));
  }
}
