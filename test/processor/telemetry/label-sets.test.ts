import { labelValue, LabelSets } from '../../../processor/src/telemetry/label-sets.ts';
import type { MetricDefinition } from '../../../processor/src/telemetry/metrics.ts';

const definition: MetricDefinition = { type: 'counter', unit: '1', labels: ['a', 'b'], maxLabelSets: 3, meaning: 'm' };

function newSets(): LabelSets<{ value: number }> {
  return new LabelSets(definition, () => ({ value: 0 }));
}

test('the last label set is {other} and takes all that find no room', () => {
  const sets = newSets();
  for (let index = 0; index < 10; index += 1) sets.get({ a: `${index}`, b: 'x' }).value += 1;
  sets.get({ a: '0', b: 'x' }).value += 1;
  expect([...sets.entries()]).toEqual([
    [{ a: '0', b: 'x' }, { value: 2 }],
    [{ a: '1', b: 'x' }, { value: 1 }],
    [{ a: '{other}', b: '{other}' }, { value: 8 }],
  ]);
});

test('values that read the same after cleaning are one label set', () => {
  const sets = newSets();
  sets.get({ a: 'x\u0000', b: '' }).value += 1;
  sets.get({ a: 'x\u0007', b: '' }).value += 1;
  expect([...sets.entries()]).toEqual([[{ a: 'x\ufffd', b: '' }, { value: 2 }]]);
});

test('a separator inside a value does not make two label sets one', () => {
  const sets = newSets();
  sets.get({ a: 'x\u0000y', b: 'z' }).value += 1;
  sets.get({ a: 'x', b: 'y\u0000z' }).value += 1;
  expect([...sets.entries()]).toHaveLength(2);
});

test('a metric without labels shows 0 before anything happened', () => {
  const sets = new LabelSets({ ...definition, labels: [], maxLabelSets: 1 }, () => ({ value: 0 }));
  expect([...sets.entries()]).toEqual([[{}, { value: 0 }]]);
  sets.get({}).value += 1;
  expect([...sets.entries()]).toEqual([[{}, { value: 1 }]]);
});

test.each([
  ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
  ['a control character', 'a\nb\u0085', 'a\ufffdb\ufffd'],
  ['plain text', 'GET /Ünïcode/{id}', 'GET /Ünïcode/{id}'],
])('%s in a label value comes out valid', (_, value, cleaned) => {
  expect(labelValue(value)).toBe(cleaned);
});

test('a label value is cut at 256', () => {
  expect(labelValue('x'.repeat(1000))).toHaveLength(256);
  // A pair of surrogates cut in two stays valid Unicode.
  expect(labelValue('x'.repeat(255) + '😀').isWellFormed()).toBe(true);
});
