/** The schema goes forward step by step, wholly or not at all. */
import { DatabaseSync } from 'node:sqlite';
import { migrate, SCHEMA_VERSION, schemaVersionOf } from '../../../processor/src/store/migrations.ts';

const STEPS = [
  'CREATE TABLE users (id TEXT) STRICT; INSERT INTO users VALUES (1);',
  'ALTER TABLE users ADD COLUMN name TEXT; UPDATE users SET name = id;',
  "UPDATE users SET name = 'user ' || name;",
];

let database: DatabaseSync;

beforeEach(() => {
  database = new DatabaseSync(':memory:');
});

afterEach(() => database.close());

const users = (): unknown[] =>
  database
    .prepare('SELECT * FROM users')
    .all()
    .map((row) => ({ ...row }));

test('a new database gets every step', () => {
  migrate(database, STEPS);
  expect(users()).toEqual([{ id: '1', name: 'user 1' }]);
  expect(schemaVersionOf(database)).toBe(3);
});

test('an older one gets the steps it lacks, each once', () => {
  migrate(database, STEPS.slice(0, 1));
  expect(users()).toEqual([{ id: '1' }]);
  migrate(database, STEPS);
  migrate(database, STEPS);
  expect(users()).toEqual([{ id: '1', name: 'user 1' }]);
});

test('a step that fails takes the steps before it back, and the database stays usable', () => {
  migrate(database, STEPS.slice(0, 1));
  expect(() => migrate(database, [...STEPS, 'UPDATE absent SET x = 1;'])).toThrow('no such table: absent');
  expect(users()).toEqual([{ id: '1' }]);
  expect(schemaVersionOf(database)).toBe(1);
  migrate(database, STEPS);
  expect(schemaVersionOf(database)).toBe(3);
});

test('every list that is sorted or narrowed has an index for it', () => {
  migrate(database);
  expect(schemaVersionOf(database)).toBe(SCHEMA_VERSION);
  const plan = (sql: string): string =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail))
      .join('; ');
  const sorted = {
    anomalies: 'ORDER BY time_ms DESC, id DESC',
    incidents: 'ORDER BY start_ms DESC, id DESC',
  };
  for (const [table, order] of Object.entries(sorted)) {
    for (const column of ['entity', 'endpoint', 'behavior', 'severity']) {
      const found = plan(`SELECT * FROM ${table} WHERE ${column} = 'x' ${order}`);
      expect(found).toBe(`SEARCH ${table} USING INDEX ${table}_by_${column} (${column}=?)`);
    }
    expect(plan(`SELECT * FROM ${table} ${order}`)).toMatch(new RegExp(`^SCAN ${table} USING INDEX \\w+$`));
    expect(plan(`SELECT * FROM ${table} ORDER BY score DESC, id DESC`)).toBe(
      `SCAN ${table} USING INDEX ${table}_by_score`,
    );
  }
  expect(plan("SELECT * FROM anomalies WHERE incident_id = 'x' ORDER BY time_ms, id")).toContain('by_incident');
  expect(plan('SELECT * FROM jobs ORDER BY started_ms DESC, id DESC')).toBe('SCAN jobs USING INDEX jobs_by_start');
  expect(plan('SELECT * FROM models ORDER BY created_ms, version')).toBe('SCAN models USING INDEX models_by_creation');
  expect(plan('SELECT * FROM audit ORDER BY time_ms DESC, id DESC')).toBe('SCAN audit USING INDEX audit_by_time');
});
