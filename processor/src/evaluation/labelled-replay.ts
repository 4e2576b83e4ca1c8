/** A replay whose verdicts are set beside the ground truth, call by call. */
import type { ApiCall } from '../call/api-call.ts';
import type { Incident } from '../detection/incident.ts';
import type { Judgement } from '../pipeline/judgement.ts';
import { Replay, type ReplayListener, type ReplayOptions } from '../replay/replay.ts';
import { EntityWindows } from './entity-windows.ts';
import { PeerForest } from './peer-forest.ts';

export interface LabelledReplayOptions extends Omit<ReplayOptions, 'listener'> {
  /** Of the peer's forest; an unsigned 32-bit integer. */
  readonly seed: number;
  /** Hears of every call with its label, after it was counted. */
  readonly listener?: LabelledListener;
}

export interface LabelledListener {
  /**
   * `span`: its number in the request; `judgement` is undefined for a call that was learned from. Call and judgement are
   * valid during the call only.
   */
  call(call: ApiCall, span: number, judgement: Judgement | undefined, label: string | undefined): void;
}

/** The label of a request's scorable span by its number; undefined for an ordinary one. */
export type LabelOf = (span: number) => string | undefined;

export class LabelledReplay {
  readonly replay: Replay;
  readonly windows: EntityWindows;
  /** Calls without label that were judged, and how many of them were flagged. */
  ordinary = 0;
  ordinaryFlagged = 0;
  /** What every incident of the test part is about, by its id. */
  readonly incidentKinds = new Map<string, Incident['kind']>();
  readonly #listener: LabelledListener | undefined;
  #labelOf: LabelOf = () => undefined;

  constructor({ seed, listener, ...options }: LabelledReplayOptions) {
    this.#listener = listener;
    this.replay = new Replay({
      ...options,
      listener: { call: (...heard: Parameters<ReplayListener['call']>) => this.#take(...heard) },
    });
    this.windows = new EntityWindows(new PeerForest(this.replay.endpoints, seed));
  }

  /** Judges a request. Throws as `Replay.judge` does. */
  async judge(body: Buffer, labelOf: LabelOf): Promise<void> {
    this.#labelOf = labelOf;
    await this.replay.judge(body);
  }

  #take(...[call, span, judgement, incident]: Parameters<ReplayListener['call']>): void {
    const label = this.#labelOf(span);
    const isAnomaly = judgement?.isAnomaly ?? false;
    if (judgement !== undefined && label === undefined) {
      this.ordinary++;
      if (isAnomaly) this.ordinaryFlagged++;
    }
    if (incident !== undefined) this.incidentKinds.set(incident.id, incident.kind);
    this.windows.add(call, {
      label,
      isTest: judgement !== undefined,
      evidence: judgement?.evidence ?? 0,
      isAnomaly,
      incident: incident?.id,
      behavior: isAnomaly ? this.replay.engine.scorer.behavior(judgement!) : undefined,
    });
    this.#listener?.call(call, span, judgement, label);
  }
}
