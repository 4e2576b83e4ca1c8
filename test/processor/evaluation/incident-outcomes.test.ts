import { IncidentOutcomes } from '../../../processor/src/evaluation/incident-outcomes.ts';

const nowhere = () => false;

/** An incident with so many anomalies with and without label, all of unit 0. */
function incident(labelled: number, unlabelled: number): IncidentOutcomes {
  const incidents = new IncidentOutcomes();
  for (let n = 0; n < labelled; n++) incidents.add('i', 'other', 10, true, 0);
  for (let n = 0; n < unlabelled; n++) incidents.add('i', 'other', 10, false, 0);
  return incidents;
}

test.each([
  [0, 1, true],
  [1, 0, false],
  [1, 3, false],
  [1, 4, true],
  [25, 75, false],
  [24, 76, true],
])('an incident with %d labelled and %d other anomalies is false: %s', (labelled, unlabelled, isFalse) => {
  expect(incident(labelled, unlabelled).outcomes(nowhere)).toMatchObject([
    { anomalies: labelled + unlabelled, isFalse },
  ]);
});

test('an anomaly without label counts as labelled where another call of its unit carries the label', () => {
  const incidents = new IncidentOutcomes();
  for (const unit of [3, 4, 4, 4]) incidents.add('i', 'other', 10, false, unit);
  expect(incidents.outcomes((unit) => unit === 3)).toMatchObject([{ isFalse: false }]);
  incidents.add('i', 'other', 10, false, 4);
  expect(incidents.outcomes((unit) => unit === 3)).toMatchObject([{ isFalse: true }]);
});

test('a labelled anomaly is not counted twice by its unit', () => {
  const incidents = new IncidentOutcomes();
  incidents.add('i', 'other', 10, true, 0);
  for (let n = 0; n < 4; n++) incidents.add('i', 'other', 10, false, undefined);
  expect(incidents.outcomes((unit) => unit === 0)).toMatchObject([{ anomalies: 5, isFalse: true }]);
});

test('an incident is called what most of its anomalies were and begins with the earliest one', () => {
  const incidents = new IncidentOutcomes();
  incidents.add('late', 'other', 50, false, undefined);
  incidents.add('i', 'rate_burst', 30, false, undefined);
  incidents.add('i', 'scraping', 20, false, undefined);
  incidents.add('i', 'scraping', 40, false, undefined);
  expect(incidents.outcomes(nowhere)).toEqual([
    { id: 'i', behavior: 'scraping', anomalies: 3, firstSeconds: 20, isFalse: true },
    { id: 'late', behavior: 'other', anomalies: 1, firstSeconds: 50, isFalse: true },
  ]);
});

test('a unit knows its incidents', () => {
  const incidents = new IncidentOutcomes();
  incidents.add('a', 'other', 10, true, 1);
  incidents.add('b', 'other', 10, false, 1);
  incidents.add('c', 'other', 10, false, 2);
  expect(incidents.idsOf(1)).toEqual(['a', 'b']);
  expect(incidents.idsOf(9)).toEqual([]);
});
