/**
 * Which model says what must not be learned from. It is not simply the one in use: models promote themselves, and each
 * could shift a little further what counts as suspect. The approved model changes by a person's hand, or when another has
 * stood in the open for long without anybody objecting.
 */

import type { ApprovalRecord } from '../store/approval-record.ts';

const HOUR = 3600;
/** Event time without objection after which a model that promoted itself is approved, at most. */
const UNCHALLENGED_SECONDS = 7 * 24 * HOUR;

export class Approval {
  #record: ApprovalRecord | undefined;

  /** What is to be kept; undefined before the first model. */
  get record(): ApprovalRecord | undefined {
    return this.#record;
  }

  /** Takes over what was kept. */
  restore(record: ApprovalRecord): void {
    this.#record = record;
  }

  /** A person chose this version: approved at once, and whatever waited for approval no longer does. */
  approve(version: string): void {
    this.#record = approvedByHand(version);
  }

  /**
   * A version promoted itself at `nowSeconds`, having learned from so many seconds of event time. The first one is
   * approved, as there is nothing else to go by; later ones wait, one at a time.
   */
  notePromotion(version: string, nowSeconds: number, learnedSeconds: number): void {
    if (this.#record === undefined) this.#record = { approved: version, learnedSeconds };
    else if (this.#record.nominee === undefined) {
      this.#record = { ...this.#record, nominee: { version, sinceSeconds: nowSeconds, learnedSeconds } };
    }
  }

  /**
   * Approves the version that waits if its time has come; true if so. It waits for a week, or for as long as the approved
   * one had learned when that is less: a model of the first hour knows no night and must not judge all week what is
   * learned, and whoever poisons the first hours has poisoned the first model too.
   */
  mature(nowSeconds: number): boolean {
    const nominee = this.#record?.nominee;
    if (this.#record === undefined || nominee === undefined) return false;
    const wait = Math.min(UNCHALLENGED_SECONDS, Math.max(HOUR, this.#record.learnedSeconds));
    if (nowSeconds - nominee.sinceSeconds < wait) return false;
    this.#record = { approved: nominee.version, learnedSeconds: nominee.learnedSeconds };
    return true;
  }
}

/** What is kept of a version that a person chose. */
export const approvedByHand = (version: string): ApprovalRecord => ({
  approved: version,
  learnedSeconds: UNCHALLENGED_SECONDS,
});
