import { readFileSync } from 'node:fs';
import path from 'node:path';
import { alertRules, testedAlerts } from '../support/alert-rules.ts';
import { unknownNames } from './promql.ts';

const RUNBOOKS = 'processor/docs/alerts.md';
const rules = alertRules();
const names = rules.map(({ alert }) => alert);
const page = readFileSync(path.resolve(import.meta.dirname, '../..', RUNBOOKS), 'utf8');

test('every alert has a section in the runbooks and every section its alert', () => {
  const sections = Array.from(page.matchAll(/^### (\w+)$/gm), ([, title]) => title!);
  expect(sections.toSorted()).toEqual(names.toSorted());
});

test('every section says what the alert means and what to do', () => {
  const sections = page.split(/^### /m).slice(1);
  for (const section of sections) expect(section).toMatch(/\*\*Means\.\*\* \S[\s\S]+\*\*Do\.\*\* \S/);
});

test.each(rules)(
  '$alert tells who should look, what is wrong and where to read on',
  ({ alert, labels, annotations }) => {
    expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook_url']);
    expect(annotations['runbook_url']).toBe(`${RUNBOOKS}#${alert.toLowerCase()}`);
    // An incident brings its own severity.
    const severities = { detection: ['medium', undefined], operation: ['warning', 'critical'] }[labels['category']!];
    expect(severities).toContain(labels['severity']);
  },
);

test.each(rules)('$alert uses only metrics and labels there are', ({ expr }) => {
  expect(unknownNames(expr)).toEqual([]);
});

test('every alert is tested once where it fires and once where it stays quiet', () => {
  const { firing, quiet } = testedAlerts();
  expect([...firing].toSorted()).toEqual(names.toSorted());
  expect([...quiet].toSorted()).toEqual(names.toSorted());
});

test('a name that is in no table is found in an expression', () => {
  expect(unknownNames('sum by (job, colour) (rate(api_anomaly_scores_total{behavior="x"}[5m])) > up')).toEqual([
    'api_anomaly_scores_total',
    'colour',
    'behavior',
  ]);
  expect(() => unknownNames('sum by (job')).toThrow('Not PromQL');
});
