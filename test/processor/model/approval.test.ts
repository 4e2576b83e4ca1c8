import { Approval } from '../../../processor/src/model/approval.ts';
import type { ApprovalRecord } from '../../../processor/src/store/approval-record.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const START = 1_789_459_200;

function approvalOf(record: ApprovalRecord): Approval {
  const approval = new Approval();
  approval.restore(record);
  return approval;
}

describe('approval', () => {
  it('goes to the first model at once, for there is nothing else to go by', () => {
    const approval = new Approval();
    expect(approval.record).toBeUndefined();
    approval.notePromotion('m-1', START, 2 * HOUR);
    expect(approval.record).toEqual({ approved: 'm-1', learnedSeconds: 2 * HOUR });
  });

  it('is waited for by one model at a time, the first that promoted itself', () => {
    const approval = approvalOf({ approved: 'm-1', learnedSeconds: 30 * DAY });
    approval.notePromotion('m-2', START, 31 * DAY);
    approval.notePromotion('m-3', START + HOUR, 31 * DAY);
    expect(approval.record?.nominee).toEqual({ version: 'm-2', sinceSeconds: START, learnedSeconds: 31 * DAY });
  });

  it('comes after seven days in the open, not before', () => {
    const approval = approvalOf({ approved: 'm-1', learnedSeconds: 30 * DAY });
    approval.notePromotion('m-2', START, 31 * DAY);
    expect(approval.mature(START + 7 * DAY - 1)).toBe(false);
    expect(approval.record?.approved).toBe('m-1');
    expect(approval.mature(START + 7 * DAY)).toBe(true);
    expect(approval.record).toEqual({ approved: 'm-2', learnedSeconds: 31 * DAY });
    expect(approval.mature(START + 30 * DAY)).toBe(false);
  });

  it.each([
    ['two hours', 2 * HOUR, 2 * HOUR],
    ['no time to speak of', 60, HOUR],
  ])('comes sooner while the approved model has learned for %s only', (_, learnedSeconds, wait) => {
    const approval = approvalOf({ approved: 'm-1', learnedSeconds });
    approval.notePromotion('m-2', START, learnedSeconds + HOUR);
    expect(approval.mature(START + wait - 1)).toBe(false);
    expect(approval.mature(START + wait)).toBe(true);
  });

  it("by a person's hand counts at once, ends all waiting, and stands for a week", () => {
    const approval = approvalOf({ approved: 'm-1', learnedSeconds: HOUR });
    approval.notePromotion('m-2', START, 2 * HOUR);
    approval.approve('m-0');
    expect(approval.record).toEqual({ approved: 'm-0', learnedSeconds: 7 * DAY });
    approval.notePromotion('m-3', START, 3 * HOUR);
    expect(approval.mature(START + 6 * DAY)).toBe(false);
    expect(approval.mature(START + 7 * DAY)).toBe(true);
  });
});
