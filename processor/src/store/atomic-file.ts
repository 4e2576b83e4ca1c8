/** Files that are replaced as a whole: after a crash at any moment there is the old content or the new, never a part. */
import { open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

/** Suffix of files being written. Nothing ever reads one. */
const TEMPORARY_SUFFIX = '.tmp';

/**
 * Writes a temporary file beside `target`, syncs it, renames it over `target` and syncs the folder, in that order.
 * `mode`: permissions of the new file. Rejects with the error of the disk or of `write`; the temporary file is removed.
 */
export async function replaceFile(
  target: string,
  mode: number,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = `${target}${TEMPORARY_SUFFIX}`;
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', mode);
  try {
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    // What cannot be removed now is removed at the next start; the first error says more than the second.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(path.dirname(target));
}

/** Makes renames and removals in a folder outlast a loss of power. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what a crash left half-written. */
export async function removeTemporaryFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith(TEMPORARY_SUFFIX)) await rm(path.join(directory, name), { force: true });
  }
}
