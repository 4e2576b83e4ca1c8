/** A model outside the data folder: a file of the folder's `models`, or the bare bytes of a model. */
import { open, readFile } from 'node:fs/promises';
import { ServiceError } from '../errors.ts';
import { replaceFile } from './atomic-file.ts';
import { EnvelopeReader, type EnvelopeSource, type Header, isEnvelope, writeEnvelope } from './envelope.ts';

/** Kinds of files of `models`: of those that passed, and of those that did not. */
const KINDS = ['model', 'rejected'] as const;

/** What stands in the file of a model. */
export interface ModelFileContent {
  /** Name it was written under. */
  readonly label: string;
  readonly header: Header;
  readonly bytes: ArrayBuffer;
  readonly isRejected: boolean;
}

/** The bytes of the model in a file. Rejects with an Error that names the file and what is wrong with it. */
export async function readModelFile(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${path} cannot be read (${code}); give a model, such as a file of models/ in the data folder.`, {
      cause: error,
    });
  }
  // A copy, since a Buffer is not quite the array that it extends: its `slice` shares the memory.
  if (!isEnvelope(bytes)) return new Uint8Array(bytes);
  const file = await open(path, 'r');
  try {
    const reader = await EnvelopeReader.open(file, path, ...KINDS);
    return new Uint8Array(await reader.bytes());
  } finally {
    await file.close();
  }
}

/** Writes a model as the data folder keeps it, in place of what is there. Rejects with the error of the disk. */
export async function writeModelFile(path: string, label: string, header: Header, bytes: ArrayBuffer): Promise<void> {
  const content = { label, content: header };
  await replaceFile(path, 0o644, (file) => writeEnvelope(file, 'model', content, [new Uint8Array(bytes)]));
}

/** Reads the file of a model that somebody sent. Rejects with `model_damaged`. */
export async function parseModelFile(sent: Uint8Array): Promise<ModelFileContent> {
  if (!isEnvelope(sent)) throw new ServiceError('model_damaged', { reason: 'it carries no checksum of ours' });
  try {
    const reader = await EnvelopeReader.open(sourceOf(sent), 'sent', ...KINDS);
    const { label, content } = reader.header as { label?: unknown; content?: unknown };
    return {
      label: String(label),
      header: (content ?? {}) as Header,
      bytes: await reader.bytes(),
      isRejected: reader.kind === 'rejected',
    };
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    const { reason, format, supported } = cause.details;
    const newer = `its format ${format} is newer than ${supported}, the newest this version reads`;
    throw new ServiceError('model_damaged', { reason: cause.code === 'file_newer' ? newer : reason! }, { cause });
  }
}

function sourceOf(bytes: Uint8Array): EnvelopeSource {
  return {
    stat: () => Promise.resolve({ size: bytes.byteLength }),
    read: (target, offset, length, position) => {
      const part = bytes.subarray(position, position + length);
      target.set(part, offset);
      return Promise.resolve({ bytesRead: part.byteLength });
    },
  };
}
