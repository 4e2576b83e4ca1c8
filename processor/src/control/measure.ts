/** Numbers on the wire. */
import { z } from 'zod';

/** A number that may be unknown: JSON has neither NaN nor infinity. */
export const measure = z.number().nullable();

/** A share, 0..1, that may be unknown. */
export const share = z.number().min(0).max(1).nullable();

export const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;
