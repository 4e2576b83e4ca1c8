/**
 * Judges calls without moving anything: each as if it came now, after those before it in the same request, against
 * copies of what is known. States, incidents, counters, the watermark and the table of endpoints stay as they are.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { ApiCall } from '../call/api-call.ts';
import type { CallReader } from '../call/call-reader.ts';
import type { EndpointTable } from '../call/endpoint-table.ts';
import type { IncidentBook } from '../detection/incident.ts';
import { ServiceError } from '../errors.ts';
import { BorrowedStates } from '../features/borrowed-states.ts';
import type { EntityStates } from '../features/entity-states.ts';
import type { Watermark } from '../features/window-clock.ts';
import type { ModelLifecycle } from '../model/model-lifecycle.ts';
import type { Model } from '../model/model.ts';
import { annotate, SpanAnnotations } from '../otlp/annotate.ts';
import { JsonError, jsonToProtobuf } from '../otlp/json.ts';
import { protobufToObject } from '../otlp/protobuf-to-json.ts';
import { type RequestView, WireError } from '../otlp/request-view.ts';
import type { Judgement } from './judgement.ts';
import { type ExclusionParts, Scorer } from './scorer.ts';
import { SpanWriter } from './span-writer.ts';
import { TimeOrder } from './time-order.ts';

export interface DryRunParts {
  readonly live: {
    readonly states: EntityStates;
    readonly scorer: Scorer;
    readonly lifecycle: Pick<ModelLifecycle, 'active'>;
    readonly watermark: Watermark;
    readonly incidents: IncidentBook;
  };
  readonly endpoints: EndpointTable;
  /** Services that `endpoints` can name. */
  readonly services: number;
  /** One of its own: readers remember the service they read last. */
  readonly reader: CallReader;
  readonly exclusions: ExclusionParts;
  /** Of the attributes written. */
  readonly prefix: string;
  readonly newView: () => RequestView;
}

/** Spans judged before others get their turn. */
const SLICE_SPANS = 256;
/** Requests that may wait for the one at work. */
const MOST_WAITING = 64;

export class DryRun {
  readonly #parts: DryRunParts;
  readonly #borrowed: BorrowedStates;
  readonly #scorer: Scorer;
  readonly #writer: SpanWriter;
  readonly #view: RequestView;
  readonly #call = new ApiCall();
  readonly #order = new TimeOrder();
  readonly #annotations = new SpanAnnotations();
  #model: Model | undefined;
  #waiting = 0;
  /** Resolves when the request at work is done. */
  #atWork: Promise<unknown> | undefined;

  constructor(parts: DryRunParts) {
    this.#parts = parts;
    const { states, scorer } = parts.live;
    this.#borrowed = new BorrowedStates(states, parts.services, {
      borrowed: (kind, slot, from) => this.#scorer.take(kind, slot, scorer, from),
      returned: (kind, slot) => this.#scorer.forget(kind, slot),
    });
    this.#scorer = new Scorer(this.#borrowed.states, scorer.sensitivity, {
      explainsAll: true,
      exclusions: parts.exclusions,
    });
    this.#writer = new SpanWriter(parts.prefix, 'full', this.#scorer);
    this.#view = parts.newView();
  }

  /**
   * The request annotated in full, in the encoding it came in. Rejects with `malformed_protobuf`, `malformed_json`, or
   * `overloaded` when too many wait: they are judged one at a time.
   */
  async detect(request: Buffer, encoding: 'protobuf' | 'json'): Promise<Buffer> {
    if (this.#waiting >= MOST_WAITING) throw new ServiceError('overloaded', { reason: 'too many detections wait' });
    const body = encoding === 'json' ? protobufOf(request) : request;
    this.#waiting++;
    try {
      while (this.#atWork !== undefined) await this.#atWork;
    } finally {
      this.#waiting--;
    }
    const work = this.#judge(body);
    // Settles when the work does, whichever way; whoever waits does not care how it ended.
    this.#atWork = work.catch(() => {}).finally(() => (this.#atWork = undefined));
    const annotated = await work;
    return encoding === 'json' ? Buffer.from(JSON.stringify(protobufToObject(annotated))) : annotated;
  }

  async #judge(body: Buffer): Promise<Buffer> {
    const view = this.#view;
    await this.#scan(body);
    this.#annotations.reset();
    this.#borrowed.begin();
    this.#keepUp();
    const total = view.scorableCount;
    const order = this.#order.arrange(view);
    for (let from = 0; from < total; from += SLICE_SPANS) {
      if (from > 0) await turn();
      const to = Math.min(total, from + SLICE_SPANS);
      for (let place = from; place < to; place++) this.#judgeSpan(order[place]!);
    }
    return annotate(view, this.#annotations);
  }

  async #scan(body: Buffer): Promise<void> {
    try {
      this.#view.begin(body);
      while (!this.#view.scan(SLICE_SPANS)) await turn();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const reason = error.message.replace(/\.$/, '');
      throw new ServiceError('malformed_protobuf', { reason }, { cause: error });
    }
  }

  /** Judges by the model and the sensitivity that serve now; a request is judged by one of each. */
  #keepUp(): void {
    const { lifecycle, scorer } = this.#parts.live;
    if (scorer.sensitivity !== this.#scorer.sensitivity) this.#scorer.tune(scorer.sensitivity);
    const { active } = lifecycle;
    if (active === this.#model) return;
    this.#model = active;
    if (active !== undefined) this.#scorer.use(active);
  }

  #judgeSpan(span: number): void {
    this.#read(span);
    if (this.#model === undefined) {
      this.#writer.unscored(this.#annotations, span, 'learning');
      return;
    }
    this.#borrowed.borrow(this.#call);
    const seconds = this.#observe();
    const judgement = this.#scorer.judge(this.#call, seconds);
    const incidentId = this.#incidentOf(judgement, seconds);
    this.#writer.scored(this.#annotations, span, judgement, this.#model.provenance.version, incidentId);
  }

  /** Moves the copies, unless the clock of the span is absurd. Returns the event time that counts for it, unix seconds. */
  #observe(): number {
    const { watermark } = this.#parts.live;
    const { states } = this.#borrowed;
    if (!watermark.isPlausible(this.#call.startSeconds)) {
      states.locate(this.#call);
      return watermark.seconds;
    }
    states.observe(this.#call);
    return this.#call.startSeconds;
  }

  /** The open incident that an anomaly belongs to; undefined where serving would open one. */
  #incidentOf({ isAnomaly, kind, slot }: Judgement, seconds: number): string | undefined {
    if (!isAnomaly || kind === undefined) return undefined;
    const { table } = this.#borrowed.states[kind];
    return this.#parts.live.incidents.openOf(kind, table.keyHigh(slot), table.keyLow(slot), seconds)?.id;
  }

  #read(span: number): void {
    const { endpoints, reader } = this.#parts;
    this.#view.select(span);
    endpoints.isReadOnly = true;
    try {
      reader.read(this.#view, this.#call);
    } finally {
      endpoints.isReadOnly = false;
    }
  }
}

/** Throws `malformed_json`. */
function protobufOf(json: Buffer): Buffer {
  try {
    return jsonToProtobuf(json);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ServiceError('malformed_json', { reason: error.message.replace(/\.$/, '') }, { cause: error });
  }
}
