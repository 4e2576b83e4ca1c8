import type { AddressFeature } from '../../../processor/src/features/features.ts';
import { type CallFields, excess, linearCount, MINUTES_5, hashOf, Observations, repeat } from './observations.ts';

const { log, log1p } = Math;

/** What each column holds, by a sequence of calls of which the value can be worked out by hand. */
const examples: Record<AddressFeature, { calls: CallFields[]; value: number }> = {
  calls: { calls: [1, 2, 3].map((user) => ({ user })), value: log1p(3) },
  // Two calls in :00 to :10, three in :10 to :20, whoever makes them.
  burst: { calls: [0, 9, 10, 11, 12].map((at) => ({ at, user: at })), value: log1p(3) },
  repeats: { calls: [1, 2, 1, 1].map((endpoint) => ({ endpoint, user: endpoint })), value: log1p(3) },
  client_errors: { calls: [400, 401, 404, 429, 200, 500].map((status) => ({ status })), value: log1p(4) },
  denied: { calls: [401, 403, 404, 400].map((status) => ({ status })), value: log1p(2) },
  not_found: { calls: [404, 403, 404, 410].map((status) => ({ status })), value: log1p(2) },
  failed_logins: {
    calls: [{ status: 401, isLogin: true }, { status: 401 }, { isLogin: true }, { status: 400, isLogin: true }],
    value: log1p(2),
  },
  failed_users: {
    calls: [
      { user: 1, status: 401 },
      { user: 1, status: 403 },
      { user: 2, status: 403 },
      { user: 3, status: 404 },
      { user: 4 },
    ],
    value: log1p(linearCount(2, 256)),
  },
  // A new endpoint with one refusal usually refuses 1 / (1 + 10) of its calls.
  error_excess: { calls: [1, 2, 3].map((endpoint) => ({ endpoint, status: 403 })), value: excess(3, 3 / 11) },
  users: { calls: [1, 2, 3, 2, 1].map((user) => ({ user })), value: log1p(linearCount(3, 256)) },
  new_users: {
    calls: [{ user: 1 }, { user: 2 }, ...[2, 3, 4, 3].map((user) => ({ user, at: MINUTES_5 }))],
    value: log1p(2),
  },
  objects: {
    calls: [{}, ...[1, 2, 1].map((object) => ({ object, user: object }))],
    value: log1p(linearCount(2, 256)),
  },
  endpoints: { calls: [1, 2, 3, 1].map((endpoint) => ({ endpoint })), value: log1p(linearCount(3, 64)) },
  response_bytes: { calls: [{ responseBytes: 100, user: 2 }, {}, { responseBytes: 23 }], value: log1p(123) },
  // Pauses of 1, 1, 1, 1 and 3 s: mean 1.4, variance (4 x 0.4^2 + 1.6^2) / 5 = 0.64.
  regularity: { calls: [0, 1, 2, 3, 4, 7].map((at) => ({ at, user: at })), value: log(6 / 5) * -log(0.8 / 1.4) },
};

test.each(Object.entries(examples))('the column %s holds what its formula says', (name, { calls, value }) => {
  const seen = new Observations().observe(...calls);
  expect(seen.valueOf('address', name as AddressFeature)).toBeCloseTo(value, 5);
});

test.each(Object.keys(examples) as AddressFeature[])('%s counts for its own address only', (name) => {
  const elsewhere = examples[name].calls.map((call) => ({ ...call, address: 2, endpoint: (call.endpoint ?? 1) + 10 }));
  const seen = new Observations().observe(...elsewhere, {});
  expect(seen.row('address')).toEqual(new Observations().observe({}).row('address'));
});

test('users who were refused for other reasons than access did not fail to get in', () => {
  const seen = new Observations().observe(...[400, 404, 429, 500].map((status) => ({ status, user: status })));
  expect(seen.valueOf('address', 'failed_users')).toBe(0);
});

test('an address that is its own identity brings no users', () => {
  const seen = new Observations().observe({ isAddressIdentity: true, status: 401 }, { identityKind: 0, status: 401 });
  expect(seen.valueOf('address', 'users')).toBe(0);
  expect(seen.valueOf('address', 'failed_users')).toBe(0);
});

test('no user is new in the first window of an address', () => {
  const seen = new Observations().observe(...[1, 2, 3].map((user) => ({ user })));
  expect(seen.valueOf('address', 'new_users')).toBe(0);
});

test('a call that counts for no address moves none', () => {
  const seen = new Observations().observe({}, { countsForAddress: false, status: 401 });
  expect(seen.states.addressSlot).toBe(-1);
  expect(seen.states.address.table.size).toBe(1);
  expect(seen.rowAt('address', 0)).toEqual(new Observations().observe({}).row('address'));
});

test('stuffing shows on the address: hundreds of users, each refused once', () => {
  const seen = new Observations({ users: 1000 });
  seen.observe(...Array.from({ length: 400 }, (_, user) => ({ user, status: 401, isLogin: true, at: user / 2 })));
  const failedUsers = Math.expm1(seen.valueOf('address', 'failed_users'));
  // Linear counting with 256 bits and 400 values: a standard error of 6.4 % (Whang et al. 1990, eq. 11), three of them.
  expect(Math.abs(failedUsers / 400 - 1)).toBeLessThan(0.2);
  expect(seen.valueOf('address', 'failed_logins')).toBeCloseTo(log1p(400), 5);
  expect(seen.valueOf('user', 'failed_logins')).toBeCloseTo(log1p(1), 5);
});

test('the pause before a window does not count in it', () => {
  const calls = repeat(20, { at: MINUTES_5 }, 2);
  const fresh = new Observations().observe(...calls).valueOf('address', 'regularity');
  expect(new Observations().observe({}, ...calls).valueOf('address', 'regularity')).toBe(fresh);
});

test('the network of an address is that of its latest call', () => {
  const { states } = new Observations().observe({ network: 3 }, { network: 5 });
  expect(states.address.network(states.addressSlot)).toBe(hashOf('network', 5));
});
