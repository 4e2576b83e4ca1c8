/** Whom a record is about, and the words that all records share. All times are unix milliseconds, whole numbers. */

export type EntityKind = 'user' | 'address' | 'endpoint';

export type Severity = 'low' | 'medium' | 'high' | 'critical';

export interface Entity {
  readonly kind: EntityKind;
  /** Pseudonym of a user (`u_…`) or an address (`a_…`); `{service} {endpoint}` of an endpoint. Never a raw id. */
  readonly entity: string;
}
