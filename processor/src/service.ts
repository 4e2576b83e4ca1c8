/** COMPOSITION ROOT: every part is made and wired here, and nowhere else. */
import type { AddressInfo } from 'node:net';
import type { EndpointSnapshot, EndpointTable } from './call/endpoint-table.ts';
import { EntityNames } from './call/entity-names.ts';
import { Pseudonyms } from './call/pseudonym.ts';
import type { Component } from './component.ts';
import { ListenerTls } from './config/listener-tls.ts';
import { LiveConfig, type ReloadStatus } from './config/live-config.ts';
import type { Config } from './config/schema.ts';
import { ControlAccess } from './control/auth/control-access.ts';
import { IngestAccess } from './control/auth/ingest-access.ts';
import { ControlServer } from './control/server.ts';
import { createViews } from './control-views.ts';
import type { Incident } from './detection/incident.ts';
import { createDryRun, createEndpointTable, createEngine } from './engine.ts';
import { OtlpGrpcExporter } from './exporter/otlp-grpc.ts';
import { ENTITY_KINDS } from './features/entity-states.ts';
import { Jobs } from './jobs/jobs.ts';
import { StateKeeper } from './model/state-keeper.ts';
import type { TrainingControl } from './model/model-lifecycle.ts';
import { ModelImport } from './model/model-import.ts';
import type { ModelRegister } from './model/model-register.ts';
import type { TrainingInput, TrainingResult } from './model/train.ts';
import { Trainer } from './model/trainer.ts';
import { EndpointList } from './pipeline/endpoint-list.ts';
import { Forwarding } from './pipeline/forwarding.ts';
import { InFlightBytes } from './pipeline/in-flight-bytes.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { GrpcReceiver } from './receiver/grpc.ts';
import { HistoryBacktest } from './replay/history-backtest.ts';
import { HistoryTraining } from './replay/history-training.ts';
import { HttpReceiver } from './receiver/http.ts';
import { Intake } from './receiver/intake.ts';
import { UserErasure } from './erasure.ts';
import { Findings } from './findings.ts';
import { registerGauges } from './gauges.ts';
import { openRecords, type Records } from './records.ts';
import { ServiceStatus } from './service-status.ts';
import { VERSION } from './version.ts';
import { type IncidentNotice, noticeOf } from './incident-notice.ts';
import { type PseudonymKeys, readPseudonymKeys } from './pseudonym-keys.ts';
import { FileStore } from './store/files.ts';
import { succession } from './succession.ts';
import type { Job } from './store/jobs.ts';
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

/** Starts trainings on request. Both reject with `training_running` or `shutting_down`. */
export interface Trainings {
  /** On the live rows, or on those of windows that begin within a time range, unix milliseconds. */
  fromWindow(
    range: { readonly fromMs?: number | undefined; readonly toMs?: number | undefined },
    requestedBy: string,
  ): Promise<Job>;
  /** Reads the upload to its end before it resolves. Rejects with what is wrong with it. */
  fromUpload(bytes: AsyncIterable<Uint8Array>, requestedBy: string, length?: number): Promise<Job>;
}

export interface Service extends Component {
  readonly jobs: Jobs;
  /** The models there are: to list, to activate, to delete. */
  readonly models: ModelRegister;
  readonly trainings: Trainings;
  /** Takes a model in that was trained elsewhere: see ModelImport. */
  importModel(bytes: AsyncIterable<Uint8Array>, requestedBy: string): Promise<Job>;
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
      // Snapshots are tried again and again; their keeper says once that they fail.
      log[operation === 'save_state' ? 'debug' : 'error']({ operation, reason }, 'the data folder failed');
    },
  });
  await store.open();
  let records: Records | undefined;
  try {
    const keys = await readPseudonymKeys(config, store);
    const access = await ControlAccess.open(config.control, config.store.directory, { log, nowMs: clock });
    records = await openRecords(config.store, { telemetry, log, clock });
    return assemble(config, edges, { endpoints, telemetry, store, keys, access, records });
  } catch (error) {
    await records?.database.close();
    await store.close();
    throw error;
  }
}

interface Foundations {
  endpoints: EndpointTable;
  telemetry: Telemetry;
  store: FileStore;
  keys: PseudonymKeys;
  access: ControlAccess;
  records: Records;
}

function assemble(config: Config, edges: Edges, foundations: Foundations): Service {
  const { log, clock, random } = edges;
  const { endpoints, telemetry, store, keys, access, records } = foundations;
  const pseudonyms = new Pseudonyms(keys.key, keys);
  const listeners: ((incident: IncidentNotice) => void)[] = [];

  const trainer = new Trainer<TrainingInput, TrainingResult>();
  const jobs = new Jobs({
    journal: records.jobs,
    clock,
    random,
    onFault: (error) => log.error({ err: error }, 'a job could not be kept'),
  });
  const notice = (incident: Incident): IncidentNotice => noticeOf(incident, endpoints);
  const findings = new Findings({
    store: {
      anomalies: records.anomalies,
      incidents: records.incidents,
      windows: records.windows,
    },
    names: new EntityNames(endpoints),
    onDrop: () => telemetry.add('api_anomaly_dropped_records_total', 1, { table: 'anomalies', reason: 'flood' }),
    onFault: (error) => log.error({ err: error }, 'an incident could not be kept'),
  });
  const engine = createEngine(config, {
    endpoints,
    pseudonyms,
    endpointScores: telemetry.endpointScores,
    receivedSeconds: () => clock() / 1000,
    random,
    clock,
    models: store,
    jobs,
    run: (input, control) => runInThread(trainer, input, control),
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
    findings,
    incidents: {
      opened: (incident) => {
        findings.changed(incident);
        telemetry.add('api_anomaly_incidents_total', 1, { behavior: incident.behavior, severity: incident.severity });
        const opened = notice(incident);
        log.warn({ incident: opened }, 'incident opened');
        for (const listener of listeners) listener(opened);
      },
      updated: (incident) => findings.changed(incident),
      closed: (incident) => {
        findings.closed(incident);
        log.info({ incident: notice(incident), anomalies: incident.anomalies }, 'incident closed');
      },
    },
  });
  const { states, lifecycle, register, incidents, exclusions, watermark } = engine;
  pseudonyms.onSuccession(succession(engine, records.successions));
  const history = new HistoryTraining(config, lifecycle, clock);
  const imports = new ModelImport({ register, jobs, clock });
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

  const ingest = new IngestAccess(config.receiver, { log, nowMs: clock });
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
    admits: (authorization) => ingest.admits(authorization),
  });
  const onBadCertificate = (error: unknown): void =>
    log.error({ err: error }, 'a changed certificate cannot be used; the one before stays');
  const receiverTls = new ListenerTls('receiver.tls', config.receiver.tls, onBadCertificate);
  const controlTls = new ListenerTls('control.tls', config.control.tls, onBadCertificate);
  const grpc = new GrpcReceiver(config.receiver, intake, undefined, receiverTls);
  const http = new HttpReceiver(config.receiver, intake, undefined, receiverTls);
  const unready = new Set(['starting']);
  const trainings: Trainings = {
    fromWindow: async ({ fromMs, toMs }, requestedBy) => {
      const from = fromMs === undefined ? {} : { fromSeconds: fromMs / 1000 };
      const to = toMs === undefined ? {} : { toSeconds: toMs / 1000 };
      return (await lifecycle.trainOnWindow({ ...from, ...to }, requestedBy)).job;
    },
    fromUpload: async (upload, requestedBy, length) =>
      (await history.start({ bytes: upload, length }, requestedBy)).job,
  };
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
      onError: (error) => log.error({ err: error }, 'the snapshot could not be read; baselines are learned again'),
      onFailing: (error) => {
        log.error({ err: error }, 'snapshots cannot be saved; tried again at every interval, not told again');
      },
      onRecovered: () => log.info('snapshots are saved again'),
    },
  );
  const endpointList = new EndpointList(engine);
  const liveConfig = new LiveConfig(config, {
    read: edges.readConfig ?? (() => config),
    nowSeconds: () => clock() / 1000,
    parts: [
      engine,
      { reload: (changed) => void (log.level = changed.log.level) },
      { reload: (changed) => exporter?.useHeaders(changed.export.headers) },
      { reload: (changed) => telemetry.usePushHeaders(changed.metrics.otlp.headers) },
    ],
    events: {
      reloaded: (changed, pending) => {
        log.info({ changed }, 'configuration read again and in use');
        if (pending.length > 0) log.warn({ pending }, 'restart to apply these options');
      },
      refused: (mistakes) => log.error({ mistakes }, 'the configuration is not used; the one before stays'),
    },
  });
  const status = new ServiceStatus({
    config,
    version: VERSION,
    engine,
    jobs,
    quality: pipeline.quality,
    bytes,
    telemetry,
    named: endpoints,
    isReady: () => unready.size === 0,
    clock,
    configStatus: () => liveConfig.status,
  });
  const { views, open: openViews } = createViews({
    config,
    engine,
    records,
    store,
    jobs,
    training: trainings,
    importModel: (upload, requestedBy) => imports.run(upload, requestedBy),
    history: new HistoryBacktest(config, keys, clock),
    dryRun: createDryRun(config, engine, { pseudonyms, endpoints }),
    endpoints: endpointList,
    status,
    erasure: new UserErasure({ engine, findings, records, keeper }),
    clock,
    random,
  });
  const control = new ControlServer({
    config: config.control,
    version: VERSION,
    telemetry,
    unreadyBecause: () => [...unready],
    access,
    views,
    audit: records.audit,
    tls: controlTls,
    nowMs: clock,
    log,
  });

  registerGauges({ telemetry, engine, pipeline, liveConfig });
  const timers: NodeJS.Timeout[] = [];
  let stopped: Promise<void> | undefined;
  const shutDown = async (signal: AbortSignal): Promise<void> => {
    unready.add('stopping');
    for (const timer of timers) clearInterval(timer);
    for (const watched of [access, ingest, receiverTls, controlTls]) watched.stop();
    await Promise.all([grpc.stop(signal), http.stop(signal)]);
    await jobs.stop();
    await register.idle();
    await exporter?.stop(signal);
    await keeper.stop();
    await control.stop(signal);
    await telemetry.stop(signal);
    findings.stop();
    records.successions.flush();
    await records.database.close();
    await store.close();
  };

  return {
    jobs,
    models: register,
    trainings,
    importModel: (upload, requestedBy) => imports.run(upload, requestedBy),
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
      await ingest.start();
      await receiverTls.start();
      await controlTls.start();
      await control.start();
      await jobs.open();
      await register.open();
      await keeper.start();
      await findings.start(incidents);
      await openViews().catch((error) => log.error({ err: error }, 'settings and exclusions could not be read'));
      await exporter?.start();
      await grpc.start();
      await http.start();
      timers.push(
        setInterval(() => {
          incidents.closeQuiet(watermark.seconds);
          exclusions.removeExpired(watermark.seconds * 1000);
        }, INCIDENT_SWEEP_MS).unref(),
        setInterval(() => status.sample(), STATUS_SAMPLE_MS).unref(),
        setInterval(() => endpointList.sample(), ENDPOINT_SAMPLE_MS).unref(),
      );
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
const STATUS_SAMPLE_MS = 10_000;
const ENDPOINT_SAMPLE_MS = 60_000;

const hostAndPort = ({ address, family, port }: AddressInfo): string =>
  family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;

/** Trains in a thread of its own. Rejects when that failed or was given up. */
async function runInThread(
  trainer: Trainer<TrainingInput, TrainingResult>,
  input: TrainingInput,
  control: TrainingControl | undefined,
): Promise<TrainingResult> {
  const run = await trainer.train(input.version, input, {
    transfer: [
      ...input.kinds.map(({ rows }) => rows.buffer as ArrayBuffer),
      ...(input.approved ? [input.approved] : []),
    ],
    ...(control && { signal: control.signal, onProgress: control.progress }),
  });
  if (run.outcome === 'succeeded') return run.result;
  throw run.outcome === 'failed' ? run.error : new Error(`training was ${run.outcome}`);
}
