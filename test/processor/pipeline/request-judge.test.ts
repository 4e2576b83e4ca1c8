import { annotate, SpanAnnotations } from '../../../processor/src/otlp/annotate.ts';
import type { SpanInput } from '../../../processor/src/otlp/request-writer.ts';
import {
  emptyTally,
  type FoundAnomaly,
  type JudgeListener,
  type Tally,
  type Turn,
} from '../../../processor/src/pipeline/request-judge.ts';
import { TimeOrder } from '../../../processor/src/pipeline/time-order.ts';
import { call, calls, nanoseconds, NOW, request, verdictsIn } from './requests.ts';
import { Stage } from './stage.ts';
import { ToldModel } from './told-model.ts';

let stage: Stage;
let told: ToldModel;

beforeEach(() => {
  stage = new Stage();
  told = new ToldModel('m-1');
});

/** Judges all spans, or those at some places of an order, and says what was found and written. */
function judge(
  spans: readonly SpanInput[],
  part: Partial<Turn> = {},
): { tally: Tally; verdicts: Record<string, unknown>[] } {
  const view = stage.view(request(spans));
  const annotations = new SpanAnnotations();
  const tally = emptyTally();
  const turn = { order: new TimeOrder().arrange(view), from: 0, to: view.scorableCount, ...part };
  stage.judge.judge(view, turn, annotations, tally);
  return { tally, verdicts: verdictsIn(annotate(view, annotations)) };
}

/** Finds users odd, but not so much that they would be anomalies: 5 nats are one in 148. */
function findUsersOdd(): void {
  told.told.user = { nats: 5, evidence: {} };
}

/** Makes every user an anomaly: even without a name, one in a million is enough. */
function flagUsers(): void {
  told.told.user = { nats: 20, evidence: { calls: 20 } };
}

const at = (span: SpanInput, seconds: number): SpanInput => ({
  ...span,
  startTimeUnixNano: nanoseconds(seconds),
  endTimeUnixNano: nanoseconds(seconds + 0.1),
});

describe('judging a request', () => {
  test('without a model every call is learned from and says so', () => {
    const { tally, verdicts } = judge(calls(3));
    expect(verdicts).toEqual(Array.from({ length: 3 }, () => ({ 'anomaly.state': 'learning' })));
    expect(tally).toMatchObject({ learning: 3, scored: 0, identified: 3, routed: 3, sampled: 0 });
    expect(stage.rows).toBe(3);
  });

  test('the tally tells how many calls name a user, a route and sampling', () => {
    const { attributes, ...bare } = call(2);
    const { tally } = judge([
      call(0),
      { ...call(1), traceState: 'ot=th:8' },
      { ...bare, attributes: { 'url.path': '/orders/17' } },
    ]);
    expect(attributes).toBeDefined();
    expect(tally).toMatchObject({ identified: 2, routed: 2, sampled: 1 });
  });

  test('with a model every call is scored and counted for its endpoint', () => {
    stage.lifecycle.promote(told.model);
    findUsersOdd();
    const { tally, verdicts } = judge(calls(4));
    expect(tally).toMatchObject({ scored: 4, learning: 0 });
    expect(verdicts[3]).toEqual({
      'anomaly.score': expect.closeTo(5 / Math.LN10 / 6),
      'anomaly.is_anomaly': false,
      'anomaly.model.version': 'm-1',
    });
    const [series] = [...stage.telemetry.endpointScores.series()].filter(({ count }) => count > 0);
    expect(series).toMatchObject({ name: { service: 'shop', endpoint: 'GET /orders/{id}' }, count: 4 });
  });

  test('an anomaly opens an incident, and the next ones of the same user belong to it', () => {
    stage.lifecycle.promote(told.model);
    flagUsers();
    const { verdicts } = judge([...calls(3), call(3, { 'user.id': 'bob' })]);
    expect(stage.opened).toHaveLength(2);
    const ids = verdicts.map((verdict) => verdict['anomaly.incident.id']);
    expect(ids).toEqual([stage.opened[0]!.id, stage.opened[0]!.id, stage.opened[0]!.id, stage.opened[1]!.id]);
    expect(stage.opened[0]).toMatchObject({ kind: 'user', anomalies: 3, score: 1, severity: 'critical' });
  });

  test('the most unusual users are noted with the time of their call', () => {
    stage.lifecycle.promote(told.model);
    findUsersOdd();
    judge([at(call(0), NOW - 30)]);
    expect([...stage.topUsers.list(NOW)]).toEqual([
      expect.objectContaining({ score: expect.closeTo(5 / Math.LN10 / 6), seconds: NOW - 30 }),
    ]);
    told.told.user.nats = 0;
    judge([call(1, { 'user.id': 'bob' })]);
    expect([...stage.topUsers.list(NOW)]).toHaveLength(1);
  });
});

describe('spans that must not move anything', () => {
  const ABSURD = [
    ['no time', 0],
    ['a time of more than a day ago', NOW - 86_401],
    ['a time more than five minutes ahead', NOW + 301],
    ['a time in the far future', 18_000_000_000],
  ] as const;

  test.each(ABSURD)('a span with %s is judged by the state as it is', (_name, seconds) => {
    stage.lifecycle.promote(told.model);
    judge(calls(10));
    const before = stage.fingerprint();
    flagUsers();
    stage.scorer.use(told.model);
    const { verdicts, tally } = judge([at(call(50), seconds)]);
    expect(verdicts[0]).toMatchObject({ 'anomaly.score': 1, 'anomaly.is_anomaly': true });
    expect(tally).toMatchObject({ scored: 1, duplicates: 0 });
    expect(stage.fingerprint()).toBe(before);
  });

  test('an incident keeps its requests by endpoint, trace and span, and what explains it', () => {
    stage.lifecycle.promote(told.model);
    flagUsers();
    const { spanId: _, ...nameless } = call(2, { 'http.route': '/carts' });
    judge([call(0, { 'http.response.status_code': 403 }), nameless as SpanInput]);
    const [incident] = stage.opened;
    const requests = incident!.requests.list();
    expect(requests.map(({ endpoint }) => stage.endpoints.describe(endpoint).endpoint)).toEqual([
      'GET /orders/{id}',
      'GET /carts',
    ]);
    expect(requests[0]).toMatchObject({
      traceId: call(0).traceId,
      spanId: call(0).spanId,
      statusCode: 403,
      durationSeconds: expect.closeTo(0.25),
      score: 1,
      userHigh: incident!.entityHigh,
      userLow: incident!.entityLow,
    });
    expect(requests[1]).toMatchObject({ traceId: call(2).traceId, spanId: '' });
    expect(incident!.explanation).toMatchObject([{ name: 'calls', nats: expect.closeTo(20, 4) }]);
    expect(incident!.modelVersion).toBe('m-1');
  });

  test('every anomaly is handed over to be kept', () => {
    const anomalies: FoundAnomaly[] = [];
    stage = new Stage({ onAnomaly: (anomaly) => anomalies.push(anomaly) });
    stage.lifecycle.promote(told.model);
    flagUsers();
    const { verdicts } = judge(calls(2));
    expect(anomalies).toHaveLength(2);
    expect(anomalies[1]).toMatchObject({
      kind: 'user',
      entityHigh: stage.opened[0]!.entityHigh,
      behavior: verdicts[1]!['anomaly.behavior'],
      reason: verdicts[1]!['anomaly.reason'],
      features: ['calls'],
      incidentId: stage.opened[0]!.id,
      modelVersion: 'm-1',
      request: { traceId: call(1).traceId, spanId: call(1).spanId, statusCode: 200, evidence: 20 },
    });
    expect(anomalies[1]!.addressHigh).not.toBe(0);
  });

  test.each(ABSURD)('an incident found on a span with %s happens now: it can be over again', (_name, seconds) => {
    stage.lifecycle.promote(told.model);
    judge(calls(10));
    flagUsers();
    stage.scorer.use(told.model);
    judge([at(call(50), seconds)]);
    const now = stage.watermark.seconds;
    expect(stage.opened).toMatchObject([{ startSeconds: now, lastSeconds: now }]);
    expect([...stage.topUsers.list(now)]).toMatchObject([{ seconds: now }]);
    stage.incidents.closeQuiet(now + 31 * 60);
    expect([...stage.incidents.open]).toEqual([]);
  });

  test('the ends of the day that is accepted do move it', () => {
    judge([at(call(0), NOW - 86_400), at(call(1), NOW + 300)]);
    expect([stage.rows, stage.watermark.seconds]).toEqual([2, NOW + 300]);
  });

  test('a repeated span is scored, counted as repeated, and moves nothing', () => {
    stage.lifecycle.promote(told.model);
    judge(calls(3));
    const before = stage.fingerprint();
    const { tally, verdicts } = judge(calls(3));
    expect(tally).toMatchObject({ scored: 3, duplicates: 3 });
    expect(verdicts.every((verdict) => verdict['anomaly.is_anomaly'] === false)).toBe(true);
    expect(stage.fingerprint()).toBe(before);
  });

  test('a span repeated within one request counts once', () => {
    const { tally } = judge([call(0), call(0), call(1)]);
    expect([tally.duplicates, stage.rows]).toEqual([1, 2]);
  });
});

describe('a turn', () => {
  test('judges what stands at its places of the order, in that order, and nothing else', () => {
    stage.lifecycle.promote(told.model);
    flagUsers();
    const users = ['ada', 'bob', 'cyd', 'dan', 'eve'];
    const spans = users.map((user, index) => at(call(index, { 'user.id': user }), NOW - 60 + index));
    const { tally, verdicts } = judge(spans, { order: Int32Array.of(4, 2, 0, 3, 1), from: 1, to: 4 });
    expect(verdicts.map((verdict) => 'anomaly.score' in verdict)).toEqual([true, false, true, true, false]);
    expect([tally.scored, stage.rows]).toEqual([3, 3]);
    // Incidents open in the order of judgement: cyd, ada, dan.
    expect(stage.opened.map(({ startSeconds }) => startSeconds - (NOW - 60))).toEqual([2, 0, 3]);
    expect(verdicts[0]!['anomaly.incident.id']).toBe(stage.opened[1]!.id);
  });

  test('of no places judges nothing', () => {
    const { tally, verdicts } = judge(calls(2), { from: 1, to: 1 });
    expect([tally, verdicts, stage.rows]).toEqual([emptyTally(), [{}, {}], 0]);
  });

  test('after another of the same request goes on where that ended', () => {
    const view = stage.view(request(calls(5)));
    const annotations = new SpanAnnotations();
    const tally = emptyTally();
    const order = new TimeOrder().arrange(view);
    stage.judge.judge(view, { order, from: 0, to: 2 }, annotations, tally);
    stage.lifecycle.promote(told.model);
    stage.judge.judge(view, { order, from: 2, to: 5 }, annotations, tally);
    expect(tally).toMatchObject({ learning: 2, scored: 3, identified: 5, duplicates: 0 });
    const states = verdictsIn(annotate(view, annotations)).map((verdict) => verdict['anomaly.state'] ?? 'scored');
    expect(states).toEqual(['learning', 'learning', 'scored', 'scored', 'scored']);
  });
});

describe('the listener', () => {
  const heard: unknown[][] = [];
  const listener: JudgeListener = {
    learned: ({ startSeconds }, span) => heard.push(['learned', span, Math.round(startSeconds - NOW)]),
    judged: ({ startSeconds }, span, { score, isAnomaly }, incident) =>
      heard.push(['judged', span, Math.round(startSeconds - NOW), Number(score.toFixed(3)), isAnomaly, incident?.id]),
  };

  beforeEach(() => {
    heard.length = 0;
    stage = new Stage({ listener });
  });

  test('hears of every call that is learned from, in the order of judgement', () => {
    judge([at(call(0), NOW), at(call(1), NOW - 120), at(call(2), NOW - 60)]);
    expect(heard).toEqual([
      ['learned', 1, -120],
      ['learned', 2, -60],
      ['learned', 0, 0],
    ]);
  });

  test('hears of every call that is judged: its score, whether it is an anomaly, and the incident it is part of', () => {
    stage.lifecycle.promote(told.model);
    findUsersOdd();
    judge([at(call(0), NOW - 10)]);
    flagUsers();
    // What was found before is still good within the window; a new user is looked at.
    judge([at(call(1, { 'user.id': 'bob' }), NOW - 9)]);
    // 5 nats are 2.171 decades of 6.
    expect(heard).toEqual([
      ['judged', 0, -10, 0.362, false, undefined],
      ['judged', 0, -9, 1, true, stage.opened[0]!.id],
    ]);
  });

  test('hears of spans that move nothing, too: repeated ones, and those with an absurd clock', () => {
    judge([at(call(0), NOW - 10)]);
    judge([at(call(0), NOW - 10), at(call(1), NOW + 86_400)]);
    expect(heard.map(([what, span]) => [what, span])).toEqual([
      ['learned', 0],
      ['learned', 0],
      ['learned', 1],
    ]);
  });
});
