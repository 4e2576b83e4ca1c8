/**
 * The way of a request: read and validate it whole, judge its calls, write the verdicts onto its bytes, hand it on, and
 * acknowledge what the next hop acknowledged. A fault of ours never costs data: the request then goes on unscored.
 */
import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type ByteBudget,
  StatusCode,
  SUCCESS,
  type TraceConsumer,
  type TraceOutcome,
  type TraceRequest,
} from '../component.ts';
import { outcomeOf, ServiceError } from '../errors.ts';
import { SpanAnnotations } from '../otlp/annotate.ts';
import { RequestView, WireError } from '../otlp/request-view.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { AnnotationCache } from './annotation-cache.ts';
import { Delivery, isPermanent } from './delivery.ts';
import type { Forwarding, Part } from './forwarding.ts';
import { emptyTally, type RequestJudge, type Tally } from './request-judge.ts';
import type { SpanWriter, UnscoredState } from './span-writer.ts';
import { TimeOrder } from './time-order.ts';

export interface PipelineOptions {
  /** Spans worked on before other requests get their turn. */
  readonly sliceSpans: number;
  /** Bytes of annotations kept for requests that are sent again. */
  readonly duplicateBodiesBytes: number;
}

export interface PipelineParts {
  /** Makes a view over requests; views are reused. */
  readonly newView: () => RequestView;
  readonly judge: RequestJudge;
  readonly writer: SpanWriter;
  readonly forwarding: Forwarding;
  /** The next hop; undefined for a tap, which acknowledges by itself. */
  readonly next: TraceConsumer | undefined;
  readonly bytes: ByteBudget & { readonly isShedding: boolean };
  readonly telemetry: Telemetry;
  /** Called after every request that was judged. */
  readonly afterRequest: () => void;
  /** Hears of faults of ours that made spans pass unscored. */
  readonly onFault: (error: unknown) => void;
}

/** What one request works with; reused by later ones. */
interface Workplace {
  readonly view: RequestView;
  readonly order: TimeOrder;
  readonly annotations: SpanAnnotations;
}

/** Share of scored spans with a user, with a route, marked as sampled; over the latest spans. */
export interface DataQuality {
  identified: number;
  routed: number;
  sampled: number;
}

/** Workplaces kept for reuse; more exist only while more requests are in work at the same time. */
const KEPT_WORKPLACES = 8;
/** A workplace refers to its request until the next one, and has grown with it: after a larger one it is not kept. */
const KEPT_BODY_BYTES = 4 * 1024 * 1024;
/** Spans over which the shares of data quality are averaged. */
const QUALITY_SPANS = 10_000;

export class Pipeline implements TraceConsumer {
  readonly quality: DataQuality = { identified: Number.NaN, routed: Number.NaN, sampled: Number.NaN };
  readonly #options: PipelineOptions;
  readonly #parts: PipelineParts;
  readonly #cache: AnnotationCache;
  readonly #inWork = new Map<string, Promise<void>>();
  readonly #free: Workplace[] = [];

  constructor(options: PipelineOptions, parts: PipelineParts) {
    this.#options = options;
    this.#parts = parts;
    this.#cache = new AnnotationCache(options.duplicateBodiesBytes);
  }

  async consume(request: TraceRequest): Promise<TraceOutcome> {
    const workplace = this.#free.pop() ?? this.#newWorkplace();
    try {
      return await this.#process(request, workplace);
    } catch (error) {
      this.#parts.onFault(error);
      return outcomeOf(error);
    } finally {
      const isUsual = request.body.length <= KEPT_BODY_BYTES;
      if (isUsual && this.#free.length < KEPT_WORKPLACES) this.#free.push(workplace);
    }
  }

  #newWorkplace(): Workplace {
    return { view: this.#parts.newView(), order: new TimeOrder(), annotations: new SpanAnnotations() };
  }

  async #process(request: TraceRequest, workplace: Workplace): Promise<TraceOutcome> {
    const { view, annotations } = workplace;
    const { telemetry } = this.#parts;
    let stageStart = performance.now();
    const endStage = (stage: string): void => {
      const now = performance.now();
      telemetry.observe('api_anomaly_processing_duration_seconds', (now - stageStart) / 1000, { stage });
      stageStart = now;
    };
    const malformed = await this.#read(view, request.body);
    if (malformed !== undefined) return malformed;
    endStage('read');
    const spans = view.spanCount;
    if (spans === 0) return SUCCESS;
    telemetry.add('api_anomaly_received_spans_total', spans, { transport: request.transport });

    await this.#annotate(workplace);
    endStage('score');
    const { next } = this.#parts;
    if (next === undefined) return SUCCESS;
    const parts = this.#cut(view, annotations);
    endStage('annotate');
    const outcome = await this.#forward(next, request, view, parts);
    endStage('export');
    return outcome;
  }

  /** Reads a request whole before anything is done with it; an outcome if it is malformed. */
  async #read(view: RequestView, body: Buffer): Promise<TraceOutcome | undefined> {
    try {
      view.begin(body);
      while (!view.scan(this.#options.sliceSpans)) await turn();
      return undefined;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#parts.telemetry.add('api_anomaly_refused_spans_total', 1, { reason: 'malformed_protobuf' });
      return outcomeOf(new ServiceError('malformed_protobuf', { reason: error.message }));
    }
  }

  /** Fills the annotations: from an earlier request with the same bytes, or by judging. */
  async #annotate(workplace: Workplace): Promise<void> {
    const { view, annotations } = workplace;
    const { telemetry } = this.#parts;
    telemetry.add('api_anomaly_unscored_spans_total', view.spanCount - view.scorableCount, { reason: 'kind' });
    const key = AnnotationCache.key(view.body);
    // Several may wait for one that then fails: the next of them takes over, and the others wait for that one.
    while (this.#inWork.has(key)) await this.#inWork.get(key);
    if (this.#cache.load(key, annotations)) {
      telemetry.add('api_anomaly_duplicate_spans_total', view.scorableCount);
      return;
    }
    const { promise, resolve: done } = Promise.withResolvers<void>();
    this.#inWork.set(key, promise);
    try {
      if (this.#parts.bytes.isShedding) this.#passUnscored(view, annotations, 'shed');
      else {
        await this.#judge(workplace);
        this.#cache.save(key, annotations, view.scorableCount);
      }
    } catch (error) {
      this.#parts.onFault(error);
      this.#passUnscored(view, annotations, 'error');
    } finally {
      this.#inWork.delete(key);
      done();
    }
    this.#parts.afterRequest();
  }

  async #judge({ view, order: timeOrder, annotations }: Workplace): Promise<void> {
    annotations.reset();
    const tally = emptyTally();
    const total = view.scorableCount;
    const order = timeOrder.arrange(view);
    for (let from = 0; from < total; from += this.#options.sliceSpans) {
      if (from > 0) await turn();
      const to = Math.min(total, from + this.#options.sliceSpans);
      this.#parts.judge.judge(view, { order, from, to }, annotations, tally);
    }
    const { telemetry } = this.#parts;
    telemetry.add('api_anomaly_unscored_spans_total', tally.learning, { reason: 'learning' });
    telemetry.add('api_anomaly_duplicate_spans_total', tally.duplicates);
    telemetry.add('api_anomaly_excluded_spans_total', tally.excluded);
    this.#averageQuality(tally, total);
  }

  #passUnscored(view: RequestView, annotations: SpanAnnotations, state: Exclude<UnscoredState, 'learning'>): void {
    annotations.reset();
    for (let span = 0; span < view.scorableCount; span++) this.#parts.writer.unscored(annotations, span, state);
    this.#parts.telemetry.add('api_anomaly_unscored_spans_total', view.scorableCount, { reason: state });
  }

  #cut(view: RequestView, annotations: SpanAnnotations): Part[] {
    const { forwarding } = this.#parts;
    try {
      return forwarding.parts(view, annotations);
    } catch (error) {
      this.#parts.onFault(error);
      this.#passUnscored(view, annotations, 'error');
      return forwarding.parts(view, annotations);
    }
  }

  async #forward(
    next: TraceConsumer,
    request: TraceRequest,
    view: RequestView,
    parts: readonly Part[],
  ): Promise<TraceOutcome> {
    const { bytes, forwarding } = this.#parts;
    const size = parts.reduce((sum, { body }) => sum + (body === request.body ? 0 : body.length), 0);
    if (!bytes.tryReserve(size))
      return outcomeOf(new ServiceError('overloaded', { reason: 'pipeline.max_in_flight_bytes are in flight' }));
    try {
      const delivery = new Delivery({ next, bytes, original: (part) => forwarding.original(view, part) });
      const outcome = await delivery.send(request, parts);
      if (outcome.code === StatusCode.OK) forwarding.recycle(parts, request.body);
      this.#countExport(outcome, delivery, view.spanCount);
      return outcome;
    } finally {
      bytes.release(size);
    }
  }

  #countExport(outcome: TraceOutcome, { taken, rejected }: Delivery, spans: number): void {
    const { telemetry } = this.#parts;
    if (outcome.code !== StatusCode.OK && !isPermanent(outcome)) {
      telemetry.add('api_anomaly_export_failed_spans_total', spans, { code: codeName(outcome.code) });
      return;
    }
    telemetry.add('api_anomaly_exported_spans_total', taken);
    for (const [code, count] of rejected)
      telemetry.add('api_anomaly_export_rejected_spans_total', count, { code: codeName(code) });
  }

  #averageQuality(tally: Tally, spans: number): void {
    if (spans === 0) return;
    const weight = Math.min(1, spans / QUALITY_SPANS);
    for (const share of ['identified', 'routed', 'sampled'] as const) {
      const now = tally[share] / spans;
      const before = this.quality[share];
      this.quality[share] = Number.isNaN(before) ? now : before + weight * (now - before);
    }
  }
}

const NAMES = new Map<number, string>(Object.entries(StatusCode).map(([name, code]) => [code, name]));

const codeName = (code: StatusCode): string => NAMES.get(code) ?? 'UNKNOWN';
