import { EntityWindows, QUANTITY_NAMES } from '../../../processor/src/evaluation/entity-windows.ts';
import { filled, MONDAY, ToldPeer } from './filled-windows.ts';

/** The only window of a table, by quantity. */
function quantitiesOf(windows: EntityWindows): Record<string, number> {
  const units = windows.unitsOf('test');
  expect(units.length).toBe(1);
  return Object.fromEntries(QUANTITY_NAMES.map((name) => [name, windows.quantity(name, units)[0]!]));
}

test('a window has the quantities of its calls', () => {
  const windows = filled([
    { durationSeconds: 0.25, responseBytes: 1000 },
    { status: 401, isLogin: true, isWrite: true, durationSeconds: 0.5, responseBytes: 24 },
    { status: 403, isLogin: true },
    { status: 404, isWrite: true },
    { status: 429 },
    { status: 503, durationSeconds: NaN, responseBytes: NaN },
  ]);
  expect(quantitiesOf(windows)).toEqual({
    requests: 6,
    client_errors: 4,
    access_denied: 2,
    not_found: 1,
    server_errors: 1,
    p95_duration_ms: 500,
    response_bytes: 1024,
    login_writes: 1,
  });
});

test('users and windows of five minutes are told apart', () => {
  const windows = filled([
    { at: 0 },
    { at: 299.9 },
    { at: 300 },
    { at: 0, user: 2 },
    { at: 0, userHigh: 8 },
    { at: 1 },
  ]);
  const units = windows.unitsOf('test');
  expect([...windows.quantity('requests', units)]).toEqual([3, 1, 1, 1]);
  expect(Array.from(units, (unit) => windows.startSeconds(unit) - MONDAY)).toEqual([0, 300, 0, 0]);
  expect([...windows.users(units)]).toEqual([0, 0, 1, 2]);
  expect(windows.userName(2)).toBe('u_2');
});

test('the evidence and the peer score of a window are the highest of its calls', () => {
  const windows = filled([
    { evidence: 2, peer: 0.6 },
    { evidence: 9.5, peer: 0.5 },
    { evidence: 3, peer: 0.7 },
    { user: 2, evidence: NaN },
  ]);
  const units = windows.unitsOf('test');
  expect([...windows.evidence(units)]).toEqual([9.5, 0]);
  expect([...windows.peerScores(units)]).toEqual([0.7, 0]);
});

test('a window is positive when any of its calls carries the label, whichever', () => {
  const windows = filled([{ label: 'a' }, {}, { label: 'b' }, { label: 'a' }, { user: 2 }]);
  const units = windows.unitsOf('test');
  expect([...windows.positives(units)]).toEqual([1, 0]);
  expect(windows.labelsOf(0)).toEqual(['a', 'b']);
  expect(windows.labelsOf(1)).toEqual([]);
});

test('a window knows its anomalies, their names and incidents', () => {
  const windows = filled([
    { isAnomaly: true, incident: 'i_1', behavior: 'scraping' },
    { isAnomaly: true, incident: 'i_2', behavior: 'credential_stuffing' },
    { user: 2 },
    { user: 3, isAnomaly: true, incident: 'i_3', behavior: 'of another version' },
  ]);
  expect([...windows.anomalies(windows.unitsOf('test'))]).toEqual([1, 0, 1]);
  expect(windows.behaviorsOf(0)).toEqual(['credential_stuffing', 'scraping']);
  expect(windows.behaviorsOf(2)).toEqual([]);
  expect(windows.incidents.idsOf(0)).toEqual(['i_1', 'i_2']);
});

test('the two parts are apart, and a window that the boundary cuts belongs to training', () => {
  const peer = new ToldPeer();
  const calls = [
    { at: 0, isTest: false },
    { at: 310, isTest: false },
    { at: 320, peer: 0.9 },
    { at: 600, peer: 0.4 },
  ];
  const windows = filled(calls, new EntityWindows(peer));
  expect([...windows.unitsOf('training')]).toEqual([0, 1]);
  expect([...windows.unitsOf('test')]).toEqual([2]);
  expect(peer.learned).toBe(2);
  expect([...windows.peerScores(windows.unitsOf('test'))]).toEqual([0.4]);
});

test('a call that does not count for its user is of no window but of its label and its incident', () => {
  const windows = filled([
    { countsForUser: false, label: 'a', isAnomaly: true, incident: 'i_1', behavior: 'latency' },
    { countsForUser: false },
  ]);
  expect(windows.size).toBe(0);
  expect([windows.callsLeftOut, windows.labelledCallsLeftOut]).toEqual([2, 1]);
  expect(windows.labels.outcomes()).toMatchObject([{ label: 'a', anomalies: 1 }]);
  expect(windows.incidents.outcomes(() => false)).toMatchObject([{ id: 'i_1', isFalse: false }]);
});

test('a call without a time is of nothing', () => {
  const windows = filled([{ startSeconds: 0, label: 'a', isAnomaly: true, incident: 'i_1' }]);
  expect(windows.size).toBe(0);
  expect([windows.callsLeftOut, windows.labelledCallsLeftOut]).toEqual([1, 1]);
  expect([windows.labels.outcomes(), windows.incidents.outcomes(() => false)]).toEqual([[], []]);
});

test('labels and incidents of the training part are no result', () => {
  const windows = filled([{ isTest: false, label: 'a', isAnomaly: true, incident: 'i_1', behavior: 'latency' }]);
  expect([windows.labels.outcomes(), windows.incidents.outcomes(() => false)]).toEqual([[], []]);
  expect([...windows.positives(windows.unitsOf('training'))]).toEqual([1]);
});

test('growing loses nothing', () => {
  const users = Array.from({ length: 3000 }, (_, user) => user);
  const windows = filled(users.map((user) => ({ user, evidence: user + 1, responseBytes: 2 * user })));
  const units = windows.unitsOf('test');
  expect([...windows.evidence(units)]).toEqual(users.map((user) => user + 1));
  expect([...windows.quantity('response_bytes', units)]).toEqual(users.map((user) => 2 * user));
  expect([...windows.quantity('requests', units)]).toEqual(users.map(() => 1));
});
