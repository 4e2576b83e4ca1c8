/** Event time: windows, and the watermark that keeps absurd clocks from moving any state. */

/** Length of an evaluation window in seconds. */
export const WINDOW_SECONDS = 300;

const MAX_LAG_SECONDS = 24 * 3600;
const MAX_LEAD_SECONDS = 5 * 60;

/** The window a time falls into: floor(time / 5 min). */
export const windowOf = (seconds: number): number => Math.floor(seconds / WINDOW_SECONDS);

/**
 * The latest event time seen. While serving it is clamped to the receive time (-24 h, +5 min), and a span outside that
 * range is scored without moving any state; offline there is no receive time and every time after 1970 counts.
 */
export class Watermark {
  /** Latest accepted event time, unix seconds; 0 before the first. */
  seconds = 0;
  /** First accepted event time, unix seconds; 0 before the first. */
  firstSeconds = 0;

  readonly #now: (() => number) | undefined;

  /** @param now receive time in unix seconds, undefined offline */
  constructor(now: (() => number) | undefined) {
    this.#now = now;
  }

  /** Whether a span that started then may move state. */
  isPlausible(startSeconds: number): boolean {
    if (!(startSeconds > 0)) return false;
    if (this.#now === undefined) return true;
    const lead = startSeconds - this.#now();
    return lead <= MAX_LEAD_SECONDS && lead >= -MAX_LAG_SECONDS;
  }

  /** As `isPlausible`; advances the watermark if so. */
  accept(startSeconds: number): boolean {
    if (!this.isPlausible(startSeconds)) return false;
    if (this.firstSeconds === 0) this.firstSeconds = startSeconds;
    if (startSeconds > this.seconds) this.seconds = startSeconds;
    return true;
  }
}
