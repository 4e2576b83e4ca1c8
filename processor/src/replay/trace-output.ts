/** Writes requests to a file in the encoding they were read in: OTLP JSON lines, or protobuf behind its length. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { protobufToObject } from '../otlp/protobuf-to-json.ts';
import type { TraceEncoding } from './trace-stream.ts';

const LENGTH_BYTES = 4;

export class TraceOutput {
  readonly #encoding: TraceEncoding;
  readonly #stream: Writable;
  readonly #done: Promise<void>;

  private constructor(encoding: TraceEncoding, stream: Writable, done: Promise<void>) {
    this.#encoding = encoding;
    this.#stream = stream;
    this.#done = done;
  }

  /** Creates the file; compressed where its name ends in `.gz`. Rejects with an Error that names it if it cannot. */
  static async create(path: string, encoding: TraceEncoding): Promise<TraceOutput> {
    const file = createWriteStream(path);
    try {
      await once(file, 'open');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Error(`${path} cannot be written (${code}); name a file in an existing folder.`, { cause: error });
    }
    const done = finished(file);
    // Rejects `close`, where it is waited for.
    done.catch(() => {});
    if (!path.endsWith('.gz')) return new TraceOutput(encoding, file, done);
    const gzip = createGzip();
    gzip.pipe(file);
    return new TraceOutput(encoding, gzip, done);
  }

  /** Takes one request, as protobuf; waits while the disk is behind. */
  async write(body: Buffer): Promise<void> {
    const isReady = this.#encoding === 'json' ? this.#writeJson(body) : this.#writeProtobuf(body);
    if (!isReady) await Promise.race([once(this.#stream, 'drain'), this.#done]);
  }

  /** Resolves when all is on the disk. */
  async close(): Promise<void> {
    this.#stream.end();
    await this.#done;
  }

  #writeJson(body: Buffer): boolean {
    return this.#stream.write(`${JSON.stringify(protobufToObject(body))}\n`);
  }

  #writeProtobuf(body: Buffer): boolean {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(body.length);
    this.#stream.write(length);
    return this.#stream.write(body);
  }
}
