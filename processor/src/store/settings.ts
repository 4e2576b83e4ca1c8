/** Settings made over the API: they outlive restarts and beat the configuration file. */

export interface Setting {
  /** Path of the option: `sensitivity.false_incidents_per_day`. */
  readonly key: string;
  readonly value: unknown;
  readonly changedMs: number;
  readonly actor: string;
}
