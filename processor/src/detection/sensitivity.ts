/** How much is flagged: what an operator sets in the file, or while the service runs. */
import { isDeepStrictEqual } from 'node:util';
import { type Behavior, BEHAVIOR_NAMES } from './behaviors.ts';
import type { Budget } from './decision.ts';

export interface Sensitivity {
  readonly budget: Budget;
  /** Behaviours that raise no anomaly. */
  readonly disabled: ReadonlySet<Behavior>;
  /** Factor on every minimum effect, above 0: at 2 it takes ten failed logins where five are enough at 1. */
  readonly minimumEffect: number;
}

/** The options behind it, named as in the configuration file. */
export interface SensitivityOptions {
  readonly false_incidents_per_day: number;
  readonly users_share: number;
  readonly addresses_share: number;
  readonly endpoints_share: number;
  readonly minimum_effect: number;
  readonly behaviors: Readonly<Record<Behavior, boolean>>;
}

/** A change: what is left out stays as it is. */
export type SensitivityChange = Partial<Omit<SensitivityOptions, 'behaviors'>> & {
  readonly behaviors?: Partial<Record<Behavior, boolean>>;
};

const SHARES = ['users_share', 'addresses_share', 'endpoints_share'] as const;

export function sensitivityOf(options: SensitivityOptions): Sensitivity {
  return {
    budget: {
      falseIncidentsPerDay: options.false_incidents_per_day,
      shares: { user: options.users_share, address: options.addresses_share, endpoint: options.endpoints_share },
    },
    disabled: new Set(BEHAVIOR_NAMES.filter((name) => !options.behaviors[name])),
    minimumEffect: options.minimum_effect,
  };
}

/** `options` with a change made to them. */
export function changed(options: SensitivityOptions, change: SensitivityChange): SensitivityOptions {
  return { ...options, ...change, behaviors: { ...options.behaviors, ...change.behaviors } };
}

/** Where a value in force comes from. */
export type SensitivitySource = 'file' | 'settings';

/** A value in force and where it comes from. `key`: path below `sensitivity`, such as `behaviors.scraping`. */
export interface SourcedOption {
  readonly key: string;
  readonly value: number | boolean;
  readonly source: SensitivitySource;
}

/** The file's options with the settings made at run time over them. */
export class SensitivitySettings {
  #file: SensitivityOptions;
  #settings: SensitivityChange = {};
  readonly #apply: (sensitivity: Sensitivity) => void;

  /** `apply` is told of every change, at once and before `set` returns. */
  constructor(file: SensitivityOptions, apply: (sensitivity: Sensitivity) => void) {
    this.#file = file;
    this.#apply = apply;
  }

  /** What is in force. */
  get options(): SensitivityOptions {
    return changed(this.#file, this.#settings);
  }

  get sensitivity(): Sensitivity {
    return sensitivityOf(this.options);
  }

  /** The settings made at run time, to be kept over a restart. */
  get settings(): SensitivityChange {
    return this.#settings;
  }

  /**
   * Replaces the settings by the present ones with `change` over them. Throws a RangeError, with nothing changed, when the
   * shares would no longer add up to 1.
   */
  set(change: SensitivityChange): void {
    this.replace({ ...this.#settings, ...change, behaviors: { ...this.#settings.behaviors, ...change.behaviors } });
  }

  /** Takes `settings` in place of all that were made: none of them, `{}`, is the file again. Throws as `set` does. */
  replace(settings: SensitivityChange): void {
    checkShares(changed(this.#file, settings));
    this.#settings = settings;
    this.#apply(this.sensitivity);
  }

  /** Takes settings that were kept over a restart; shares among them that no longer fit the file are dropped. */
  restore(settings: SensitivityChange): void {
    this.replace(hasFittingShares(changed(this.#file, settings)) ? settings : withoutShares(settings));
  }

  /**
   * The file was read again: what no setting beats changes. Settings whose shares no longer fit are dropped. Nothing is
   * applied where nothing changes.
   */
  reload(file: SensitivityOptions): void {
    const before = this.sensitivity;
    this.#file = file;
    if (!hasFittingShares(this.options)) this.#settings = withoutShares(this.#settings);
    if (!isDeepStrictEqual(this.sensitivity, before)) this.#apply(this.sensitivity);
  }

  /** Every value in force, with its source. */
  list(): SourcedOption[] {
    const { behaviors, ...numbers } = this.options;
    const single = Object.entries(numbers).map(([key, value]): SourcedOption => {
      return { key, value, source: Object.hasOwn(this.#settings, key) ? 'settings' : 'file' };
    });
    const set = this.#settings.behaviors ?? {};
    const switches = BEHAVIOR_NAMES.map((name): SourcedOption => {
      return {
        key: `behaviors.${name}`,
        value: behaviors[name],
        source: Object.hasOwn(set, name) ? 'settings' : 'file',
      };
    });
    return [...single, ...switches];
  }
}

const shareSum = (options: SensitivityOptions): number => SHARES.reduce((sum, share) => sum + options[share], 0);

const hasFittingShares = (options: SensitivityOptions): boolean => Math.abs(shareSum(options) - 1) <= 1e-6;

function checkShares(options: SensitivityOptions): void {
  if (hasFittingShares(options)) return;
  throw new RangeError(
    `The shares add up to ${Number(shareSum(options).toFixed(6))}; set users_share, addresses_share and endpoints_share so that they add up to 1.`,
  );
}

function withoutShares({ users_share: _u, addresses_share: _a, endpoints_share: _e, ...rest }: SensitivityChange) {
  return rest;
}
