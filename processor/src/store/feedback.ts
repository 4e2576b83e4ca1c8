/** Feedback: what a person said of an incident. */

/** What feedback or an exclusion is about; a part left out stands for all. */
export interface Scope {
  /** Pseudonym, or `{service} {endpoint}`. */
  readonly entity: string | undefined;
  readonly endpoint: string | undefined;
  readonly behavior: string | undefined;
}

export interface Feedback extends Scope {
  readonly id: string;
  readonly incidentId: string;
  readonly timeMs: number;
  /** Name of the token, or of the Grafana user where the token is trusted to say. */
  readonly actor: string;
  readonly verdict: 'false_positive' | 'confirmed';
  readonly note: string;
  /** The exclusion that came of it. */
  readonly exclusionId: string | undefined;
  /** When it was taken back; undefined while it holds. */
  readonly withdrawnMs: number | undefined;
}
