import { BEHAVIOR_NAMES } from '../../../processor/src/detection/behaviors.ts';
import { trainDetector } from '../../../processor/src/model/detector-training.ts';
import { Model } from '../../../processor/src/model/model.ts';
import { Shadow } from '../../../processor/src/model/shadow.ts';
import { FEATURE_NAMES } from '../../../processor/src/features/features.ts';
import { Crowd, type OwnedRow, trainingRows } from './synthetic-rows.ts';

const BUDGET = { falseIncidentsPerDay: 10, shares: { user: 0.6, address: 0.2, endpoint: 0.2 } };
const crowd = new Crowd('user', 60, 1);

function modelOf(version: string, rows: readonly OwnedRow[]): Model {
  const detector = trainDetector(trainingRows('user', rows), { seed: 1, trees: 20, sampleSize: 64 })!;
  const counts = { user: rows.length, address: 0, endpoint: 0 };
  return new Model({ version, trainedAtSeconds: 1, rows: counts, entities: counts, seed: 1 }, { user: detector });
}

const WALKED = (['calls', 'endpoints', 'objects', 'new_objects', 'not_found', 'denied'] as const).map((name) =>
  FEATURE_NAMES.user.indexOf(name),
);

/** The same row with more of all that walking through objects shows in, on the features' logarithmic scale. */
function walking({ values }: OwnedRow, more: number): Float32Array {
  const row = Float32Array.from(values);
  for (const column of WALKED) row[column]! += more;
  return row;
}

const rows = crowd.rows(800);
const active = modelOf('m-1', rows);
/** To this one it is usual that everybody walks through objects. */
const tolerant = modelOf(
  'm-2',
  rows.map((owned) => ({ ...owned, values: walking(owned, 6) })),
);

test('a shadow that is the same model agrees about every window', () => {
  const shadow = new Shadow(modelOf('m-3', rows), active, BUDGET, new Set());
  for (const row of crowd.rows(50)) shadow.note('user', row.values);
  for (const row of crowd.rows(5)) shadow.note('user', walking(row, 6));
  const { windows, agreement, flaggedByShadow, flaggedByActive, flaggedByBoth, scoreDifference } = shadow.agreement();
  expect([windows, agreement, scoreDifference]).toEqual([55, 1, 0]);
  expect(flaggedByBoth).toBeGreaterThan(0);
  expect([flaggedByShadow, flaggedByActive]).toEqual([flaggedByBoth, flaggedByBoth]);
});

test('one that has learned to tolerate an attack flags less of it, which shows as shares of the windows', () => {
  const shadow = new Shadow(tolerant, active, BUDGET, new Set());
  for (const row of crowd.rows(10)) shadow.note('user', walking(row, 6));
  const { windows, flaggedByActive, flaggedByShadow, activeFlagRate, shadowFlagRate, agreement, scoreDifference } =
    shadow.agreement();
  expect(windows).toBe(10);
  expect(flaggedByActive).toBe(10);
  expect(flaggedByShadow).toBe(0);
  expect([activeFlagRate, shadowFlagRate, agreement]).toEqual([1, 0, 0]);
  expect(scoreDifference).toBeGreaterThan(0.3);
});

test('kinds that one of the two does not judge are not counted, and nothing is told before the first window', () => {
  const shadow = new Shadow(tolerant, active, BUDGET, new Set());
  shadow.note('address', new Crowd('address', 5, 1).row().values);
  expect(shadow.agreement()).toEqual({
    windows: 0,
    flaggedByBoth: 0,
    flaggedByShadow: 0,
    flaggedByActive: 0,
    agreement: undefined,
    shadowFlagRate: undefined,
    activeFlagRate: undefined,
    scoreDifference: undefined,
  });
});

test('a window is flagged as the budget has it; where its behavior is switched off it must be a hundred times rarer', () => {
  const row = walking(crowd.row(), 6);
  const detector = active.detectors.user!;
  const p = Math.exp(-detector.rarityOf(row));
  expect(p).toBeLessThan(1e-6);
  /** Whether the row is flagged when the rarity needed is so many times p. */
  const isFlagged = (times: number, switchedOff: ReadonlySet<string> = new Set()): boolean => {
    const falseIncidentsPerDay = (times * p * detector.parts.windowsPerDay) / BUDGET.shares.user;
    const shadow = new Shadow(tolerant, active, { ...BUDGET, falseIncidentsPerDay }, switchedOff);
    shadow.note('user', row);
    return shadow.agreement().flaggedByActive === 1;
  };
  expect([isFlagged(0.9), isFlagged(10)]).toEqual([false, true]);
  expect(isFlagged(10, new Set(BEHAVIOR_NAMES))).toBe(false);
});
