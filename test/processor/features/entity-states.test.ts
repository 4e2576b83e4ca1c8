import type { ApiCall } from '../../../processor/src/call/api-call.ts';
import { ENTITY_KINDS, NO_SLOT } from '../../../processor/src/features/entity-states.ts';
import { FEATURE_NAMES } from '../../../processor/src/features/features.ts';
import { Watermark } from '../../../processor/src/features/window-clock.ts';
import { Random } from '../../../processor/src/forest/random.ts';
import { callOf, columnOf, DAY, HOUR, MINUTES_5, MONDAY, Observations, repeat } from './observations.ts';

const WINDOW = MONDAY / MINUTES_5;

describe('a call', () => {
  it('has a slot of its user, its address and its endpoint', () => {
    const { states } = new Observations().observe({}, { user: 2, address: 3, endpoint: 4 });
    expect(states.user.table.keyHigh(states.userSlot)).toBe(2);
    expect(states.address.table.keyHigh(states.addressSlot)).toBe(3);
    expect(states.endpoint.table.keyLow(states.endpointSlot)).toBe(4);
  });

  it('counts for the endpoint alone where it carries neither user nor address', () => {
    const { states } = new Observations().observe({ countsForUser: false, countsForAddress: false });
    expect([states.userSlot, states.addressSlot]).toEqual([NO_SLOT, NO_SLOT]);
    expect(ENTITY_KINDS.map((kind) => states[kind].table.size)).toEqual([0, 0, 1]);
  });

  it('can be located without moving anything', () => {
    const seen = new Observations().observe({}, { user: 2, address: 2, endpoint: 2 });
    const { states } = seen;
    const rows = ENTITY_KINDS.map((kind) => [0, 1].map((slot) => seen.rowAt(kind, slot)));
    states.locate(callOf({ at: 9000, status: 500 }));
    const slots = [states.userSlot, states.addressSlot, states.endpointSlot];
    states.observe(callOf({}));
    expect(slots).toEqual([states.userSlot, states.addressSlot, states.endpointSlot]);
    states.locate(callOf({ user: 9, address: 9, endpoint: 9 }));
    expect([states.userSlot, states.addressSlot, states.endpointSlot]).toEqual([NO_SLOT, NO_SLOT, NO_SLOT]);
    states.locate(callOf({ countsForUser: false, countsForAddress: false }));
    expect([states.userSlot, states.addressSlot]).toEqual([NO_SLOT, NO_SLOT]);
    expect(ENTITY_KINDS.map((kind) => states[kind].table.size)).toEqual([2, 2, 2]);
    expect(rows[0]![1]).toEqual(seen.rowAt('user', 1));
  });
});

describe('a user or address with another pseudonym', () => {
  it('goes on with what is known of it', () => {
    const call = callOf({ user: 2, address: 3 });
    const { states } = new Observations().observe({ user: 2, address: 3 });
    const { userSlot, addressSlot } = states;
    expect(states.rename(call.userHigh, call.userLow, 8, 9)).toBe(true);
    expect(states.rename(call.addressHigh, call.addressLow, 6, 7)).toBe(true);
    const [user, address] = [states.user.table, states.address.table];
    expect([user.find(call.userHigh, call.userLow), user.find(8, 9)]).toEqual([NO_SLOT, userSlot]);
    expect([address.find(call.addressHigh, call.addressLow), address.find(6, 7)]).toEqual([NO_SLOT, addressSlot]);
    expect(states.user.calls(userSlot)).toBe(1);
  });

  it('stays apart where the new one is known already, or the former one is not', () => {
    const [one, two] = [callOf({ user: 1 }), callOf({ user: 2 })];
    const { states } = new Observations().observe({ user: 1 }, { user: 2 });
    states.rename(one.userHigh, one.userLow, two.userHigh, two.userLow);
    expect(states.rename(4, 4, 5, 5)).toBe(false);
    const { table } = states.user;
    const slots = [one, two].map(({ userHigh, userLow }) => table.find(userHigh, userLow));
    expect(new Set(slots).size).toBe(2);
    expect([table.size, ...slots, table.find(5, 5)]).toEqual([2, expect.any(Number), states.userSlot, NO_SLOT]);
  });
});

describe.each(ENTITY_KINDS)('the window of a %s', (kind) => {
  const calls = columnOf(kind, 'calls');
  /** Two callers, so that an endpoint counts the one that is not the busiest. */
  const pair = (at: number) => [{ at, user: kind === 'user' ? 1 : 2 }, { at }];
  const both = kind === 'endpoint' ? 1 : 2;

  it('closes with the first call of a later one, with its row as it was', () => {
    const seen = new Observations().observe(...pair(0));
    const before = seen.row(kind);
    const closed = seen.closedBy(() => seen.observe({ at: MINUTES_5 })).filter((closing) => closing.kind === kind);
    expect(closed).toEqual([{ kind, slot: 0, row: before }]);
    expect(before[calls]).toBeCloseTo(Math.log1p(both), 6);
    const width = FEATURE_NAMES[kind].length;
    const after = seen.row(kind);
    // Behind the values: the mean is what was closed, the variance 0, the windows 1, and no habit yet.
    expect([...after.subarray(width, 2 * width)]).toEqual([...before.subarray(0, width)]);
    expect([...after.subarray(2 * width)]).toEqual([
      ...Array<number>(width).fill(0),
      1,
      ...Array<number>(width).fill(0),
    ]);
    expect([seen.states[kind].calls(0), seen.states[kind].window(0), seen.states[kind].windows(0)]).toEqual([
      1,
      WINDOW + 1,
      1,
    ]);
  });

  it('is a habit once its like came on two days before, but for endpoints', () => {
    const seen = new Observations();
    const habit = () => seen.row(kind)[3 * FEATURE_NAMES[kind].length + 1 + calls]!;
    for (const day of [0, 1]) {
      seen.observe(...pair(day * DAY), { at: day * DAY + HOUR });
      expect(habit()).toBe(0);
    }
    seen.observe({ at: 2 * DAY });
    if (kind === 'endpoint') expect(habit()).toBe(0);
    else {
      expect(habit()).toBeGreaterThanOrEqual(Math.log1p(both));
      expect(habit()).toBeLessThan(Math.log1p(both) + 0.1);
    }
  });

  it('ends at five minutes sharp', () => {
    const seen = new Observations().observe({ at: 1 });
    expect(seen.closedBy(() => seen.observe({ at: 299.999 }))).toEqual([]);
    expect(seen.closedBy(() => seen.observe({ at: 300 })).map((closing) => closing.kind)).toContain(kind);
  });

  it('takes late calls as its own and is not reopened by them', () => {
    const seen = new Observations().observe({ at: MINUTES_5 }, { at: MINUTES_5 - 1 }, { at: -DAY });
    expect(seen.states[kind].calls(0)).toBe(3);
    expect(seen.states[kind].window(0)).toBe(WINDOW + 1);
    expect(seen.closings).toEqual([]);
  });

  it('closes once for a pause of any length', () => {
    const seen = new Observations().observe({});
    expect(seen.closedBy(() => seen.observe({ at: 20 * DAY })).filter((closing) => closing.kind === kind)).toHaveLength(
      1,
    );
    expect(seen.states[kind].windows(0)).toBe(1);
  });

  it('is closed by a sweep if it is over, once, and only then', () => {
    const seen = new Observations().observe({ at: MINUTES_5 });
    const sweep = (window: number) => seen.closedBy(() => seen.states.closeBefore(kind, window, 0, 100)).length;
    expect([sweep(WINDOW), sweep(WINDOW + 1)]).toEqual([0, 0]);
    expect([sweep(WINDOW + 2), sweep(WINDOW + 2), sweep(WINDOW + 9)]).toEqual([1, 0, 0]);
    expect(seen.states[kind].windows(0)).toBe(1);
  });

  it('makes an entity mature when it is the second that closed', () => {
    const seen = new Observations().observe({}, { at: 300 });
    expect(seen.states[kind].table.isMature(0)).toBe(false);
    expect(seen.observe({ at: 600 }).states[kind].table.isMature(0)).toBe(true);
  });

  it('is handed over before its entity is thrown out', () => {
    const one = { users: 1, addresses: 1, endpoints: 1 };
    const seen = new Observations(one).observe(...repeat(2, { status: 404 }));
    const before = seen.row(kind);
    const closed = seen.closedBy(() => seen.observe({ user: 2, address: 2, endpoint: 2 }));
    expect(closed.filter((closing) => closing.kind === kind)).toEqual([{ kind, slot: 0, row: before }]);
    expect(seen.evictions.filter((eviction) => eviction.kind === kind)).toEqual([{ kind, slot: 0 }]);
    expect(seen.states[kind].table.evicted).toBe(1);
    // The next one starts from nothing.
    const fresh = new Observations(one).observe({ user: 2, address: 2, endpoint: 2 });
    expect(seen.rowAt(kind, 0).subarray(-30)).toEqual(fresh.rowAt(kind, 0).subarray(-30));
    expect(seen.states[kind].windows(0)).toBe(0);
  });
});

test('a user is the same after any number of sweeps while away', () => {
  const day = Array.from({ length: 60 }, (_, n) => ({ user: n % 3, at: n * HOUR, object: n, client: n % 2 }));
  const last = [{ at: 70 * HOUR, object: 1000 }, { at: 70 * HOUR + 5 }];
  const swept = new Observations();
  for (const call of day) {
    swept.observe(call);
    for (let minutes = 5; minutes < 60; minutes += 5) {
      swept.states.closeBefore('user', WINDOW + (call.at + minutes * 60) / 300, 0, 100);
    }
  }
  swept.observe(...last);
  const plain = new Observations().observe(...day, ...last);
  // Decay in steps differs from decay at once in the last bits of 32-bit floats.
  for (const [column, value] of plain.row('user').entries()) expect(swept.row('user')[column]).toBeCloseTo(value, 4);
});

test('a sweep goes in slices to the last slot', () => {
  const seen = new Observations({ users: 100 });
  seen.observe(...Array.from({ length: 70 }, (_, user) => ({ user })));
  const slots: number[] = [];
  for (let slot = 0; slot !== NO_SLOT; slot = seen.states.closeBefore('user', WINDOW + 1, slot, 32)) slots.push(slot);
  expect(slots).toEqual([0, 32, 64, 96]);
  expect(seen.closings.map(({ slot }) => slot).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 70 }, (_, n) => n),
  );
});

test('the order in which calls of one window arrive does not change what they add up to', () => {
  const calls = Array.from({ length: 60 }, (_, n) => ({
    at: n * 4,
    endpoint: n % 4,
    object: n % 9,
    status: [200, 200, 404, 403][n % 4]!,
    responseBytes: 1000 + n,
  }));
  const random = new Random(1, 1);
  const places = new Map(calls.map((call) => [call, random.next()]));
  const shuffled = calls.toSorted((a, b) => places.get(a)! - places.get(b)!);
  const [straight, mixed] = [new Observations().observe(...calls), new Observations().observe(...shuffled)];
  const names = [
    'calls',
    'repeats',
    'client_errors',
    'denied',
    'not_found',
    'denied_endpoints',
    'response_bytes',
    'largest_response',
    'endpoints',
    'objects',
  ] as const;
  for (const name of names) expect(mixed.valueOf('user', name)).toBeCloseTo(straight.valueOf('user', name), 4);
});

test('calls with absurd clocks, which the watermark turns away, leave every row as it was', () => {
  const watermark = new Watermark(() => MONDAY);
  const [hostile, quiet] = [new Observations(), new Observations()];
  const take = (seen: Observations, call: ApiCall) => {
    if (watermark.accept(call.startSeconds)) seen.states.observe(call);
    else seen.states.locate(call);
  };
  const random = new Random(1, 1);
  for (let n = 0; n < 500; n++) {
    const call = callOf({ at: -n / 10, user: n % 7, endpoint: n % 5, status: n % 3 === 0 ? 404 : 200 });
    take(hostile, call);
    take(quiet, call);
    const absurd = [4e9, -1e9, 301 + random.below(1000), -DAY - 1 - random.below(1e6), NaN, 1e300][random.below(6)]!;
    take(hostile, callOf({ at: absurd, user: n % 9, endpoint: n % 6, status: 500 }));
  }
  for (const kind of ENTITY_KINDS) {
    expect(hostile.states[kind].table.size).toBe(quiet.states[kind].table.size);
    for (let slot = 0; slot < quiet.states[kind].table.size; slot++) {
      expect(hostile.rowAt(kind, slot)).toEqual(quiet.rowAt(kind, slot));
    }
  }
});
