/** The configuration while the service runs: read again, checked as a whole, and put to use as far as it can be. */
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from './load.ts';
import { type Config, isMarked, optionPaths } from './schema.ts';

/** A part of the service that takes up changed options while it runs. */
export interface Reloadable {
  /** Puts the live options of `config` to use. Must not throw: the configuration was found right before. */
  reload(config: Config): void;
}

/** What came of the last reading. */
export interface ReloadStatus {
  /** When the configuration in use was read, unix seconds. */
  readonly readAtSeconds: number;
  /** When it was last tried to read one, unix seconds. */
  readonly triedAtSeconds: number;
  /** Whether the configuration last read is in use. */
  readonly isInUse: boolean;
  /** What was wrong with the one last read; empty when it is in use. */
  readonly mistakes: readonly string[];
  /** Options that were changed since the start but need a restart to take effect, as `receiver.grpc_port`. */
  readonly pending: readonly string[];
}

export interface ReloadEvents {
  /** A new configuration is in use. `changed`: options that took effect; `pending`: those that need a restart. */
  reloaded(changed: readonly string[], pending: readonly string[]): void;
  /** The new configuration cannot be used; the one before stays. */
  refused(mistakes: readonly string[]): void;
}

const PATHS = optionPaths();

export class LiveConfig {
  /** As at the start: what the options that need a restart still are. */
  readonly #initial: Config;
  readonly #read: () => Config;
  readonly #nowSeconds: () => number;
  readonly #parts: readonly Reloadable[];
  readonly #events: ReloadEvents;
  #latest: Config;
  #status: ReloadStatus;

  /** `read`: reads the configuration anew; throws ConfigError. `parts` get every new one, in their order. */
  constructor(
    initial: Config,
    edges: { read: () => Config; nowSeconds: () => number; parts: readonly Reloadable[]; events: ReloadEvents },
  ) {
    this.#initial = initial;
    this.#latest = initial;
    this.#read = edges.read;
    this.#nowSeconds = edges.nowSeconds;
    this.#parts = edges.parts;
    this.#events = edges.events;
    const now = edges.nowSeconds();
    this.#status = { readAtSeconds: now, triedAtSeconds: now, isInUse: true, mistakes: [], pending: [] };
  }

  get status(): ReloadStatus {
    return this.#status;
  }

  /** Reads the configuration again and puts it to use, unless there is a mistake in it. Never throws. */
  reload(): void {
    const now = this.#nowSeconds();
    let next: Config;
    try {
      next = this.#read();
    } catch (error) {
      const mistakes = error instanceof ConfigError ? error.mistakes.map(({ message }) => message) : [String(error)];
      this.#status = { ...this.#status, triedAtSeconds: now, isInUse: false, mistakes };
      this.#events.refused(mistakes);
      return;
    }
    const changed = differences(this.#latest, next).filter((path) => isMarked(path, 'x-live'));
    const pending = differences(this.#initial, next).filter((path) => !isMarked(path, 'x-live'));
    this.#latest = next;
    if (changed.length > 0) for (const part of this.#parts) part.reload(next);
    const names = pending.map((path) => path.join('.'));
    this.#status = { readAtSeconds: now, triedAtSeconds: now, isInUse: true, mistakes: [], pending: names };
    this.#events.reloaded(
      changed.map((path) => path.join('.')),
      names,
    );
  }
}

/** The paths of the options in which two configurations differ. */
function differences(one: Config, other: Config): string[][] {
  return PATHS.filter((path) => !isDeepStrictEqual(valueAt(one, path), valueAt(other, path)));
}

function valueAt(config: Config, path: readonly string[]): unknown {
  return path.reduce<unknown>((group, key) => (group as Record<string, unknown>)[key], config);
}
