/** COMPOSITION ROOT: every part is made and wired here, and nowhere else. */
import type { AddressInfo } from 'node:net';
import type { EndpointSnapshot, EndpointTable } from './call/endpoint-table.ts';
import { EntityNames } from './call/entity-names.ts';
import { Pseudonyms } from './call/pseudonym.ts';
import type { Component } from './component.ts';
import type { Config } from './config/schema.ts';
import { ControlServer } from './control/server.ts';
import type { Incident } from './detection/incident.ts';
import { createEndpointTable, createEngine } from './engine.ts';
import { OtlpGrpcExporter } from './exporter/otlp-grpc.ts';
import { ENTITY_KINDS } from './features/entity-states.ts';
import { Jobs } from './jobs/jobs.ts';
import { StateKeeper } from './model/state-keeper.ts';
import type { TrainingControl } from './model/model-lifecycle.ts';
import { ModelImport } from './model/model-import.ts';
import type { ModelRegister } from './model/model-register.ts';
import type { TrainingInput, TrainingResult } from './model/train.ts';
import { Trainer } from './model/trainer.ts';
import { Forwarding } from './pipeline/forwarding.ts';
import { InFlightBytes } from './pipeline/in-flight-bytes.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { GrpcReceiver } from './receiver/grpc.ts';
import { HistoryTraining } from './replay/history-training.ts';
import { HttpReceiver } from './receiver/http.ts';
import { Intake } from './receiver/intake.ts';
import { Findings } from './findings.ts';
import { registerGauges } from './gauges.ts';
import { type IncidentNotice, noticeOf } from './incident-notice.ts';
import { Anomalies } from './store/anomalies.ts';
import { Database } from './store/database.ts';
import { FileStore } from './store/files.ts';
import { Incidents } from './store/incidents.ts';
import { type Job, Jobs as JobRecords } from './store/jobs.ts';
import { KeptWindows } from './store/kept-windows.ts';
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
}

/** Opens the data folder and builds the service; nothing listens yet. Rejects with a ServiceError that says why it cannot. */
export async function createService(config: Config, edges: Edges): Promise<Service> {
  const { log, clock } = edges;
  const endpoints = createEndpointTable(config);
  const telemetry = new Telemetry({ nowMs: clock, endpointName: (id) => endpoints.describe(id) });
  const store = new FileStore(config.store.directory, {
    error: (operation, reason) => {
      telemetry.add('api_anomaly_store_errors_total', 1, { operation });
      log.error({ operation, reason }, 'the data folder failed');
    },
  });
  await store.open();
  const database = openable(config, edges, telemetry);
  try {
    await database.open();
    const pseudonyms = new Pseudonyms(await store.loadOrCreateSecret('pseudonym'));
    return assemble(config, edges, { endpoints, telemetry, store, database, pseudonyms });
  } catch (error) {
    await database.close();
    await store.close();
    throw error;
  }
}

interface Foundations {
  endpoints: EndpointTable;
  telemetry: Telemetry;
  store: FileStore;
  database: Database;
  pseudonyms: Pseudonyms;
}

/** The database, not opened yet. What it cannot do costs records, never spans. */
function openable({ store }: Config, { log, clock }: Edges, telemetry: Telemetry): Database {
  return new Database(
    store,
    {
      error: (operation, reason) => {
        telemetry.add('api_anomaly_store_errors_total', 1, { operation });
        log.warn({ operation, reason }, 'the database failed');
      },
      alarm: (error) => log.error({ err: error }, 'records are not kept'),
      recovered: () => log.info({}, 'records are kept again'),
      dropped: (table) => telemetry.add('api_anomaly_dropped_records_total', 1, { table }),
    },
    { nowMs: clock },
  );
}

function assemble(config: Config, edges: Edges, foundations: Foundations): Service {
  const { endpoints, telemetry, store, database, pseudonyms } = foundations;
  const { log, clock, random } = edges;
  const listeners: ((incident: IncidentNotice) => void)[] = [];

  const trainer = new Trainer<TrainingInput, TrainingResult>();
  const jobs = new Jobs({
    journal: new JobRecords(database),
    clock,
    random,
    onFault: (error) => log.error({ err: error }, 'a job could not be kept'),
  });
  const notice = (incident: Incident): IncidentNotice => noticeOf(incident, endpoints);
  const findings = new Findings({
    store: {
      anomalies: new Anomalies(database),
      incidents: new Incidents(database),
      windows: new KeptWindows(database),
    },
    names: new EntityNames(endpoints),
    onDrop: () => telemetry.add('api_anomaly_dropped_records_total', 1, { table: 'anomalies' }),
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

  registerGauges({ telemetry, engine, pipeline, configReadSeconds: clock() / 1000 });
  let incidentTimer: NodeJS.Timeout | undefined;
  let stopped: Promise<void> | undefined;
  const shutDown = async (signal: AbortSignal): Promise<void> => {
    unready.add('stopping');
    clearInterval(incidentTimer);
    await Promise.all([grpc.stop(signal), http.stop(signal)]);
    await jobs.stop();
    await register.idle();
    await exporter?.stop(signal);
    await keeper.stop();
    await control.stop(signal);
    await telemetry.stop();
    findings.stop();
    await database.close();
    await store.close();
  };

  return {
    jobs,
    models: register,
    trainings: {
      fromWindow: async ({ fromMs, toMs }, requestedBy) => {
        const from = fromMs === undefined ? {} : { fromSeconds: fromMs / 1000 };
        const to = toMs === undefined ? {} : { toSeconds: toMs / 1000 };
        return (await lifecycle.trainOnWindow({ ...from, ...to }, requestedBy)).job;
      },
      fromUpload: async (upload, requestedBy, length) =>
        (await history.start({ bytes: upload, length, requestedBy })).job,
    },
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
    async start() {
      await telemetry.start();
      await control.start();
      await jobs.open();
      await register.open();
      await findings.start();
      await keeper.start();
      await exporter?.start();
      await grpc.start();
      await http.start();
      incidentTimer = setInterval(() => {
        incidents.closeQuiet(watermark.seconds);
        exclusions.removeExpired(watermark.seconds * 1000);
      }, INCIDENT_SWEEP_MS).unref();
      unready.delete('starting');
    },
    stop: (signal) => (stopped ??= shutDown(signal)),
  };
}

const INCIDENT_SWEEP_MS = 10_000;

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
