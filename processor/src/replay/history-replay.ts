/**
 * History replayed: traces from elsewhere go through an engine of their own, on event time, in one pass and in memory that
 * does not grow with them. Nothing of the live state is touched.
 */
import { Readable } from 'node:stream';
import type { Config } from '../config/schema.ts';
import { type Engine, viewFactory } from '../engine.ts';
import { ServiceError } from '../errors.ts';
import { WireError } from '../otlp/request-view.ts';
import { Replay, type ReplayOptions } from './replay.ts';
import { TimeSpan } from './time-span.ts';
import { compressionOf, decompressed, encodingOf, type FiledRequest, readRequests } from './trace-stream.ts';

/** How history is read, wherever it goes. */
export interface HistoryReading {
  readonly config: Config;
  /** Unix seconds: what is later is an absurd clock. */
  readonly nowSeconds: number;
  /** Most bytes after decompression. */
  readonly maxBytes: number;
}

/** What is told in the result of the job. Never a word of what stood in the traces. */
export interface HistoryNotes extends Readonly<Record<string, unknown>> {
  /** After decompression. */
  readonly bytes: number;
  /** Calls that counted, and those that had been seen before. */
  readonly calls: number;
  readonly duplicates: number;
  /** Requests that could not be read: how many, and the first of their lines (or messages, of protobuf). */
  readonly broken: { readonly count: number; readonly lines: readonly number[] };
}

/** The first requests are looked through for the time they are about, before any of them is judged. */
const HEAD_REQUESTS = 32;
const KEPT_LINES = 20;
/** Bytes by which a compression and an encoding are told. */
const PEEKED = 4096;
const MAX_LEAD_SECONDS = 300;
const SCAN = 1 << 20;

export class HistoryReplay {
  readonly #reading: HistoryReading;
  readonly #options: Omit<ReplayOptions, 'config' | 'bounds'>;
  readonly #head: FiledRequest[] = [];
  readonly #span = new TimeSpan();
  #replay: Replay | undefined;
  #bytes = 0;
  #brokenCount = 0;
  readonly #brokenLines: number[] = [];

  constructor(reading: HistoryReading, options: Omit<ReplayOptions, 'config' | 'bounds'>) {
    this.#reading = reading;
    this.#options = options;
  }

  /**
   * Judges all traces in `chunks` (compressed or not). Rejects with `upload_unreadable`, `upload_too_large`, or the error
   * of `chunks`.
   */
  async judge(chunks: AsyncIterable<Buffer>): Promise<void> {
    for await (const request of this.#requests(chunks)) await this.#take(request);
    if (this.#replay === undefined) await this.#begin();
    if (this.notes.calls > 0) return;
    throw unreadable(this.#brokenCount > 0 ? `line ${this.#brokenLines[0]} is none` : 'no span is scored');
  }

  /** What judges, from the first call that is judged on. */
  get engine(): Engine {
    return this.#replay!.engine;
  }

  /** Of what was read so far. */
  get notes(): HistoryNotes {
    const { learning = 0, scored = 0, duplicates = 0 } = this.#replay?.tally ?? {};
    const broken = { count: this.#brokenCount, lines: this.#brokenLines };
    return { bytes: this.#bytes, calls: learning + scored, duplicates, broken };
  }

  async *#requests(chunks: AsyncIterable<Buffer>): AsyncGenerator<FiledRequest, void, void> {
    const { max_request_bytes: maxRequestBytes } = this.#reading.config.receiver;
    const raw = await peek(chunks);
    const content = await peek(this.#counted(decompressed(Readable.from(raw.all), compressionOf(raw.head))));
    const encoding = encodingOf(content.head);
    if (encoding === undefined) throw unreadable('it is empty');
    const cursor = { line: 1 };
    try {
      yield* readRequests(encoding, content.all, (line) => this.#noteBroken(line), { maxRequestBytes, cursor });
    } catch (error) {
      // Bytes that do not decompress and lines without an end: what came before them counts.
      if (error instanceof ServiceError || !isOfContent(error)) throw error;
      this.#noteBroken(cursor.line);
    }
  }

  async #take(request: FiledRequest): Promise<void> {
    if (this.#replay !== undefined) return this.#judge(this.#replay, request);
    this.#head.push(request);
    if (this.#head.length >= HEAD_REQUESTS) await this.#begin();
  }

  /** Looks at the first requests for the time they are about, and judges them. */
  async #begin(): Promise<void> {
    const { config, nowSeconds } = this.#reading;
    const pipeline = { ...config.pipeline, max_spans_per_request: Number.MAX_SAFE_INTEGER };
    const view = viewFactory({ ...config, pipeline }, [])();
    for (const { body } of this.#head) {
      try {
        view.begin(body);
        while (!view.scan(SCAN));
      } catch (error) {
        if (error instanceof WireError) continue;
        throw error;
      }
      for (let span = 0; span < view.scorableCount; span++) this.#span.add(view.startSecondsOf(span));
    }
    const to = nowSeconds + MAX_LEAD_SECONDS;
    const from = this.#span.isEmpty ? to : Math.min(to, this.#span.bounds().from);
    const replay = new Replay({
      ...this.#options,
      config: { ...config, pipeline },
      bounds: { from, to },
    });
    this.#replay = replay;
    for (const request of this.#head.splice(0)) await this.#judge(replay, request);
  }

  async #judge(replay: Replay, { body, line }: FiledRequest): Promise<void> {
    try {
      await replay.judge(body);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#noteBroken(line);
    }
  }

  async *#counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
    const { maxBytes } = this.#reading;
    for await (const chunk of chunks) {
      this.#bytes += chunk.length;
      if (this.#bytes > maxBytes) throw new ServiceError('upload_too_large', { limit: maxBytes });
      yield chunk;
    }
  }

  #noteBroken(line: number): void {
    this.#brokenCount++;
    if (this.#brokenLines.length < KEPT_LINES) this.#brokenLines.push(line);
  }
}

const unreadable = (reason: string): ServiceError => new ServiceError('upload_unreadable', { reason });

/** Errors of zlib, and ours on lines that are too long: plain errors. What the sender's side fails with is another class. */
const isOfContent = (error: unknown): boolean =>
  error instanceof Error && (error.constructor === Error || error.constructor === RangeError);

/** The first bytes, `PEEKED` of them where there are so many, and all bytes. */
async function peek(
  chunks: AsyncIterable<Buffer>,
): Promise<{ readonly head: Buffer; readonly all: AsyncGenerator<Buffer, void, void> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < PEEKED) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  return { head, all: following(head, iterator) };
}

async function* following(head: Buffer, iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, void> {
  try {
    if (head.length > 0) yield head;
    for (;;) {
      const { done, value } = await iterator.next();
      if (done === true) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}
