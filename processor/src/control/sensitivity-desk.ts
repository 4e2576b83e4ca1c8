/** Changes how much is flagged: kept on the disk first, then put into force. */
import type { SensitivityChange as Settings, SensitivitySettings } from '../detection/sensitivity.ts';
import { ServiceError } from '../errors.ts';
import type { NewAuditEntry } from '../store/audit.ts';
import type { Setting, Settings as SettingsStore } from '../store/settings.ts';
import type { SensitivityChange, SensitivityOption, SensitivityView } from './routes/sensitivity.ts';

/** Under which settings are kept. */
const GROUP = 'sensitivity.';
const BEHAVIORS = 'behaviors.';
const NUMBERS = new Set([
  'false_incidents_per_day',
  'users_share',
  'addresses_share',
  'endpoints_share',
  'minimum_effect',
]);

export class SensitivityDesk implements SensitivityView {
  readonly #inForce: SensitivitySettings;
  readonly #store: SettingsStore;

  constructor(inForce: SensitivitySettings, store: SettingsStore) {
    this.#inForce = inForce;
    this.#store = store;
  }

  /** Puts into force what was kept before a restart. Throws a RangeError when it does not fit the configuration file. */
  async open(): Promise<void> {
    const kept = (await this.#store.list()).filter(({ key }) => key.startsWith(GROUP));
    this.#inForce.restore(settingsOf(kept.map(({ key, value }) => [key.slice(GROUP.length), value] as const)));
  }

  list(): readonly SensitivityOption[] {
    return this.#inForce.list().filter(({ key }) => key.startsWith(BEHAVIORS) || NUMBERS.has(key));
  }

  async set(change: SensitivityChange, audit: NewAuditEntry): Promise<void> {
    const before = this.#inForce.settings;
    const next = new Map([...entriesOf(before), ...entriesOf(change)].filter(([, value]) => value !== undefined));
    const removed = [...next].filter(([, value]) => value === null).map(([key]) => key);
    for (const key of removed) next.delete(key);
    // First, to see whether they fit together; taken back where they cannot be kept.
    try {
      this.#inForce.replace(settingsOf([...next]));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const reason = error.message.replace(/\.$/, '');
      throw new ServiceError('invalid_request', { reason }, { cause: error });
    }
    try {
      await this.#keep([...next], removed, audit);
    } catch (error) {
      this.#inForce.replace(before);
      throw error;
    }
  }

  async #keep(next: readonly (readonly [string, unknown])[], removed: readonly string[], audit: NewAuditEntry) {
    const { timeMs: changedMs, actor } = audit;
    const settings = next.map(([key, value]): Setting => ({ key: GROUP + key, value, changedMs, actor }));
    if (removed.length > 0) {
      const keys = removed.map((key) => GROUP + key);
      await this.#store.reset(keys, { ...audit, detail: { reset: keys } });
    }
    if (settings.length > 0 || removed.length === 0) await this.#store.set(settings, audit);
  }
}

/** Options by their path below `sensitivity`. */
function entriesOf({ behaviors = {}, ...numbers }: Settings | SensitivityChange): [string, unknown][] {
  return [...Object.entries(numbers), ...Object.entries(behaviors).map(([name, isOn]) => [BEHAVIORS + name, isOn])] as [
    string,
    unknown,
  ][];
}

function settingsOf(entries: readonly (readonly [string, unknown])[]): Settings {
  const numbers = entries.filter(([key]) => !key.startsWith(BEHAVIORS));
  const switches = entries.filter(([key]) => key.startsWith(BEHAVIORS));
  return {
    ...Object.fromEntries(numbers),
    behaviors: Object.fromEntries(switches.map(([key, isOn]) => [key.slice(BEHAVIORS.length), isOn])),
  };
}
