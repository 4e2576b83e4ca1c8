import { evaluationReport } from '../../../processor/src/evaluation/evaluation-report.ts';
import type { StaticRule } from '../../../processor/src/evaluation/static-rules.ts';
import { type CallFields, filled, repeat } from './filled-windows.ts';

const rules: readonly StaticRule[] = [
  { name: 'rate', quantity: 'requests', threshold: 5 },
  { name: 'faults', quantity: 'server_errors', threshold: 2 },
];

const flagged = (incident: string, behavior: string) => ({ isAnomaly: true, incident, behavior });

/**
 * A day of four users. User 1 enumerates, flagged at the second of four calls; user 2 is busy; user 3 is a false alarm;
 * user 4 scrapes unseen. The calls that carry nothing else are evidence 1.
 */
const calls: readonly CallFields[] = [
  ...[1, 2, 3].map((user) => ({ user, at: -300, isTest: false })),
  { user: 1, at: 0, label: 'enumeration#1', evidence: 4, peer: 0.6 },
  { user: 1, at: 20, label: 'enumeration#1', evidence: 9, ...flagged('i_1', 'enumeration') },
  { user: 1, at: 30, label: 'enumeration#1', evidence: 9, ...flagged('i_1', 'enumeration') },
  { user: 1, at: 40, evidence: 9, ...flagged('i_1', 'other') },
  ...repeat(5, { user: 2, at: 0, evidence: 1, peer: 0.5 }),
  { user: 3, at: 0, evidence: 6, peer: 0.7, ...flagged('i_2', 'scraping') },
  { user: 4, at: 0, label: 'scraping#1', evidence: 2, peer: 0.4 },
  { user: 2, at: 86_100, evidence: 1, peer: 0.5 },
  { countsForUser: false, label: 'scraping#1' },
];

const report = evaluationReport(filled(calls), { rules, seed: 1, resamples: 50 });
const detector = (name: string) => report.detectors.find((one) => one.name === name)!;
const values = (name: string) => Object.values(detector(name).measures).map(({ value }) => value);
const close = (...numbers: number[]) => numbers.map((number) => expect.closeTo(number, 9) as unknown);

test('it says what was compared on what', () => {
  expect(report.data).toEqual({
    from: '2026-01-05T00:00:00.000Z',
    days: 1,
    users: 4,
    windows: 5,
    positiveWindows: 2,
    trainingWindows: 3,
    trainingPositiveWindows: 0,
    callsLeftOut: 1,
    labelledCallsLeftOut: 1,
  });
  expect([report.seed, report.resamples]).toEqual([1, 50]);
});

test('rules are shown with both thresholds, the same for what never occurred while learning', () => {
  expect(report.rules).toEqual([
    { name: 'rate', quantity: 'requests', threshold: 5, tunedThreshold: 1.01 },
    { name: 'faults', quantity: 'server_errors', threshold: 2, tunedThreshold: 2 },
  ]);
});

test('every detector is measured by its own values', () => {
  // Ours: 9 p, 6, 2 p, 1, 1. Rules: 5, 4 p, 1 p 1 1. Peer: 0.7, 0.6 p, 0.5 0.5, 0.4 p. Three windows have nothing in them.
  const third = 10_000 / 3;
  expect(values('ours')).toEqual(close(0, third, third, 0.5, 0.5, 1 / 2 + (1 / 2) * (2 / 3)));
  expect(values('rules')).toEqual(close(third, 3 * third, 3 * third, 0, 0, (1 / 2) * (1 / 2) + (1 / 2) * (2 / 5)));
  expect(values('tuned_rules')).toEqual(values('rules'));
  expect(values('peer_forest')).toEqual(
    close(third, 3 * third, 3 * third, 0, 0, (1 / 2) * (1 / 2) + (1 / 2) * (2 / 5)),
  );
});

test('our false positives are compared with those of every other detector', () => {
  const [first, second] = report.comparisons;
  expect(report.comparisons.map(({ against, recall }) => `${against} ${recall}`)).toEqual(
    ['tuned_rules', 'rules', 'peer_forest'].flatMap((against) =>
      [0.5, 0.8, 0.95].map((recall) => `${against} ${recall}`),
    ),
  );
  expect(first!.reductionPercent.value).toBe(100);
  expect(first!.difference.value).toBeCloseTo(-10_000 / 3, 9);
  expect(second!.reductionPercent.value).toBeCloseTo(100 * (2 / 3), 9);
  expect(second!.difference.value).toBeCloseTo(-20_000 / 3, 9);
});

test('a detector with alarms of its own is judged by them too', () => {
  const third = expect.closeTo(10_000 / 3, 9);
  expect(detector('ours').operatingPoint).toEqual({
    windows: 2,
    recall: 0.5,
    precision: 0.5,
    falsePositivesPer10000: third,
  });
  // Five requests in one window reach the threshold; the tuned one is above 1.
  expect(detector('rules').operatingPoint).toEqual({
    windows: 1,
    recall: 0,
    precision: 0,
    falsePositivesPer10000: third,
  });
  expect(detector('tuned_rules').operatingPoint).toMatchObject({ windows: 2, recall: 0.5, precision: 0.5 });
  expect(detector('peer_forest').operatingPoint).toBeNull();
});

test('incidents are counted, the false ones a day and by name', () => {
  expect(report.incidents).toMatchObject({ raised: 2, false: 1, falsePerDay: 1, falseAlarms: [{ id: 'i_2' }] });
});

test('labels were found or not', () => {
  expect(report.labels).toEqual([
    { label: 'enumeration#1', calls: 3, anomalies: 2, isFound: true, delaySeconds: 20, behaviors: ['enumeration'] },
    { label: 'scraping#1', calls: 2, anomalies: 0, isFound: false, delaySeconds: null, behaviors: [] },
  ]);
});

test('kinds of labels are measured without the windows of other kinds', () => {
  const third = expect.closeTo(10_000 / 3, 9);
  const all = expect.closeTo(10_000, 9);
  expect(report.kinds).toMatchObject([
    { kind: 'enumeration', windows: 1, labels: 1, found: 1, medianDelaySeconds: 20, isLost: false },
    { kind: 'scraping', windows: 1, labels: 1, found: 0, medianDelaySeconds: null, isLost: false },
  ]);
  const falsePositives = report.kinds.map(({ detectors }) => detectors.map((one) => one.falsePositivesAtRecall80));
  expect(falsePositives).toEqual([
    [0, third, third, third],
    [third, all, all, all],
  ]);
});

test('behaviors are counted by window and by incident', () => {
  expect(report.behaviors).toEqual([
    { behavior: 'enumeration', windows: 1, falseWindows: 0, incidents: 1, falseIncidents: 0 },
    { behavior: 'scraping', windows: 1, falseWindows: 1, incidents: 1, falseIncidents: 1 },
    { behavior: 'other', windows: 1, falseWindows: 0, incidents: 0, falseIncidents: 0 },
  ]);
});

test('the worst windows are there to look into', () => {
  expect(report.worstFalse.map(({ evidence }) => evidence)).toEqual([6, 1, 1]);
  expect(report.worstFalse[0]).toEqual({
    user: 'u_3',
    start: '2026-01-05T00:00:00.000Z',
    evidence: 6,
    labels: [],
    behaviors: ['scraping'],
    incidents: ['i_2'],
  });
  expect(report.worstMissed.map(({ evidence, labels }) => [evidence, ...labels])).toEqual([
    [2, 'scraping#1'],
    [9, 'enumeration#1'],
  ]);
});

test('it is plain JSON', () => {
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('without a training part there are no tuned rules, without a peer no peer', () => {
  const alone = evaluationReport(filled([{ label: 'a' }, { user: 2 }]), { rules, seed: 1, resamples: 5 });
  expect(alone.detectors.map(({ name }) => name)).toEqual(['ours', 'rules']);
  expect(alone.rules.map(({ tunedThreshold }) => tunedThreshold)).toEqual([null, null]);
});

test('an empty table gives a report in which nothing exists', () => {
  const empty = evaluationReport(filled([]), { rules, seed: 1, resamples: 5 });
  expect(empty.data).toMatchObject({ from: null, days: 0, windows: 0 });
  expect(empty.detectors[0]!.measures.averagePrecision).toEqual({ value: null, low: null, high: null });
  expect(JSON.parse(JSON.stringify(empty))).toEqual(empty);
});
