import type { ApiCall } from '../../../processor/src/call/api-call.ts';
import { EntityStates } from '../../../processor/src/features/entity-states.ts';
import type { AttributesInput } from '../../../processor/src/otlp/request-writer.ts';
import { Scorer } from '../../../processor/src/pipeline/scorer.ts';
import { CallSource } from '../call/call-source.ts';
import { nanoseconds } from './requests.ts';
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

function start(disabled: string[] = [], explainsAll = false): void {
  source = new CallSource();
  states = new EntityStates(
    { users: 100, addresses: 100, endpoints: 50, services: 21, probationShare: 0.2 },
    { closing: () => {}, evicted: () => {} },
  );
  scorer = new Scorer(states, BUDGET, new Set(disabled), explainsAll);
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
  test('an endpoint only once it is so rare that it is flagged: many users share its window', () => {
    told.told.endpoint.nats = THRESHOLD - 0.01;
    expect(scorer.judge(observe(0)).endpointScore).toBe(0);
    scorer.use(told.model);
    told.told.endpoint.nats = THRESHOLD + 0.01;
    expect(scorer.judge(observe(1)).endpointScore).toBeCloseTo(4 / 6);
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

  test('another sensitivity counts from the next evaluation on: budget and switched-off behaviors', () => {
    for (let second = 0; second < 50; second++) observe(second);
    told.told.user = { nats: THRESHOLD + 1, evidence: { calls: 11 } };
    const tenth = { ...BUDGET, falseIncidentsPerDay: 1e-5 / BUDGET.shares.user };
    scorer.useSensitivity(tenth, new Set());
    expect(scorer.thresholdScore('user')).toBeCloseTo(5 / 6);
    expect(scorer.judge(observe(60)).isAnomaly).toBe(false);
    scorer.useSensitivity(BUDGET, new Set());
    expect(scorer.judge(observe(60)).isAnomaly).toBe(false);
    expect(scorer.judge(observe(80)).isAnomaly).toBe(true);
    scorer.useSensitivity(BUDGET, new Set(['rate_burst']));
    const judgement = scorer.judge(observe(100));
    expect([scorer.behavior(judgement), judgement.isAnomaly]).toEqual(['other', false]);
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
