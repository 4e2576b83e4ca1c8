/** The audit trail: who did what, append only. Erasing a user blanks the pseudonym in it and nothing else. */

export interface NewAuditEntry {
  readonly timeMs: number;
  /** Name of the token, or of the Grafana user where the token is trusted to say. */
  readonly actor: string;
  readonly role: string;
  /** Verb and noun: `model.activate`, `feedback.add`, `user.erase`. */
  readonly action: string;
  /** Id of what it was done to; undefined for what has none, and for an erasure. */
  readonly target: string | undefined;
  /** What was asked for; never a secret, never a raw id. */
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface AuditEntry extends NewAuditEntry {
  /** Given by the store, ascending: decimal digits. */
  readonly id: string;
}
