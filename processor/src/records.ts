/** The database and what is kept in it. */
import type { Config } from './config/schema.ts';
import type { JobJournal } from './jobs/jobs.ts';
import { Anomalies } from './store/anomalies.ts';
import { Audit } from './store/audit.ts';
import { Database } from './store/database.ts';
import { Exclusions } from './store/exclusions.ts';
import { FeedbackBook } from './store/feedback.ts';
import { Incidents } from './store/incidents.ts';
import { Jobs } from './store/jobs.ts';
import { KeptWindows } from './store/kept-windows.ts';
import { Settings } from './store/settings.ts';
import { Successions } from './store/successions.ts';
import type { Log } from './telemetry/log.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

export interface Records {
  readonly database: Database;
  readonly anomalies: Anomalies;
  readonly incidents: Incidents;
  readonly feedback: FeedbackBook;
  readonly exclusions: Exclusions;
  readonly settings: Settings;
  readonly windows: KeptWindows;
  readonly audit: Audit;
  readonly jobs: JobJournal;
  readonly successions: Successions;
}

interface Edges {
  readonly telemetry: Telemetry;
  readonly log: Log;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

/** Opens the database of a data folder that is locked already. Rejects with `database_newer` only. */
export async function openRecords(config: Config['store'], { telemetry, log, clock }: Edges): Promise<Records> {
  const database = new Database(
    config,
    {
      error: (operation, reason) => {
        telemetry.add('api_anomaly_store_errors_total', 1, { operation });
        log.debug({ operation, reason }, 'the database failed');
      },
      alarm: (error) => log.error({ err: error }, 'the database cannot be used; spans are scored all the same'),
      recovered: () => log.info('the database can be used again'),
      dropped: (table) => telemetry.add('api_anomaly_dropped_records_total', 1, { table, reason: 'no_room' }),
    },
    { nowMs: clock },
  );
  await database.open();
  return {
    database,
    anomalies: new Anomalies(database),
    incidents: new Incidents(database),
    feedback: new FeedbackBook(database),
    exclusions: new Exclusions(database),
    settings: new Settings(database),
    windows: new KeptWindows(database),
    audit: new Audit(database),
    jobs: new Jobs(database),
    successions: new Successions(database),
  };
}
