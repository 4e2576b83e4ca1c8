/**
 * Tells when the configuration file has changed. Editors and Kubernetes do not write into the file but put another one in
 * its place, or in place of a link on the way to it; so the folder is watched, and what the path leads to is compared.
 * Changes that raise no event there (a link to another folder, a network drive) are found by looking now and then.
 */
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Component } from '../component.ts';

interface Pace {
  /** Time between two looks at the file when nothing is heard of it. */
  readonly lookMs: number;
  /** Time between an event and a look: a file is often written in several steps. */
  readonly settleMs: number;
}

const PACE: Pace = { lookMs: 10_000, settleMs: 200 };

export class FileWatch implements Component {
  readonly #file: string;
  readonly #onChange: () => void;
  readonly #pace: Pace;
  #watcher: FSWatcher | undefined;
  #look: NodeJS.Timeout | undefined;
  #settle: NodeJS.Timeout | undefined;
  #seen: string | undefined;
  #isRunning = false;

  /** Calls `onChange` after the file has become another one. One that is gone for the moment counts as unchanged. */
  constructor(file: string, onChange: () => void, pace = PACE) {
    this.#file = file;
    this.#onChange = onChange;
    this.#pace = pace;
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    this.#seen = await identityOf(this.#file);
    this.#watch();
    this.#look = setInterval(() => void this.#compare(), this.#pace.lookMs).unref();
  }

  stop(): Promise<void> {
    this.#isRunning = false;
    this.#watcher?.close();
    clearInterval(this.#look);
    clearTimeout(this.#settle);
    return Promise.resolve();
  }

  /** Where folders cannot be watched, looking has to do. */
  #watch(): void {
    try {
      this.#watcher = watch(path.dirname(this.#file), { persistent: false }, () => {
        this.#settle ??= setTimeout(() => {
          this.#settle = undefined;
          void this.#compare();
        }, this.#pace.settleMs).unref();
      });
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  async #compare(): Promise<void> {
    const now = await identityOf(this.#file);
    if (!this.#isRunning || now === undefined || now === this.#seen) return;
    this.#seen = now;
    this.#onChange();
  }
}

/** Which file the path leads to, in which state; undefined when there is none. */
async function identityOf(file: string): Promise<string | undefined> {
  try {
    const { dev, ino, mtimeNs, ctimeNs, size } = await stat(file, { bigint: true });
    return [dev, ino, mtimeNs, ctimeNs, size].join(' ');
  } catch {
    return undefined;
  }
}
