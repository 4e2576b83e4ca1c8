/** Keeps the state of entities and the training sample over restarts: every minute, and once more at the end. */
import { ENTITY_KINDS, type EntityStates } from '../features/entity-states.ts';
import { isReadable, restoreState, stateChunks, stateHeader, type StateHeader } from '../features/state-snapshot.ts';
import type { FileStore } from '../store/files.ts';
import type { ModelLifecycle } from './model-lifecycle.ts';

export interface KeeperOptions {
  /** Seconds between snapshots: what a crash may cost. */
  readonly everySeconds: number;
}

/** The table of endpoint names, which must give the same ids after a restart. Plain JSON. */
export interface EndpointNames {
  snapshot(): unknown;
  restore(saved: unknown): void;
}

export interface KeeperParts {
  readonly store: FileStore;
  readonly states: EntityStates;
  readonly endpointNames: EndpointNames;
  readonly lifecycle: ModelLifecycle;
  /** The snapshot of an earlier run could not be used. */
  readonly onError: (error: unknown) => void;
  /** A snapshot could not be saved: told once, and again only after `onRecovered`. */
  readonly onFailing: (error: unknown) => void;
  readonly onRecovered: () => void;
}

export class StateKeeper {
  readonly #options: KeeperOptions;
  readonly #parts: KeeperParts;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: KeeperOptions, parts: KeeperParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Restores the newest snapshot that can be used, then saves one every so often. A bad one costs its content only. */
  async start(): Promise<void> {
    try {
      await this.#restore();
    } catch (error) {
      this.#parts.onError(error);
    }
    this.#timer = setInterval(() => void this.save(), this.#options.everySeconds * 1000).unref();
  }

  /** Saves once more. Safe twice and without `start`. */
  async stop(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#saving;
    await this.save();
  }

  /** Saves a snapshot; one at a time. Never rejects: the next one is another attempt. */
  async save(): Promise<void> {
    this.#saving ??= this.#save().finally(() => {
      this.#saving = undefined;
    });
    await this.#saving;
  }

  /** Saves a snapshot and deletes all others, in which there still is what was erased. Rejects when one is left. */
  async erase(): Promise<void> {
    await this.#saving;
    await this.#write('eraseState');
  }

  async #save(): Promise<void> {
    const { onFailing, onRecovered } = this.#parts;
    const wasFailing = this.#isFailing;
    try {
      await this.#write('saveState');
      this.#isFailing = false;
      if (wasFailing) onRecovered();
    } catch (error) {
      this.#isFailing = true;
      if (!wasFailing) onFailing(error);
    }
  }

  async #write(save: 'saveState' | 'eraseState'): Promise<void> {
    const { store, states, endpointNames, lifecycle } = this.#parts;
    const header = { ...stateHeader(states, endpointNames.snapshot()), learning: lifecycle.snapshotCounters() };
    async function* chunks(): AsyncGenerator<ArrayBufferView> {
      yield* stateChunks(states, header);
      for (const kind of ENTITY_KINDS) yield* lifecycle.samples[kind].chunks();
    }
    await store[save](header, chunks());
  }

  async #restore(): Promise<void> {
    const { store, states, endpointNames, lifecycle } = this.#parts;
    await store.loadState(async (saved, payload) => {
      const header = saved as unknown as StateHeader & { learning: number[] };
      if (!isReadable(states, header))
        throw new Error('the snapshot was made with other features; baselines are learned again');
      endpointNames.restore(header.endpointTable);
      await restoreState(states, header, payload);
      for (const kind of ENTITY_KINDS) await lifecycle.samples[kind].restore(payload);
      lifecycle.restoreCounters(header.learning);
    });
  }
}
