/**
 * The folder where files go that cannot be used: kept for a person to look at, never read again, deleted only when a user
 * is erased who may be in them, or for a later one of the same name where their number is bounded.
 */
import { access, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceError } from '../errors.ts';
import { syncDirectory } from './atomic-file.ts';

export class Quarantine {
  readonly #directory: string;
  readonly #onFault: (reason: string) => void;
  #count = 0;

  /** `onFault` is told why a file could not be moved. */
  constructor(directory: string, onFault: (reason: string) => void) {
    this.#directory = directory;
    this.#onFault = onFault;
  }

  /** Files found unusable since the start. */
  get count(): number {
    return this.#count;
  }

  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
  }

  /**
   * Moves a file here; the end of its new name says why. Never rejects: a file that cannot be moved stays, and is found
   * and passed over again at the next start. `most`: so many files of this name are kept here, the latest ones; large
   * files need such a bound, or a disk that damages one after the other fills up with them.
   */
  async setAside(file: string, why: ServiceError, most = Number.POSITIVE_INFINITY): Promise<void> {
    this.#count += 1;
    try {
      await this.#makeRoom(path.basename(file), most);
      await rename(file, await this.#freeName(`${path.basename(file)}.${reasonOf(why)}`));
      await syncDirectory(path.dirname(file));
      await syncDirectory(this.#directory);
    } catch (error) {
      this.#onFault(String(error));
    }
  }

  /** Deletes everything here. Rejects with the error of the disk. */
  async erase(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      await rm(path.join(this.#directory, name), { recursive: true });
    }
    await syncDirectory(this.#directory);
  }

  /** Leaves room for one more among `most` files that had this name. */
  async #makeRoom(name: string, most: number): Promise<void> {
    const names = (await readdir(this.#directory)).filter((other) => other.startsWith(`${name}.`));
    if (names.length < most) return;
    const files = names.map(async (other) => {
      const file = path.join(this.#directory, other);
      return { file, changedMs: (await stat(file)).mtimeMs };
    });
    const byAge = (await Promise.all(files)).toSorted((one, other) => one.changedMs - other.changedMs);
    for (const { file } of byAge.slice(0, names.length - most + 1)) await rm(file);
  }

  /** A file of the same name may lie here from before: rename would overwrite it. */
  async #freeName(name: string): Promise<string> {
    let free = path.join(this.#directory, name);
    for (let copy = 2; await exists(free); copy += 1) free = path.join(this.#directory, `${name}.${copy}`);
    return free;
  }
}

function reasonOf(why: ServiceError): string {
  return why.code === 'file_newer' ? 'newer' : 'corrupt';
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
