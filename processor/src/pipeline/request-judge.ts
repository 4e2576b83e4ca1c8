/** Judges the calls of one request, span by span, and writes what it finds into the request's annotations. */
import type { ApiCall } from '../call/api-call.ts';
import type { CallReader } from '../call/call-reader.ts';
import type { Behavior } from '../detection/behaviors.ts';
import type { Incident, IncidentBook } from '../detection/incident.ts';
import type { KeptRequest } from '../detection/kept-requests.ts';
import type { EntityStates } from '../features/entity-states.ts';
import type { EntityKind } from '../features/features.ts';
import type { Watermark } from '../features/window-clock.ts';
import type { ModelLifecycle } from '../model/model-lifecycle.ts';
import type { SpanAnnotations } from '../otlp/annotate.ts';
import type { RequestView } from '../otlp/request-view.ts';
import type { EndpointScores } from '../telemetry/endpoint-scores.ts';
import type { RecentSpans } from './recent-spans.ts';
import type { Judgement } from './judgement.ts';
import type { Scorer } from './scorer.ts';
import type { SpanWriter } from './span-writer.ts';
import type { TopUsers } from './top-users.ts';

export interface JudgeParts {
  readonly reader: CallReader;
  readonly call: ApiCall;
  readonly states: EntityStates;
  readonly watermark: Watermark;
  readonly recentSpans: RecentSpans;
  readonly lifecycle: ModelLifecycle;
  readonly scorer: Scorer;
  readonly incidents: IncidentBook;
  readonly writer: SpanWriter;
  readonly topUsers: TopUsers;
  readonly endpointScores: EndpointScores;
  /** Hears of every call that was judged: for replays and evaluations. */
  readonly listener?: JudgeListener;
  /** Takes every anomaly, to be kept. */
  readonly onAnomaly?: (anomaly: FoundAnomaly) => void;
}

/** An anomaly, as it is kept. */
export interface FoundAnomaly {
  readonly kind: EntityKind;
  readonly entityHigh: number;
  readonly entityLow: number;
  readonly request: KeptRequest;
  /** Pseudonym of the client address; 0, 0 for none. */
  readonly addressHigh: number;
  readonly addressLow: number;
  readonly behavior: Behavior;
  readonly reason: string;
  /** Names of the top features, strongest first. */
  readonly features: readonly string[];
  readonly incidentId: string;
  readonly modelVersion: string;
}

/** What is handed over is valid during the call only: both objects are reused. `span`: its number in the request. */
export interface JudgeListener {
  learned(call: ApiCall, span: number): void;
  judged(call: ApiCall, span: number, judgement: Judgement, incident: Incident | undefined): void;
}

/** Which of a request's scorable spans are judged now: `order[from]` to `order[to - 1]`. */
export interface Turn {
  readonly order: Int32Array;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

export const emptyTally = (): Tally => ({
  scored: 0,
  learning: 0,
  duplicates: 0,
  excluded: 0,
  identified: 0,
  routed: 0,
  sampled: 0,
});

/** What the calls of a request were like, in numbers. */
export interface Tally {
  scored: number;
  learning: number;
  duplicates: number;
  /** Calls that would have been anomalies, but for an exclusion. */
  excluded: number;
  identified: number;
  routed: number;
  sampled: number;
}

/** Scores below this are no news for the list of unusual users: nine windows in ten are. */
const NOTABLE_SCORE = 0.17;

export class RequestJudge {
  readonly #parts: JudgeParts;

  constructor(parts: JudgeParts) {
    this.#parts = parts;
  }

  /** Judges a part of a request's scorable spans, writes what it finds into `annotations`, and adds to `tally`. */
  judge(view: RequestView, { order, from, to }: Turn, annotations: SpanAnnotations, tally: Tally): void {
    const { reader, call, lifecycle, writer, endpointScores } = this.#parts;
    const model = lifecycle.active;
    for (let place = from; place < to; place++) {
      const span = order[place]!;
      view.select(span);
      reader.read(view, call);
      const seconds = this.#observe(call, tally);
      if (call.identityKind !== 0) tally.identified++;
      if (call.isRouted) tally.routed++;
      if (call.isSampled) tally.sampled++;
      if (model === undefined) {
        tally.learning++;
        writer.unscored(annotations, span, 'learning');
        this.#parts.listener?.learned(call, span);
        continue;
      }
      const { scorer } = this.#parts;
      const judgement = scorer.judge(call, seconds);
      tally.scored++;
      if (judgement.isExcluded) tally.excluded++;
      endpointScores.record(call.endpoint, judgement.score);
      if (judgement.userScore > NOTABLE_SCORE) {
        this.#parts.topUsers.offer(call.userHigh, call.userLow, judgement.userScore, seconds);
      }
      const incident = judgement.isAnomaly
        ? this.#report(view, judgement, seconds, model.provenance.version)
        : undefined;
      writer.scored(annotations, span, judgement, model.provenance.version, incident?.id);
      this.#parts.listener?.judged(call, span, judgement, incident);
    }
  }

  /**
   * Moves state, unless the span was seen before or its clock is absurd: then it is judged by the state as it is. Returns
   * the event time at which what is found about it happens, unix seconds.
   */
  #observe(call: ApiCall, tally: Tally): number {
    const { states, watermark, recentSpans, lifecycle } = this.#parts;
    const isRepeated = recentSpans.isRepeated(call);
    if (isRepeated) tally.duplicates++;
    if (isRepeated || !watermark.accept(call.startSeconds)) {
      states.locate(call);
      return watermark.seconds;
    }
    states.observe(call);
    lifecycle.countRow();
    return call.startSeconds;
  }

  /** Takes an anomaly, of the span selected in `view`, into the book of incidents. */
  #report(view: RequestView, judgement: Judgement, seconds: number, modelVersion: string): Incident {
    const { call, scorer, states, incidents, endpointScores } = this.#parts;
    const kind = judgement.kind!;
    const { table } = states[kind];
    const behavior = scorer.behavior(judgement);
    endpointScores.anomaly(call.endpoint, behavior);
    const entityHigh = table.keyHigh(judgement.slot);
    const entityLow = table.keyLow(judgement.slot);
    const incident = incidents.add({
      kind,
      entityHigh,
      entityLow,
      seconds,
      behavior,
      score: scorer.sideScore(judgement),
      evidence: scorer.sideEvidence(judgement),
      reason: () => scorer.reason(judgement),
      explain: () => scorer.explain(judgement),
      request: () => requestOf(view, call, judgement, seconds),
      endpoint: call.endpoint,
      modelVersion,
    });
    this.#parts.onAnomaly?.({
      kind,
      entityHigh,
      entityLow,
      request: requestOf(view, call, judgement, seconds),
      addressHigh: call.addressHigh,
      addressLow: call.addressLow,
      behavior,
      reason: scorer.reason(judgement),
      features: scorer.topFeatures(judgement),
      incidentId: incident.id,
      modelVersion,
    });
    return incident;
  }
}

/** What is kept of the request whose span is selected in `view`. */
function requestOf(view: RequestView, call: ApiCall, judgement: Judgement, seconds: number): KeptRequest {
  return {
    seconds,
    endpoint: call.endpoint,
    ...traceOf(view),
    statusCode: call.statusCode,
    durationSeconds: call.durationSeconds,
    score: judgement.score,
    evidence: judgement.evidence,
    userHigh: call.userHigh,
    userLow: call.userLow,
  };
}

/** Trace id and span id of the selected span in hex; empty where it has none. */
function traceOf({ body, traceIdOffset, spanIdOffset }: RequestView): { traceId: string; spanId: string } {
  return {
    traceId: traceIdOffset < 0 ? '' : body.toString('hex', traceIdOffset, traceIdOffset + TRACE_ID_BYTES),
    spanId: spanIdOffset < 0 ? '' : body.toString('hex', spanIdOffset, spanIdOffset + SPAN_ID_BYTES),
  };
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
