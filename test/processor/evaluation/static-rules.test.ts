import { readFileSync } from 'node:fs';
import { QUANTITY_NAMES } from '../../../processor/src/evaluation/entity-windows.ts';
import {
  DEFAULT_RULES_FILE,
  parseRules,
  ruleValues,
  type StaticRule,
} from '../../../processor/src/evaluation/static-rules.ts';
import { filled, repeat } from './filled-windows.ts';

const rule = (fields: string) => `rules:\n  - {${fields}}`;
const sound = 'name: rate, quantity: requests, threshold: 10';

test('the default rules can be read and watch every quantity once', () => {
  const rules = parseRules(readFileSync(DEFAULT_RULES_FILE, 'utf8'), 'default-rules.yaml');
  expect(rules.map(({ quantity }) => quantity).toSorted()).toEqual(QUANTITY_NAMES.toSorted());
});

test('a rule has a name, a quantity and a threshold', () => {
  expect(parseRules(rule(sound), 'r.yaml')).toEqual([{ name: 'rate', quantity: 'requests', threshold: 10 }]);
});

const quantities =
  'requests, client_errors, access_denied, not_found, server_errors, p95_duration_ms, response_bytes, login_writes';
const list = 'a list of 1 to 100 rules, each with name, quantity and threshold';

test.each([
  [rule('name: a, quantity: request, threshold: 1'), `rules[0].quantity is "request"; use one of ${quantities}.`],
  [rule('name: a, quantity: requests, threshold: 0'), 'rules[0].threshold is 0; use a number above 0.'],
  [rule('name: a, quantity: requests, threshold: -3'), 'rules[0].threshold is -3; use a number above 0.'],
  [rule('name: a, quantity: requests, threshold: .inf'), 'rules[0].threshold is Infinity; use a number above 0.'],
  [rule('name: a, quantity: requests, threshold: many'), 'rules[0].threshold is "many"; use a number above 0.'],
  [rule('name: a, quantity: requests'), 'rules[0].threshold is missing; use a number above 0.'],
  [rule('quantity: requests, threshold: 1'), 'rules[0].name is missing; use a text of 1 to 100 characters'],
  [rule(`${sound}, treshold: 5`), 'rules[0].treshold is no known key; use name, quantity and threshold.'],
  [`${rule(sound)}\n  - {${sound}}`, 'rules[1].name is "rate"; use a text of 1 to 100 characters that no other rule'],
  ['rules: []', `rules is []; use ${list}.`],
  ['rules: [5]', `rules[0] is 5; use ${list}.`],
  ['alerts: 1', `rules is missing; use ${list}.`],
  [`${rule(sound)}\nalerts: 1`, `alerts is no known key; use ${list}.`],
])('%j: %s', (text, message) => {
  expect(() => parseRules(text, 'team.yaml')).toThrow(`team.yaml: ${message}`);
});

test.each(['', '- 1', 'text'])('%j is no map of rules', (text) => {
  expect(() => parseRules(text, 'team.yaml')).toThrow(/^team\.yaml is .*; use a list of 1 to 100 rules/);
});

test('a text that is not YAML is an error with its place', () => {
  expect(() => parseRules('rules: [', 'team.yaml')).toThrow(/^team\.yaml is not YAML \(.*line 1.*\); use a list of/);
});

test("the rules' value is the largest of quantity / threshold, and at least 1 where one fires", () => {
  const windows = filled([
    ...repeat(5, { user: 1 }),
    ...repeat(3, { user: 2, status: 404 }),
    ...repeat(10, { user: 3, status: 200 }),
  ]);
  const rules: StaticRule[] = [
    { name: 'rate', quantity: 'requests', threshold: 10 },
    { name: 'misses', quantity: 'not_found', threshold: 2 },
    { name: 'off', quantity: 'server_errors', threshold: Infinity },
  ];
  expect([...ruleValues(rules, windows, windows.unitsOf('test'))]).toEqual([0.5, 1.5, 1]);
});
