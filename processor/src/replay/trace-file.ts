/**
 * Files of traces, read request by request in bounded memory: OTLP JSON lines and length-prefixed protobuf as the
 * collector's file exporter writes them (its README, "File Format"), a single request in either encoding, plain or
 * compressed with gzip or Zstandard. What a file is is told by its bytes, not by its name.
 */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { jsonToProtobuf } from '../otlp/json.ts';

export type TraceEncoding = 'json' | 'protobuf';

/** One ExportTraceServiceRequest, as protobuf, and where it stood. */
export interface FiledRequest {
  readonly body: Buffer;
  /** Line of a JSON file, message of a protobuf file; from 1. */
  readonly line: number;
}

/** A part of a file that could not be read; the rest was. */
export interface BrokenLine {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

const NEWLINE = 0x0a;
const LINE_END = Buffer.from('\n');
/** Tag of ExportTraceServiceRequest.resource_spans: what a bare protobuf request begins with. */
const RESOURCE_SPANS_TAG = 0x0a;
const LENGTH_BYTES = 4;
/** Largest line or message taken, and largest JSON document of several lines. */
const MAX_REQUEST_BYTES = 512 * 1024 * 1024;
/** The first byte of a message's length is below this one; JSON begins with none such but white space. */
const FIRST_PRINTABLE = 0x20;
/** How JSON after a line feed begins: no bare protobuf request does, since no tag in it is a letter. */
const JSON_START = /^\s*\{\s*(?:"\w|\})/;
const JSON_LIMITS = { maxDepth: 64, maxValues: Number.POSITIVE_INFINITY };

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
      for await (const chunk of decompressed(path, await magicOf(path))) {
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
      yield* this.encoding === 'json' ? readJson(chunks, report, cursor) : readProtobuf(chunks, report, cursor);
    } catch (error) {
      report(cursor.line, `the file ends here: ${(error as Error).message}`);
    }
  }

  async *#chunks(): AsyncGenerator<Buffer, void, void> {
    yield* decompressed(this.path, await magicOf(this.path), (bytes) => (this.bytesRead += bytes));
  }
}

type Report = (line: number, reason: string) => void;

/** What a file that begins with these bytes is; undefined where they are blank. Text that is no JSON is broken JSON. */
function encodingOf(start: Buffer): TraceEncoding | undefined {
  const first = start.find((byte) => !isSpace(byte));
  if (first === undefined) return undefined;
  if (start[0] === RESOURCE_SPANS_TAG) return JSON_START.test(start.toString('latin1')) ? 'json' : 'protobuf';
  return first < FIRST_PRINTABLE ? 'protobuf' : 'json';
}

/** Where the reading is, also after it was cut off. */
interface Cursor {
  line: number;
}

/** Lines, each a request. Until one is, the file may be one document of many lines: it is held, then read whole. */
async function* readJson(
  chunks: AsyncIterable<Buffer>,
  report: Report,
  cursor: Cursor,
): AsyncGenerator<FiledRequest, void, void> {
  const held: Buffer[] = [];
  let bytes = 0;
  let areLines = false;
  try {
    for await (const line of lines(chunks)) {
      held.push(line);
      bytes += line.length + 1;
      areLines ||= bytes > MAX_REQUEST_BYTES || isRequest(line);
      if (areLines) yield* requestsOf(held.splice(0), report, cursor);
    }
  } catch (error) {
    // What was held of a file that was cut off is no document.
    yield* requestsOf(held, report, cursor);
    throw error;
  }
  if (held.length === 0) return;
  const body = fromJson(Buffer.concat(held.flatMap((line) => [line, LINE_END])));
  if (typeof body === 'string') yield* requestsOf(held, report, cursor);
  else yield { body, line: cursor.line };
}

/** Whether a line holds traces; a line of a longer document may be JSON, but not that. */
function isRequest(line: Buffer): boolean {
  const body = isBlank(line) ? '' : fromJson(line);
  return typeof body !== 'string' && body.length > 0;
}

function* requestsOf(held: readonly Buffer[], report: Report, cursor: Cursor): Generator<FiledRequest, void, void> {
  for (const line of held) {
    if (!isBlank(line)) {
      const body = fromJson(line);
      if (typeof body === 'string') report(cursor.line, body);
      else yield { body, line: cursor.line };
    }
    cursor.line++;
  }
}

/** The request as protobuf, or what is wrong with it. */
function fromJson(text: Buffer): Buffer | string {
  try {
    return jsonToProtobuf(text, JSON_LIMITS);
  } catch (error) {
    return (error as Error).message;
  }
}

/** Messages behind their lengths of four bytes, the highest first; or one bare request. */
async function* readProtobuf(
  chunks: AsyncIterable<Buffer>,
  report: Report,
  cursor: Cursor,
): AsyncGenerator<FiledRequest, void, void> {
  let parts: Buffer[] = [];
  let bytes = 0;
  /** Bytes to wait for: joining what is there at every chunk would take the square of a message's length. */
  let wanted = LENGTH_BYTES;
  let isBare: boolean | undefined;
  for await (const chunk of chunks) {
    // A length that begins with this byte would be of 160 MiB or more.
    isBare ??= chunk[0] === RESOURCE_SPANS_TAG;
    parts.push(chunk);
    bytes += chunk.length;
    if (isBare && bytes > MAX_REQUEST_BYTES) throw new Error(`the request is larger than ${MAX_REQUEST_BYTES} bytes`);
    if (isBare || bytes < wanted) continue;
    let pending = Buffer.concat(parts);
    for (;;) {
      wanted = LENGTH_BYTES + (pending.length < LENGTH_BYTES ? 0 : pending.readUInt32BE(0));
      if (wanted > MAX_REQUEST_BYTES) {
        throw new Error(`a message of ${wanted - LENGTH_BYTES} bytes is no trace request`);
      }
      if (pending.length < wanted) break;
      yield { body: pending.subarray(LENGTH_BYTES, wanted), line: cursor.line };
      cursor.line++;
      pending = pending.subarray(wanted);
    }
    parts = [pending];
    bytes = pending.length;
  }
  if (isBare === true) yield { body: Buffer.concat(parts), line: 1 };
  else if (bytes > 0) report(cursor.line, `${bytes} bytes are less than the message they begin`);
}

async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      parts.push(chunk.subarray(from, at));
      yield parts.length === 1 ? parts[0]! : Buffer.concat(parts);
      parts = [];
      bytes = 0;
      from = at + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > MAX_REQUEST_BYTES)
      throw new Error(`a line of more than ${MAX_REQUEST_BYTES} bytes is no trace request`);
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}

type Compression = 'gzip' | 'zstd' | 'none';

async function magicOf(path: string): Promise<Compression> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead >= 2 && buffer.readUInt16BE(0) === 0x1f8b) return 'gzip';
    return bytesRead === 4 && buffer.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : 'none';
  } finally {
    await file.close();
  }
}

async function* decompressed(
  path: string,
  compression: Compression,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer, void, void> {
  const raw = createReadStream(path, { highWaterMark: 256 * 1024 });
  raw.on('data', ({ length }) => onRead(length));
  // A file that was cut off gives what it has; its last line then is the broken one.
  const flush = { finishFlush: constants.Z_SYNC_FLUSH };
  const unpacker = compression === 'gzip' ? createGunzip(flush) : createZstdDecompress();
  const stream: Readable = compression === 'none' ? raw : raw.pipe(unpacker);
  raw.on('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } finally {
    raw.destroy();
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

const isBlank = (line: Buffer): boolean => line.every(isSpace);

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
