/** Tokens made on first start, where none are configured: control tokens always exist. */
import { randomBytes } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '../../store/atomic-file.ts';
import type { Role } from './role.ts';

const FOLDER = 'tokens';
/** For their owner alone. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const TOKEN_BYTES = 32;

/** The file of a role's tokens in the data folder. Rejects with the error of the disk. */
export async function generatedTokenFile(dataFolder: string, role: Role): Promise<{ file: string; isNew: boolean }> {
  const folder = path.join(dataFolder, FOLDER);
  const file = path.join(folder, role);
  if (await exists(file)) return { file, isNew: false };
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  await replaceFile(file, FILE_MODE, (handle) => handle.writeFile(`${token}\n`));
  return { file, isNew: true };
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
