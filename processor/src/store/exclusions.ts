/** Exclusions: what is not to alert, for a time. */
import type { Scope } from './feedback.ts';

export interface Exclusion extends Scope {
  readonly id: string;
  readonly createdMs: number;
  /** Every exclusion ends. */
  readonly expiresMs: number;
  /** `operator`: set by hand; `feedback`: came of a false positive. */
  readonly source: 'operator' | 'feedback';
  readonly feedbackId: string | undefined;
  readonly actor: string;
  readonly note: string;
}
