/**
 * The log in a file that is rotated by size, written without blocking. What the file does not take (a full disk, one that
 * is too slow) goes to the fallback instead, so that nothing waits, piles up or is lost; the file is tried again later.
 */
import { appendFileSync } from 'node:fs';
import { once } from 'node:events';
import type { DestinationStream } from 'pino';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import type { Component } from '../component.ts';
import { ServiceError } from '../errors.ts';

export interface LogFileOptions {
  readonly file: string;
  /** Size from which the file is rotated, in bytes. */
  readonly maxBytes: number;
  /** Rotated files kept beside it: FILE.1 is the latest. */
  readonly maxFiles: number;
  /** Takes the lines that the file does not take. */
  readonly fallback: DestinationStream;
  /** Pause before a file that failed is tried again. */
  readonly retryMs?: number;
}

/** Who called what is nobody else's business. */
const MODE = 0o600;
/** Lines on their way to the disk, in UTF-16 units; beyond that it is too slow. */
const MAX_PENDING = 1024 * 1024;
const RETRY_MS = 30_000;

export class LogFile implements Component, DestinationStream {
  readonly #options: LogFileOptions;
  #stream: RotatingFileStream | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Lines given to the stream and not yet on the disk, in order. */
  readonly #pending: string[] = [];
  #pendingLength = 0;
  /** That the file fails has been said, and no line has been written since: a full disk can still be opened. */
  #isFaultTold = false;
  #isStopped = false;
  readonly #onExit = (): void => this.#flush();

  constructor(options: LogFileOptions) {
    this.#options = options;
  }

  /** Opens the file, creating it and its folder where missing. Rejects with `config_invalid_value` if it cannot. */
  async start(): Promise<void> {
    const { file } = this.#options;
    try {
      this.#stream = this.#open();
      await once(this.#stream, 'open');
    } catch (error) {
      this.#stream = undefined;
      clearTimeout(this.#retry);
      const values = {
        key: 'log.file',
        value: file,
        expected: `a file that can be written (${(error as Error).message})`,
      };
      throw new ServiceError('config_invalid_value', values, { cause: error });
    }
    process.on('exit', this.#onExit);
  }

  /** Writes what is on its way and closes the file; lines after that go to the fallback. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream === undefined) return;
    try {
      const closed = once(stream, 'close', { signal });
      stream.end();
      await closed;
    } catch {
      // It failed, or the time is over: what is still on its way is written when the process exits.
      return;
    }
    process.off('exit', this.#onExit);
  }

  write(line: string): void {
    if (this.#stream === undefined || this.#pendingLength > MAX_PENDING) {
      this.#options.fallback.write(line);
      return;
    }
    this.#pending.push(line);
    this.#pendingLength += line.length;
    this.#stream.write(line, (error) => {
      this.#pending.shift();
      this.#pendingLength -= line.length;
      if (error) this.#options.fallback.write(line);
      else this.#isFaultTold = false;
    });
  }

  #open(): RotatingFileStream {
    const { file, maxBytes, maxFiles } = this.#options;
    const stream = createStream(file, { size: `${maxBytes}B`, rotate: maxFiles, mode: MODE });
    stream.on('error', (error) => this.#fail(stream, error));
    return stream;
  }

  #fail(stream: RotatingFileStream, error: Error): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#tellFault(error);
    this.#retryLater();
  }

  #tellFault({ message: reason }: Error): void {
    if (this.#isFaultTold) return;
    this.#isFaultTold = true;
    const { file, fallback } = this.#options;
    const msg = 'the log file cannot be written; lines go here until it can';
    fallback.write(`${JSON.stringify({ level: 'error', time: new Date().toISOString(), file, reason, msg })}\n`);
  }

  #retryLater(): void {
    this.#retry = setTimeout(() => {
      const stream = this.#open();
      const onError = (): void => this.#retryLater();
      stream.once('error', onError);
      stream.once('open', () => {
        stream.off('error', onError);
        if (this.#isStopped) stream.end();
        else this.#stream = stream;
      });
    }, this.#options.retryMs ?? RETRY_MS).unref();
  }

  /** A process that exits has no time for streams. */
  #flush(): void {
    if (this.#pending.length === 0) return;
    try {
      appendFileSync(this.#options.file, this.#pending.join(''), { mode: MODE });
    } catch {
      this.#options.fallback.write(this.#pending.join(''));
    }
  }
}
