/** A folder of numbered, immutable envelopes of one kind: a higher number is a later file, whatever the clock said. */
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ServiceError } from '../errors.ts';
import { removeTemporaryFiles, replaceFile, syncDirectory } from './atomic-file.ts';
import { EnvelopeReader, writeEnvelope, type Chunks, type Header } from './envelope.ts';
import type { Quarantine } from './quarantine.ts';
import { isSystemError } from './system-error.ts';

/** One file: `000000000012.m-7.model`, or without a label `000000000012.state`. */
export interface NumberedFile {
  readonly number: number;
  /** Name its owner gave it; empty when it has none. */
  readonly label: string;
  readonly path: string;
}

/** What a file is set aside for. */
const UNUSABLE: ReadonlySet<string> = new Set(['file_corrupt', 'file_newer']);

const NUMBER_DIGITS = 12;
const FILE_NAME = /^(?<number>\d{12})(?:\.(?<label>[a-z0-9][a-z0-9_-]{0,63}))?\.(?<kind>[a-z]+)$/;

export class EnvelopeFolder {
  readonly #directory: string;
  readonly #kind: string;
  readonly #quarantine: Quarantine;
  readonly #onUnusable: (reason: string) => void;
  #nextNumber = 1;

  /** `onUnusable` is told why a file was passed over or set aside. */
  constructor(directory: string, kind: string, quarantine: Quarantine, onUnusable: (reason: string) => void) {
    this.#directory = directory;
    this.#kind = kind;
    this.#quarantine = quarantine;
    this.#onUnusable = onUnusable;
  }

  /** Creates the folder where it is missing and removes what a crash left half-written. */
  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await removeTemporaryFiles(this.#directory);
    const [newest] = await this.files();
    this.#nextNumber = (newest?.number ?? 0) + 1;
  }

  /** The files by name, newest first. Whether they are whole shows when they are read. */
  async files(): Promise<NumberedFile[]> {
    const found: NumberedFile[] = [];
    for (const name of await readdir(this.#directory)) {
      const parts = FILE_NAME.exec(name)?.groups;
      if (parts === undefined || parts['kind'] !== this.#kind) continue;
      found.push({
        number: Number(parts['number']),
        label: parts['label'] ?? '',
        path: path.join(this.#directory, name),
      });
    }
    return found.toSorted((a, b) => b.number - a.number);
  }

  /** Writes the next file; one with the same label is replaced. Rejects with the error of the disk or of `payload`. */
  async write(label: string, header: Header, payload: Chunks): Promise<void> {
    const existing = label === '' ? undefined : (await this.files()).find((file) => file.label === label);
    const target = existing?.path ?? this.#pathOf(this.#nextNumber, label);
    await replaceFile(target, 0o600, (file) => writeEnvelope(file, this.#kind, { label, content: header }, payload));
    if (existing === undefined) this.#nextNumber += 1;
  }

  /**
   * Verifies a file and hands it to `use`. A damaged or newer one is set aside, one that the disk fails to read is passed
   * over: then the result is undefined. Rejects with other errors of `use`.
   */
  async read<T>(
    file: NumberedFile,
    use: (header: Header, payload: EnvelopeReader) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await this.#verified(file, use);
    } catch (error) {
      const isUnusable = error instanceof ServiceError && UNUSABLE.has(error.code);
      if (!isUnusable && !isSystemError(error)) throw error;
      this.#onUnusable(String(error));
      if (isUnusable) await this.#quarantine.setAside(file.path, error);
      return undefined;
    }
  }

  async remove(files: readonly NumberedFile[]): Promise<void> {
    for (const file of files) await rm(file.path, { force: true });
    if (files.length > 0) await syncDirectory(this.#directory);
  }

  async #verified<T>(file: NumberedFile, use: (header: Header, payload: EnvelopeReader) => Promise<T>): Promise<T> {
    const handle = await open(file.path, 'r');
    try {
      const reader = await EnvelopeReader.open(handle, file.path, this.#kind);
      const { label, content } = reader.header as { label?: unknown; content?: unknown };
      // A file under another's name would be the wrong content.
      if (label !== file.label) {
        const reason = `it was written as ${JSON.stringify(label)}`;
        throw new ServiceError('file_corrupt', { file: file.path, reason });
      }
      return await use(content as Header, reader);
    } finally {
      await handle.close();
    }
  }

  #pathOf(number: number, label: string): string {
    const digits = String(number).padStart(NUMBER_DIGITS, '0');
    return path.join(this.#directory, [digits, label, this.#kind].filter(Boolean).join('.'));
  }
}
