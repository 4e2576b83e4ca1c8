import type { ApiCall } from '../../processor/src/call/api-call.ts';
import { WINDOW_SECONDS } from '../../processor/src/evaluation/entity-windows.ts';
import type { LabelledListener } from '../../processor/src/evaluation/labelled-replay.ts';
import { rowWidth } from '../../processor/src/features/features.ts';
import type { Judgement } from '../../processor/src/pipeline/judgement.ts';
import type { Replay } from '../../processor/src/replay/replay.ts';

/** One user's 5-minute window as its features stood after its last call. */
export interface WindowRow {
  /** See `rowWidth`: the values, the own mean and variance of each, how many windows these rest on, and habits. */
  readonly row: Float32Array;
  /** Number of the user, from 0 on. */
  readonly user: number;
  readonly window: number;
  isTest: boolean;
  readonly labels: Set<string>;
  /** The most evidence that the detector found at any of its calls, nats. */
  evidence: number;
}

/** Listens to a replay, and keeps a row of features for every user's window. */
export class WindowRows implements LabelledListener {
  readonly #replay: () => Replay;
  readonly #rows = new Map<string, WindowRow>();
  readonly #users = new Map<string, number>();

  constructor(replay: () => Replay) {
    this.#replay = replay;
  }

  get rows(): WindowRow[] {
    return [...this.#rows.values()];
  }

  call(call: ApiCall, _span: number, judgement: Judgement | undefined, label: string | undefined): void {
    const { user, userSlot } = this.#replay().engine.states;
    if (!call.countsForUser || userSlot < 0) return;
    const window = Math.floor(call.startSeconds / WINDOW_SECONDS);
    // A late call changes nothing about the window that the user is in by now.
    if (user.window(userSlot) !== window) return;
    const own = this.#rowOf(call, window);
    user.row(userSlot, own.row);
    own.isTest = judgement !== undefined;
    own.evidence = Math.max(own.evidence, judgement?.evidence ?? 0);
    if (label !== undefined) own.labels.add(label);
  }

  #rowOf({ userHigh, userLow }: ApiCall, window: number): WindowRow {
    const name = `${userHigh} ${userLow}`;
    const key = `${name} ${window}`;
    let own = this.#rows.get(key);
    if (own === undefined) {
      const user = this.#users.get(name) ?? this.#users.size;
      this.#users.set(name, user);
      const row = new Float32Array(rowWidth('user'));
      own = { row, user, window, isTest: false, labels: new Set(), evidence: 0 };
      this.#rows.set(key, own);
    }
    return own;
  }
}
