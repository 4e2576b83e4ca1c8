/** COMPOSITION ROOT: every part is made and wired here, and nowhere else. */
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { ApiCall } from './call/api-call.ts';
import { CallReader } from './call/call-reader.ts';
import { type EndpointSnapshot, EndpointTable } from './call/endpoint-table.ts';
import { displayName, Pseudonyms } from './call/pseudonym.ts';
import type { Component } from './component.ts';
import type { Config } from './config/schema.ts';
import { ControlServer } from './control/server.ts';
import { type Incident, IncidentBook } from './detection/incident.ts';
import { ScoreDrift } from './detection/score-drift.ts';
import { OtlpGrpcExporter } from './exporter/otlp-grpc.ts';
import { ENTITY_KINDS, EntityStates } from './features/entity-states.ts';
import { Watermark } from './features/window-clock.ts';
import { Model } from './model/model.ts';
import { ModelLifecycle } from './model/model-lifecycle.ts';
import { StateKeeper } from './model/state-keeper.ts';
import type { TrainingInput, TrainingResult } from './model/train.ts';
import { Trainer } from './model/trainer.ts';
import { ATTRIBUTE_NAMES } from './otlp/attributes.ts';
import { KeyTable, RequestView } from './otlp/request-view.ts';
import { Forwarding } from './pipeline/forwarding.ts';
import { InFlightBytes } from './pipeline/in-flight-bytes.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { RecentSpans } from './pipeline/recent-spans.ts';
import { RequestJudge } from './pipeline/request-judge.ts';
import { Scorer } from './pipeline/scorer.ts';
import { SpanWriter } from './pipeline/span-writer.ts';
import { TopUsers } from './pipeline/top-users.ts';
import { GrpcReceiver } from './receiver/grpc.ts';
import { HttpReceiver } from './receiver/http.ts';
import { Intake } from './receiver/intake.ts';
import { registerGauges } from './gauges.ts';
import { FileStore } from './store/files.ts';
import type { Log } from './telemetry/log.ts';
import { Telemetry } from './telemetry/telemetry.ts';

/** What the service takes from outside, so that tests and replays can give their own. */
export interface Edges {
  /** Wall clock, unix milliseconds. */
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
}

/** Where the service listens, as host:port. */
export interface Addresses {
  readonly grpc: string;
  readonly http: string;
  readonly control: string;
}

/** What an incident looks like from outside: no key, only the pseudonym. */
export interface IncidentNotice {
  readonly id: string;
  readonly behavior: string;
  readonly severity: string;
  readonly score: number;
  readonly kind: string;
  /** Pseudonym of a user or address; the endpoint's name for an endpoint. */
  readonly entity: string;
  readonly service: string;
  readonly endpoint: string;
  readonly reason: string;
  readonly startSeconds: number;
}

export interface Service extends Component {
  addresses(): Addresses;
  /** Calls `listener` when an incident opens. */
  onIncident(listener: (incident: IncidentNotice) => void): void;
  /** Version of the model in use; undefined while learning. */
  modelVersion(): string | undefined;
  /** Resolves when no training is under way: for replays, whose time runs faster than trainings take. */
  trained(): Promise<void>;
  /** Share of what the first model needs that has been seen, 0..1. */
  learningProgress(): number;
}

/** SpanKind numbers of the OTLP specification. */
const SPAN_KINDS = { SERVER: 2, CONSUMER: 5 } as const;

/** Opens the data folder and builds the service; nothing listens yet. Rejects with a ServiceError that says why it cannot. */
export async function createService(config: Config, edges: Edges): Promise<Service> {
  const { log, clock } = edges;
  const endpoints = new EndpointTable({
    maxServices: config.endpoints.max_services,
    maxEndpointsPerService: config.endpoints.max_endpoints_per_service,
    maxEndpoints: config.features.max_endpoints,
  });
  const telemetry = new Telemetry({ nowMs: clock, endpointName: (id) => endpoints.describe(id) });
  const store = new FileStore(config.store.directory, {
    error: (operation, reason) => {
      telemetry.add('api_anomaly_store_errors_total', 1, { operation });
      log.error({ operation, reason }, 'the data folder failed');
    },
  });
  await store.open();
  try {
    const pseudonyms = new Pseudonyms(await store.loadOrCreateSecret('pseudonym'));
    return assemble(config, edges, { endpoints, telemetry, store, pseudonyms });
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Foundations {
  endpoints: EndpointTable;
  telemetry: Telemetry;
  store: FileStore;
  pseudonyms: Pseudonyms;
}

function assemble(config: Config, edges: Edges, { endpoints, telemetry, store, pseudonyms }: Foundations): Service {
  const { log, clock, random } = edges;
  const watermark = new Watermark(() => clock() / 1000);
  const drift = new ScoreDrift();
  const listeners: ((incident: IncidentNotice) => void)[] = [];

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
        if (!scorer.wasSuspect(kind, slot)) lifecycle.learn(kind, slot);
      },
      evicted: (kind, slot) => scorer.forget(kind, slot),
    },
  );
  const { sensitivity } = config;
  const switchedOff = Object.entries(sensitivity.behaviors).filter(([, isOn]) => !isOn);
  const scorer: Scorer = new Scorer(
    states,
    {
      falseIncidentsPerDay: sensitivity.false_incidents_per_day,
      shares: {
        user: sensitivity.users_share,
        address: sensitivity.addresses_share,
        endpoint: sensitivity.endpoints_share,
      },
    },
    new Set(switchedOff.map(([name]) => name)),
    config.annotate.detail === 'full',
  );

  const trainer = new Trainer<TrainingInput, TrainingResult>();
  const lifecycle: ModelLifecycle = new ModelLifecycle(
    {
      minRows: config.model.min_rows,
      minEntities: config.model.min_entities,
      minHours: config.model.min_hours,
      retrainEveryHours: config.model.retrain_every_hours,
      promote: config.model.promote,
      sampleRows: config.model.sample_rows,
      forest: { seed: config.model.seed, trees: config.model.trees, sampleSize: config.model.sample_size },
    },
    {
      states,
      watermark,
      store,
      random,
      nowMs: () => performance.now(),
      run: async (input) => {
        const run = await trainer.train(
          input.version,
          input,
          input.kinds.map(({ rows }) => rows.buffer as ArrayBuffer),
        );
        if (run.outcome === 'succeeded') return run.result;
        throw run.outcome === 'failed' ? run.error : new Error(`training was ${run.outcome}`);
      },
      events: {
        promoted: (model) => {
          scorer.use(model);
          drift.restart();
          log.info({ version: model.provenance.version, rows: model.provenance.rows }, 'model in use');
        },
        trained: (outcome, seconds, gates) => {
          telemetry.add('api_anomaly_training_runs_total', 1, { outcome });
          telemetry.observe('api_anomaly_training_duration_seconds', seconds);
          const failed = gates.filter(({ passed }) => !passed);
          log.info({ outcome, seconds, failed }, 'training ended');
        },
        failed: (error) => log.error({ err: error }, 'training failed'),
      },
    },
  );

  const notice = (incident: Incident): IncidentNotice => {
    const where = endpoints.describe(incident.endpoint);
    const { kind, entityHigh, entityLow } = incident;
    return {
      id: incident.id,
      behavior: incident.behavior,
      severity: incident.severity,
      score: incident.score,
      kind,
      entity:
        kind === 'endpoint'
          ? endpoints.describe(entityLow).endpoint
          : displayName(kind === 'user' ? 'u' : 'a', entityHigh, entityLow),
      service: where.service,
      endpoint: where.endpoint,
      reason: incident.reason,
      startSeconds: incident.startSeconds,
    };
  };
  const incidents = new IncidentBook({
    opened: (incident) => {
      telemetry.add('api_anomaly_incidents_total', 1, { behavior: incident.behavior, severity: incident.severity });
      const opened = notice(incident);
      log.warn({ incident: opened }, 'incident opened');
      for (const listener of listeners) listener(opened);
    },
    closed: (incident) => log.info({ incident: notice(incident), anomalies: incident.anomalies }, 'incident closed'),
  });

  const topUsers = new TopUsers(sensitivity.top_users);
  const writer = new SpanWriter(config.annotate.prefix, config.annotate.detail, scorer);
  const reader = new CallReader(
    {
      userAttributes: config.identity.user_attributes,
      edgeServices: config.identity.edge_services,
      trustForwardedFor: config.identity.trust_forwarded_for,
    },
    pseudonyms,
    endpoints,
  );
  const keys = new KeyTable(
    reader.keys,
    ATTRIBUTE_NAMES.map((name) => config.annotate.prefix + name),
  );
  const kinds = new Set(config.pipeline.scored_kinds.map((kind) => SPAN_KINDS[kind]));
  const limits = {
    maxDepth: config.pipeline.max_attribute_depth,
    maxAttributesPerSpan: config.pipeline.max_attributes_per_span,
    maxSpans: config.pipeline.max_spans_per_request,
  };
  const bytes = new InFlightBytes(config.pipeline.max_in_flight_bytes);
  const exporter = config.export.endpoint === '' ? undefined : new OtlpGrpcExporter(config.export);
  const onFault = (error: unknown): void => log.error({ err: error }, 'a fault of ours; the request went on unscored');
  const pipeline = new Pipeline(
    {
      sliceSpans: config.pipeline.slice_spans,
      duplicateBodiesBytes: config.pipeline.duplicate_bodies_bytes,
    },
    {
      newView: () => new RequestView(keys, limits, kinds),
      judge: new RequestJudge({
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
        endpointScores: telemetry.endpointScores,
      }),
      writer,
      forwarding: new Forwarding(config.export.max_request_bytes, config.annotate.prefix),
      next: exporter,
      bytes,
      telemetry,
      afterRequest: () => {
        lifecycle.trainIfDue();
        countEvictions();
      },
      onFault,
    },
  );

  const evictions = { user: 0, address: 0, endpoint: 0 };
  const countEvictions = (): void => {
    for (const entity of ENTITY_KINDS) {
      const { evicted } = states[entity].table;
      if (evicted === evictions[entity]) continue;
      telemetry.add('api_anomaly_evicted_entities_total', evicted - evictions[entity], { entity });
      evictions[entity] = evicted;
    }
  };

  const intake = new Intake({
    receiver: config.receiver,
    timeouts: config.export,
    consumer: pipeline,
    budget: bytes,
    events: {
      received: () => {},
      refused: (_listener, reason) => telemetry.add('api_anomaly_refused_spans_total', 1, { reason }),
      faulted: onFault,
    },
  });
  const grpc = new GrpcReceiver(config.receiver, intake);
  const http = new HttpReceiver(config.receiver, intake);
  const unready = new Set(['starting']);
  const control = new ControlServer({
    config: config.control,
    telemetry,
    unreadyBecause: () => [...unready],
    log,
  });
  const keeper = new StateKeeper(
    { everySeconds: config.store.snapshot_seconds },
    {
      store,
      states,
      endpointNames: {
        snapshot: () => endpoints.snapshot(),
        restore: (saved) => endpoints.restore(saved as EndpointSnapshot),
      },
      lifecycle,
      onError: (error) => log.error({ err: error }, 'the state could not be kept'),
    },
  );

  registerGauges({
    telemetry,
    scorer,
    states,
    lifecycle,
    incidents,
    topUsers,
    pipeline,
    watermark,
    drift,
    configReadSeconds: clock() / 1000,
  });
  let incidentTimer: NodeJS.Timeout | undefined;
  let stopped: Promise<void> | undefined;
  const shutDown = async (signal: AbortSignal): Promise<void> => {
    unready.add('stopping');
    clearInterval(incidentTimer);
    await Promise.all([grpc.stop(signal), http.stop(signal)]);
    lifecycle.stop();
    await trainer.stop();
    await lifecycle.idle();
    await exporter?.stop(signal);
    await keeper.stop();
    await control.stop(signal);
    await telemetry.stop();
    await store.close();
  };

  return {
    addresses: () => ({
      grpc: hostAndPort(grpc.address()),
      http: hostAndPort(http.address()),
      control: hostAndPort(control.address()),
    }),
    onIncident: (listener) => void listeners.push(listener),
    modelVersion: () => lifecycle.active?.provenance.version,
    trained: () => lifecycle.idle(),
    learningProgress: () => lifecycle.progress,
    async start() {
      await telemetry.start();
      await control.start();
      await loadModel(store, lifecycle, log);
      await keeper.start();
      await exporter?.start();
      await grpc.start();
      await http.start();
      incidentTimer = setInterval(() => incidents.closeQuiet(watermark.seconds), INCIDENT_SWEEP_MS).unref();
      unready.delete('starting');
    },
    stop: (signal) => (stopped ??= shutDown(signal)),
  };
}

const INCIDENT_SWEEP_MS = 10_000;

const hostAndPort = ({ address, family, port }: AddressInfo): string =>
  family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;

/** A model that cannot be read is as good as none: the service learns again. */
async function loadModel(store: FileStore, lifecycle: ModelLifecycle, log: Log): Promise<void> {
  try {
    const stored = await store.loadCurrentModel();
    if (stored !== undefined) lifecycle.promote(Model.from(new Uint8Array(stored.bytes)));
  } catch (error) {
    log.error({ err: error }, 'the stored model is not used; learning again');
  }
}
