import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** A file that is written from front to back, compressed where its name ends in `.gz`. */
export class OutputFile {
  readonly #stream: Writable;
  readonly #done: Promise<void>;

  private constructor(stream: Writable, done: Promise<void>) {
    this.#stream = stream;
    this.#done = done;
  }

  /** Creates it. Rejects with the system's error if it cannot. */
  static async create(path: string): Promise<OutputFile> {
    const file = createWriteStream(path);
    await once(file, 'open');
    const done = finished(file);
    // Rejects `close`, where it is waited for.
    done.catch(() => {});
    if (!path.endsWith('.gz')) return new OutputFile(file, done);
    const gzip = createGzip();
    gzip.pipe(file);
    return new OutputFile(gzip, done);
  }

  /** Waits while the disk is behind. Rejects when the disk refuses. */
  async write(...pieces: readonly (string | Buffer)[]): Promise<void> {
    let isReady = true;
    for (const piece of pieces) isReady = this.#stream.write(piece);
    if (!isReady) await Promise.race([once(this.#stream, 'drain'), this.#done]);
  }

  /** Resolves when all is on the disk. */
  async close(): Promise<void> {
    this.#stream.end();
    await this.#done;
  }
}
