import { type KeptRequest, KeptRequests, RequestRoom } from '../../../processor/src/detection/kept-requests.ts';

const request = (seconds: number, evidence: number): KeptRequest => ({
  seconds,
  endpoint: 1,
  traceId: '',
  spanId: '',
  statusCode: 200,
  durationSeconds: Number.NaN,
  score: 1,
  evidence,
  userHigh: 0,
  userLow: 0,
});

/** Offers requests with this evidence, a second apart; tells how many were made. */
function offer(kept: KeptRequests, evidences: readonly number[]): number {
  let made = 0;
  evidences.forEach((evidence, seconds) =>
    kept.offer(evidence, () => {
      made++;
      return request(seconds, evidence);
    }),
  );
  return made;
}

test('the first 50 are kept, and of the others the 50 most unusual', () => {
  const kept = new KeptRequests(new RequestRoom(1000));
  // Evidence of the later ones in a mixed order, all different.
  const evidences = Array.from({ length: 1000 }, (_, second) => (second < 50 ? 0 : (second * 379) % 1000));
  offer(kept, evidences);
  const unusual = evidences
    .slice(50)
    .toSorted((one, other) => other - one)
    .slice(0, 50);
  const list = kept.list();
  expect(list.slice(0, 50).map(({ seconds }) => seconds)).toEqual(Array.from({ length: 50 }, (_, second) => second));
  expect(
    list
      .slice(50)
      .map(({ evidence }) => evidence)
      .toSorted((one, other) => other - one),
  ).toEqual(unusual);
  expect(list.map(({ seconds }) => seconds)).toEqual(list.map(({ seconds }) => seconds).toSorted((a, b) => a - b));
});

test('a request that is not kept is not even made', () => {
  const kept = new KeptRequests(new RequestRoom(1000));
  expect(
    offer(
      kept,
      Array.from({ length: 500 }, () => 7),
    ),
  ).toBe(100);
});

test('room that others took is left to them until the incident is over', () => {
  const room = new RequestRoom(10);
  const first = new KeptRequests(room);
  const second = new KeptRequests(room);
  offer(first, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  offer(second, [1, 2, 3, 4, 5, 6, 7]);
  expect([first.list().length, second.list().length]).toEqual([11, 5]);
  first.release();
  first.release();
  offer(second, [8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
  // Three for nothing and ten of the room.
  expect(second.list()).toHaveLength(13);
});

test('the requests of a user who is erased are forgotten, and the others stay', () => {
  const kept = new KeptRequests(new RequestRoom(1000));
  for (let second = 0; second < 200; second++) {
    kept.offer(second, () => ({ ...request(second, second), userHigh: 1, userLow: second % 2 }));
  }
  kept.forgetUser(1, 1);
  const left = kept.list();
  expect(left).toHaveLength(50);
  expect(left.filter(({ userLow }) => userLow === 1)).toEqual([]);
  // The least unusual of those left gives way next.
  kept.offer(1000, () => request(1000, 1000));
  expect(kept.list().at(-1)).toMatchObject({ evidence: 1000 });
});
