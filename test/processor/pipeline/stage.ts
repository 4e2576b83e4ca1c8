import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { ApiCall } from '../../../processor/src/call/api-call.ts';
import { CallReader } from '../../../processor/src/call/call-reader.ts';
import { EndpointTable } from '../../../processor/src/call/endpoint-table.ts';
import { DEFAULT_USER_ATTRIBUTES } from '../../../processor/src/call/identity-reader.ts';
import { Pseudonyms } from '../../../processor/src/call/pseudonym.ts';
import { SUCCESS } from '../../../processor/src/component.ts';
import type { TraceConsumer, TraceOutcome, TraceRequest } from '../../../processor/src/component.ts';
import { type Incident, IncidentBook } from '../../../processor/src/detection/incident.ts';
import { EntityStates } from '../../../processor/src/features/entity-states.ts';
import { stateChunks, stateHeader } from '../../../processor/src/features/state-snapshot.ts';
import { Watermark } from '../../../processor/src/features/window-clock.ts';
import { ModelLifecycle } from '../../../processor/src/model/model-lifecycle.ts';
import { ownKeys } from '../../../processor/src/otlp/attributes.ts';
import { KeyTable, RequestView } from '../../../processor/src/otlp/request-view.ts';
import { Forwarding } from '../../../processor/src/pipeline/forwarding.ts';
import { InFlightBytes } from '../../../processor/src/pipeline/in-flight-bytes.ts';
import { Pipeline, type PipelineParts } from '../../../processor/src/pipeline/pipeline.ts';
import { RecentSpans } from '../../../processor/src/pipeline/recent-spans.ts';
import { type FoundAnomaly, type JudgeListener, RequestJudge } from '../../../processor/src/pipeline/request-judge.ts';
import { Scorer } from '../../../processor/src/pipeline/scorer.ts';
import { SpanWriter } from '../../../processor/src/pipeline/span-writer.ts';
import { TopUsers } from '../../../processor/src/pipeline/top-users.ts';
import type { LabelArgument, CounterName } from '../../../processor/src/telemetry/metrics.ts';
import { Telemetry } from '../../../processor/src/telemetry/telemetry.ts';
import { modelLife } from '../../support/model-life.ts';
import { NOW } from './requests.ts';

const MIB = 1024 * 1024;

/** A next hop that keeps what it is sent and answers as it is told. */
export class ToldNextHop implements TraceConsumer {
  /** Copies: what a request lies in may serve another one as soon as it is acknowledged. */
  readonly received: Buffer[] = [];
  /** The latest request, as it was handed over. */
  lastBody: Buffer | undefined;
  /** May be replaced at any time. `turn`: how many requests came before. */
  answer: (request: TraceRequest, turn: number) => TraceOutcome | Promise<TraceOutcome> = () => SUCCESS;

  async consume(request: TraceRequest): Promise<TraceOutcome> {
    this.received.push(Buffer.from(request.body));
    this.lastBody = request.body;
    return this.answer(request, this.received.length - 1);
  }
}

/** Telemetry whose counters can be read without a scrape. */
class ReadableTelemetry extends Telemetry {
  /** Sums by `name` and, where it has labels, `name value`. */
  readonly counts: Record<string, number> = {};

  override add<Name extends CounterName>(name: Name, value: number, ...labels: LabelArgument<Name>): void {
    super.add(name, value, ...labels);
    const key = [name.replace('api_anomaly_', ''), ...Object.values(labels[0] ?? {})].join(' ');
    this.counts[key] = (this.counts[key] ?? 0) + value;
  }
}

export interface StageOptions {
  readonly detail?: 'compact' | 'full';
  /** Most bytes of a request to the next hop. */
  readonly limit?: number;
  readonly budget?: number;
  readonly sliceSpans?: number;
  readonly duplicateBodiesBytes?: number;
  /** `none`: a tap. */
  readonly next?: TraceConsumer | 'none';
  readonly prefix?: string;
  readonly listener?: JudgeListener;
  readonly onAnomaly?: (anomaly: FoundAnomaly) => void;
}

/** The pipeline with all its real parts, between a sender and a next hop that the test plays. */
export class Stage {
  readonly nextHop = new ToldNextHop();
  readonly faults: unknown[] = [];
  readonly opened: Incident[] = [];
  readonly endpoints = new EndpointTable({ maxServices: 20, maxEndpointsPerService: 100 });
  readonly telemetry = new ReadableTelemetry({
    nowMs: () => NOW * 1000,
    endpointName: (id) => this.endpoints.describe(id),
  });
  readonly watermark = new Watermark(() => NOW);
  readonly states: EntityStates;
  readonly scorer: Scorer;
  readonly lifecycle: ModelLifecycle;
  readonly topUsers = new TopUsers(10);
  readonly incidents = new IncidentBook({ opened: (incident) => this.opened.push(incident), closed: () => {} });
  readonly bytes: InFlightBytes;
  readonly judge: RequestJudge;
  readonly forwarding: Forwarding;
  readonly pipeline: Pipeline;
  readonly newView: () => RequestView;

  constructor(options: StageOptions = {}) {
    const { detail = 'compact', prefix = 'anomaly.', next = this.nextHop } = options;
    this.states = new EntityStates(
      { users: 100, addresses: 100, endpoints: 50, services: 21, probationShare: 0.2 },
      { closing: () => {}, evicted: (kind, slot) => this.scorer.forget(kind, slot) },
    );
    const budget = { falseIncidentsPerDay: 10, shares: { user: 0.6, address: 0.2, endpoint: 0.2 } };
    this.scorer = new Scorer(
      this.states,
      { budget, disabled: new Set(), minimumEffect: 1 },
      { explainsAll: detail === 'full' },
    );
    this.lifecycle = new ModelLifecycle(
      {
        minRows: Infinity,
        minEntities: 20,
        minHours: 1,
        retrainEveryHours: 0,
        promote: 'automatic',
        sampleRows: 1000,
        forest: { seed: 1, trees: 10, sampleSize: 16 },
        budget,
      },
      {
        states: this.states,
        watermark: this.watermark,
        run: () => Promise.reject(new Error('No training is due.')),
        ...modelLife((model) => this.scorer.use(model)),
        events: { trained: () => {}, failed: () => {} },
        random: () => 0.5,
        nowMs: () => 0,
      },
    );
    const reader = new CallReader(
      { userAttributes: DEFAULT_USER_ATTRIBUTES, edgeServices: [] },
      new Pseudonyms(Buffer.alloc(32, 7)),
      this.endpoints,
    );
    const keys = new KeyTable(reader.keys, ownKeys(prefix));
    const limits = { maxDepth: 64, maxAttributesPerSpan: 256, maxSpans: 100_000 };
    this.newView = () => new RequestView(keys, limits, new Set([2]));
    const writer = new SpanWriter(prefix, detail, this.scorer);
    this.bytes = new InFlightBytes(options.budget ?? 128 * MIB);
    this.judge = new RequestJudge({
      reader,
      call: new ApiCall(),
      states: this.states,
      watermark: this.watermark,
      recentSpans: new RecentSpans(10_000),
      lifecycle: this.lifecycle,
      scorer: this.scorer,
      incidents: this.incidents,
      writer,
      topUsers: this.topUsers,
      endpointScores: this.telemetry.endpointScores,
      ...(options.listener !== undefined && { listener: options.listener }),
      ...(options.onAnomaly !== undefined && { onAnomaly: options.onAnomaly }),
    });
    this.forwarding = new Forwarding(options.limit ?? 4 * MIB, prefix);
    const parts: PipelineParts = {
      newView: this.newView,
      judge: this.judge,
      writer,
      forwarding: this.forwarding,
      next: next === 'none' ? undefined : next,
      bytes: this.bytes,
      telemetry: this.telemetry,
      afterRequest: () => this.lifecycle.trainIfDue(),
      onFault: (error) => this.faults.push(error),
    };
    const { sliceSpans = 256, duplicateBodiesBytes = 32 * MIB } = options;
    this.pipeline = new Pipeline({ sliceSpans, duplicateBodiesBytes }, parts);
  }

  send(body: Buffer, given: Partial<TraceRequest> = {}): Promise<TraceOutcome> {
    const deadlineMs = performance.now() + 20_000;
    return this.pipeline.consume({
      body,
      transport: 'grpc',
      deadlineMs,
      signal: new AbortController().signal,
      ...given,
    });
  }

  /** A scanned view of a body. */
  view(body: Buffer): RequestView {
    const view = this.newView();
    view.begin(body);
    while (!view.scan(1000));
    return view;
  }

  count(key: string): number {
    return this.telemetry.counts[key] ?? 0;
  }

  /** Calls counted for entities so far. */
  get rows(): number {
    return this.lifecycle.snapshotCounters()[0]!;
  }

  /** A hash of all that requests may move, but for the counters. */
  fingerprint(): string {
    const hash = createHash('sha256');
    const header = stateHeader(this.states, this.endpoints.snapshot());
    hash.update(JSON.stringify([header, this.lifecycle.snapshotCounters(), this.watermark.seconds]));
    for (const chunk of stateChunks(this.states, header)) hash.update(chunk as Uint8Array);
    return hash.digest('hex');
  }
}
