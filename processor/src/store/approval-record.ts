/** Which model is approved, as CURRENT tells beside the version in use: see model/approval.ts. */
export interface ApprovalRecord {
  /** Version of the approved model. */
  readonly approved: string;
  /** Event time it had learned from, seconds; a week for one that a person approved. */
  readonly learnedSeconds: number;
  /** Promoted by itself, and approved next if nobody objects. */
  readonly nominee?: {
    readonly version: string;
    /** Event time of its promotion, unix seconds. */
    readonly sinceSeconds: number;
    readonly learnedSeconds: number;
  };
}

/** What was read from disk, if it is a record. */
export function approvalRecordOf(value: unknown): ApprovalRecord | undefined {
  const record = value as Partial<ApprovalRecord> | null | undefined;
  if (typeof record?.approved !== 'string' || !Number.isFinite(record.learnedSeconds)) return undefined;
  const { approved, learnedSeconds, nominee } = record as ApprovalRecord;
  const isSound =
    typeof nominee?.version === 'string' &&
    Number.isFinite(nominee.sinceSeconds) &&
    Number.isFinite(nominee.learnedSeconds);
  return { approved, learnedSeconds, ...(isSound && { nominee }) };
}
