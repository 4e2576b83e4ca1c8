/**
 * The lock of the data folder: a file that only one process can create, naming its owner.
 *
 * An owner in sight (same boot, same process namespace) is alive if a process with its id and start time is; ids alone
 * are reused. An owner out of sight, in another container or on another host, shows life by touching the file: if the
 * time of the file stands still long enough, the owner is dead. Its own changes are compared, not two clocks.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '../errors.ts';
import { isMissing } from './system-error.ts';

interface Owner {
  readonly pid: number;
  /** Start of the process in clock ticks since boot; empty where the system does not tell. */
  readonly startTicks: string;
  readonly bootId: string;
  /** The process namespace: ids of another container mean nothing here. */
  readonly namespace: string;
  readonly host: string;
}

/** How an owner out of sight is judged. */
interface Heartbeat {
  readonly intervalMs: number;
  /** Several intervals: a busy disk or a long pause must not look like death. */
  readonly expiryMs: number;
}

const HEARTBEAT: Heartbeat = { intervalMs: 2_000, expiryMs: 12_000 };

export class DirectoryLock {
  readonly #directory: string;
  readonly #path: string;
  readonly #timer: NodeJS.Timeout;
  #descriptor: number | undefined;

  /**
   * Takes the lock of a folder, from a dead owner too. Rejects with `store_locked` while the owner lives, or with the
   * error of the disk. Waits up to `expiryMs` for a sign of life of an owner out of sight.
   */
  static async acquire(directory: string, heartbeat = HEARTBEAT): Promise<DirectoryLock> {
    const file = path.join(directory, 'lock');
    for (;;) {
      const descriptor = create(file);
      if (descriptor !== undefined) return new DirectoryLock(directory, file, descriptor, heartbeat.intervalMs);
      const found = inspect(file);
      if (found === undefined) continue;
      if (await isAlive(file, found, heartbeat)) throw locked(directory, describe(found.owner));
      removeStale(file, found);
    }
  }

  private constructor(directory: string, file: string, descriptor: number, intervalMs: number) {
    this.#directory = directory;
    this.#path = file;
    this.#descriptor = descriptor;
    this.#timer = setInterval(() => touch(file), intervalMs);
    this.#timer.unref();
  }

  /**
   * Throws `store_locked` if the lock is lost: a process that was suspended for long, or whose disk was away, may find
   * that another one has taken over. It must not write then.
   */
  assertHeld(): void {
    if (this.#descriptor === undefined || fs.fstatSync(this.#descriptor).nlink === 0) {
      throw locked(this.#directory, 'which took it over while this process stood still');
    }
  }

  /** Gives the folder back. Safe twice. */
  release(): void {
    if (this.#descriptor === undefined) return;
    clearInterval(this.#timer);
    if (fs.fstatSync(this.#descriptor).nlink > 0) fs.rmSync(this.#path, { force: true });
    fs.closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** Creates the lock file, or returns undefined where there is one. */
function create(file: string): number | undefined {
  let descriptor;
  try {
    descriptor = fs.openSync(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
  try {
    fs.writeSync(descriptor, `${JSON.stringify(thisProcess())}\n`);
    return descriptor;
  } catch (error) {
    fs.closeSync(descriptor);
    fs.rmSync(file, { force: true });
    throw error;
  }
}

interface Found {
  /** Undefined when the file does not say: its owner died, or has not yet come to writing it. */
  readonly owner: Owner | undefined;
  readonly inode: bigint;
  readonly touchedNs: bigint;
}

/** The lock file as it is now; undefined when it has gone. */
function inspect(file: string): Found | undefined {
  try {
    const { ino, mtimeNs } = fs.statSync(file, { bigint: true });
    return { owner: parseOwner(fs.readFileSync(file, 'utf8')), inode: ino, touchedNs: mtimeNs };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return undefined;
  }
}

async function isAlive(file: string, found: Found, { intervalMs, expiryMs }: Heartbeat): Promise<boolean> {
  const { owner } = found;
  const here = thisProcess();
  if (owner !== undefined && owner.bootId === here.bootId && owner.namespace === here.namespace) {
    return isRunning(owner);
  }
  for (let waitedMs = 0; waitedMs < expiryMs; waitedMs += intervalMs) {
    await sleep(intervalMs);
    const now = inspect(file);
    if (now === undefined) return false;
    if (!isSame(now, found)) return true;
  }
  return false;
}

function isRunning({ pid, startTicks }: Owner): boolean {
  if (startTicks !== '') return startTicksOf(pid) === startTicks;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Moves a dead owner's file out of the way. Of two processes that find it at once the slower one may catch the
 * faster one's new file: it puts that back.
 */
function removeStale(file: string, found: Found): void {
  const aside = `${file}.${process.pid}.tmp`;
  try {
    fs.renameSync(file, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const moved = inspect(aside);
  if (moved !== undefined && !isSame(moved, found)) fs.linkSync(aside, file);
  fs.rmSync(aside, { force: true });
}

/** Whether nothing happened to the lock file. The inode alone does not tell: a new file is often given the old one's. */
function isSame(one: Found, other: Found): boolean {
  return one.inode === other.inode && one.touchedNs === other.touchedNs;
}

function thisProcess(): Owner {
  return {
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
    bootId: readLine('/proc/sys/kernel/random/boot_id'),
    namespace: readLink('/proc/self/ns/pid'),
    host: os.hostname(),
  };
}

/** Field 22 of /proc/pid/stat (proc_pid_stat(5)); empty for a process that is gone, dead, or cannot be seen. */
function startTicksOf(pid: number): string {
  const stat = readLine(`/proc/${pid}/stat`);
  // The second field, the command in parentheses, may hold anything; the third follows its last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
}

function readLine(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function readLink(file: string): string {
  try {
    return fs.readlinkSync(file);
  } catch {
    return '';
  }
}

function touch(file: string): void {
  const now = new Date();
  // A touch that fails is one sign of life less; the next may succeed.
  fs.utimes(file, now, now, () => undefined);
}

function describe(owner: Owner | undefined): string {
  return owner === undefined ? 'unknown' : `process ${owner.pid} on ${owner.host}`;
}

function locked(directory: string, owner: string): ServiceError {
  return new ServiceError('store_locked', { directory, owner });
}
