/** Options of the panel. */
export const VIEWS = ['overview', 'incidents', 'users', 'endpoints', 'model'] as const;
export type View = (typeof VIEWS)[number];

export interface PanelOptions {
  /** One view pinned, or all behind tabs. */
  readonly view: View | 'tabs';
  /** UID of the data source that drives the processor; without one the panel is read-only from its queries. */
  readonly control?: string;
  /** UID of the data source that opens traces; by default that of the control data source's settings. */
  readonly traces?: string;
}
