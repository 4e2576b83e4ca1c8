import { EntityNames } from '../../../processor/src/call/entity-names.ts';
import { displayName } from '../../../processor/src/call/pseudonym.ts';
import { ExclusionList } from '../../../processor/src/detection/exclusion.ts';
import type { ApiCall } from '../../../processor/src/call/api-call.ts';
import type { Behavior } from '../../../processor/src/detection/behaviors.ts';
import { EntityStates } from '../../../processor/src/features/entity-states.ts';
import { rowWidth } from '../../../processor/src/features/features.ts';
import type { AttributesInput } from '../../../processor/src/otlp/request-writer.ts';
import { Scorer } from '../../../processor/src/pipeline/scorer.ts';
import { CallSource } from '../call/call-source.ts';
import { nanoseconds } from './requests.ts';
import { WindowPeaks } from '../../../processor/src/pipeline/window-peaks.ts';
import { ToldModel } from './told-model.ts';

/** Start of a window of 5 minutes. */
const START = 1_790_052_900;
const BUDGET = { falseIncidentsPerDay: 10, shares: { user: 0.6, address: 0.2, endpoint: 0.2 } };
/** Rarity of one in a thousand and of one in 10 000 (the threshold of all kinds here), in nats. */
const THOUSANDTH = Math.log(1e3);
const THRESHOLD = Math.log(1e4);

let source: CallSource;
let states: EntityStates;
let scorer: Scorer;
let told: ToldModel;

function start(disabled: Behavior[] = [], explainsAll = false, exclusions = new ExclusionList()): void {
  source = new CallSource();
  states = new EntityStates(
    { users: 100, addresses: 100, endpoints: 50, services: 21, probationShare: 0.2 },
    { closing: () => {}, evicted: () => {} },
  );
  scorer = new Scorer(
    states,
    { budget: BUDGET, disabled: new Set(disabled), minimumEffect: 1 },
    { explainsAll, exclusions: { list: exclusions, names: new EntityNames(source.endpoints) } },
  );
  told = new ToldModel();
  scorer.use(told.model);
}

beforeEach(() => start());

/** A call at `second` of the window that lasted `milliseconds`, taken into the state. */
function observe(second: number, attributes: AttributesInput = {}, milliseconds = 100): ApiCall {
  const call = source.read(
    {
      'user.id': 'ada',
      'client.address': '203.0.113.7',
      'http.route': '/orders/{id}',
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      ...attributes,
    },
    {
      startTimeUnixNano: nanoseconds(START + second),
      endTimeUnixNano: nanoseconds(START + second + milliseconds / 1000),
    },
  );
  states.observe(call);
  return call;
}

/** Calls of ten users, a second apart: the endpoint has more than one caller. */
function crowd(second: number, attributes: AttributesInput = {}): void {
  for (let user = 0; user < 10; user++) observe(second + user, { 'user.id': `u${user}`, ...attributes });
}

const refused = { 'http.response.status_code': 403 };
const failed = { 'http.response.status_code': 503 };

describe('the score of a call', () => {
  test('is -log10(p) / 6 of the rarest of its sides', () => {
    told.told.user.nats = Math.log(1e5);
    told.told.endpoint.nats = Math.log(2e4);
    const judgement = scorer.judge(observe(0));
    expect([judgement.userScore, judgement.addressScore]).toEqual([expect.closeTo(5 / 6), 0]);
    expect(judgement.endpointScore).toBeCloseTo(Math.log10(2e4) / 6);
    expect(judgement.score).toBe(judgement.userScore);
    expect([judgement.kind, judgement.isAnomaly]).toEqual(['user', false]);
  });

  test.each(['user', 'address', 'endpoint'] as const)('follows the %s where that side is the rarest', (kind) => {
    for (const other of ['user', 'address', 'endpoint'] as const) told.told[other].nats = other === kind ? 10 : 9.5;
    const judgement = scorer.judge(observe(0, refused));
    expect([judgement.kind, judgement.score]).toEqual([kind, expect.closeTo(10 / Math.LN10 / 6)]);
  });

  test('is 1 from one in a million on', () => {
    told.told.user.nats = 100;
    expect(scorer.judge(observe(0)).score).toBe(1);
  });

  test('is 0, and there is nobody to speak of, where the call has no side that the model knows', () => {
    const endpointsOnly = new ToldModel('m', ['endpoint']);
    endpointsOnly.told.endpoint.nats = 0;
    scorer.use(endpointsOnly.model);
    const call = observe(0);
    states.endpointSlot = -1;
    const judgement = scorer.judge(call);
    expect(judgement).toMatchObject({ score: 0, isAnomaly: false, kind: undefined, slot: -1, evidence: 0 });
    expect([scorer.behavior(judgement), scorer.reason(judgement), scorer.topFeatures(judgement)]).toEqual([
      'other',
      '',
      [],
    ]);
  });

  test('does not remember the call before', () => {
    told.told.user.nats = 20;
    scorer.judge(observe(0));
    const anonymous = observe(1, { 'user.id': '', 'client.address': '', 'http.route': '/other' });
    states.userSlot = -1;
    expect(scorer.judge(anonymous)).toMatchObject({ score: 0, userScore: 0, isAnomaly: false });
  });
});

describe('who answers for a call', () => {
  test('an endpoint only from one in fifty on: many users share its window', () => {
    told.told.endpoint.nats = Math.log(49);
    expect(scorer.judge(observe(0)).endpointScore).toBe(0);
    scorer.use(told.model);
    told.told.endpoint.nats = Math.log(51);
    expect(scorer.judge(observe(1)).endpointScore).toBeCloseTo(Math.log10(51) / 6);
  });

  test('its user rather than the endpoint where both are anomalies: a culprit tells more than the place', () => {
    burst(THRESHOLD + 1);
    told.told.endpoint = { nats: THRESHOLD + 9, evidence: { server_errors: 20 } };
    const judgement = scorer.judge(observe(60, failed));
    expect([judgement.kind, judgement.isAnomaly]).toEqual(['user', true]);
    expect(judgement.score).toBe(judgement.endpointScore);
  });

  test('an address answers for the calls that are refused, not for its neighbours behind the same gateway', () => {
    told.told.address.nats = 12;
    const good = scorer.judge(observe(0));
    expect([good.addressScore, good.isAnomaly]).toEqual([0, false]);
    const failing = scorer.judge(observe(1, refused));
    expect([failing.addressScore, failing.kind]).toEqual([expect.closeTo(12 / Math.LN10 / 6), 'address']);
    expect(scorer.judge(observe(2, { 'http.response.status_code': 500 })).addressScore).toBe(0);
  });

  test('a slow endpoint answers for its slow calls', () => {
    for (let window = -12; window <= 0; window++) crowd(300 * window);
    told.told.endpoint = { nats: 12, evidence: { latency_shift: 12 } };
    for (let second = 15; second < 17; second++) observe(second, {}, 60_000);
    const slow = scorer.judge(observe(17, {}, 60_000));
    expect(scorer.behavior(slow)).toBe('latency');
    expect(slow).toMatchObject({ kind: 'endpoint', isAnomaly: true });
    expect(scorer.judge(observe(18, {}, 90)).endpointScore).toBe(0);
  });

  test('one slow call alone is no anomaly of its endpoint: the effect is too small', () => {
    for (let window = -12; window <= 0; window++) crowd(300 * window);
    told.told.endpoint = { nats: 12, evidence: { latency_shift: 12 } };
    expect(scorer.judge(observe(15, {}, 60_000))).toMatchObject({ kind: 'endpoint', isAnomaly: false });
  });

  test('a failing endpoint answers for its failing calls', () => {
    crowd(0, { 'http.response.status_code': 500 });
    told.told.endpoint = { nats: 12, evidence: { server_errors: 12 } };
    const scoreOf = (status: number, second: number): number =>
      scorer.judge(observe(second, { 'http.response.status_code': status })).endpointScore;
    expect([scoreOf(503, 15), scoreOf(404, 16), scoreOf(200, 17)]).toEqual([
      expect.closeTo(12 / Math.LN10 / 6),
      expect.closeTo(12 / Math.LN10 / 6),
      0,
    ]);
    expect(scorer.behavior(scorer.judge(observe(18, { 'http.response.status_code': 500 })))).toBe('error_burst');
  });
});

describe('the verdict', () => {
  test('an effect with a name is an anomaly from the threshold of the budget on', () => {
    for (let second = 0; second < 50; second++) observe(second);
    for (const [nats, isAnomaly] of [
      [THRESHOLD - 0.01, false],
      [THRESHOLD + 0.01, true],
    ] as const) {
      told.told.user = { nats, evidence: { calls: nats } };
      scorer.use(told.model);
      const judgement = scorer.judge(observe(60));
      expect([scorer.behavior(judgement), judgement.isAnomaly]).toEqual(['rate_burst', isAnomaly]);
    }
    expect(scorer.thresholdScore('user')).toBeCloseTo(4 / 6);
  });

  test.each([
    ['a material effect of one in a thousand', THOUSANDTH + 0.01, { calls: 7 }, true],
    ['one less rare', THOUSANDTH - 0.01, { calls: 7 }, false],
    ['a rare one without effect', THRESHOLD - 0.01, {}, false],
  ])('a window with %s: is it kept from learning, anomaly or not?', (_, nats, evidence, isSuspect) => {
    for (let second = 0; second < 50; second++) observe(second);
    told.told.user = { nats, evidence };
    expect(scorer.judge(observe(60)).isAnomaly).toBe(false);
    expect(scorer.wasSuspect('user', states.userSlot)).toBe(isSuspect);
  });

  test('a behavior that is switched off raises none by its name', () => {
    start(['rate_burst']);
    for (let second = 0; second < 50; second++) observe(second);
    told.told.user = { nats: THRESHOLD + 1, evidence: { calls: 11 } };
    const judgement = scorer.judge(observe(60));
    expect([scorer.behavior(judgement), judgement.isAnomaly]).toEqual(['other', false]);
    expect(judgement.userScore).toBeGreaterThan(4 / 6);
  });

  test('the judgement speaks of the side with an anomaly, be it less rare than one without', () => {
    for (let second = 0; second < 50; second++) observe(second);
    told.told.user = { nats: THRESHOLD + 1, evidence: { calls: 11 } };
    // Rarer, but nothing that has a name, and not a hundred times rarer.
    told.told.endpoint = { nats: THRESHOLD + 2, evidence: {} };
    const judgement = scorer.judge(observe(60));
    expect(judgement).toMatchObject({ kind: 'user', isAnomaly: true, evidence: expect.closeTo(THRESHOLD + 1, 4) });
    expect(judgement.score).toBeCloseTo((THRESHOLD + 2) / Math.LN10 / 6);
  });

  test('the reason tells the observed and the usual quantity, the features come strongest first', () => {
    for (let second = 0; second < 50; second++) observe(second);
    told.told.user = { nats: 12, evidence: { calls: 12, burst: 3, objects: 7, endpoints: 2 } };
    const judgement = scorer.judge(observe(60));
    expect(scorer.reason(judgement)).toBe('51 calls in 5 min, usually 0');
    expect(scorer.topFeatures(judgement)).toEqual(['calls', 'objects', 'burst']);
  });

  test('features that say nothing are not listed', () => {
    told.told.user = { nats: 4, evidence: { burst: 3, calls: 3 } };
    expect(scorer.topFeatures(scorer.judge(observe(0)))).toEqual(['calls', 'burst']);
  });

  test('an anomaly by what earlier windows carried has an isolation score, though its forest was not asked', () => {
    told.told.user = { nats: 18, evidence: {} };
    scorer.judge(observe(0));
    // 0.6 (18 - 3) nats are carried over, two of them passed over.
    told.told.user = { nats: 9.1, evidence: {} };
    const judgement = scorer.judge(observe(300));
    // Without a name one in a million is needed: 13.8 nats.
    expect(judgement).toMatchObject({ isAnomaly: true, evidence: expect.closeTo(18.1, 5), isolationScore: 0.625 });
  });

  test('of what earlier windows carried two nats are passed over for score and verdict, none for evidence', () => {
    told.told.user = { nats: 8, evidence: {} };
    scorer.judge(observe(0));
    told.told.user = { nats: 4, evidence: {} };
    const judgement = scorer.judge(observe(300));
    expect(judgement).toMatchObject({ isAnomaly: false, evidence: expect.closeTo(7, 5) });
    expect(judgement.score).toBeCloseTo((4 + 1) / Math.LN10 / 6);
  });

  test('what earlier windows carried counts for no more than what the window shows by itself', () => {
    told.told.user = { nats: 30, evidence: {} };
    scorer.judge(observe(0));
    told.told.user = { nats: 2, evidence: {} };
    const judgement = scorer.judge(observe(300));
    expect(judgement).toMatchObject({ isAnomaly: false, evidence: expect.closeTo(4, 5) });
    expect(judgement.score).toBeCloseTo(2 / Math.LN10 / 6);
  });

  test('evidence is the highest of the sides, that of an endpoint less what its many callers share', () => {
    for (let second = 0; second < 50; second++) observe(second);
    told.told.user = { nats: 5, evidence: { calls: 5 } };
    told.told.endpoint = { nats: 20, evidence: { server_errors: 20 } };
    expect(scorer.judge(observe(60, failed)).evidence).toBeCloseTo(20 - Math.log(50), 5);
    told.told.endpoint = { nats: 8, evidence: { server_errors: 8 } };
    expect(scorer.judge(observe(120, failed)).evidence).toBeCloseTo(5, 5);
  });

  test('where every span is explained, every one has an isolation score', () => {
    start([], true);
    expect(scorer.judge(observe(0)).isolationScore).toBe(0.625);
  });
});

/** 50 calls in as many seconds, so rare. */
function burst(nats: number): void {
  for (let second = 0; second < 50; second++) observe(second);
  told.told.user = { nats, evidence: { calls: nats } };
}

describe('changing how much is flagged while calls are judged', () => {
  const sensitivity = { budget: BUDGET, disabled: new Set<Behavior>(), minimumEffect: 1 };

  test('a behavior switched off and on again takes effect at the next call, and nothing is forgotten', () => {
    burst(THRESHOLD + 1);
    expect(scorer.judge(observe(60)).isAnomaly).toBe(true);
    scorer.tune({ ...sensitivity, disabled: new Set<Behavior>(['rate_burst']) });
    expect(scorer.judge(observe(60)).isAnomaly).toBe(false);
    expect(scorer.rarity('user', states.userSlot)).toBeCloseTo(THRESHOLD + 1);
    expect(scorer.wasSuspect('user', states.userSlot)).toBe(true);
    scorer.tune(sensitivity);
    expect(scorer.judge(observe(60)).isAnomaly).toBe(true);
  });

  test('a smaller budget flags rarer windows only', () => {
    const model = new ToldModel('m', ['user']);
    // 100 000 windows a day: 6 false incidents a day are 6e-5, 0.6 are 6e-6.
    Object.assign(model.model.detectors.user!.parts, { windowsPerDay: 100_000 });
    scorer.use(model.model);
    for (let second = 0; second < 50; second++) observe(second);
    model.told.user = { nats: 12, evidence: { calls: 12 } };
    expect(scorer.judge(observe(60)).isAnomaly).toBe(true);
    scorer.tune({ ...sensitivity, budget: { ...BUDGET, falseIncidentsPerDay: 1 } });
    expect(scorer.judge(observe(60)).isAnomaly).toBe(false);
    expect(scorer.thresholdScore('user')).toBeCloseTo(-Math.log10(6e-6) / 6);
  });

  test('twice the minimum effect needs twice the calls', () => {
    burst(THRESHOLD + 1);
    scorer.tune({ ...sensitivity, minimumEffect: 2 });
    // 40 calls or 20 in 10 s are the minimum.
    expect(scorer.judge(observe(60)).isAnomaly).toBe(false);
    for (let second = 60; second < 90; second++) observe(second);
    expect(scorer.judge(observe(90)).isAnomaly).toBe(true);
  });

  test('what has no name is not flagged where other is switched off', () => {
    told.told.user = { nats: 30, evidence: {} };
    scorer.tune({ ...sensitivity, disabled: new Set<Behavior>(['other']) });
    expect(scorer.judge(observe(0))).toMatchObject({ isAnomaly: false, score: 1 });
    scorer.tune(sensitivity);
    expect(scorer.judge(observe(1)).isAnomaly).toBe(true);
  });
});

const ada = (): string =>
  displayName('u', states.user.table.keyHigh(states.userSlot), states.user.table.keyLow(states.userSlot));

describe('an exclusion', () => {
  const list = new ExclusionList();
  const expiresMs = (START + 3600) * 1000;

  beforeEach(() => {
    for (const { id } of list) list.remove(id);
    start([], false, list);
    for (let second = 0; second < 50; second++) observe(second);
    told.told.user = { nats: THRESHOLD + 1, evidence: { calls: 11 } };
  });

  test('takes verdict and incident from what it covers, and leaves score and evidence', () => {
    const { score, evidence, isAnomaly, isExcluded } = scorer.judge(observe(60));
    expect([isAnomaly, isExcluded]).toEqual([true, false]);
    list.add({ id: 'e1', expiresMs, entity: ada(), behavior: 'rate_burst' });
    expect(scorer.judge(observe(60))).toMatchObject({ score, evidence, isAnomaly: false, isExcluded: true });
    list.remove('e1');
    expect(scorer.judge(observe(60))).toMatchObject({ isAnomaly: true, isExcluded: false });
  });

  test('expires by the event time of the call', () => {
    list.add({ id: 'e1', expiresMs: (START + 61) * 1000, entity: ada() });
    expect(scorer.judge(observe(60.9)).isAnomaly).toBe(false);
    expect(scorer.judge(observe(61)).isAnomaly).toBe(true);
  });

  test('of an endpoint covers the calls of that endpoint', () => {
    list.add({ id: 'e1', expiresMs, endpoint: 'shop GET /orders/{id}' });
    const called = source.endpoints.describe(observe(60).endpoint);
    expect(called).toEqual({ service: 'shop', endpoint: 'GET /orders/{id}' });
    expect(scorer.judge(observe(60)).isAnomaly).toBe(false);
    expect(scorer.judge(observe(60, { 'http.route': '/carts' })).isAnomaly).toBe(true);
  });

  test('of an entity covers that side only: another one may still be flagged', () => {
    list.add({ id: 'e1', expiresMs, entity: ada() });
    told.told.endpoint = { nats: THRESHOLD + 6, evidence: {} };
    expect(scorer.judge(observe(60))).toMatchObject({ isAnomaly: true, isExcluded: false, kind: 'endpoint' });
  });

  test('teaches nothing: the window stays out of training', () => {
    list.add({ id: 'e1', expiresMs, entity: ada() });
    scorer.judge(observe(60));
    expect(scorer.wasSuspect('user', states.userSlot)).toBe(true);
  });

  test('of what is no anomaly anyhow is not counted', () => {
    list.add({ id: 'e1', expiresMs, entity: ada() });
    told.told.user = { nats: THRESHOLD - 1, evidence: { calls: 8 } };
    scorer.use(told.model);
    expect(scorer.judge(observe(60))).toMatchObject({ isAnomaly: false, isExcluded: false });
  });
});

describe('the most unusual moment of a window', () => {
  beforeEach(() => {
    scorer = new Scorer(
      states,
      { budget: BUDGET, disabled: new Set(), minimumEffect: 1 },
      { peaks: new WindowPeaks() },
    );
    scorer.use(told.model);
  });

  test('is kept with all that a backtest needs', () => {
    burst(7);
    const call = observe(60);
    scorer.judge(call);
    const { userSlot, user } = states;
    const row = new Float32Array(rowWidth('user'));
    user.row(userSlot, row);
    expect(scorer.closeWindow('user', userSlot)).toEqual({
      kind: 'user',
      entityHigh: call.userHigh,
      entityLow: call.userLow,
      window: START / 300,
      seconds: START + 60,
      rarity: expect.closeTo(7, 5),
      evidence: expect.closeTo(7, 5),
      carried: 0,
      behavior: 'rate_burst',
      isMaterial: true,
      endpoint: call.endpoint,
      features: ['calls'],
      row,
      modelVersion: 'm-told',
    });
  });

  test('has no more of what was carried than counts for verdicts', () => {
    burst(30);
    scorer.judge(observe(60));
    burst(7);
    scorer.judge(observe(360));
    // 0.6 (30 - 3) nats are carried over, of which as many count as the window shows by itself, two of them passed over.
    expect(scorer.closeWindow('user', states.userSlot)).toMatchObject({
      carried: expect.closeTo(5, 5),
      evidence: expect.closeTo(14, 5),
      rarity: expect.closeTo(12, 5),
    });
  });

  test('is not kept of a window that is as usual, nor without a model', () => {
    told.told.user.nats = 2;
    scorer.judge(observe(0));
    expect(scorer.closeWindow('user', states.userSlot)).toBeUndefined();
    scorer.use(new ToldModel('none', []).model);
    burst(30);
    scorer.judge(observe(60));
    expect(scorer.closeWindow('user', states.userSlot)).toBeUndefined();
  });
});

describe('what is told of a judgement', () => {
  test('explains it by the features that contribute, in their own units', () => {
    burst(12);
    const judgement = scorer.judge(observe(60));
    expect(scorer.explain(judgement)).toEqual([
      {
        name: 'calls',
        unit: '1',
        direction: 'above',
        observed: expect.closeTo(51, 3),
        expected: 0,
        nats: 12,
        share: 1,
      },
    ]);
  });

  test('explains what the row itself shows, and leaves the rest of the evidence to earlier windows', () => {
    burst(18);
    scorer.judge(observe(60));
    burst(12);
    const judgement = scorer.judge(observe(360));
    // 0.6 (18 - 3) nats were carried.
    expect(scorer.sideEvidence(judgement)).toBeCloseTo(21, 5);
    expect(scorer.explain(judgement)).toMatchObject([
      { name: 'calls', nats: expect.closeTo(12, 5), share: expect.closeTo(12 / 21, 5) },
    ]);
  });

  test('explains the evidence of the side it speaks of, also where another has more', () => {
    burst(THRESHOLD + 1);
    told.told.endpoint = { nats: 20, evidence: { server_errors: 20 } };
    told.told.user = { nats: 21, evidence: { calls: 21 } };
    const [judgement] = [scorer.judge(observe(60, failed))];
    expect([judgement.kind, judgement.evidence]).toEqual(['user', 21]);
    // Nothing that has a name, hence no anomaly.
    told.told.user = { nats: 12, evidence: {} };
    scorer.judge(observe(120, failed));
    expect(judgement.kind).toBe('endpoint');
    expect(scorer.sideEvidence(judgement)).toBeCloseTo(20 - Math.log(50), 5);
    const nats = scorer.explain(judgement).reduce((sum, feature) => sum + feature.nats, 0);
    expect(nats).toBeCloseTo(20 - Math.log(50), 5);
  });

  test('explains one that was evaluated for an earlier call by the row as it is now', () => {
    burst(12);
    scorer.judge(observe(60));
    const judgement = scorer.judge(observe(60.1));
    const before = told.evaluations.user;
    expect(scorer.explain(judgement)[0]).toMatchObject({ name: 'calls', observed: expect.closeTo(52, 3) });
    expect(told.evaluations.user).toBe(before + 1);
  });

  test('has the score of the side it speaks of', () => {
    burst(THRESHOLD + 1);
    told.told.endpoint = { nats: THRESHOLD + 2, evidence: {} };
    const judgement = scorer.judge(observe(60));
    expect(judgement.kind).toBe('user');
    expect(scorer.sideScore(judgement)).toBe(judgement.userScore);
    expect(judgement.score).toBeGreaterThan(judgement.userScore);
  });
});

describe('what is remembered of an entity', () => {
  test('whether its window had an anomaly, until it is gone or the model is another', () => {
    told.told.user = { nats: 20, evidence: {} };
    scorer.judge(observe(0));
    const { userSlot } = states;
    const remembered = (): unknown[] => [scorer.wasSuspect('user', userSlot), scorer.rarity('user', userSlot)];
    expect(remembered()).toEqual([true, 20]);
    scorer.forget('user', userSlot);
    expect(remembered()).toEqual([false, 0]);
    scorer.judge(observe(1));
    expect(remembered()).toEqual([true, 20]);
    scorer.use(new ToldModel('another').model);
    expect(remembered()).toEqual([false, 0]);
  });

  test('calls in quick succession are not evaluated each, and get the score of the last evaluation', () => {
    const scores = Array.from({ length: 400 }, (_, call) => {
      told.told.user.nats = call / 100;
      return scorer.judge(observe(call / 1000)).userScore;
    });
    expect(told.evaluations.user).toBeLessThan(60);
    expect(scores.toSorted((a, b) => a - b)).toEqual(scores);
  });

  test('a model without a detector for a kind does not flag it', () => {
    scorer.use(new ToldModel('m', ['user']).model);
    expect(scorer.judge(observe(0, refused))).toMatchObject({ addressScore: 0, endpointScore: 0 });
    expect(scorer.thresholdScore('address')).toBeCloseTo(4 / 6);
  });
});
