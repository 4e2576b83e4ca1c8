/** What judges calls, wired together: the same for spans that are served and for files that are replayed. */
import { performance } from 'node:perf_hooks';
import { ApiCall } from './call/api-call.ts';
import { CallReader } from './call/call-reader.ts';
import { EntityNames } from './call/entity-names.ts';
import { EndpointTable } from './call/endpoint-table.ts';
import type { EntityKey, Pseudonyms } from './call/pseudonym.ts';
import type { Reloadable } from './config/live-config.ts';
import type { Config } from './config/schema.ts';
import { type Exclusion, ExclusionList } from './detection/exclusion.ts';
import { IncidentBook, type IncidentListener } from './detection/incident.ts';
import { ScoreDrift } from './detection/score-drift.ts';
import { SensitivitySettings } from './detection/sensitivity.ts';
import { EntityStates } from './features/entity-states.ts';
import type { EntityKind } from './features/features.ts';
import { Watermark, WINDOW_SECONDS } from './features/window-clock.ts';
import { ConfirmedIncidents } from './model/confirmed-incidents.ts';
import type { Jobs } from './jobs/jobs.ts';
import { type LearningChanges, ModelLifecycle, type TrainingRunner } from './model/model-lifecycle.ts';
import { ModelRegister } from './model/model-register.ts';
import type { ModelStore } from './model/model-store.ts';
import type { Model } from './model/model.ts';
import { ShadowRun } from './model/shadow-run.ts';
import type { TrainingEvents } from './model/training-conduct.ts';
import { ATTRIBUTE_NAMES } from './otlp/attributes.ts';
import { KeyTable, RequestView } from './otlp/request-view.ts';
import { DryRun } from './pipeline/dry-run.ts';
import { RecentSpans } from './pipeline/recent-spans.ts';
import { type FoundAnomaly, type JudgeListener, RequestJudge } from './pipeline/request-judge.ts';
import { Scorer } from './pipeline/scorer.ts';
import { SpanWriter } from './pipeline/span-writer.ts';
import { TopUsers } from './pipeline/top-users.ts';
import { type ClosedWindow, WindowPeaks } from './pipeline/window-peaks.ts';
import type { EndpointScores } from './telemetry/endpoint-scores.ts';

export interface EngineEdges {
  readonly endpoints: EndpointTable;
  readonly pseudonyms: Pseudonyms;
  readonly endpointScores: EndpointScores;
  /** Receive time, unix seconds. */
  readonly receivedSeconds: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly run: TrainingRunner;
  /** Wall clock, unix milliseconds. */
  readonly clock: () => number;
  readonly models: ModelStore;
  readonly jobs: Jobs;
  readonly events: TrainingEvents & {
    /** A model is in use from now on. */
    promoted(model: Model): void;
  };
  readonly incidents: IncidentListener;
  /** Hears of every call that was judged. */
  readonly listener?: JudgeListener;
  /** Where what is found is kept; nowhere for a replay. */
  readonly findings?: FindingsListener;
  /** Attributes that are cut from every span besides our own, such as the ground truth of an evaluation. */
  readonly hiddenKeys?: readonly string[];
}

/** Called on the span path: to be quick. */
export interface FindingsListener {
  anomaly(anomaly: FoundAnomaly): void;
  /** A window is over that is one of the most unusual. */
  window(window: ClosedWindow): void;
}

export interface Engine extends Reloadable {
  readonly states: EntityStates;
  readonly scorer: Scorer;
  /** How much is flagged; change it between two batches. */
  readonly sensitivity: SensitivitySettings;
  /** What is not to be flagged; change it between two batches. */
  readonly exclusions: ExclusionList;
  readonly names: EntityNames;
  /** Incidents whose rows are kept out of training. */
  readonly confirmed: ConfirmedIncidents;
  readonly lifecycle: ModelLifecycle;
  readonly register: ModelRegister;
  readonly incidents: IncidentBook;
  readonly watermark: Watermark;
  readonly drift: ScoreDrift;
  readonly topUsers: TopUsers;
  readonly writer: SpanWriter;
  readonly judge: RequestJudge;
  readonly newView: () => RequestView;
  /** The pseudonyms that a raw identity may have. */
  readonly keysOf: (identity: string) => EntityKey[];
}

/** SpanKind numbers of the OTLP specification. */
const SPAN_KINDS = { SERVER: 2, CONSUMER: 5 } as const;

export function createEndpointTable(config: Config): EndpointTable {
  return new EndpointTable({
    maxServices: config.endpoints.max_services,
    maxEndpointsPerService: config.endpoints.max_endpoints_per_service,
    maxEndpoints: config.features.max_endpoints,
  });
}

export function createEngine(config: Config, edges: EngineEdges): Engine {
  const watermark = new Watermark(edges.receivedSeconds);
  const drift = new ScoreDrift();
  const states: EntityStates = new EntityStates(
    {
      users: config.features.max_users,
      addresses: config.features.max_addresses,
      endpoints: config.features.max_endpoints,
      services: config.endpoints.max_services + 1,
      probationShare: config.features.probation_share,
    },
    {
      closing: (kind, slot) => {
        if (kind === 'user' && lifecycle.active !== undefined) drift.note(scorer.rarity(kind, slot));
        shadow.note(kind, slot);
        const closed = scorer.closeWindow(kind, slot);
        if (closed !== undefined) edges.findings?.window(closed);
        if (!scorer.wasSuspect(kind, slot) && !isConfirmed(kind, slot)) lifecycle.learn(kind, slot);
      },
      evicted: (kind, slot) => scorer.forget(kind, slot),
    },
  );
  const sensitivity = new SensitivitySettings(config.sensitivity, (changed) => {
    scorer.tune(changed);
    shadow.useSensitivity(changed.budget, changed.disabled, changed.minimumEffect);
    lifecycle.useSettings({ budget: changed.budget });
  });
  const exclusions = new ExclusionList(exclusionsOf(config));
  const names = new EntityNames(edges.endpoints);
  const initial = sensitivity.sensitivity;
  const scorer = new Scorer(states, initial, {
    explainsAll: config.annotate.detail === 'full',
    exclusions: { list: exclusions, names },
    ...(edges.findings !== undefined && { peaks: new WindowPeaks() }),
  });
  const shadow: ShadowRun = new ShadowRun(states, initial.budget, initial.disabled, initial.minimumEffect);
  const register: ModelRegister = new ModelRegister({
    store: edges.models,
    clock: edges.clock,
    agreement: () => shadow.agreement(),
    events: {
      activated: (model) => {
        scorer.use(model);
        shadow.compareWith(model);
        drift.restart();
        edges.events.promoted(model);
      },
      shadowed: (model) => shadow.run(model),
      failed: (error) => edges.events.failed(error),
    },
  });
  const lifecycle: ModelLifecycle = new ModelLifecycle(
    {
      minRows: config.model.min_rows,
      minEntities: config.model.min_entities,
      minHours: config.model.min_hours,
      ...learningChangesOf(config),
      sampleRows: config.model.sample_rows,
      forest: { seed: config.model.seed, trees: config.model.trees, sampleSize: config.model.sample_size },
      budget: initial.budget,
    },
    {
      states,
      watermark,
      register,
      jobs: edges.jobs,
      random: edges.random,
      nowMs: () => performance.now(),
      clock: edges.clock,
      run: edges.run,
      events: edges.events,
    },
  );
  const confirmed = new ConfirmedIncidents(lifecycle.samples);
  const isConfirmed = (kind: EntityKind, slot: number): boolean => {
    const { table } = states[kind];
    const start = states[kind].window(slot) * WINDOW_SECONDS;
    return confirmed.covers(kind, table.keyHigh(slot), table.keyLow(slot), start);
  };
  const incidents = new IncidentBook({
    opened: (incident) => edges.incidents.opened(incident),
    updated: (incident) => edges.incidents.updated?.(incident),
    closed: (incident) => {
      confirmed.close(incident.id, incident.lastSeconds);
      edges.incidents.closed(incident);
    },
  });
  const topUsers = new TopUsers(config.sensitivity.top_users);
  const writer = new SpanWriter(config.annotate.prefix, config.annotate.detail, scorer);
  const reader = createReader(config, edges);
  const judge = new RequestJudge({
    reader,
    call: new ApiCall(),
    states,
    watermark,
    recentSpans: new RecentSpans(config.pipeline.duplicate_spans),
    lifecycle,
    scorer,
    incidents,
    writer,
    topUsers,
    endpointScores: edges.endpointScores,
    ...(edges.listener !== undefined && { listener: edges.listener }),
    ...(edges.findings !== undefined && { onAnomaly: (anomaly) => edges.findings?.anomaly(anomaly) }),
  });
  const newView = viewFactory(config, reader.keys, edges.hiddenKeys ?? []);
  return {
    states,
    scorer,
    sensitivity,
    exclusions,
    names,
    confirmed,
    lifecycle,
    register,
    incidents,
    watermark,
    drift,
    topUsers,
    writer,
    judge,
    newView,
    keysOf: (identity) => reader.keysOf(identity),
    reload: (changed) => {
      sensitivity.reload(changed.sensitivity);
      lifecycle.useSettings(learningChangesOf(changed));
      topUsers.resize(changed.sensitivity.top_users);
      for (const { id } of Array.from(exclusions)) if (id.startsWith(FILE_EXCLUSION)) exclusions.remove(id);
      for (const exclusion of exclusionsOf(changed)) exclusions.add(exclusion);
    },
  };
}

/** What judges calls without side effects, by what `engine` knows. */
export function createDryRun(
  config: Config,
  engine: Engine,
  edges: Pick<EngineEdges, 'pseudonyms' | 'endpoints'>,
): DryRun {
  const { exclusions, names } = engine;
  const reader = createReader(config, edges);
  return new DryRun({
    live: engine,
    endpoints: edges.endpoints,
    services: config.endpoints.max_services + 1,
    reader,
    exclusions: { list: exclusions, names },
    prefix: config.annotate.prefix,
    newView: viewFactory(config, reader.keys),
  });
}

function learningChangesOf({ model }: Config): Omit<LearningChanges, 'budget'> {
  return { retrainEveryHours: model.retrain_every_hours, promote: model.promote };
}

/** What the ids of exclusions begin with that are in the configuration file. */
const FILE_EXCLUSION = 'file-';

/** The exclusions of the configuration file, by their place in it. */
function exclusionsOf({ sensitivity }: Config): Exclusion[] {
  return sensitivity.exclusions.map(({ expires, entity, endpoint, behavior }, index) => ({
    id: `${FILE_EXCLUSION}${index + 1}`,
    expiresMs: Date.parse(expires),
    entity,
    endpoint,
    behavior,
  }));
}

function createReader(
  { identity }: Config,
  { pseudonyms, endpoints }: Pick<EngineEdges, 'pseudonyms' | 'endpoints'>,
): CallReader {
  const options = {
    userAttributes: identity.user_attributes,
    edgeServices: identity.edge_services,
    trustForwardedFor: identity.trust_forwarded_for,
  };
  return new CallReader(options, pseudonyms, endpoints);
}

/** Makes views over requests that read `read` and cut our own attributes and `hidden`. */
export function viewFactory(
  { annotate, pipeline }: Config,
  read: readonly string[],
  hidden: readonly string[] = [],
): () => RequestView {
  const keys = new KeyTable(read, [...ATTRIBUTE_NAMES.map((name) => annotate.prefix + name), ...hidden]);
  const kinds = new Set(pipeline.scored_kinds.map((kind) => SPAN_KINDS[kind]));
  const limits = {
    maxDepth: pipeline.max_attribute_depth,
    maxAttributesPerSpan: pipeline.max_attributes_per_span,
    maxSpans: pipeline.max_spans_per_request,
  };
  return () => new RequestView(keys, limits, kinds);
}
