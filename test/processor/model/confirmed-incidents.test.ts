import { ConfirmedIncidents } from '../../../processor/src/model/confirmed-incidents.ts';
import { createSamples } from '../../../processor/src/model/learned-rows.ts';
import { rowWidth } from '../../../processor/src/features/features.ts';

const START = 1_790_052_900;
const samples = () => createSamples(1000, () => 0.5);

test('what was learned of the entity during the incident is taken back, and nothing else', () => {
  const learned = samples();
  const row = new Float32Array(rowWidth('user'));
  for (const entityLow of [1, 2]) {
    for (let window = -2; window <= 3; window++) {
      learned.user.add(0, entityLow, 0, START + 300 * window, 0, row, 0);
    }
  }
  const confirmed = new ConfirmedIncidents(learned);
  // From the middle of window 0 to the middle of window 1.
  const taken = confirmed.add({
    id: 'i_1',
    kind: 'user',
    entityHigh: 0,
    entityLow: 1,
    fromSeconds: START + 150,
    toSeconds: START + 450,
  });
  expect([taken, learned.user.size]).toEqual([2, 10]);
  const { entityLow, windowTime } = learned.user.view();
  const left = Array.from(windowTime.subarray(0, 10)).filter((_, slot) => entityLow[slot] === 1);
  expect(left.toSorted((one, other) => one - other)).toEqual([-600, -300, 600, 900].map((second) => START + second));
});

test('its windows that are still to come are not learned from, until it ends or is taken back', () => {
  const confirmed = new ConfirmedIncidents(samples());
  const open = { kind: 'address', entityHigh: 7, entityLow: 1, fromSeconds: START + 150, toSeconds: Infinity } as const;
  confirmed.add({ id: 'i_1', ...open });
  const covered = (window: number, kind: 'address' | 'user' = 'address', low = 1): boolean =>
    confirmed.covers(kind, 7, low, START + 300 * window);
  expect([covered(-1), covered(0), covered(50)]).toEqual([false, true, true]);
  expect([covered(0, 'user'), covered(0, 'address', 2)]).toEqual([false, false]);
  confirmed.close('i_1', START + 700);
  expect([covered(2), covered(3)]).toEqual([true, false]);
  confirmed.remove('i_1');
  expect(covered(0)).toBe(false);
});

test('a thousand are remembered, the latest', () => {
  const confirmed = new ConfirmedIncidents(samples());
  for (let id = 0; id <= 1000; id++) {
    confirmed.add({ id: `i_${id}`, kind: 'user', entityHigh: 0, entityLow: id, fromSeconds: START, toSeconds: START });
  }
  expect([confirmed.covers('user', 0, 0, START), confirmed.covers('user', 0, 1, START)]).toEqual([false, true]);
});

test('an entity that goes by another key is not learned from by that', () => {
  const confirmed = new ConfirmedIncidents(samples());
  const incident = { entityHigh: 7, entityLow: 1, fromSeconds: START, toSeconds: Infinity } as const;
  confirmed.add({ id: 'i_1', kind: 'user', ...incident });
  confirmed.add({ id: 'i_2', kind: 'endpoint', ...incident });
  confirmed.rename(7, 1, 8, 2);
  expect([confirmed.covers('user', 8, 2, START), confirmed.covers('user', 7, 1, START)]).toEqual([true, false]);
  expect(confirmed.covers('endpoint', 7, 1, START)).toBe(true);
});

test('an entity that is erased is forgotten', () => {
  const confirmed = new ConfirmedIncidents(samples());
  const incident = { entityHigh: 7, entityLow: 1, fromSeconds: START, toSeconds: Infinity } as const;
  confirmed.add({ id: 'i_1', kind: 'user', ...incident });
  confirmed.add({ id: 'i_2', kind: 'address', ...incident });
  confirmed.forget('user', 7, 1);
  expect([confirmed.covers('user', 7, 1, START), confirmed.covers('address', 7, 1, START)]).toEqual([false, true]);
});
