/** What no sender may do to entity states: undefined values, growth without bound, the loss of those who are known. */
import { assert, boolean, constantFrom, double, integer, oneof, property, record, array } from 'fast-check';
import { ApiCall } from '../../../processor/src/call/api-call.ts';
import { ENTITY_KINDS } from '../../../processor/src/features/entity-states.ts';
import { Random } from '../../../processor/src/forest/random.ts';
import { callOf, columnOf, DAY, HOUR, MINUTES_5, MONDAY, Observations } from './observations.ts';

/** Any finite size, or none. */
const size = oneof(
  double({ noNaN: true, noDefaultInfinity: true }),
  constantFrom(NaN, 0, -0, -1, 1e-300, 2 ** 53, Number.MAX_VALUE, -Number.MAX_VALUE),
);

const hostileCall = record({
  at: oneof(
    double({ min: 0, max: 3 * HOUR, noNaN: true }),
    constantFrom(0, 299.999_999, -DAY, 5 * MINUTES_5, 400 * DAY, 1.6e10 - MONDAY, 1 - MONDAY),
  ),
  status: constantFrom(0, 200, 401, 403, 404, 429, 500, 599),
  user: integer({ min: 0, max: 4 }),
  address: integer({ min: 0, max: 4 }),
  endpoint: integer({ min: 0, max: 6 }),
  service: constantFrom(0, 1, 9, 10, 1000),
  identityKind: integer({ min: 0, max: 3 }),
  isAddressIdentity: boolean(),
  countsForUser: boolean(),
  countsForAddress: boolean(),
  isWrite: boolean(),
  isLogin: boolean(),
  object: integer({ min: 0, max: 9 }),
  objectNumber: constantFrom(NaN, 0, 1, 2, 3, 2 ** 53 - 1, -5, Infinity, -Infinity),
  client: integer({ min: 0, max: 9 }),
  network: integer({ min: 0, max: 9 }),
  requestBytes: size,
  responseBytes: size,
  durationSeconds: oneof(double({ min: 0, max: DAY, noNaN: true }), constantFrom(NaN, 0, -1, 1e-300)),
});

function expectNumbers(seen: Observations): void {
  for (const kind of ENTITY_KINDS) {
    seen.states[kind].table.forEachByAge((slot) => {
      for (const [column, value] of seen.rowAt(kind, slot).entries()) {
        if (!(value - value === 0)) throw new Error(`column ${column} of a ${kind} is ${value}`);
      }
    });
  }
}

test('no sequence of calls makes a value that is not a finite number', () => {
  assert(
    property(array(hostileCall, { minLength: 1, maxLength: 60 }), (calls) => {
      const seen = new Observations({ users: 4, addresses: 4, endpoints: 5 }).observe(...calls);
      expectNumbers(seen);
      // And once more when all of it has become history.
      seen.observe(...calls.map((call) => ({ ...call, at: Math.min(call.at, DAY) + 500 * DAY })));
      expectNumbers(seen);
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('values stay finite where histories were made by absurd sizes and durations', () => {
  const seen = new Observations();
  for (let n = 0; n < 200; n++) {
    const absurd = [1e308, 0, 1e-308, NaN][n % 4]!;
    seen.observe({
      at: n * 60,
      responseBytes: absurd,
      requestBytes: absurd,
      durationSeconds: Math.min(absurd, 86_400),
    });
  }
  expectNumbers(seen);
  expect(seen.valueOf('user', 'largest_response')).toBeLessThanOrEqual(Math.log1p(2 ** 50) + 1e-5);
});

test('two hundred thousand calls in one window are counted', () => {
  const seen = new Observations();
  const call = callOf({ object: 1, responseBytes: 1e6, status: 404 });
  const other = callOf({ user: 2, address: 2 });
  for (let n = 0; n < 200_000; n++) {
    call.startSeconds = MONDAY + (n % 3000) / 10;
    seen.states.observe(call);
    if (n % 100 === 0) seen.states.observe(other);
  }
  seen.states.locate(call);
  expectNumbers(seen);
  expect(seen.valueOf('user', 'calls')).toBeCloseTo(Math.log1p(2e5), 5);
  expect(seen.valueOf('user', 'client_errors')).toBeCloseTo(Math.log1p(2e5), 5);
  // The usual sum of 32-bit floats loses less than one in a thousand.
  expect(seen.valueOf('user', 'response_bytes')).toBeCloseTo(Math.log1p(2e11), 2);
  expect(seen.valueOf('endpoint', 'calls')).toBeCloseTo(Math.log1p(2000), 5);
  expect(seen.valueOf('address', 'calls')).toBeCloseTo(Math.log1p(2e5), 5);
});

test.each([1e7, 2 ** 24, 3e38])('a window whose counters stand at %d has finite values', (count) => {
  const seen = new Observations().observe({ status: 404 }, { at: 1, status: 500 }, { at: MINUTES_5, status: 403 });
  for (const kind of ENTITY_KINDS) {
    const state = seen.states[kind];
    const saved = new Float32Array(state.stride);
    state.copyState(0, saved, 0);
    // The counters of the window come first; word 3 of users and addresses is no counter.
    for (let word = 0; word < (kind === 'endpoint' ? 12 : 14); word++) if (word !== 3) saved[word] = count;
    const target = new Observations();
    if (kind === 'endpoint') target.states.endpoint.restoreState(1, saved, true);
    else target.states[kind].restoreState(1, 1, saved, true);
    const row = target.rowAt(kind, 0);
    expect(row).not.toContain(NaN);
    const errors = kind === 'endpoint' ? columnOf(kind, 'server_errors') : columnOf(kind, 'client_errors');
    expect(row[errors]).toBeCloseTo(Math.log1p(count), 4);
  }
});

describe('ids that come once', () => {
  it('never flush users and addresses that are known, are counted when they go, and take no more memory', () => {
    const known = 800;
    const seen = new Observations({ users: 1000, addresses: 1000 });
    for (let window = 0; window < 3; window++) {
      for (let user = 0; user < known; user++) seen.observe({ user, address: user, at: window * MINUTES_5 });
    }
    const before = process.memoryUsage().arrayBuffers;
    const random = new Random(1, 1);
    const call = callOf({ at: 3 * MINUTES_5 });
    const strangers = 50_000;
    let told = 0;
    seen.evictions.push = () => told++;
    seen.closings.push = () => 0;
    for (let n = 0; n < strangers; n++) {
      call.userHigh = call.addressHigh = 1_000_000 + n;
      call.userLow = call.addressLow = random.next();
      seen.states.observe(call);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
    for (const kind of ['user', 'address'] as const) {
      const { table } = seen.states[kind];
      expect(table.size).toBe(1000);
      expect(table.evicted).toBe(strangers - 200);
      let mature = 0;
      table.forEachByAge((slot) => {
        if (table.isMature(slot)) mature++;
      });
      expect(mature).toBe(known);
    }
    expect(told).toBe(2 * (strangers - 200));
    const user = callOf({ user: 7, at: 3 * MINUTES_5 });
    expect(seen.states.user.windows(seen.states.user.table.find(user.userHigh, user.userLow))).toBe(2);
  });
});

test('a call is not changed by being observed', () => {
  const call = callOf({ object: 1, client: 2, status: 401 });
  const copy = Object.assign(new ApiCall(), call);
  new Observations().states.observe(call);
  expect(call).toEqual(copy);
});
