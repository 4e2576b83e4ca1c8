/** Writes requests to a file in the encoding they were read in: OTLP JSON lines, or protobuf behind its length. */
import { protobufToObject } from '../otlp/protobuf-to-json.ts';
import { OutputFile } from './output-file.ts';
import type { TraceEncoding } from './trace-stream.ts';

const LENGTH_BYTES = 4;

export class TraceOutput {
  readonly #encoding: TraceEncoding;
  readonly #file: OutputFile;

  private constructor(encoding: TraceEncoding, file: OutputFile) {
    this.#encoding = encoding;
    this.#file = file;
  }

  /** Creates the file; compressed where its name ends in `.gz`. Rejects with an Error that names it if it cannot. */
  static async create(path: string, encoding: TraceEncoding): Promise<TraceOutput> {
    try {
      return new TraceOutput(encoding, await OutputFile.create(path));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Error(`${path} cannot be written (${code}); name a file in an existing folder.`, { cause: error });
    }
  }

  /** Takes one request, as protobuf; waits while the disk is behind. */
  async write(body: Buffer): Promise<void> {
    if (this.#encoding === 'json') {
      await this.#file.write(`${JSON.stringify(protobufToObject(body))}\n`);
      return;
    }
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(body.length);
    await this.#file.write(length, body);
  }

  /** Resolves when all is on the disk. */
  close(): Promise<void> {
    return this.#file.close();
  }
}
