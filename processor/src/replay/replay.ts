/**
 * The serving path over a recording: the same parts judge the same spans in the same way, on event time and with a
 * training that waits for nobody, so that a run can be repeated to the bit.
 */
import { Pseudonyms } from '../call/pseudonym.ts';
import type { ApiCall } from '../call/api-call.ts';
import type { EndpointTable } from '../call/endpoint-table.ts';
import type { Config } from '../config/schema.ts';
import type { Incident } from '../detection/incident.ts';
import { createEndpointTable, createEngine, type Engine, type FindingsListener } from '../engine.ts';
import { Random } from '../forest/random.ts';
import type { GateResult } from '../model/gates.ts';
import { Model } from '../model/model.ts';
import { JobMemory } from '../jobs/job-memory.ts';
import { Jobs } from '../jobs/jobs.ts';
import { ModelMemory } from '../model/model-memory.ts';
import { train } from '../model/train.ts';
import { annotate, SpanAnnotations } from '../otlp/annotate.ts';
import type { RequestView } from '../otlp/request-view.ts';
import { emptyTally, type Tally } from '../pipeline/request-judge.ts';
import type { Judgement } from '../pipeline/judgement.ts';
import { LOOSE_SECONDS, TimeOrder } from '../pipeline/time-order.ts';
import { EndpointScores } from '../telemetry/endpoint-scores.ts';

/** What is learned from. */
export type Learning =
  /** Everything before that time, Unix seconds; then the model stays as it is. */
  | { readonly until: number }
  /** Nothing: this model judges. */
  | { readonly model: Model }
  /** As serving does: the first model when enough was seen, later ones as time goes by. */
  | 'as_served';

export interface ReplayListener {
  /** A call was judged, or learned from when `judgement` is undefined. Valid during the call only. */
  call(call: ApiCall, span: number, judgement: Judgement | undefined, incident: Incident | undefined): void;
  opened?(incident: Incident): void;
  closed?(incident: Incident): void;
}

export interface ReplayOptions {
  readonly config: Config;
  readonly learning: Learning;
  /** First and last plausible time of the recording, Unix seconds. */
  readonly bounds: { readonly from: number; readonly to: number };
  readonly listener?: ReplayListener;
  /** Hears of what is found as the records of a service do. */
  readonly findings?: FindingsListener;
  /** Attributes that are cut from the spans before anything reads them. */
  readonly hiddenKeys?: readonly string[];
  /** 32 bytes; with the key of a service its pseudonyms are the same. */
  readonly pseudonymKey?: Buffer;
  /** 32 bytes, the pseudonym key by default; with that of a service clients, networks and objects have the same hashes. */
  readonly hashKey?: Buffer;
}

/**
 * The same key makes the same sketches, so that a run can be repeated. It is no secret: a pseudonym made with it can be
 * guessed back, and is never to be shown; reports number the entities instead.
 */
const PUBLIC_KEY = Buffer.alloc(32, 'api-anomaly replay');
/** Spans scanned at a time; nobody waits for the rest. */
const SCAN = 1 << 20;
/** A span that is further ahead of what came before may have an absurd clock: serving takes no more either. */
const MOST_AHEAD_SECONDS = 300;
/** So many times what the first half of a request takes the rest may take. */
const REST_OF_HALF = 4;

export class Replay {
  readonly engine: Engine;
  readonly endpoints: EndpointTable;
  readonly tally: Tally = emptyTally();
  /** What the gates said of the model that was trained at `until`. */
  gates: readonly GateResult[] = [];
  readonly #options: ReplayOptions;
  readonly #view: RequestView;
  readonly #order = new TimeOrder();
  readonly #annotations = new SpanAnnotations();
  #receivedSeconds: number;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#receivedSeconds = options.bounds.from;
    this.endpoints = createEndpointTable(options.config);
    const { config, listener, hiddenKeys = [], learning, pseudonymKey = PUBLIC_KEY, hashKey = pseudonymKey } = options;
    const random = new Random(config.model.seed, 1);
    const isFrozen = learning !== 'as_served';
    this.engine = createEngine(isFrozen ? frozen(config) : config, {
      endpoints: this.endpoints,
      pseudonyms: new Pseudonyms(pseudonymKey, { hashKey }),
      endpointScores: new EndpointScores((id) => this.endpoints.describe(id), options.bounds.from * 1000),
      receivedSeconds: () => this.#receivedSeconds,
      random: () => random.fraction(),
      run: (input) => Promise.resolve(train(input)),
      clock: () => this.#receivedSeconds * 1000,
      models: new ModelMemory(),
      jobs: new Jobs({ journal: new JobMemory(), clock: () => 0, random: () => 0, onFault: rethrow }),
      events: { promoted: () => {}, trained: () => {}, failed: rethrow },
      incidents: {
        opened: (incident) => listener?.opened?.(incident),
        closed: (incident) => listener?.closed?.(incident),
      },
      ...(listener !== undefined && {
        listener: {
          learned: (call, span) => listener.call(call, span, undefined, undefined),
          judged: (call, span, judgement, incident) => listener.call(call, span, judgement, incident),
        },
      }),
      ...(options.findings !== undefined && { findings: options.findings }),
      hiddenKeys,
    });
    this.#view = this.engine.newView();
    if (typeof learning === 'object' && 'model' in learning) this.engine.lifecycle.promote(learning.model);
  }

  /** Spans of the request that `annotated` was given last, scored or not. */
  get spanCount(): number {
    return this.#view.spanCount;
  }

  /** Judges a request and returns it annotated. Throws WireError when it is malformed. */
  async annotated(body: Buffer): Promise<Buffer> {
    await this.judge(body);
    return annotate(this.#view, this.#annotations);
  }

  /** Judges a request. Throws WireError when it is malformed, and an Error when there is too little to learn from. */
  async judge(body: Buffer): Promise<void> {
    const view = this.#view;
    view.begin(body);
    while (!view.scan(SCAN));
    this.#annotations.reset();
    const total = view.scorableCount;
    if (total === 0) return;
    const { lifecycle, incidents, watermark } = this.engine;
    const from = this.#learningEnd(total);
    const order = this.#order.arrange(view, from > 0 && from < total);
    const latest = this.#latestReceived(total);
    await this.#take(order, 0, from, latest);
    if (from < total && this.#isToBeTrained) this.gates = await lifecycle.trainNow();
    await this.#take(order, from, total, latest);
    incidents.closeQuiet(watermark.seconds);
  }

  /** Closes all incidents. */
  finish(): void {
    this.engine.incidents.closeQuiet(Number.POSITIVE_INFINITY);
  }

  get #isToBeTrained(): boolean {
    const { learning } = this.#options;
    return typeof learning === 'object' && 'until' in learning && this.engine.lifecycle.active === undefined;
  }

  /** How many of the request's spans, by their start, are before the end of the learning part; none when it is over. */
  #learningEnd(total: number): number {
    const { learning, bounds } = this.#options;
    if (!this.#isToBeTrained || typeof learning !== 'object' || !('until' in learning)) return 0;
    let before = 0;
    let isOver = false;
    for (let span = 0; span < total; span++) {
      const seconds = this.#view.startSecondsOf(span);
      if (!(seconds >= learning.until)) before++;
      // An absurd time ends nothing.
      else if (seconds <= bounds.to) isOver = true;
    }
    return isOver ? before : total;
  }

  /**
   * Up to when the receive time may go while a request is judged: half of its spans are trusted, and of the rest what is
   * in proportion. One clock far ahead of the others must not make the others late.
   */
  #latestReceived(total: number): number {
    const { bounds } = this.#options;
    const times = Float64Array.from({ length: total }, (_, span) => this.#view.startSecondsOf(span));
    const plausible = times.filter((seconds) => seconds >= bounds.from && seconds <= bounds.to).toSorted();
    if (plausible.length === 0) return 0;
    const median = plausible[plausible.length >>> 1]!;
    return median + REST_OF_HALF * (median - plausible[0]!);
  }

  /** Judges a part of the request turn by turn: those that start within half a minute come together, as in serving. */
  async #take(order: Int32Array, from: number, to: number, latest: number): Promise<void> {
    const { judge, lifecycle } = this.engine;
    for (let start = from; start < to;) {
      const end = this.#endOfTurn(order, start, to);
      this.#advance(order, start, end, latest);
      judge.judge(this.#view, { order, from: start, to: end }, this.#annotations, this.tally);
      start = end;
      if (this.#options.learning !== 'as_served') continue;
      lifecycle.trainIfDue();
      await lifecycle.idle();
    }
  }

  /** A request is in order of time where it is wider than a turn. */
  #endOfTurn(order: Int32Array, start: number, to: number): number {
    const last = this.#view.startSecondsOf(order[start]!) + LOOSE_SECONDS;
    let end = start + 1;
    while (end < to && this.#view.startSecondsOf(order[end]!) <= last) end++;
    return end;
  }

  /** The receive time, which files do not tell: that of the latest span so far, never going back. */
  #advance(order: Int32Array, start: number, end: number, latest: number): void {
    const { bounds } = this.#options;
    const most = Math.min(bounds.to, Math.max(latest, this.#receivedSeconds + MOST_AHEAD_SECONDS));
    for (let place = start; place < end; place++) {
      const seconds = this.#view.startSecondsOf(order[place]!);
      if (seconds > this.#receivedSeconds && seconds <= most) this.#receivedSeconds = seconds;
    }
  }
}

/** Nothing is trained but what is asked for. */
function frozen(config: Config): Config {
  const never = { min_rows: Number.POSITIVE_INFINITY, retrain_every_hours: 0 };
  return { ...config, model: { ...config.model, ...never } };
}

function rethrow(error: unknown): never {
  throw error;
}
