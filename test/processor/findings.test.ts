import { jest } from '@jest/globals';
import { EntityNames } from '../../processor/src/call/entity-names.ts';
import { type AnomalyEvent, type Incident, IncidentBook } from '../../processor/src/detection/incident.ts';
import { Findings } from '../../processor/src/findings.ts';
import type { FoundAnomaly } from '../../processor/src/pipeline/request-judge.ts';
import type { NewAnomaly } from '../../processor/src/store/anomalies.ts';
import type { FullIncident } from '../../processor/src/store/incidents.ts';
import type { KeptWindow } from '../../processor/src/store/kept-windows.ts';
import { CallSource } from './call/call-source.ts';

const START = 1_790_052_900;
const source = new CallSource();
const { endpoint } = source.read({ 'http.request.method': 'GET', 'http.route': '/orders/{id}' });

interface Kept {
  anomalies: NewAnomaly[];
  incidents: FullIncident[];
  windows: KeptWindow[];
  /** What an earlier run left open, the latest first, or why it cannot be read. */
  open: readonly FullIncident[] | Error;
  drops: number;
  faults: unknown[];
}

let kept: Kept;
let findings: Findings;
let book: IncidentBook;

beforeEach(() => {
  jest.useFakeTimers();
  kept = { anomalies: [], incidents: [], windows: [], open: [], drops: 0, faults: [] };
  findings = new Findings({
    store: {
      anomalies: { add: (anomaly) => void kept.anomalies.push(anomaly) },
      incidents: {
        save: (incident) => void kept.incidents.push(incident),
        listWhole: async () => {
          if (kept.open instanceof Error) throw kept.open;
          return { items: kept.open.map((incident) => ({ ...incident, verdict: undefined })), next: undefined };
        },
      },
      windows: { add: (window) => void kept.windows.push(window) },
    },
    names: new EntityNames(source.endpoints),
    onDrop: () => kept.drops++,
    onFault: (error) => kept.faults.push(error),
  });
  book = new IncidentBook({
    opened: (incident) => findings.changed(incident),
    updated: (incident) => findings.changed(incident),
    closed: (incident) => findings.closed(incident),
  });
});

afterEach(() => {
  findings.stop();
  jest.useRealTimers();
});

const request = {
  seconds: START,
  endpoint,
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  statusCode: 403,
  durationSeconds: 0.25,
  score: 0.9,
  evidence: 12.5,
  userHigh: 1,
  userLow: 2,
};

const anomaly: FoundAnomaly = {
  kind: 'address',
  entityHigh: 3,
  entityLow: 4,
  request,
  addressHigh: 3,
  addressLow: 4,
  behavior: 'credential_stuffing',
  reason: '41 failed logins in 5 min, usually 0',
  features: ['failed_logins'],
  incidentId: 'i_1',
  modelVersion: 'm-1',
};

const event: AnomalyEvent = {
  kind: 'user',
  entityHigh: 1,
  entityLow: 2,
  seconds: START,
  behavior: 'enumeration',
  score: 0.9,
  evidence: 12.5,
  reason: () => 'a sentence',
  explain: () => [],
  request: () => request,
  endpoint,
  modelVersion: 'm-1',
};

/** Another anomaly of a user. */
const happen = (seconds = START, entityLow = 2, score = 0.9): Incident =>
  book.add({ ...event, entityLow, seconds, score, request: () => ({ ...request, seconds }) });

test('an anomaly is kept under pseudonyms, with its endpoint by template', () => {
  findings.anomaly(anomaly);
  expect(kept.anomalies).toEqual([
    {
      timeMs: START * 1000,
      kind: 'address',
      entity: 'a_0000000300000004',
      user: 'u_0000000100000002',
      address: 'a_0000000300000004',
      service: 'shop',
      endpoint: 'GET /orders/{id}',
      behavior: 'credential_stuffing',
      severity: 'high',
      score: 0.9,
      evidence: 12.5,
      reason: '41 failed logins in 5 min, usually 0',
      features: ['failed_logins'],
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      statusCode: 403,
      durationMs: 250,
      incidentId: 'i_1',
      modelVersion: 'm-1',
    },
  ]);
});

test('what a span does not say is left out', () => {
  findings.anomaly({
    ...anomaly,
    addressHigh: 0,
    addressLow: 0,
    request: { ...request, userHigh: 0, userLow: 0, statusCode: 0, durationSeconds: Number.NaN },
  });
  expect(kept.anomalies[0]).toMatchObject({
    user: undefined,
    address: undefined,
    statusCode: undefined,
    durationMs: 0,
  });
});

test('of a flood of anomalies five thousand are kept between two writes, and the others counted', async () => {
  await findings.start(book);
  for (let count = 0; count < 5010; count++) findings.anomaly(anomaly);
  expect([kept.anomalies.length, kept.drops]).toEqual([5000, 10]);
  jest.advanceTimersByTime(5000);
  findings.anomaly(anomaly);
  expect(kept.anomalies).toHaveLength(5001);
});

test('an incident is written every five seconds while it changes, and not while it does not', async () => {
  await findings.start(book);
  for (let count = 0; count < 10; count++) happen(START + count);
  expect(kept.incidents).toEqual([]);
  jest.advanceTimersByTime(5000);
  expect(kept.incidents).toHaveLength(1);
  jest.advanceTimersByTime(60_000);
  expect(kept.incidents).toHaveLength(1);
  happen(START + 20);
  jest.advanceTimersByTime(5000);
  expect(kept.incidents).toHaveLength(2);
  expect(kept.incidents[1]).toMatchObject({
    kind: 'user',
    entity: 'u_0000000100000002',
    startMs: START * 1000,
    lastMs: (START + 20) * 1000,
    closedMs: undefined,
    behavior: 'enumeration',
    behaviors: { enumeration: 11 },
    severity: 'high',
    score: 0.9,
    evidence: 12.5,
    reason: 'a sentence',
    anomalies: 11,
    service: 'shop',
    endpoint: 'GET /orders/{id}',
    modelVersion: 'm-1',
    series: [0.9],
    features: [],
  });
  expect(kept.incidents[1]!.requests).toHaveLength(11);
  expect(kept.incidents[1]!.requests[0]).toEqual({
    timeMs: START * 1000,
    service: 'shop',
    endpoint: 'GET /orders/{id}',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    statusCode: 403,
    durationMs: 250,
    score: 0.9,
    user: 'u_0000000100000002',
  });
});

test('a closed incident is written at once, and ended with its last anomaly', () => {
  happen(START);
  happen(START + 60);
  book.closeQuiet(START + 7200);
  expect(kept.incidents).toMatchObject([{ closedMs: (START + 60) * 1000, anomalies: 2 }]);
});

test('many changed incidents are written some a turn', async () => {
  await findings.start(book);
  for (let user = 0; user < 50; user++) happen(START, user);
  jest.advanceTimersByTime(5000);
  const inOneTurn = kept.incidents.length;
  jest.runOnlyPendingTimers();
  jest.runOnlyPendingTimers();
  expect([inOneTurn, kept.incidents.length]).toEqual([20, 50]);
});

test('what is not written yet is handed over at the end', () => {
  happen();
  findings.stop();
  findings.stop();
  expect(kept.incidents).toHaveLength(1);
});

test('an incident that is erased is written no more', () => {
  findings.forget(happen());
  findings.stop();
  expect(kept.incidents).toEqual([]);
});

/** What a run leaves open: an incident of a user, with two requests, and one of the endpoint. */
function left(): FullIncident[] {
  happen(START, 2, 0.7);
  happen(START + 60, 2, 0.9);
  book.add({ ...event, kind: 'endpoint', entityHigh: 0, entityLow: endpoint });
  findings.stop();
  return kept.incidents.splice(0);
}

/** What an incident is, with its requests as a list. */
const contentOf = ({ requests, ...incident }: Incident) => ({ ...incident, requests: requests.list() });

describe('what an earlier run left open', () => {
  test('goes on as it was, and nothing is told of it', async () => {
    kept.open = left();
    const before = Array.from(book.open, contentOf);
    const after = new IncidentBook({ opened: () => expect(true).toBe(false), closed: () => {} });
    await findings.start(after);
    findings.stop();
    expect(kept.incidents).toEqual([]);
    // Of a request its score is kept, and its evidence no better than that.
    const evidence = expect.any(Number) as number;
    const expected = before.map((incident) => ({
      ...incident,
      requests: incident.requests.map((one) => ({ ...one, evidence })),
    }));
    expect(Array.from(after.open, contentOf)).toEqual(expected);
  });

  test('is closed with its last anomaly where its endpoint is forgotten, or its entity has another one', async () => {
    const [ofUser, ofEndpoint] = left() as [FullIncident, FullIncident];
    kept.open = [ofUser, { ...ofUser, id: 'i_older' }, { ...ofEndpoint, entity: 'shop GET /gone' }];
    await findings.start(new IncidentBook({ opened: () => {}, closed: () => {} }));
    expect(kept.incidents.map(({ id, closedMs }) => [id, closedMs])).toEqual([
      ['i_older', ofUser.lastMs],
      [ofEndpoint.id, ofEndpoint.lastMs],
    ]);
  });

  test('costs no more than itself where the database fails', async () => {
    kept.open = new Error('the disk is full');
    await findings.start(book);
    expect(kept.faults).toEqual([new Error('the disk is full')]);
    happen();
    jest.advanceTimersByTime(5000);
    expect(kept.incidents).toHaveLength(1);
  });
});

test('a window is kept with a row that gives the same floats back', () => {
  const row = Float32Array.of(Math.log1p(40), 1 / 3, 0, 60);
  findings.window({
    kind: 'endpoint',
    entityHigh: 0,
    entityLow: endpoint,
    window: START / 300,
    seconds: START + 17,
    rarity: Math.log(1000),
    evidence: 9,
    carried: 1,
    behavior: 'latency',
    isMaterial: true,
    endpoint,
    features: ['latency_shift'],
    row,
    modelVersion: 'm-1',
  });
  const [window] = kept.windows;
  expect(window).toMatchObject({
    kind: 'endpoint',
    entity: 'shop GET /orders/{id}',
    startMs: START * 1000,
    timeMs: (START + 17) * 1000,
    evidence: 9,
    p: expect.closeTo(0.001, 9),
    service: 'shop',
    endpoint: 'GET /orders/{id}',
    isMaterial: true,
    carried: 1,
  });
  expect(Float32Array.from(window!.entityRow)).toEqual(row);
});
