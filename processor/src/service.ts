/** COMPOSITION ROOT: every part is made and wired here, and nowhere else. */
import type { AddressInfo } from 'node:net';
import type { EndpointSnapshot, EndpointTable } from './call/endpoint-table.ts';
import type { Pseudonyms } from './call/pseudonym.ts';
import type { Component } from './component.ts';
import { LiveConfig, type ReloadStatus } from './config/live-config.ts';
import type { Config } from './config/schema.ts';
import { ControlServer } from './control/server.ts';
import type { Incident } from './detection/incident.ts';
import { createEndpointTable, createEngine } from './engine.ts';
import { OtlpGrpcExporter } from './exporter/otlp-grpc.ts';
import { ENTITY_KINDS } from './features/entity-states.ts';
import { Model } from './model/model.ts';
import type { ModelLifecycle } from './model/model-lifecycle.ts';
import { StateKeeper } from './model/state-keeper.ts';
import type { TrainingInput, TrainingResult } from './model/train.ts';
import { Trainer } from './model/trainer.ts';
import { Forwarding } from './pipeline/forwarding.ts';
import { InFlightBytes } from './pipeline/in-flight-bytes.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { GrpcReceiver } from './receiver/grpc.ts';
import { HttpReceiver } from './receiver/http.ts';
import { Intake } from './receiver/intake.ts';
import { registerGauges } from './gauges.ts';
import { type IncidentNotice, noticeOf } from './incident-notice.ts';
import { createPseudonyms } from './pseudonym-keys.ts';
import { FileStore } from './store/files.ts';
import type { Log } from './telemetry/log.ts';
import type { PushOptions } from './telemetry/otlp-push.ts';
import { Telemetry } from './telemetry/telemetry.ts';

/** What the service takes from outside, so that tests and replays can give their own. */
export interface Edges {
  /** Wall clock, unix milliseconds. */
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Reads the configuration anew; throws ConfigError. Without it there is no other than the one given. */
  readonly readConfig?: () => Config;
}

/** Where the service listens, as host:port. */
export interface Addresses {
  readonly grpc: string;
  readonly http: string;
  readonly control: string;
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
  /** Reads the configuration again and puts it to use as far as the running service can. Never throws. */
  reloadConfig(): void;
  /** What came of the last reading of the configuration. */
  configStatus(): ReloadStatus;
}

/** Opens the data folder and builds the service; nothing listens yet. Rejects with a ServiceError that says why it cannot. */
export async function createService(config: Config, edges: Edges): Promise<Service> {
  const { log, clock } = edges;
  const endpoints = createEndpointTable(config);
  const push = pushOptionsOf(config);
  const telemetry = new Telemetry({
    nowMs: clock,
    endpointName: (id) => endpoints.describe(id),
    ...(push !== undefined && { push }),
    onPushChange: (error) => {
      if (error === undefined) log.info('metrics are delivered again');
      else log.warn({ err: error }, 'metrics cannot be pushed; tried again at every interval, not told again');
    },
  });
  const store = new FileStore(config.store.directory, {
    error: (operation, reason) => {
      telemetry.add('api_anomaly_store_errors_total', 1, { operation });
      log.error({ operation, reason }, 'the data folder failed');
    },
  });
  await store.open();
  try {
    const pseudonyms = await createPseudonyms(config, store);
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
  const listeners: ((incident: IncidentNotice) => void)[] = [];

  const trainer = new Trainer<TrainingInput, TrainingResult>();
  const notice = (incident: Incident): IncidentNotice => noticeOf(incident, endpoints);
  const engine = createEngine(config, {
    endpoints,
    pseudonyms,
    endpointScores: telemetry.endpointScores,
    receivedSeconds: () => clock() / 1000,
    random,
    models: store,
    run: async (input) => {
      const run = await trainer.train(input.version, input, [
        ...input.kinds.map(({ rows }) => rows.buffer as ArrayBuffer),
        ...(input.approved ? [input.approved] : []),
      ]);
      if (run.outcome === 'succeeded') return run.result;
      throw run.outcome === 'failed' ? run.error : new Error(`training was ${run.outcome}`);
    },
    events: {
      promoted: ({ provenance: { version, rows } }) => log.info({ version, rows }, 'model in use'),
      trained: (outcome, seconds, gates) => {
        telemetry.add('api_anomaly_training_runs_total', 1, { outcome });
        telemetry.observe('api_anomaly_training_duration_seconds', seconds);
        const failed = gates.filter(({ passed }) => !passed);
        log.info({ outcome, seconds, failed }, 'training ended');
      },
      failed: (error) => log.error({ err: error }, 'training failed'),
    },
    incidents: {
      opened: (incident) => {
        telemetry.add('api_anomaly_incidents_total', 1, { behavior: incident.behavior, severity: incident.severity });
        const opened = notice(incident);
        log.warn({ incident: opened }, 'incident opened');
        for (const listener of listeners) listener(opened);
      },
      closed: (incident) => log.info({ incident: notice(incident), anomalies: incident.anomalies }, 'incident closed'),
    },
  });
  const { states, lifecycle, incidents, watermark } = engine;
  const bytes = new InFlightBytes(config.pipeline.max_in_flight_bytes);
  const exporter = config.export.endpoint === '' ? undefined : new OtlpGrpcExporter(config.export);
  const onFault = (error: unknown): void => log.error({ err: error }, 'a fault of ours; the request went on unscored');
  const pipeline = new Pipeline(
    {
      sliceSpans: config.pipeline.slice_spans,
      duplicateBodiesBytes: config.pipeline.duplicate_bodies_bytes,
    },
    {
      newView: engine.newView,
      judge: engine.judge,
      writer: engine.writer,
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

  const liveConfig = new LiveConfig(config, {
    read: edges.readConfig ?? (() => config),
    nowSeconds: () => clock() / 1000,
    parts: [engine, { reload: (changed) => void (log.level = changed.log.level) }],
    events: {
      reloaded: (changed, pending) => {
        log.info({ changed }, 'configuration read again and in use');
        if (pending.length > 0) log.warn({ pending }, 'restart to apply these options');
      },
      refused: (mistakes) => log.error({ mistakes }, 'the configuration is not used; the one before stays'),
    },
  });
  registerGauges({ telemetry, engine, pipeline, liveConfig });
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
    await telemetry.stop(signal);
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
    reloadConfig: () => liveConfig.reload(),
    configStatus: () => liveConfig.status,
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

function pushOptionsOf({ metrics: { otlp } }: Config): PushOptions | undefined {
  if (otlp.endpoint === '') return undefined;
  return {
    endpoint: otlp.endpoint,
    protocol: otlp.protocol,
    intervalMs: otlp.interval_seconds * 1000,
    timeoutMs: otlp.timeout_seconds * 1000,
    headers: otlp.headers,
  };
}

const INCIDENT_SWEEP_MS = 10_000;

const hostAndPort = ({ address, family, port }: AddressInfo): string =>
  family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;

/** A model that cannot be read is as good as none: the service learns again. */
async function loadModel(store: FileStore, lifecycle: ModelLifecycle, log: Log): Promise<void> {
  try {
    const stored = await store.loadCurrentModel();
    if (stored !== undefined) lifecycle.resume(Model.from(new Uint8Array(stored.bytes)), stored.approval);
  } catch (error) {
    log.error({ err: error }, 'the stored model is not used; learning again');
  }
}
