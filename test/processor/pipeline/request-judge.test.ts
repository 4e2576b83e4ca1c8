import { annotate, SpanAnnotations } from '../../../processor/src/otlp/annotate.ts';
import type { SpanInput } from '../../../processor/src/otlp/request-writer.ts';
import type { Tally } from '../../../processor/src/pipeline/request-judge.ts';
import { call, calls, nanoseconds, NOW, request, verdictsIn } from './requests.ts';
import { Stage } from './stage.ts';
import { ToldModel } from './told-model.ts';

let stage: Stage;
let told: ToldModel;

beforeEach(() => {
  stage = new Stage();
  told = new ToldModel('m-1');
});

/** Judges all spans, and says what was found and written. */
function judge(spans: readonly SpanInput[]): { tally: Tally; verdicts: Record<string, unknown>[] } {
  const view = stage.view(request(spans));
  const annotations = new SpanAnnotations();
  const tally: Tally = { scored: 0, learning: 0, duplicates: 0, identified: 0, routed: 0, sampled: 0 };
  stage.judge.judge(view, annotations, 0, view.scorableCount, tally);
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
