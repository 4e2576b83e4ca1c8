/** What the control API shows and does, made of the parts of the service. */
import type { Config } from './config/schema.ts';
import { BacktestDesk } from './control/backtest-desk.ts';
import { FeedbackDesk } from './control/feedback-desk.ts';
import type { ErasureView } from './control/routes/erase.ts';
import type { ModelsView } from './control/routes/models.ts';
import type { StatusView } from './control/routes/status.ts';
import type { TrainingView } from './control/routes/train.ts';
import { SensitivityDesk } from './control/sensitivity-desk.ts';
import type { ControlViews } from './control/views.ts';
import type { Engine } from './engine.ts';
import type { Jobs } from './jobs/jobs.ts';
import type { DryRun } from './pipeline/dry-run.ts';
import type { EndpointList } from './pipeline/endpoint-list.ts';
import { UserList } from './pipeline/user-list.ts';
import type { Records } from './records.ts';
import type { HistoryBacktest } from './replay/history-backtest.ts';
import type { FileStore } from './store/files.ts';
import type { ListedIncident } from './store/incidents.ts';

export interface ViewedParts {
  readonly config: Config;
  readonly engine: Engine;
  readonly records: Records;
  readonly store: FileStore;
  readonly jobs: Jobs;
  readonly training: TrainingView;
  readonly importModel: ModelsView['importModel'];
  readonly history: HistoryBacktest;
  readonly dryRun: DryRun;
  readonly endpoints: EndpointList;
  readonly status: StatusView;
  readonly erasure: ErasureView;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly random: () => number;
}

export interface OpenViews {
  readonly views: Partial<ControlViews>;
  /** Puts into force what was set before a restart. */
  readonly open: () => Promise<void>;
}

export function createViews(parts: ViewedParts): OpenViews {
  const { config, engine, records, store, jobs, training, importModel, history, dryRun, endpoints, status } = parts;
  const { clock, random } = parts;
  const { states, scorer, watermark, names, register, exclusions } = engine;
  const feedback = new FeedbackDesk({
    incidents: records.incidents,
    feedback: records.feedback,
    exclusions: records.exclusions,
    inForce: exclusions,
    onConfirmed: (incident, isConfirmed) => noteConfirmed(parts, incident, isConfirmed),
    nowMs: clock,
    random,
  });
  const sensitivity = new SensitivityDesk(engine.sensitivity, records.settings);
  const backtest = new BacktestDesk({
    jobs,
    windows: records.windows,
    onHistory: (...run) => history.run(...run),
    sensitivity: engine.sensitivity,
    exclusions,
    active: () => register.active,
    load: (version) => store.loadModel(version),
  });
  return {
    open: async () => {
      await feedback.open();
      await sensitivity.open();
    },
    views: {
      status,
      detect: dryRun,
      jobs,
      training,
      models: {
        list: () => register.list(),
        get: (version) => register.get(version),
        activate: (version, mode) => register.activate(version, mode),
        delete: (version) => register.delete(version),
        importModel,
      },
      anomalies: records.anomalies,
      incidents: records,
      feedback,
      exclusions: feedback,
      sensitivity,
      backtest,
      users: new UserList({ states, scorer, watermark, names, identities: config.identity.user_attributes }),
      erasure: parts.erasure,
      endpoints,
      audit: records.audit,
    },
  };
}

/** What happened in a confirmed incident is not learned from. */
function noteConfirmed({ engine }: ViewedParts, incident: ListedIncident, isConfirmed: boolean): void {
  const { confirmed, names } = engine;
  const { id, kind, entity, startMs, lastMs, closedMs } = incident;
  if (!isConfirmed) {
    confirmed.remove(id);
    return;
  }
  const key = names.keyOf(kind, entity);
  if (key === undefined) return;
  const toSeconds = closedMs === undefined ? Number.POSITIVE_INFINITY : lastMs / 1000;
  const { high: entityHigh, low: entityLow } = key;
  confirmed.add({ id, kind, entityHigh, entityLow, fromSeconds: startMs / 1000, toSeconds });
}
