/** Times on the wire: RFC 3339 out; in, that or unix milliseconds. */
import { z } from 'zod';

/** `2026-11-28T06:50:00Z`, with or without fraction, at any offset. */
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;
const UNIX_MILLISECONDS = /^\d{1,14}$/;
const EITHER = new RegExp(`${RFC_3339.source}|${UNIX_MILLISECONDS.source}`);

/** A time in a request; unix milliseconds once read. */
export const instantInput = z
  .string()
  .max(40)
  .regex(EITHER, 'not a time such as 2026-11-28T06:50:00Z or unix milliseconds')
  .transform((text, context) => {
    const timeMs = UNIX_MILLISECONDS.test(text) ? Number(text) : Date.parse(text);
    if (!Number.isNaN(timeMs)) return timeMs;
    context.addIssue({ code: 'custom', message: 'not a time there is' });
    return z.NEVER;
  });

/** A time in an answer. */
export const instantOutput = z.iso.datetime();

export const instant = (timeMs: number): string => new Date(timeMs).toISOString();

export const instantOrNull = (timeMs: number | undefined): string | null =>
  timeMs === undefined ? null : instant(timeMs);
