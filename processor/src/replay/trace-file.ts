/** Files of traces, read request by request in bounded memory: see `trace-stream.ts`. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import {
  type Compression,
  compressionOf,
  decompressed,
  encodingOf,
  type FiledRequest,
  readRequests,
  type TraceEncoding,
} from './trace-stream.ts';

/** A part of a file that could not be read; the rest was. */
export interface BrokenLine {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/** Largest line or message taken, and largest JSON document of several lines. */
const MAX_REQUEST_BYTES = 512 * 1024 * 1024;

export class TraceFile {
  readonly path: string;
  /** Bytes read from the disk so far, and in all: for progress. */
  bytesRead = 0;
  readonly size: number;
  readonly encoding: TraceEncoding;

  private constructor(path: string, size: number, encoding: TraceEncoding) {
    this.path = path;
    this.size = size;
    this.encoding = encoding;
  }

  /** Looks into the file. Rejects with an Error that says why it cannot be used. */
  static async open(path: string): Promise<TraceFile> {
    const size = await sizeOf(path);
    let encoding: TraceEncoding | undefined;
    try {
      for await (const chunk of contentOf(path)) {
        encoding = encodingOf(chunk);
        if (encoding !== undefined) break;
      }
    } catch (error) {
      throw new Error(`${path} cannot be read: ${(error as Error).message}; give a file of OTLP traces.`, {
        cause: error,
      });
    }
    if (encoding === undefined) throw new Error(`${path} is empty; give a file of OTLP traces.`);
    return new TraceFile(path, size, encoding);
  }

  /** All requests in the order of the file. `onBroken` hears of every part that is left out. Can be read again. */
  async *requests(onBroken: (broken: BrokenLine) => void): AsyncGenerator<FiledRequest, void, void> {
    this.bytesRead = 0;
    const report = (line: number, reason: string): void => onBroken({ file: this.path, line, reason });
    const cursor = { line: 1 };
    const chunks = this.#chunks();
    try {
      yield* readRequests(this.encoding, chunks, report, { maxRequestBytes: MAX_REQUEST_BYTES, cursor });
    } catch (error) {
      report(cursor.line, `the file ends here: ${(error as Error).message}`);
    }
  }

  async *#chunks(): AsyncGenerator<Buffer, void, void> {
    yield* contentOf(this.path, (bytes) => (this.bytesRead += bytes));
  }
}

async function* contentOf(
  path: string,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer, void, void> {
  const compression = await magicOf(path);
  const raw = createReadStream(path, { highWaterMark: 256 * 1024 });
  raw.on('data', ({ length }) => onRead(length));
  yield* decompressed(raw, compression);
}

async function magicOf(path: string): Promise<Compression> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return compressionOf(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    const { size } = await stat(path);
    return size;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${path} cannot be read (${code}); give an existing file of OTLP traces.`, { cause: error });
  }
}
