/** Random keys that must stay the same over restarts: with another pseudonym key every user would be a new user. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { ServiceError } from '../errors.ts';
import { replaceFile } from './atomic-file.ts';
import { EnvelopeReader, writeEnvelope } from './envelope.ts';
import { isMissing } from './system-error.ts';

/** A secret is readable and writable by its owner alone. */
const SECRET_MODE = 0o600;
/** A secret takes less in any of its forms. */
const MAX_SECRET_FILE_BYTES = 1024;

/**
 * The secret `name` of `bytes` random bytes, made at the first call. Never replaced: a damaged or short one rejects,
 * with the choice between its backup and a new beginning. Rejects with the error of the disk otherwise.
 */
export async function loadOrCreateSecret(directory: string, name: string, bytes = 32): Promise<Buffer> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = path.join(directory, name);
  const existing = await openExisting(file);
  if (existing === undefined) return create(file, bytes);
  try {
    return await load(existing, file, bytes);
  } catch (error) {
    if (error instanceof ServiceError) throw unusable(file, error);
    throw error;
  } finally {
    await existing.close();
  }
}

/**
 * A secret of `bytes` bytes that a person has given in a file: as `loadOrCreateSecret` keeps it, in hex, in base64, or as
 * it is. Rejects with `file_corrupt`, or with the error of the disk.
 */
export async function readSecret(file: string, bytes = 32): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const content = Buffer.alloc(MAX_SECRET_FILE_BYTES);
    const { bytesRead } = await handle.read(content, 0, content.length, 0);
    if (bytesRead === bytes) return content.subarray(0, bytes);
    const parsed = parseSecret(content.toString('latin1', 0, bytesRead).trim(), bytes);
    if (parsed !== undefined) return parsed;
    const reader = await EnvelopeReader.open(handle, file, 'secret');
    if (reader.remaining !== bytes) throw wrongLength(file, reader.remaining, bytes);
    return Buffer.from(await reader.bytes());
  } finally {
    await handle.close();
  }
}

/** The secret of `bytes` bytes that a text holds in hex or base64; undefined when it holds none. */
export function parseSecret(text: string, bytes = 32): Buffer | undefined {
  const hex = Buffer.from(text, 'hex');
  if (hex.length === bytes && text.length === 2 * bytes) return hex;
  const base64 = Buffer.from(text, 'base64');
  return base64.length === bytes && base64.toString('base64') === text ? base64 : undefined;
}

async function create(file: string, bytes: number): Promise<Buffer> {
  const secret = randomBytes(bytes);
  await replaceFile(file, SECRET_MODE, (handle) => writeEnvelope(handle, 'secret', {}, [secret]));
  return secret;
}

async function load(handle: FileHandle, file: string, bytes: number): Promise<Buffer> {
  const reader = await EnvelopeReader.open(handle, file, 'secret');
  if (reader.remaining !== bytes) {
    throw wrongLength(file, reader.remaining, bytes);
  }
  // A restored backup may have come with wider permissions.
  await handle.chmod(SECRET_MODE);
  return Buffer.from(await reader.bytes());
}

async function openExisting(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function wrongLength(file: string, found: number, bytes: number): ServiceError {
  return new ServiceError('file_corrupt', { file, reason: `it holds ${found} bytes, not ${bytes}` });
}

/** The remedy of `file_corrupt`, to go on without the file, would be the wrong one here. */
function unusable(file: string, cause: ServiceError): ServiceError {
  const values = {
    key: `The secret ${file}`,
    value: 'damaged',
    expected: 'its backup, or remove it to begin anew: users then get new pseudonyms and are learnt again',
  };
  return new ServiceError('config_invalid_value', values, { cause });
}
