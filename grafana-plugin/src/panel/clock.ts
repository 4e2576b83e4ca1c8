/** The clock of the processor, beside the browser's. */
import type { Status } from '../control/answers';

/** A difference that shifts what a time range shows. */
export const MUCH_SKEW_MS = 5 * 60_000;

/** The processor's time when it answered, unix milliseconds. */
export const timeOf = ({ started, uptime_seconds: uptime }: Status): number => Date.parse(started) + 1000 * uptime;

/** How far the browser's clock was ahead when the answer came at `atMs`, in milliseconds; NaN where nothing is known. */
export const skewOf = (status: Status, atMs: number): number => atMs - timeOf(status);
