import { approvalRecordOf } from '../../../processor/src/store/approval-record.ts';

describe('a kept record', () => {
  const record = {
    approved: 'm-1',
    learnedSeconds: 3600,
    nominee: { version: 'm-2', sinceSeconds: 1_789_459_200, learnedSeconds: 2 * 3600 },
  };

  it('is read as it was written', () => {
    expect(approvalRecordOf(JSON.parse(JSON.stringify(record)))).toEqual(record);
  });

  it('is none where it does not name the approved model, and has no nominee where that makes no sense', () => {
    for (const value of [undefined, null, 'm-1', {}, { approved: 1, learnedSeconds: 1 }, { approved: 'm-1' }]) {
      expect(approvalRecordOf(value)).toBeUndefined();
    }
    const { approved, learnedSeconds } = record;
    expect(approvalRecordOf({ ...record, nominee: { version: 'm-2' } })).toEqual({ approved, learnedSeconds });
  });
});
