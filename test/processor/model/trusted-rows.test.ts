import { FEATURE_NAMES, rowWidth } from '../../../processor/src/features/features.ts';
import { trainDetector } from '../../../processor/src/model/detector-training.ts';
import { trustedRows } from '../../../processor/src/model/trusted-rows.ts';
import { Crowd, type OwnedRow, trainingRows } from './synthetic-rows.ts';

const approved = trainDetector(trainingRows('user', new Crowd('user', 100, 3).rows(1500)), {
  seed: 1,
  trees: 10,
  sampleSize: 64,
})!;
const ordinary = new Crowd('user', 100, 4).rows(500);
const features = FEATURE_NAMES.user.length;

/** A row in which these features are so high, which its entity is used to or not. */
function raised(names: readonly string[], value: number, isHabit = false): OwnedRow {
  const values = ordinary[0]!.values.slice();
  for (const name of names) {
    const column = (FEATURE_NAMES.user as readonly string[]).indexOf(name);
    values[column] = value;
    if (!isHabit) continue;
    values[features + column] = value;
    values[3 * features + 1 + column] = value;
  }
  if (isHabit) values[3 * features] = 1000;
  return { entity: 500, values };
}

const BURST = ['calls', 'burst', 'calls_hour', 'repeats', 'regularity'];

test('ordinary rows are trusted, nearly all of them', () => {
  const trusted = trustedRows(trainingRows('user', ordinary), approved);
  expect(trusted.size).toBeGreaterThan(0.99 * ordinary.length);
});

test('rows with a rare and material effect are left out, the others stay in their order', () => {
  const rows = [...ordinary.slice(0, 3), raised(BURST, 9), ...ordinary.slice(3, 6)];
  const trusted = trustedRows(trainingRows('user', rows), approved);
  const expected = trainingRows('user', ordinary.slice(0, 6));
  expect(trusted.size).toBe(6);
  expect(trusted.rows).toEqual(expected.rows);
  expect(trusted.entityLow).toEqual(expected.entityLow);
  expect(trusted.rows).toHaveLength(6 * rowWidth('user'));
});

test('a habit excuses nothing: who poisons has made one of it', () => {
  expect(trustedRows(trainingRows('user', [...ordinary.slice(0, 3), raised(BURST, 9, true)]), approved).size).toBe(3);
});

test('without an approved model all rows are trusted', () => {
  const offered = trainingRows('user', [raised(BURST, 9)]);
  expect(trustedRows(offered, undefined)).toBe(offered);
});
