import { assert, constantFrom, double, property } from 'fast-check';
import { natural, reason, type ReasonFeature } from '../../../processor/src/detection/reason.ts';
import { FEATURES, type FeatureDefinition } from '../../../processor/src/features/features.ts';

const objects: ReasonFeature = { noun: 'distinct object ids in 1 min', unit: '1', scale: 'log1p' };
const bytes: ReasonFeature = { noun: 'bytes received in 5 min', unit: 'By', scale: 'log1p' };

const all = Object.values(FEATURES).flatMap((features) => Object.values<FeatureDefinition>(features));

const stored = double({ min: -5, max: 30, noNaN: true });

/** As it is stored: a 32-bit number. */
const log1p = (value: number): number => Math.fround(Math.log1p(value));

test('a sentence tells what was observed, then what is usual', () => {
  // The example of the contract.
  expect(reason(objects, log1p(41), log1p(2))).toBe('41 distinct object ids in 1 min, usually 2');
});

test.each([
  [0, '0'],
  [0.04, '0.04'],
  [0.001, '0'],
  [1.26, '1.3'],
  [9.96, '10'],
  [12.4, '12'],
  [1234, '1234'],
])('a usual quantity of %d reads %s: a decimal below 10, two below 1', (value, text) => {
  expect(reason(objects, 0, log1p(value))).toBe(`0 distinct object ids in 1 min, usually ${text}`);
});

test.each([
  [objects, 5.2, '5 distinct object ids in 1 min'],
  [objects, 1.26, '1 distinct object id in 1 min'],
  [objects, 0.4, '1 distinct object id in 1 min'],
  [{ ...objects, noun: 'switches between clients' }, 1, '1 switch between clients'],
  [{ ...objects, noun: 'switches between clients' }, 2, '2 switches between clients'],
  [{ ...objects, noun: 'calls answered 404 in 5 min' }, 1, '1 call answered 404 in 5 min'],
  [{ ...objects, isLeast: true }, 5.2, 'at least 5 distinct object ids in 1 min'],
  [{ ...objects, scale: 'plain', noun: 'standard deviations' } as const, 5.2, '5.2 standard deviations'],
  [{ ...objects, unit: 'ms', noun: 'milliseconds' } as const, 5.2, '5.2 milliseconds'],
])('what was counted is whole, what was measured is not: %# %d', (feature, value, text) => {
  const observed = feature.scale === 'log1p' ? log1p(value) : value;
  expect(reason(feature, observed, 0)).toBe(`${text}, usually 0`);
});

test.each([
  [0, '0'],
  [512, '512'],
  [1500, '1.5 k'],
  [52_000_000, '52 M'],
  [2_300_000_000, '2.3 G'],
  [7.1e12, '7.1 T'],
  // Rounded up to the next unit, not to a thousand of the one below.
  [999_700, '1 M'],
  [999.9, '1 k'],
])('%d bytes read "%s bytes"', (value, text) => {
  expect(reason(bytes, log1p(value), log1p(1000))).toBe(`${text} bytes received in 5 min, usually 1 k`);
});

test('each scale is turned back into the quantity behind it', () => {
  expect(natural({ ...objects, scale: 'log1p' }, Math.log(8))).toBeCloseTo(7, 12);
  expect(natural({ ...objects, scale: 'log' }, Math.log(0.25))).toBeCloseTo(0.25, 12);
  expect(natural({ ...objects, scale: 'nats' }, 4.2)).toBe(4.2);
  expect(natural({ ...objects, scale: 'plain' }, -1.5)).toBe(-1.5);
});

test('the sentence of every feature is its two numbers and its own noun, hence no id, path or address', () => {
  assert(
    property(constantFrom(...all), stored, stored, (feature, observed, expected) => {
      const sentence = reason(feature, observed, expected);
      const [observedPart = '', after = ''] = sentence.split(', usually ');
      const [, before = '', noun = ''] =
        /^(?:at least )?(-?[\d.]+(?:e\+\d+)?(?: [kMGT](?= ))?) ?(.*)$/.exec(observedPart) ?? [];
      const isOne = before === '1' && feature.scale === 'log1p' && feature.unit === '1';
      expect(isOne ? [feature.noun, feature.noun.replace(/(ch)es\b|s\b/, '$1')] : [feature.noun]).toContain(noun);
      const number = /^-?\d+(?:\.\d+)?(?:e\+\d+)?(?: [kMGT])?$/;
      expect(before.trimEnd()).toMatch(number);
      expect(after).toMatch(number);
    }),
  );
});
