/** How the kept models stand to one another, as CURRENT tells beside the version in use. */
export interface ModelStanding {
  /** Runs beside the active one. */
  readonly shadow?: string;
  /** Were active once. */
  readonly retired: readonly string[];
  /** When a version became what it is, unix milliseconds; missing for one that is what it was saved as. */
  readonly changedMs: Readonly<Record<string, number>>;
}

/** What was read from disk, as far as it is sound: of what is not, nothing is known. */
export function standingOf(value: unknown): ModelStanding {
  const { shadow, retired, changedMs } = (value ?? {}) as { [Key in keyof ModelStanding]?: unknown };
  const times = typeof changedMs === 'object' && changedMs !== null ? Object.entries(changedMs) : [];
  return {
    ...(typeof shadow === 'string' && { shadow }),
    retired: Array.isArray(retired) ? retired.filter((version) => typeof version === 'string') : [],
    changedMs: Object.fromEntries(times.filter(([, ms]) => Number.isFinite(ms))),
  };
}
