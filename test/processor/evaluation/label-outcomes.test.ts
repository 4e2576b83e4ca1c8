import { kindOf, LabelOutcomes } from '../../../processor/src/evaluation/label-outcomes.ts';

test('a label is found at its earliest anomaly, whatever the order of its calls', () => {
  const labels = new LabelOutcomes();
  labels.add('scraping#1', 130, true, 'rate_burst');
  labels.add('scraping#1', 120, true, 'scraping');
  labels.add('scraping#1', 100, false, undefined);
  labels.add('scraping#1', 140, true, 'scraping');
  labels.add('scraping#1', 110, false, undefined);
  expect(labels.outcomes()).toEqual([
    {
      label: 'scraping#1',
      calls: 5,
      anomalies: 3,
      firstSeconds: 100,
      foundSeconds: 120,
      behaviors: ['scraping', 'rate_burst'],
    },
  ]);
});

test('a label without an anomaly was missed', () => {
  const labels = new LabelOutcomes();
  labels.add('x', 100, false, undefined);
  expect(labels.outcomes()).toMatchObject([{ label: 'x', anomalies: 0, foundSeconds: undefined, behaviors: [] }]);
});

test('labels are listed by their first call', () => {
  const labels = new LabelOutcomes();
  for (const [label, seconds] of Object.entries({ b: 20, c: 30, a: 25 })) labels.add(label, seconds, false, undefined);
  labels.add('c', 10, false, undefined);
  expect(labels.outcomes().map(({ label }) => label)).toEqual(['c', 'b', 'a']);
});

test('ten thousand labels are told apart, the others are {other}', () => {
  const labels = new LabelOutcomes();
  for (let n = 0; n < 10_000; n++) expect(labels.known(`label ${n}`)).toBe(`label ${n}`);
  expect(labels.known('one more')).toBe('{other}');
  expect(labels.known('label 9999')).toBe('label 9999');
});

test.each([
  ['enumeration#3', 'enumeration'],
  ['a#b#12', 'a#b'],
  ['attack', 'attack'],
  ['#1', '#1'],
])('the kind of %s is %s', (label, kind) => {
  expect(kindOf(label)).toBe(kind);
});
