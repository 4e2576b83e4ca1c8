/** Jobs: trainings, backtests and imports, which outlive a restart. */

/** `interrupted`: it ran when the process died. `rejected`: trained, and did not pass the gates. */
export type JobState = 'running' | 'succeeded' | 'rejected' | 'failed' | 'cancelled' | 'interrupted';

export interface JobGate {
  readonly gate: string;
  readonly passed: boolean;
  readonly detail: string;
}

export interface Job {
  readonly id: string;
  readonly kind: 'training' | 'backtest' | 'import';
  readonly state: JobState;
  /** What it is doing, or did last: `collect`, `train`, `check`. */
  readonly stage: string;
  /** 0..1. */
  readonly progress: number;
  readonly startedMs: number;
  readonly updatedMs: number;
  readonly endedMs: number | undefined;
  /** Name of the token or `schedule`. */
  readonly requestedBy: string;
  /** What was asked for, as the API took it. */
  readonly request: unknown;
  readonly modelVersion: string | undefined;
  readonly gates: readonly JobGate[];
  /** What came of it, such as a backtest's report; undefined where nothing did. */
  readonly result: unknown;
  /** Why it failed and what to do. */
  readonly error: string | undefined;
}
