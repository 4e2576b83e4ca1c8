/**
 * The form of every file in the data folder:
 *
 *     offset   size   content
 *          0      8   magic
 *          8      4   format version, uint32
 *         12      4   length h of the header in bytes, uint32
 *         16      h   header, JSON: the kind of file and the fields its owner put there
 *     16 + h      p   payload, up to the checksum
 * 16 + h + p     32   SHA-256 of everything before it
 *
 * Integers and typed arrays are little-endian. Later format versions keep magic, version and checksum where they are, so
 * that a newer file can be told from a damaged one: a version counts only once the checksum has been found right.
 *
 * One SHA-256 serves as checksum and needs no CRC beside it: it costs about 0.2 ms per slice, and it also catches what
 * a 32-bit sum lets through once in four thousand million times.
 */
import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { ServiceError } from '../errors.ts';

const FORMAT_VERSION = 1;

/** What the owner of a file says about its payload. Any JSON. */
export type Header = Readonly<Record<string, unknown>>;

/** Payload as it is produced: views of any size, copied at once, so that they may change after the next step. */
export type Chunks = AsyncIterable<ArrayBufferView> | Iterable<ArrayBufferView>;

/** As PNG's: the first byte is no text, and CR LF, Ctrl-Z show a transfer that converted line ends. */
const MAGIC = Buffer.from('\x89APIA\r\n\x1a', 'latin1');
const PREFIX_BYTES = MAGIC.length + 8;
const CHECKSUM_BYTES = 32;
/** Bytes hashed in one turn of the event loop. */
const SLICE_BYTES = 256 * 1024;
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/**
 * Writes an envelope into an empty file. Rejects with the error of the disk, or with that of `payload`. Every slice is
 * copied before it is hashed and written, so that both see the same bytes even if the producer goes on changing them.
 */
export async function writeEnvelope(file: FileHandle, kind: string, header: Header, payload: Chunks): Promise<void> {
  const hash = createHash('sha256');
  const slice = Buffer.allocUnsafe(SLICE_BYTES);
  let used = 0;

  async function flush(): Promise<void> {
    hash.update(slice.subarray(0, used));
    await file.appendFile(slice.subarray(0, used));
    used = 0;
  }

  async function append(chunk: ArrayBufferView): Promise<void> {
    const bytes = bytesOf(chunk);
    for (let offset = 0; offset < bytes.length;) {
      const part = bytes.subarray(offset, offset + SLICE_BYTES - used);
      slice.set(part, used);
      used += part.length;
      offset += part.length;
      if (used === SLICE_BYTES) await flush();
    }
  }

  await append(prefix(kind, header));
  for await (const chunk of payload) await append(chunk);
  if (used > 0) await flush();
  await file.appendFile(hash.digest());
}

/** What an envelope is read from: an open file, or bytes in memory. */
export interface EnvelopeSource {
  stat(): Promise<{ readonly size: number }>;
  /** Copies up to `length` bytes from `position` on into `target`, from `offset` on; fewer, or none, at the end. */
  read(target: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/** An envelope found whole: its header, and its payload from front to back. */
export class EnvelopeReader {
  readonly kind: string;
  readonly header: Header;
  readonly #file: EnvelopeSource;
  readonly #path: string;
  readonly #payloadEnd: number;
  readonly #checksum: Buffer;
  readonly #hash: Hash;
  #position: number;

  /**
   * Reads and verifies the whole file. Rejects with `file_corrupt` (damaged, or of none of these kinds), `file_newer`, or the
   * error of the disk. `path` is for messages only.
   */
  static async open(file: EnvelopeSource, path: string, ...kinds: readonly string[]): Promise<EnvelopeReader> {
    const { size } = await file.stat();
    if (size < PREFIX_BYTES + CHECKSUM_BYTES) throw corrupt(path, `it ends after ${size} bytes`);
    const start = Buffer.alloc(PREFIX_BYTES);
    await readFully(file, path, start, 0);
    if (!start.subarray(0, MAGIC.length).equals(MAGIC)) throw corrupt(path, 'it does not begin as our files do');

    const payloadEnd = size - CHECKSUM_BYTES;
    const checksum = Buffer.alloc(CHECKSUM_BYTES);
    await readFully(file, path, checksum, payloadEnd);
    if (!(await digest(file, path, payloadEnd)).equals(checksum)) throw corrupt(path, 'its checksum is wrong');

    const format = start.readUInt32LE(MAGIC.length);
    if (format > FORMAT_VERSION)
      throw new ServiceError('file_newer', { file: path, format, supported: FORMAT_VERSION });
    const headerBytes = start.readUInt32LE(MAGIC.length + 4);
    if (headerBytes > Math.min(payloadEnd - PREFIX_BYTES, MAX_HEADER_BYTES)) {
      throw corrupt(path, `its header has ${headerBytes} bytes`);
    }
    const whole = Buffer.alloc(PREFIX_BYTES + headerBytes);
    await readFully(file, path, whole, 0);
    const { kind, header } = parseHeader(whole.subarray(PREFIX_BYTES), path, kinds);
    return new EnvelopeReader(file, path, { kind, header, before: whole, payloadEnd, checksum });
  }

  private constructor(
    file: EnvelopeSource,
    path: string,
    found: { kind: string; header: Header; before: Buffer; payloadEnd: number; checksum: Buffer },
  ) {
    this.#file = file;
    this.#path = path;
    this.kind = found.kind;
    this.header = found.header;
    this.#payloadEnd = found.payloadEnd;
    this.#checksum = found.checksum;
    this.#hash = createHash('sha256').update(found.before);
    this.#position = found.before.length;
  }

  /** Bytes of the payload not read yet. */
  get remaining(): number {
    return this.#payloadEnd - this.#position;
  }

  /**
   * Fills `target` with the next bytes of the payload. Rejects with `file_corrupt` if fewer are left, or if the file has
   * changed since it was verified: the checksum is taken once more on the way.
   */
  async read(target: ArrayBufferView): Promise<void> {
    const bytes = bytesOf(target);
    if (bytes.length > this.remaining) {
      throw corrupt(this.#path, `${bytes.length} more bytes are expected, it has ${this.remaining}`);
    }
    for (let offset = 0; offset < bytes.length; offset += SLICE_BYTES) {
      const part = bytes.subarray(offset, offset + SLICE_BYTES);
      await readFully(this.#file, this.#path, part, this.#position);
      this.#hash.update(part);
      this.#position += part.length;
    }
    if (this.remaining === 0 && !this.#hash.copy().digest().equals(this.#checksum)) {
      throw corrupt(this.#path, 'it changed while it was read');
    }
  }

  /** The rest of the payload. */
  async bytes(): Promise<ArrayBuffer> {
    const rest = new ArrayBuffer(this.remaining);
    await this.read(new Uint8Array(rest));
    return rest;
  }
}

function prefix(kind: string, header: Header): Buffer {
  const json = Buffer.from(JSON.stringify({ kind, header }));
  if (json.length > MAX_HEADER_BYTES) {
    throw new RangeError(`The header has ${json.length} bytes; keep it below ${MAX_HEADER_BYTES}.`);
  }
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32LE(FORMAT_VERSION, 0);
  numbers.writeUInt32LE(json.length, 4);
  return Buffer.concat([MAGIC, numbers, json]);
}

function parseHeader(json: Buffer, path: string, kinds: readonly string[]): { kind: string; header: Header } {
  let content: { kind?: unknown; header?: unknown } | null;
  try {
    content = JSON.parse(json.toString()) as typeof content;
  } catch {
    throw corrupt(path, 'its header is not JSON');
  }
  const kind = kinds.find((one) => one === content?.kind);
  if (kind === undefined) {
    throw corrupt(path, `it is of kind ${JSON.stringify(content?.kind)}, not "${kinds.join('" or "')}"`);
  }
  const header = content?.header;
  if (typeof header !== 'object' || header === null) throw corrupt(path, 'its header is empty');
  return { kind, header: header as Header };
}

/** SHA-256 of the first `end` bytes. */
async function digest(file: EnvelopeSource, path: string, end: number): Promise<Buffer> {
  const hash = createHash('sha256');
  const slice = Buffer.allocUnsafe(Math.min(SLICE_BYTES, end));
  for (let position = 0; position < end; position += slice.length) {
    const part = slice.subarray(0, Math.min(slice.length, end - position));
    await readFully(file, path, part, position);
    hash.update(part);
  }
  return hash.digest();
}

async function readFully(file: EnvelopeSource, path: string, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await file.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw corrupt(path, `it ends after ${position + done} bytes`);
    done += bytesRead;
  }
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function corrupt(file: string, reason: string): ServiceError {
  return new ServiceError('file_corrupt', { file, reason });
}

/** Whether bytes begin as our files do. */
export const isEnvelope = (bytes: Uint8Array): boolean => MAGIC.equals(bytes.subarray(0, MAGIC.length));
