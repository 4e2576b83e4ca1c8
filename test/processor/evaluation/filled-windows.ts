/** Tables filled with calls made by hand. */
import { ApiCall } from '../../../processor/src/call/api-call.ts';
import { EntityWindows, type SpanScorer, type SpanVerdict } from '../../../processor/src/evaluation/entity-windows.ts';

/** Monday, 5 January 2026, 0 h UTC: the start of a window. */
export const MONDAY = 1_767_571_200;

export interface CallFields extends Partial<ApiCall>, Partial<SpanVerdict> {
  /** Seconds after MONDAY. */
  at?: number;
  user?: number;
  status?: number;
  /** Score that the peer gives the call. */
  peer?: number;
}

/** Says of a call what its `endpoint` stands for, in thousandths, and counts what it learns. */
export class ToldPeer implements SpanScorer {
  learned = 0;
  learn(): void {
    this.learned++;
  }
  score(call: ApiCall): number {
    return call.endpoint / 1000;
  }
}

/** A table that was given these calls, in one reused object; a call without more is user 1's and ordinary. */
export function filled(calls: readonly CallFields[], windows = new EntityWindows(new ToldPeer())): EntityWindows {
  const call = new ApiCall();
  for (const fields of calls) {
    const { at = 0, user = 1, status = 200, peer = 0, ...rest } = fields;
    const { label, isTest = true, evidence = 0, isAnomaly = false, incident, behavior, ...exact } = rest;
    Object.assign(call, new ApiCall(), {
      startSeconds: MONDAY + at,
      userHigh: 7,
      userLow: user,
      countsForUser: true,
      endpoint: 1000 * peer,
      statusCode: status,
      isServerError: status >= 500,
      isClientError: status >= 400 && status < 500,
      isAccessDenied: status === 401 || status === 403,
      isNotFound: status === 404,
      ...exact,
    });
    windows.add(call, { label, isTest, evidence, isAnomaly, incident, behavior });
  }
  return windows;
}

/** So many times the same call. */
export function repeat(times: number, fields: CallFields): CallFields[] {
  return Array.from({ length: times }, () => fields);
}
