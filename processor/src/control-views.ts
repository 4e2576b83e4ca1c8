/** What the control API shows and does, made of the parts of the service. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from './config/schema.ts';
import { BacktestDesk } from './control/backtest-desk.ts';
import { FeedbackDesk } from './control/feedback-desk.ts';
import type { StatusView } from './control/routes/status.ts';
import type { TrainingView } from './control/routes/train.ts';
import { SensitivityDesk } from './control/sensitivity-desk.ts';
import type { ControlViews } from './control/views.ts';
import type { Engine } from './engine.ts';
import { ServiceError } from './errors.ts';
import type { Jobs, StartedJob } from './jobs/jobs.ts';
import type { ModelImport } from './model/model-import.ts';
import type { DryRun } from './pipeline/dry-run.ts';
import type { EndpointList } from './pipeline/endpoint-list.ts';
import { UserList } from './pipeline/user-list.ts';
import type { Records } from './records.ts';
import type { HistoryTraining } from './replay/history-training.ts';
import type { FileStore } from './store/files.ts';
import type { Job } from './store/jobs.ts';

export interface ViewedParts {
  readonly config: Config;
  readonly engine: Engine;
  readonly records: Records;
  readonly store: FileStore;
  readonly jobs: Jobs;
  readonly history: HistoryTraining;
  readonly imports: ModelImport;
  readonly dryRun: DryRun;
  readonly endpoints: EndpointList;
  readonly status: StatusView;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly random: () => number;
}

export interface OpenViews {
  readonly views: Partial<ControlViews>;
  /** Puts into force what was set before a restart. */
  open(): Promise<void>;
}

/** What is wrong with an upload shows within this time of its end, if it shows at once. */
const FAILS_WITHIN_MS = 250;

export function createViews(parts: ViewedParts): OpenViews {
  const { config, engine, records, store, jobs, imports, dryRun, endpoints, status, clock, random } = parts;
  const { states, scorer, watermark, names, register, exclusions } = engine;
  const feedback = new FeedbackDesk({
    incidents: records.incidents,
    feedback: records.feedback,
    exclusions: records.exclusions,
    inForce: exclusions,
    onConfirmed: () => {},
    nowMs: clock,
    random,
  });
  const sensitivity = new SensitivityDesk(engine.sensitivity, records.settings);
  const backtest = new BacktestDesk({
    jobs,
    windows: records.windows,
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
      training: trainingView(parts),
      models: {
        list: () => register.list(),
        get: (version) => register.get(version),
        activate: (version, mode) => register.activate(version, mode),
        delete: (version) => register.delete(version),
        importModel: async (upload, requestedBy) => succeeded(await (await imports.start(upload, requestedBy)).ended),
      },
      anomalies: records.anomalies,
      incidents: records,
      feedback,
      exclusions: feedback,
      sensitivity,
      backtest,
      users: new UserList({ states, scorer, watermark, names, identities: config.identity.user_attributes }),
      endpoints,
      audit: records.audit,
    },
  };
}

function trainingView({ engine, history, jobs }: ViewedParts): TrainingView {
  return {
    fromWindow: async ({ fromMs, toMs }, requestedBy) => {
      const range = {
        ...(fromMs !== undefined && { fromSeconds: fromMs / 1000 }),
        ...(toMs !== undefined && { toSeconds: toMs / 1000 }),
      };
      return (await engine.lifecycle.trainOnWindow(range, requestedBy)).job;
    },
    fromUpload: async (upload, requestedBy) => {
      const started = await history.start({ bytes: upload, requestedBy });
      await started.taken;
      const ended = await Promise.race([started.ended, delay(FAILS_WITHIN_MS, undefined, { ref: false })]);
      return ended === undefined ? (jobs.get(started.job.id) ?? started.job) : succeeded(ended);
    },
  };
}

/** Throws what the work of a job failed with, where the sender of an upload can do something about it. */
function succeeded({ job, error }: Awaited<StartedJob['ended']>): Job {
  if (error instanceof ServiceError) throw error;
  return job;
}
