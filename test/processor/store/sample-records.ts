/** One plausible record of each kind, to vary. */
import type { NewAnomaly } from '../../../processor/src/store/anomalies.ts';
import type { NewAuditEntry } from '../../../processor/src/store/audit.ts';
import type { Exclusion } from '../../../processor/src/store/exclusions.ts';
import type { Feedback } from '../../../processor/src/store/feedback.ts';
import type { FullIncident, IncidentRequest } from '../../../processor/src/store/incidents.ts';
import type { Job } from '../../../processor/src/store/jobs.ts';
import type { KeptWindow } from '../../../processor/src/store/kept-windows.ts';
import type { ModelRecord } from '../../../processor/src/store/model-records.ts';

export const NOW = Date.UTC(2026, 10, 3, 12);
const USER = 'u_0123456789abcdef';

export const anomaly = (changes: Partial<NewAnomaly> = {}): NewAnomaly => ({
  kind: 'user',
  entity: USER,
  timeMs: NOW,
  user: USER,
  address: 'a_00000000000000aa',
  service: 'shop',
  endpoint: 'GET /orders/{id}',
  behavior: 'enumeration',
  severity: 'high',
  score: 0.81,
  evidence: 11.2,
  reason: '41 distinct object ids in 5 min, usually 2',
  features: ['objects', 'object_runs'],
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  statusCode: 404,
  durationMs: 12.5,
  incidentId: 'i_1',
  modelVersion: 'm-1',
  ...changes,
});

export const request = (changes: Partial<IncidentRequest> = {}): IncidentRequest => ({
  timeMs: NOW,
  service: 'shop',
  endpoint: 'GET /orders/{id}',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  statusCode: 404,
  durationMs: 12.5,
  score: 0.81,
  user: USER,
  ...changes,
});

export const incident = (changes: Partial<FullIncident> = {}): FullIncident => ({
  id: 'i_1',
  kind: 'user',
  entity: USER,
  startMs: NOW - 600_000,
  lastMs: NOW,
  closedMs: undefined,
  behavior: 'enumeration',
  behaviors: { enumeration: 40, scraping: 2 },
  severity: 'high',
  score: 0.81,
  evidence: 11.2,
  reason: '41 distinct object ids in 5 min, usually 2',
  anomalies: 42,
  service: 'shop',
  endpoint: 'GET /orders/{id}',
  modelVersion: 'm-1',
  series: [0.4, 0.81],
  requests: [request()],
  features: [
    {
      name: 'objects',
      unit: '1',
      direction: 'above',
      observed: 41,
      expected: 2,
      own: { p5: 1, p50: 2, p95: 4, percentile: 100 },
      peers: { p5: 1, p50: 3, p95: 9, percentile: 99.9 },
      nats: 9.1,
      share: 0.7,
    },
  ],
  ...changes,
});

export const keptWindow = (changes: Partial<KeptWindow> = {}): KeptWindow => ({
  kind: 'user',
  entity: USER,
  startMs: NOW - (NOW % 300_000),
  evidence: 6.2,
  p: 0.002,
  behavior: 'enumeration',
  isMaterial: true,
  service: 'shop',
  endpoint: 'GET /orders/{id}',
  features: ['objects'],
  modelVersion: 'm-1',
  timeMs: NOW,
  carried: 0.5,
  entityRow: [3.7, 0, 1.25],
  ...changes,
});

export const job = (changes: Partial<Job> = {}): Job => ({
  id: 'j_1',
  kind: 'training',
  state: 'running',
  stage: 'collect',
  progress: 0,
  startedMs: NOW,
  updatedMs: NOW,
  endedMs: undefined,
  requestedBy: 'ci',
  request: { source: 'window' },
  modelVersion: undefined,
  gates: [],
  result: undefined,
  error: undefined,
  ...changes,
});

export const modelRecord = (changes: Partial<ModelRecord> = {}): ModelRecord => ({
  version: 'm-1',
  state: 'candidate',
  createdMs: NOW,
  changedMs: NOW,
  fromMs: NOW - 86_400_000,
  toMs: NOW,
  origin: 'schedule',
  jobId: 'j_1',
  gates: [{ gate: 'sample', passed: true, detail: 'user 20000 rows of 900' }],
  measures: { rows: { user: 20_000 } },
  ...changes,
});

export const audit = (changes: Partial<NewAuditEntry> = {}): NewAuditEntry => ({
  timeMs: NOW,
  actor: 'ada',
  role: 'operator',
  action: 'feedback.add',
  target: 'i_1',
  detail: { verdict: 'false_positive' },
  ...changes,
});

export const feedback = (changes: Partial<Feedback> = {}): Feedback => ({
  id: 'f_1',
  incidentId: 'i_1',
  timeMs: NOW,
  actor: 'ada',
  verdict: 'false_positive',
  entity: USER,
  endpoint: undefined,
  behavior: 'enumeration',
  note: 'our crawler',
  exclusionId: undefined,
  withdrawnMs: undefined,
  ...changes,
});

export const exclusion = (changes: Partial<Exclusion> = {}): Exclusion => ({
  id: 'x_1',
  entity: USER,
  endpoint: undefined,
  behavior: 'enumeration',
  createdMs: NOW,
  expiresMs: NOW + 86_400_000,
  source: 'feedback',
  feedbackId: 'f_1',
  actor: 'ada',
  note: 'our crawler',
  ...changes,
});
