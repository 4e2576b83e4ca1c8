/**
 * The schema of the database in numbered steps, never changed once released: a later version appends a step. Times are
 * unix milliseconds; lists and objects are JSON text; what is missing is NULL.
 */
import type { DatabaseSync } from 'node:sqlite';

const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE anomalies (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    user TEXT,
    address TEXT,
    service TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    behavior TEXT NOT NULL,
    severity TEXT NOT NULL,
    score REAL NOT NULL,
    evidence REAL NOT NULL,
    reason TEXT NOT NULL,
    features TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    status_code INTEGER,
    duration_ms REAL NOT NULL,
    incident_id TEXT,
    model_version TEXT NOT NULL
  ) STRICT;
  CREATE INDEX anomalies_by_time ON anomalies (time_ms);
  CREATE INDEX anomalies_by_score ON anomalies (score);
  CREATE INDEX anomalies_by_entity ON anomalies (entity, time_ms);
  CREATE INDEX anomalies_by_user ON anomalies (user) WHERE user IS NOT NULL;
  CREATE INDEX anomalies_by_endpoint ON anomalies (endpoint, time_ms);
  CREATE INDEX anomalies_by_behavior ON anomalies (behavior, time_ms);
  CREATE INDEX anomalies_by_severity ON anomalies (severity, time_ms);
  CREATE INDEX anomalies_by_incident ON anomalies (incident_id, time_ms) WHERE incident_id IS NOT NULL;

  CREATE TABLE incidents (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    closed_ms INTEGER,
    behavior TEXT NOT NULL,
    behaviors TEXT NOT NULL,
    severity TEXT NOT NULL,
    score REAL NOT NULL,
    evidence REAL NOT NULL,
    reason TEXT NOT NULL,
    anomalies INTEGER NOT NULL,
    service TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    model_version TEXT NOT NULL,
    series TEXT NOT NULL,
    requests TEXT NOT NULL,
    features TEXT NOT NULL
  ) STRICT;
  CREATE INDEX incidents_by_start ON incidents (start_ms, id);
  CREATE INDEX incidents_by_score ON incidents (score, id);
  CREATE INDEX incidents_by_entity ON incidents (entity, start_ms, id);
  CREATE INDEX incidents_by_endpoint ON incidents (endpoint, start_ms, id);
  CREATE INDEX incidents_by_behavior ON incidents (behavior, start_ms, id);
  CREATE INDEX incidents_by_severity ON incidents (severity, start_ms, id);
  CREATE INDEX incidents_open ON incidents (last_ms) WHERE closed_ms IS NULL;

  CREATE TABLE kept_windows (
    start_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    evidence REAL NOT NULL,
    p REAL NOT NULL,
    behavior TEXT NOT NULL,
    is_material INTEGER NOT NULL,
    service TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    features TEXT NOT NULL,
    model_version TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    carried REAL NOT NULL,
    entity_row TEXT NOT NULL,
    PRIMARY KEY (start_ms, kind, entity)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX kept_windows_by_entity ON kept_windows (entity);

  CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    stage TEXT NOT NULL,
    progress REAL NOT NULL,
    started_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    requested_by TEXT NOT NULL,
    request TEXT,
    model_version TEXT,
    gates TEXT NOT NULL,
    result TEXT,
    error TEXT
  ) STRICT;
  CREATE INDEX jobs_by_start ON jobs (started_ms, id);

  CREATE TABLE models (
    version TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    from_ms INTEGER,
    to_ms INTEGER,
    origin TEXT NOT NULL,
    job_id TEXT,
    gates TEXT NOT NULL,
    measures TEXT NOT NULL
  ) STRICT;
  CREATE INDEX models_by_creation ON models (created_ms, version);

  CREATE TABLE feedback (
    id TEXT NOT NULL PRIMARY KEY,
    incident_id TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    verdict TEXT NOT NULL,
    entity TEXT,
    endpoint TEXT,
    behavior TEXT,
    note TEXT NOT NULL,
    exclusion_id TEXT,
    withdrawn_ms INTEGER
  ) STRICT;
  CREATE INDEX feedback_by_time ON feedback (time_ms, id);
  CREATE INDEX feedback_by_incident ON feedback (incident_id, time_ms);

  CREATE TABLE exclusions (
    id TEXT NOT NULL PRIMARY KEY,
    entity TEXT,
    endpoint TEXT,
    behavior TEXT,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL CHECK (expires_ms > created_ms),
    source TEXT NOT NULL,
    feedback_id TEXT,
    actor TEXT NOT NULL,
    note TEXT NOT NULL
  ) STRICT;
  CREATE INDEX exclusions_by_creation ON exclusions (created_ms, id);
  CREATE INDEX exclusions_by_expiry ON exclusions (expires_ms);

  CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    changed_ms INTEGER NOT NULL,
    actor TEXT NOT NULL
  ) STRICT;

  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_by_time ON audit (time_ms);
  `,
  'CREATE INDEX anomalies_by_address ON anomalies (address) WHERE address IS NOT NULL',
];

/** The schema this version writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** The schema a database has; 0 for a new one. */
export function schemaVersionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}

/** Brings a database of this or an older version to this version, wholly or not at all. */
export function migrate(database: DatabaseSync, migrations = MIGRATIONS): void {
  const from = schemaVersionOf(database);
  if (from >= migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of migrations.slice(from)) database.exec(step);
    // A pragma takes no bound parameters; the number is the length of a list here.
    database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
