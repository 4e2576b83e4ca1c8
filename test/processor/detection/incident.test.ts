import { array, assert, constantFrom, double, integer, property, record } from 'fast-check';
import { type Behavior, severityOf } from '../../../processor/src/detection/behaviors.ts';
import type { FeatureExplanation } from '../../../processor/src/detection/explanation.ts';
import {
  type AnomalyEvent,
  type Incident,
  IncidentBook,
  QUIET_SECONDS,
  type SavedIncident,
} from '../../../processor/src/detection/incident.ts';
import type { KeptRequest } from '../../../processor/src/detection/kept-requests.ts';

const START = 1_790_000_000;

/** A book, and what it told. */
function listenedBook() {
  const updated: string[] = [];
  const opened: string[] = [];
  const closed: string[] = [];
  const book = new IncidentBook({
    opened: ({ id }) => void opened.push(id),
    updated: ({ id }) => void updated.push(id),
    closed: ({ id }) => void closed.push(id),
  });
  return { book, opened, updated, closed };
}

function anomaly(part: Partial<AnomalyEvent> = {}): AnomalyEvent {
  return {
    kind: 'user',
    entityHigh: 1,
    entityLow: 2,
    seconds: START,
    behavior: 'enumeration',
    score: 0.7,
    evidence: 10,
    reason: () => 'a sentence',
    explain: () => [],
    request: () => request(part.seconds ?? START),
    endpoint: 5,
    modelVersion: 'm-1',
    ...part,
  };
}

function request(seconds: number): KeptRequest {
  return {
    seconds,
    endpoint: 5,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    statusCode: 403,
    durationSeconds: 0.1,
    score: 0.7,
    evidence: 10,
    userHigh: 1,
    userLow: 2,
  };
}

function explained(name: string): FeatureExplanation {
  return { name, unit: '1', direction: 'above', observed: 41, expected: 2, nats: 9, share: 1 };
}

test('quiet means 30 minutes of event time', () => {
  expect(QUIET_SECONDS).toBe(1800);
});

test('anomalies of one entity within 30 minutes of each other are one incident, told once', () => {
  const { book, opened, closed } = listenedBook();
  const first = book.add(anomaly());
  for (const minutes of [10, 40, 70]) expect(book.add(anomaly({ seconds: START + minutes * 60 }))).toBe(first);
  expect(first).toMatchObject({ anomalies: 4, startSeconds: START, lastSeconds: START + 70 * 60 });
  expect([opened, closed]).toEqual([[first.id], []]);
  expect([...book.open]).toEqual([first]);
});

test('an open incident is found by its entity, as long as an anomaly at that time would still belong to it', () => {
  const { book } = listenedBook();
  const incident = book.add(anomaly());
  expect(book.openOf('user', 1, 2, START + QUIET_SECONDS)).toBe(incident);
  expect(book.openOf('user', 1, 2, START + QUIET_SECONDS + 1)).toBeUndefined();
  expect([book.openOf('user', 1, 3, START), book.openOf('address', 1, 2, START)]).toEqual([undefined, undefined]);
});

const savedIncident = ({ requests, ...incident }: Incident): SavedIncident => ({
  ...incident,
  requests: requests.list(),
});

const earlierIncident = (): Incident => listenedBook().book.add(anomaly());

test('an entity that goes by another key keeps its incident, and a user its requests in those of others', () => {
  const { book, opened } = listenedBook();
  const own = book.add(anomaly());
  const shared = book.add(anomaly({ kind: 'endpoint', entityHigh: 0, entityLow: 5 }));
  book.rename(1, 2, 3, 4);
  expect(book.add(anomaly({ entityHigh: 3, entityLow: 4, seconds: START + 60 }))).toBe(own);
  expect(own).toMatchObject({ entityHigh: 3, entityLow: 4 });
  expect(shared.requests.list()).toMatchObject([{ userHigh: 3, userLow: 4 }]);
  expect(opened).toHaveLength(2);
});

test('an entity that has an incident by its present key keeps both', () => {
  const { book } = listenedBook();
  const former = book.add(anomaly());
  const present = book.add(anomaly({ entityHigh: 3, entityLow: 4 }));
  book.rename(1, 2, 3, 4);
  expect([book.openOf('user', 1, 2, START), book.openOf('user', 3, 4, START)]).toEqual([former, present]);
});

describe('an incident of an earlier run', () => {
  test('goes on with the next anomaly of its entity, and is not told again', () => {
    const { book, opened, updated } = listenedBook();
    const before = earlierIncident();
    expect(book.resume(savedIncident(before))).toBe(true);
    const after = book.add(anomaly({ seconds: START + 60, score: 0.9 }));
    expect(after).toMatchObject({ id: before.id, startSeconds: START, lastSeconds: START + 60, anomalies: 2 });
    expect(after.requests.list().map(({ seconds }) => seconds)).toEqual([START, START + 60]);
    expect([opened, updated]).toEqual([[], [before.id]]);
  });

  test('that would have ended meanwhile ends as any other', () => {
    const { book, closed } = listenedBook();
    const before = earlierIncident();
    book.resume(savedIncident(before));
    book.closeQuiet(START + QUIET_SECONDS + 1);
    expect([closed, [...book.open]]).toEqual([[before.id], []]);
  });

  test('is not taken up where its entity has another one', () => {
    const { book } = listenedBook();
    const present = book.add(anomaly({ seconds: START + 60 }));
    expect(book.resume(savedIncident(earlierIncident()))).toBe(false);
    expect([...book.open]).toEqual([present]);
  });
});

test('an anomaly after more than 30 quiet minutes closes the old incident and opens another', () => {
  const { book, opened, closed } = listenedBook();
  const first = book.add(anomaly());
  const second = book.add(anomaly({ seconds: START + QUIET_SECONDS + 1 }));
  expect(second.id).not.toBe(first.id);
  expect([opened, closed]).toEqual([[first.id, second.id], [first.id]]);
  expect([...book.open]).toEqual([second]);
});

test('a sweep closes what has been quiet for more than 30 minutes, and nothing else', () => {
  const { book, closed } = listenedBook();
  const old = book.add(anomaly());
  const recent = book.add(anomaly({ entityLow: 3, seconds: START + 60 }));
  book.closeQuiet(START + QUIET_SECONDS);
  expect(closed).toEqual([]);
  book.closeQuiet(START + QUIET_SECONDS + 1);
  expect(closed).toEqual([old.id]);
  expect([...book.open]).toEqual([recent]);
});

test.each([
  ['another user', { entityLow: 3 }],
  ['another user with the same low half', { entityHigh: 9 }],
  ['an address with the same key', { kind: 'address' }],
  ['an endpoint with the same key', { kind: 'endpoint' }],
] as const)('%s has an incident and an id of its own', (_, other) => {
  const { book } = listenedBook();
  const first = book.add(anomaly());
  const second = book.add(anomaly(other));
  expect(second).not.toBe(first);
  expect(second.id).not.toBe(first.id);
});

test('a late anomaly counts but does not turn back the clock of its incident', () => {
  const { book } = listenedBook();
  const incident = book.add(anomaly());
  book.add(anomaly({ seconds: START - 600 }));
  expect(incident).toMatchObject({ anomalies: 2, lastSeconds: START });
});

/** Ids of 2000 incidents: 100 users, 20 times each. */
function replay(): string[] {
  const { book } = listenedBook();
  return Array.from({ length: 2000 }, (_, index) => {
    return book.add(anomaly({ entityLow: index % 100, seconds: START + Math.floor(index / 100) * 4000 })).id;
  });
}

test('a replay gives the same ids, and different entities and times give different ones', () => {
  const ids = replay();
  expect(replay()).toEqual(ids);
  expect(new Set(ids).size).toBe(2000);
  for (const id of ids) expect(id).toMatch(/^i_[0-9a-f]{16}$/);
});

test('the score and the sentence are those of the most unusual anomaly, at its endpoint', () => {
  const { book } = listenedBook();
  const incident = book.add(anomaly({ score: 0.7, reason: () => 'first', endpoint: 1 }));
  book.add(anomaly({ score: 0.9, reason: () => 'worst', endpoint: 2 }));
  book.add(anomaly({ score: 0.8, reason: () => 'later', endpoint: 3 }));
  expect(incident).toMatchObject({ score: 0.9, severity: 'high', reason: 'worst', endpoint: 2 });
});

test('a sentence is made only for an anomaly that is more unusual than all before', () => {
  const { book } = listenedBook();
  let made = 0;
  const reason = () => `sentence ${++made}`;
  for (const score of [0.7, 0.7, 0.6, 0.8, 0.8]) book.add(anomaly({ score, reason }));
  expect(made).toBe(2);
});

test('among scores of 1 the one with the most evidence is the most unusual', () => {
  const { book } = listenedBook();
  const incident = book.add(anomaly({ score: 1, evidence: 20, reason: () => 'first' }));
  book.add(anomaly({ score: 1, evidence: 30, reason: () => 'worst', modelVersion: 'm-2' }));
  book.add(anomaly({ score: 1, evidence: 25, reason: () => 'later' }));
  expect(incident).toMatchObject({ evidence: 30, reason: 'worst', modelVersion: 'm-2' });
});

test('what explains it is that of the most unusual anomaly, made for no other', () => {
  const { book } = listenedBook();
  let made = 0;
  const explain = () => [explained(`feature ${++made}`)];
  let incident: Incident | undefined;
  for (const score of [0.7, 0.6, 0.9, 0.8]) incident = book.add(anomaly({ score, explain }));
  expect(incident!.explanation).toEqual([explained('feature 2')]);
});

test('the requests of its anomalies are kept in order of time', () => {
  const { book } = listenedBook();
  let incident: Incident | undefined;
  for (const second of [5, 3, 9]) incident = book.add(anomaly({ seconds: START + second }));
  expect(incident!.requests.list()).toEqual([request(START + 3), request(START + 5), request(START + 9)]);
});

test('every anomaly after the first is told as an update', () => {
  const { book, opened, updated } = listenedBook();
  const { id } = book.add(anomaly());
  book.add(anomaly());
  book.add(anomaly());
  expect([opened, updated]).toEqual([[id], [id, id]]);
});

test('the series has the highest score of each window, 0 where there was no anomaly, a late one in its place', () => {
  const { book } = listenedBook();
  const window = Math.floor(START / 300) * 300;
  let incident: Incident | undefined;
  for (const [minute, score] of [
    [0, 0.7],
    [4, 0.8],
    [16, 0.9],
    [17, 0.6],
    [6, 0.75],
    [-7, 1],
  ] as const) {
    incident = book.add(anomaly({ seconds: window + 60 * minute, score }));
  }
  expect(incident!.series).toEqual([0.8, 0.75, 0, 0.9]);
});

test('the series of a long incident is that of its latest four hours', () => {
  const { book } = listenedBook();
  let incident: Incident | undefined;
  for (let window = 0; window < 60; window++) {
    incident = book.add(anomaly({ seconds: START + 300 * window, score: window / 100 }));
  }
  expect(incident!.series).toEqual(Array.from({ length: 48 }, (_, place) => (place + 12) / 100));
});

test('all open incidents together keep no more than 50 000 requests, and three of each in any case', () => {
  const { book } = listenedBook();
  const each = 100;
  for (let entity = 0; entity < 600; entity++) {
    for (let count = 0; count < each; count++) book.add(anomaly({ entityLow: entity }));
  }
  const kept = [...book.open].map(({ requests }) => requests.list().length);
  // Beside the three of each.
  expect(kept.reduce((sum, count) => sum + count, 0)).toBe(50_000 + 600 * 3);
  expect([kept[0], kept.at(-1)]).toEqual([100, 3]);
  book.closeQuiet(Infinity);
  for (let count = 0; count < each; count++) book.add(anomaly());
  expect([...book.open][0]!.requests.list()).toHaveLength(100);
});

test('a user who is erased leaves nothing behind: no incident, and no request in that of another', () => {
  const { book, closed } = listenedBook();
  const own = book.add(anomaly({ entityHigh: 1, entityLow: 2 }));
  const ofAddress = book.add(anomaly({ kind: 'address', entityHigh: 1, entityLow: 2 }));
  expect(book.forget('user', 1, 2)).toBe(own);
  expect(closed).toEqual([]);
  expect([...book.open]).toEqual([ofAddress]);
  expect(ofAddress.requests.list()).toEqual([]);
  expect(book.forget('user', 1, 2)).toBeUndefined();
});

test('the dominant behavior is the one with the most anomalies, the earlier one among equals', () => {
  const { book } = listenedBook();
  const behaviors: Behavior[] = ['scraping', 'enumeration', 'enumeration', 'scraping', 'scraping'];
  let incident: Incident | undefined;
  const dominant = behaviors.map((behavior) => (incident = book.add(anomaly({ behavior }))).behavior);
  expect(dominant).toEqual(['scraping', 'scraping', 'enumeration', 'enumeration', 'scraping']);
  expect([...incident!.behaviors]).toEqual([
    ['scraping', 3],
    ['enumeration', 2],
  ]);
});

test('any history of one entity: counts add up, the highest score decides, the dominant behavior leads', () => {
  const event = record({
    behavior: constantFrom<Behavior>('scraping', 'enumeration', 'other'),
    score: double({ min: 0, max: 1, noNaN: true }),
    seconds: integer({ min: START, max: START + QUIET_SECONDS }),
  });
  assert(
    property(array(event, { minLength: 1, maxLength: 20 }), (events) => {
      const { book } = listenedBook();
      let incident: Incident | undefined;
      for (const part of events) incident = book.add(anomaly(part));
      const count = (behavior: Behavior) => events.filter((one) => one.behavior === behavior).length;
      const highest = Math.max(...events.map(({ score }) => score));
      expect(incident).toMatchObject({
        anomalies: events.length,
        score: highest,
        severity: severityOf(highest),
        startSeconds: events[0]!.seconds,
        lastSeconds: Math.max(...events.map(({ seconds }) => seconds)),
      });
      const most = Math.max(...(['scraping', 'enumeration', 'other'] as const).map(count));
      expect(count(incident!.behavior)).toBe(most);
    }),
  );
});

test('only so many are open: the one quiet for longest makes room', () => {
  const { book, opened, closed } = listenedBook();
  for (let entityLow = 0; entityLow < 20_000 && closed.length === 0; entityLow++) {
    // The second one has been quiet for longest.
    book.add(anomaly({ entityLow, seconds: START + (entityLow === 1 ? -60 : 0) }));
  }
  const bound = [...book.open].length;
  expect(closed).toEqual([opened[1]]);
  expect(bound).toBe(opened.length - 1);
  expect(bound).toBeGreaterThanOrEqual(1000);
  book.add(anomaly({ entityLow: 1_000_000 }));
  expect([...book.open].length).toBe(bound);
});
