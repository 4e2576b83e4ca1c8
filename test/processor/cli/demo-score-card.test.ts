import type { FlaggedSpan } from '../../../processor/src/cli/demo-next-hop.ts';
import { GroundTruth } from '../../../processor/src/cli/demo-score-card.ts';
import type { Episode } from '../../../processor/src/simulation/episode.ts';
import type { SimulatedSpan } from '../../../processor/src/simulation/span.ts';

const MINUTE_MS = 60_000;

const enumeration: Episode = {
  number: 1,
  behavior: 'enumeration',
  intensity: 'medium',
  entityKind: 'user',
  entities: ['mallory'],
  fromMs: 100 * MINUTE_MS,
  untilMs: 110 * MINUTE_MS,
  label: 'enumeration#1',
};
const scraping: Episode = { ...enumeration, number: 2, behavior: 'scraping', entities: ['trudy'], label: 'scraping#2' };

function span(spanId: string, user: string, minute: number, label = ''): SimulatedSpan {
  return {
    resource: { service: 'shop', attributes: {} },
    traceId: 't',
    spanId,
    parentSpanId: '',
    name: 'GET /orders/{id}',
    kind: 2,
    startMs: minute * MINUTE_MS,
    endMs: minute * MINUTE_MS + 5,
    attributes: {
      'user.id': user,
      'client.address': '192.0.2.1',
      'http.route': '/orders/{id}',
      'http.request.method': 'GET',
    },
    statusCode: 0,
    label,
  };
}

function flag(spanId: string, incidentId: string, behavior = 'enumeration', score = 0.8): FlaggedSpan {
  return { spanId, score, behavior, incidentId, reason: `because of ${spanId}` };
}

function judge(spans: readonly SimulatedSpan[], flagged: readonly FlaggedSpan[]): ReturnType<GroundTruth['judge']> {
  const truth = new GroundTruth([enumeration, scraping]);
  for (const other of spans) truth.note(other);
  return truth.judge(flagged);
}

describe('the score card', () => {
  const attack = [span('a1', 'mallory', 100, enumeration.label), span('a2', 'mallory', 104, enumeration.label)];
  const ordinary = [span('o1', 'alice', 50), span('o2', 'bob', 104)];

  it('counts an attack as found when an incident holds its spans, with the delay to the first', () => {
    const card = judge([...attack, ...ordinary], [flag('a2', 'i1')]);
    expect(card).toMatchObject({
      found: 1,
      missed: 1,
      falseAlarms: [],
      incidents: 1,
      ordinarySpans: 2,
      ordinaryFlagged: 0,
    });
    expect(card.episodes[0]).toMatchObject({
      labelledSpans: 2,
      flaggedSpans: 1,
      foundAs: ['enumeration'],
      delayMs: 4 * MINUTE_MS,
    });
    expect(card.episodes[1]).toMatchObject({ labelledSpans: 0, flaggedSpans: 0, foundAs: [], delayMs: undefined });
  });

  it('counts an incident without a span of an attack as a false alarm, named by its most unusual span', () => {
    const card = judge([...attack, ...ordinary], [flag('o1', 'i2', 'scraping', 0.7), flag('o2', 'i2', 'latency', 0.9)]);
    expect(card).toMatchObject({ found: 0, missed: 2, ordinaryFlagged: 2 });
    expect(card.falseAlarms).toEqual([
      { id: 'i2', behavior: 'latency', reason: 'because of o2', score: 0.9, spans: 2 },
    ]);
  });

  it('takes other requests of the culprit for part of the attack, then and half an hour after, no longer', () => {
    const cover = span('c1', 'mallory', 105);
    const after = span('c2', 'mallory', 139);
    const later = span('c3', 'mallory', 141);
    const before = span('c4', 'mallory', 99);
    const spans = [...attack, cover, after, later, before];
    expect(judge(spans, [flag('c1', 'i')]).falseAlarms).toEqual([]);
    expect(judge(spans, [flag('c2', 'i')]).falseAlarms).toEqual([]);
    expect(judge(spans, [flag('c3', 'i')]).falseAlarms.length).toBe(1);
    expect(judge(spans, [flag('c4', 'i')]).falseAlarms.length).toBe(1);
  });

  it('does not let one span of an attack excuse an incident about everybody else', () => {
    const crowd = Array.from({ length: 9 }, (_, i) => span(`x${i}`, `user ${i}`, 104));
    const flagged = [flag('a1', 'i'), ...crowd.map(({ spanId }) => flag(spanId, 'i'))];
    const card = judge([...attack, ...crowd], flagged);
    expect(card.falseAlarms.length).toBe(1);
    expect(card.found).toBe(0);
  });

  it('knows nothing of spans that are not SERVER', () => {
    const card = judge([{ ...attack[0]!, kind: 3 }], [flag('a1', 'i')]);
    expect(card.ordinarySpans).toBe(0);
    expect(card.found).toBe(0);
  });
});
