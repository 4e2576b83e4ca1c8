import { Pseudonyms } from '../../processor/src/call/pseudonym.ts';
import { configSchema } from '../../processor/src/config/schema.ts';
import { createEndpointTable, createEngine, type Engine } from '../../processor/src/engine.ts';
import { Jobs } from '../../processor/src/jobs/jobs.ts';
import { JobMemory } from '../../processor/src/jobs/job-memory.ts';
import { ModelMemory } from '../../processor/src/model/model-memory.ts';
import { SpanAnnotations } from '../../processor/src/otlp/annotate.ts';
import type { SpanInput } from '../../processor/src/otlp/request-writer.ts';
import { emptyTally, type FoundAnomaly, type Tally } from '../../processor/src/pipeline/request-judge.ts';
import { TimeOrder } from '../../processor/src/pipeline/time-order.ts';
import type { ClosedWindow } from '../../processor/src/pipeline/window-peaks.ts';
import { EndpointScores } from '../../processor/src/telemetry/endpoint-scores.ts';
import { call, nanoseconds, NOW, request } from './pipeline/requests.ts';
import { ToldModel } from './pipeline/told-model.ts';

let engine: Engine;
let told: ToldModel;
let anomalies: FoundAnomaly[];
let windows: ClosedWindow[];

function start(sensitivity: Readonly<Record<string, unknown>> = {}): void {
  anomalies = [];
  windows = [];
  const config = configSchema.parse({ sensitivity });
  const endpoints = createEndpointTable(config);
  engine = createEngine(config, {
    endpoints,
    pseudonyms: new Pseudonyms(Buffer.alloc(32, 7)),
    endpointScores: new EndpointScores((id) => endpoints.describe(id), NOW * 1000),
    receivedSeconds: () => NOW,
    random: () => 0.5,
    run: () => Promise.reject(new Error('No training is due.')),
    clock: () => NOW * 1000,
    models: new ModelMemory(),
    jobs: new Jobs({ journal: new JobMemory(), clock: () => 0, random: () => 0, onFault: () => {} }),
    events: { promoted: () => {}, trained: () => {}, failed: () => {} },
    incidents: { opened: () => {}, closed: () => {} },
    findings: { anomaly: (anomaly) => anomalies.push(anomaly), window: (window) => windows.push(window) },
  });
  told = new ToldModel('m-1');
  engine.lifecycle.promote(told.model);
}

/** Judges a call of ada at so many seconds from now. */
function judge(seconds: number): Tally {
  const span: SpanInput = {
    ...call(Math.round(seconds * 10) + 100_000),
    startTimeUnixNano: nanoseconds(NOW + seconds),
    endTimeUnixNano: nanoseconds(NOW + seconds + 0.1),
  };
  const view = engine.newView();
  view.begin(request([span]));
  while (!view.scan(10));
  const tally = emptyTally();
  const turn = { order: new TimeOrder().arrange(view), from: 0, to: 1 };
  engine.judge.judge(view, turn, new SpanAnnotations(), tally);
  return tally;
}

const odd = { nats: 20, evidence: { calls: 20 } };
const usual = { nats: 1, evidence: {} };
const learnedRows = (): number => engine.lifecycle.samples.user.size;

test('an exclusion of the configuration file takes the verdict, and is counted', () => {
  start({ exclusions: [{ endpoint: 'shop GET /orders/{id}', expires: new Date((NOW + 100) * 1000).toISOString() }] });
  told.told.user = odd;
  expect([judge(0).excluded, anomalies.length]).toEqual([1, 0]);
  expect([judge(101).excluded, anomalies.length]).toEqual([0, 1]);
});

test('a configuration that is read again changes what no setting beats, and the exclusions of the file only', () => {
  const expires = new Date((NOW + 1000) * 1000).toISOString();
  const excluded = { endpoint: 'shop GET /orders/{id}', expires };
  start({ false_incidents_per_day: 5, exclusions: [excluded, { behavior: 'scraping', expires }] });
  engine.sensitivity.set({ false_incidents_per_day: 3 });
  engine.exclusions.add({ id: 'e1', behavior: 'latency', expiresMs: (NOW + 1000) * 1000 });
  const sensitivity = { false_incidents_per_day: 7, minimum_effect: 2, exclusions: [excluded] };
  engine.reload(configSchema.parse({ sensitivity }));
  expect(engine.scorer.sensitivity).toMatchObject({ budget: { falseIncidentsPerDay: 3 }, minimumEffect: 2 });
  expect(Array.from(engine.exclusions, ({ id }) => id)).toEqual(['e1', 'file-1']);
  told.told.user = odd;
  expect(judge(0).excluded).toBe(1);
  engine.reload(configSchema.parse({}));
  expect(judge(1).excluded).toBe(0);
});

test('an exclusion and a switch made between two batches take effect with the next one', () => {
  start();
  told.told.user = odd;
  judge(0);
  const { entityHigh, entityLow } = anomalies[0]!;
  const entity = engine.names.entity('user', entityHigh, entityLow);
  engine.exclusions.add({ id: 'e1', entity, expiresMs: (NOW + 1000) * 1000 });
  judge(1);
  engine.exclusions.remove('e1');
  engine.sensitivity.set({ behaviors: { other: false } });
  judge(2);
  expect(anomalies).toHaveLength(1);
  engine.sensitivity.replace({});
  judge(3);
  expect(anomalies).toHaveLength(2);
});

test('the most unusual windows are handed over as they close', () => {
  start();
  told.told.user = odd;
  judge(-7200);
  told.told.user = usual;
  // More than an hour later nothing is carried on.
  judge(-300);
  judge(0);
  expect(windows.filter(({ kind }) => kind === 'user')).toMatchObject([{ rarity: 20, modelVersion: 'm-1' }]);
});

test('what a confirmed user did during the incident is not learned from, anomaly or not', () => {
  start();
  told.told.user = usual;
  judge(-1200);
  judge(-900);
  expect(learnedRows()).toBe(1);
  told.told.user = odd;
  judge(-600);
  // The window of -900 was as usual, and the incident begins after it.
  expect(learnedRows()).toBe(2);
  const [incident] = engine.incidents.open;
  const { id, entityHigh, entityLow, startSeconds } = incident!;
  const confirmed = { id, kind: 'user', entityHigh, entityLow, fromSeconds: startSeconds } as const;
  expect(engine.confirmed.add({ ...confirmed, toSeconds: Infinity })).toBe(0);
  told.told.user = usual;
  for (const seconds of [-300, 0]) judge(seconds);
  expect(learnedRows()).toBe(2);
  engine.confirmed.remove(id);
  judge(300);
  expect(learnedRows()).toBe(3);
});

test('a confirmed incident that closes sets what comes after it free', () => {
  start();
  told.told.user = odd;
  judge(-4200);
  const { id, entityHigh, entityLow, startSeconds } = [...engine.incidents.open][0]!;
  engine.confirmed.add({ id, kind: 'user', entityHigh, entityLow, fromSeconds: startSeconds, toSeconds: Infinity });
  told.told.user = usual;
  judge(-3900);
  judge(-600);
  expect(learnedRows()).toBe(0);
  engine.incidents.closeQuiet(NOW - 600);
  judge(-300);
  expect(learnedRows()).toBe(1);
});
