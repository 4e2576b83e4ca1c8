/**
 * Traces as they come, request by request in bounded memory: OTLP JSON lines, a JSON document, length-prefixed protobuf as
 * the collector's file exporter writes it (its README, "File Format"), a bare protobuf request; plain or compressed with
 * gzip or Zstandard. What they are is told by their bytes.
 */
import { Readable } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { jsonToProtobuf } from '../otlp/json.ts';

export type TraceEncoding = 'json' | 'protobuf';

/** One ExportTraceServiceRequest, as protobuf, and where it stood. */
export interface FiledRequest {
  readonly body: Buffer;
  /** Line of a JSON file, message of a protobuf file; from 1. */
  readonly line: number;
}

const NEWLINE = 0x0a;
const LINE_END = Buffer.from('\n');
/** Tag of ExportTraceServiceRequest.resource_spans: what a bare protobuf request begins with. */
const RESOURCE_SPANS_TAG = 0x0a;
const LENGTH_BYTES = 4;
/** The first byte of a message's length is below this one; JSON begins with none such but white space. */
const FIRST_PRINTABLE = 0x20;
/** How JSON after a line feed begins: no bare protobuf request does, since no tag in it is a letter. */
const JSON_START = /^\s*\{\s*(?:"\w|\})/;
const JSON_LIMITS = { maxDepth: 64, maxValues: Number.POSITIVE_INFINITY };

/** Told the line of every part that is left out, and why. */
export type Report = (line: number, reason: string) => void;

export interface ReadingLimits {
  /** Largest line or message taken, and largest JSON document of several lines. */
  readonly maxRequestBytes: number;
}

/** Where the reading is, also after it was cut off. */
export interface Cursor {
  line: number;
}

/**
 * All requests in decompressed bytes. What is wrong with the bytes as a whole, such as their end, rejects; `cursor` then says
 * where.
 */
export function readRequests(
  encoding: TraceEncoding,
  chunks: AsyncIterable<Buffer>,
  report: Report,
  { maxRequestBytes, cursor }: ReadingLimits & { readonly cursor: Cursor },
): AsyncGenerator<FiledRequest, void, void> {
  const read = encoding === 'json' ? readJson : readProtobuf;
  return read(chunks, report, cursor, maxRequestBytes);
}

/** What a file that begins with these bytes is; undefined where they are blank. Text that is no JSON is broken JSON. */
export function encodingOf(start: Buffer): TraceEncoding | undefined {
  const first = start.find((byte) => !isSpace(byte));
  if (first === undefined) return undefined;
  if (start[0] === RESOURCE_SPANS_TAG) return JSON_START.test(start.toString('latin1')) ? 'json' : 'protobuf';
  return first < FIRST_PRINTABLE ? 'protobuf' : 'json';
}

export type Compression = 'gzip' | 'zstd' | 'none';

/** By the first four bytes, or as many as there are. */
export function compressionOf(start: Buffer): Compression {
  if (start.length >= 2 && start.readUInt16BE(0) === 0x1f8b) return 'gzip';
  return start.length >= 4 && start.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : 'none';
}

/** The bytes behind a compression. Bytes that were cut off give what they have; their last line then is the broken one. */
export async function* decompressed(raw: Readable, compression: Compression): AsyncGenerator<Buffer, void, void> {
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

/** Lines, each a request. Until one is, the file may be one document of many lines: it is held, then read whole. */
async function* readJson(
  chunks: AsyncIterable<Buffer>,
  report: Report,
  cursor: Cursor,
  maxBytes: number,
): AsyncGenerator<FiledRequest, void, void> {
  const held: Buffer[] = [];
  let bytes = 0;
  let areLines = false;
  try {
    for await (const line of lines(chunks, maxBytes)) {
      held.push(line);
      bytes += line.length + 1;
      areLines ||= bytes > maxBytes || isRequest(line);
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
  maxBytes: number,
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
    if (isBare && bytes > maxBytes) throw new Error(`the request is larger than ${maxBytes} bytes`);
    if (isBare || bytes < wanted) continue;
    let pending = Buffer.concat(parts);
    for (;;) {
      wanted = LENGTH_BYTES + (pending.length < LENGTH_BYTES ? 0 : pending.readUInt32BE(0));
      if (wanted > maxBytes) {
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

async function* lines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer, void, void> {
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
    if (bytes > maxBytes) throw new Error(`a line of more than ${maxBytes} bytes is no trace request`);
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}

const isBlank = (line: Buffer): boolean => line.every(isSpace);

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
