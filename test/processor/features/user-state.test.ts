import { FEATURES, type UserFeature } from '../../../processor/src/features/features.ts';
import {
  type CallFields,
  DAY,
  excess,
  hashOf,
  HOUR,
  linearCount,
  MINUTES_5,
  Observations,
  repeat,
} from './observations.ts';

interface Example {
  calls: CallFields[];
  /** Value in the user's row after the last of these calls. */
  value: number;
}

const { exp, log, log1p } = Math;

/** ln(1 + 1000) and, after thirty calls of 1000 bytes, a response larger by 0.3 in the logarithm. */
const LARGER = 1001 * exp(0.3) - 1;

/** See user-habits.test.ts. */
type OfHours = 'hour_surprisal' | 'odd_hour_calls';

/** What each column holds, by a sequence of calls of which the value can be worked out by hand. */
const examples: Record<Exclude<UserFeature, OfHours>, Example> = {
  calls: { calls: repeat(3, {}), value: log1p(3) },
  // Three calls in :00 to :10, two in :10 to :20.
  burst: { calls: [0, 1, 9, 10, 11].map((at) => ({ at })), value: log1p(3) },
  // Ten calls decayed over five minutes with a time constant of an hour, and two.
  calls_hour: { calls: [...repeat(10, {}), ...repeat(2, { at: MINUTES_5 })], value: log1p(10 * exp(-1 / 12) + 2) },
  repeats: {
    calls: [{}, { endpoint: 2 }, {}, {}, ...[71, 72, 71, 72].map((path) => ({ endpoint: 3, isNameless: true, path }))],
    value: log1p(3),
  },
  client_errors: { calls: [400, 404, 429, 200, 302, 500].map((status) => ({ status })), value: log1p(3) },
  denied: { calls: [401, 403, 404, 400, 200].map((status) => ({ status })), value: log1p(2) },
  not_found: { calls: [404, 401, 404, 404, 200].map((status) => ({ status })), value: log1p(3) },
  denied_endpoints: {
    calls: [
      { status: 401, endpoint: 1 },
      { status: 404, endpoint: 2 },
      { status: 403, endpoint: 2 },
      { status: 400, endpoint: 3 },
      { status: 500, endpoint: 4 },
      // Behind no name, every path is a place of its own.
      ...[0x11111111, 0x22222222, 0x22222222].map((path) => ({ status: 404, endpoint: 5, isNameless: true, path })),
    ],
    value: log1p(linearCount(4, 64)),
  },
  failed_logins: {
    calls: [
      { status: 401, isLogin: true },
      { status: 422, isLogin: true },
      { status: 200, isLogin: true },
      { status: 500, isLogin: true },
      { status: 401 },
    ],
    value: log1p(2),
  },
  login_attempts: {
    calls: [
      { status: 200, isLogin: true, isWrite: true },
      { status: 401, isLogin: true, isWrite: true },
      { status: 200, isLogin: true },
      { status: 200, isWrite: true },
    ],
    value: log1p(2),
  },
  failed_writes: {
    calls: [
      { status: 403, isWrite: true },
      { status: 409, isWrite: true },
      { status: 200, isWrite: true },
      { status: 500, isWrite: true },
      { status: 404 },
    ],
    value: log1p(2),
  },
  // A new endpoint with one refusal usually refuses 1 / (1 + 10) of its calls.
  error_excess: { calls: [1, 2, 3, 4].map((endpoint) => ({ endpoint, status: 404 })), value: excess(4, 4 / 11) },
  // The endpoint's recent rate is 0.05 after the first and 0.05 + 0.95 / 20 after the second error.
  server_errors: { calls: repeat(2, { status: 503 }), value: log1p(1 - 1.5 * 0.05 + 1 - 1.5 * 0.0975) },
  response_bytes: {
    calls: [{ responseBytes: 1000 }, {}, { responseBytes: 500 }, { responseBytes: 0 }],
    value: log1p(1500),
  },
  largest_response: { calls: [{ responseBytes: 500 }, { responseBytes: 1000 }, {}], value: log1p(1000) },
  // A deviation is at least 0.25, the endpoint has learned 1/31 of the surprise when the user is looked at, and its latest
  // twenty answers are off by 2 / 20 of the 0.15 that its own deviation is at least.
  response_excess: {
    calls: [...repeat(30, { user: 2, responseBytes: 1000 }), { responseBytes: LARGER }],
    value: (0.3 * (30 / 31)) / 0.25 - 0.3 / 0.15 / 20,
  },
  request_bytes: { calls: [{ requestBytes: 70 }, {}, { requestBytes: 30 }], value: log1p(100) },
  endpoints: { calls: [1, 2, 3, 2, 1].map((endpoint) => ({ endpoint })), value: log1p(linearCount(3, 64)) },
  objects: { calls: [{}, ...[1, 2, 3, 2, 1].map((object) => ({ object }))], value: log1p(linearCount(3, 256)) },
  new_objects: {
    calls: [{ object: 1 }, { object: 2 }, ...[1, 3, 3, 4].map((object) => ({ object, at: MINUTES_5 }))],
    value: log1p(2),
  },
  // Steps of 1, 2, 7, 1 and 0.
  object_runs: {
    calls: [10, 11, 13, 20, 19, 19].map((objectNumber) => ({ objectNumber, object: objectNumber })),
    value: log1p(3),
  },
  new_objects_day: {
    calls: [...[1, 2, 3, 4, 5].map((object) => ({ object })), ...[6, 7].map((object) => ({ object, at: HOUR }))],
    value: log1p(5 * exp(-1 / 24) + 2),
  },
  // Pauses of 1, 1, 1, 1 and 3 s: mean 1.4, variance (4 x 0.4^2 + 1.6^2) / 5 = 0.64.
  regularity: { calls: [0, 1, 2, 3, 4, 7].map((at) => ({ at })), value: log(6 / 5) * -log(0.8 / 1.4) },
  // None of ten own calls; two of a hundred and ten of all calls, counting a hundred before the first.
  endpoint_novelty: {
    calls: [...repeat(10, {}), { at: MINUTES_5, endpoint: 2 }],
    value: -log((0 + 8 * (2 / 110)) / (10 + 8)),
  },
  transition_surprisal: {
    calls: [1, 2, 1, 2, 1].map((endpoint) => ({ endpoint })),
    value:
      (-log((0 + 4 * (2 / 101)) / (0 + 4)) -
        log((0 + 4 * (3 / 102)) / (0 + 4)) -
        log((1 + 4 * (3 / 103)) / (1 + 4)) -
        log((1 + 4 * (4 / 104)) / (1 + 4))) /
      4,
  },
  new_endpoints: {
    calls: [{}, { endpoint: 2 }, ...[1, 3, 4, 3].map((endpoint) => ({ endpoint, at: MINUTES_5 }))],
    value: log1p(2),
  },
  // q: none in two windows, beside four in two hundred assumed; N is one window. One of two windows began with the client.
  client_novelty: {
    calls: [{ client: 1 }, { client: 2, at: MINUTES_5 }],
    value: -log((0 + 5 * (4 / 202)) / (1 + 5)) - log((1 + 1) / (2 + 1)) / 2,
  },
  network_novelty: {
    calls: [{ network: 1 }, { network: 2, at: MINUTES_5 }],
    value: -log((0 + 5 * (4 / 202)) / (1 + 5)),
  },
  joint_novelty: {
    calls: [
      { client: 1, network: 1 },
      { client: 2, network: 2, at: MINUTES_5 },
    ],
    value: -2 * log((0 + 5 * (4 / 202)) / (1 + 5)) - log((1 + 1) / (2 + 1)) / 2,
  },
  client_switches: {
    calls: [
      { client: 1, network: 1 },
      { client: 1, network: 1 },
      { client: 2, network: 1 },
      { client: 2, network: 2 },
      {},
      { client: 1, network: 1 },
    ],
    value: log1p(3),
  },
  // Decayed over an hour, with a time constant of an hour and of a day.
  refused_hour: { calls: [...repeat(3, { status: 404 }), { at: HOUR, status: 400 }], value: log1p(3 * exp(-1) + 1) },
  refused_day: {
    calls: [...repeat(3, { status: 404 }), { at: HOUR, status: 400 }],
    value: log1p(3 * exp(-1 / 24) + 1),
  },
  session_switches: {
    calls: [
      { session: 5, client: 1 },
      { session: 5, client: 2 },
      { session: 5, client: 1 },
      { session: 5, client: 3 },
      { session: 5 },
      { client: 4 },
      { session: 6, client: 2 },
    ],
    value: log1p(2),
  },
};

describe('refusals of the past', () => {
  const attack = repeat(40, { status: 403 });

  test('are no more than two to a window without any, and eight to its day', () => {
    const seen = new Observations().observe(...attack, { at: HOUR / 6 });
    expect(seen.valueOf('user', 'refused_hour')).toBeCloseTo(log1p(2), 5);
    expect(seen.valueOf('user', 'refused_day')).toBeCloseTo(log1p(8), 5);
  });

  test('are six more for each of the window itself', () => {
    const seen = new Observations().observe(...attack, { at: HOUR / 6, status: 404 });
    expect(seen.valueOf('user', 'refused_hour')).toBeCloseTo(log1p(8), 5);
    expect(seen.valueOf('user', 'refused_day')).toBeCloseTo(log1p(32), 5);
  });

  test('of a day fade with those of the latest hour', () => {
    const seen = new Observations().observe(...attack, { at: 6 * HOUR });
    expect(seen.valueOf('user', 'refused_day')).toBeCloseTo(log1p(4 * 40 * exp(-6)), 5);
  });
});

test.each(Object.entries(examples))('the column %s holds what its formula says', (name, { calls, value }) => {
  const seen = new Observations().observe(...calls);
  expect(seen.valueOf('user', name as UserFeature)).toBeCloseTo(value, 5);
});

test.each(Object.keys(FEATURES.user) as UserFeature[])('%s counts for its own user only', (name) => {
  const calls = name === 'hour_surprisal' || name === 'odd_hour_calls' ? [] : examples[name].calls;
  const seen = new Observations().observe({ user: 3 }, ...calls.filter(({ user }) => user === undefined));
  const alone = new Observations().observe({ user: 3 });
  const slot = seen.states.user.table.find(3, alone.states.user.table.keyLow(alone.states.userSlot));
  expect(seen.rowAt('user', slot)).toEqual(alone.row('user'));
});

describe('sums that outlive the window', () => {
  it('count at most eight times the calls of the window in an hour', () => {
    const seen = new Observations().observe(...repeat(1000, {}), { at: MINUTES_5 });
    expect(seen.valueOf('user', 'calls_hour')).toBeCloseTo(log1p(8), 5);
  });

  it('count at most twenty-four times the new objects of the window in a day', () => {
    const calls = Array.from({ length: 100 }, (_, object) => ({ object }));
    const seen = new Observations().observe(...calls, { object: 1000, at: HOUR });
    expect(seen.valueOf('user', 'new_objects_day')).toBeCloseTo(log1p(24), 5);
  });

  it('decay with the time that passed, however many windows were started in it', () => {
    const direct = new Observations().observe(...repeat(40, {}), ...repeat(9, { at: HOUR }));
    const swept = new Observations().observe(...repeat(40, {}));
    for (let window = 1; window < 12; window++) swept.states.closeBefore('user', 5_891_904 + window, 0, 100);
    swept.observe(...repeat(9, { at: HOUR }));
    expect(direct.valueOf('user', 'calls_hour')).toBeCloseTo(log1p(40 * exp(-1) + 9), 5);
    expect(swept.valueOf('user', 'calls_hour')).toBeCloseTo(log1p(40 * exp(-1) + 9), 5);
  });
});

describe('failures', () => {
  it('expect 0.005 refusals a call at least', () => {
    const seen = new Observations().observe(...repeat(20, {}), { endpoint: 2, status: 404 });
    expect(seen.valueOf('user', 'error_excess')).toBeCloseTo(excess(1, 20 * 0.005 + 1 / 11), 5);
  });

  it('are no excess where the endpoints refuse everybody', () => {
    const others = Array.from({ length: 2000 }, (_, n) => ({ user: 10 + (n % 50), status: 404 }));
    const seen = new Observations().observe(...others, ...repeat(5, { status: 404 }));
    // The endpoint's share is 1 but for the ten calls that it is assumed to have answered.
    expect(seen.valueOf('user', 'error_excess')).toBeLessThan(0.001);
  });

  it('of a server that fails for everybody weigh nothing', () => {
    const seen = new Observations().observe(...repeat(30, { user: 2, status: 500 }), ...repeat(5, { status: 500 }));
    expect(seen.valueOf('user', 'server_errors')).toBe(0);
  });

  it('without a status, of the server, count as server errors', () => {
    const seen = new Observations().observe({ statusCode: 0, isServerError: true });
    expect(seen.valueOf('user', 'server_errors')).toBeCloseTo(log1p(0.925), 5);
  });
});

describe('sizes', () => {
  it('that were not sent add nothing', () => {
    const seen = new Observations().observe({}, { responseBytes: NaN, requestBytes: NaN });
    expect(seen.row('user')).not.toContain(NaN);
    expect([seen.valueOf('user', 'response_bytes'), seen.valueOf('user', 'request_bytes')]).toEqual([0, 0]);
  });

  it('below the usual are no excess', () => {
    const seen = new Observations().observe(...repeat(30, { user: 2, responseBytes: 1000 }), { responseBytes: 10 });
    expect(seen.valueOf('user', 'response_excess')).toBe(0);
  });

  it('deviate by six at most, and n of them by the square root of n more', () => {
    const history = repeat(3000, { user: 2, responseBytes: 1000 });
    const seen = new Observations().observe(...history, ...repeat(4, { responseBytes: 1e12 }));
    // Less what the latest twenty answers of the endpoint are off by, which is one at most.
    const shifts = [0.3, 0.585, 0.85575, 1];
    expect(seen.valueOf('user', 'response_excess')).toBeCloseTo((4 * 6 - shifts.reduce((a, b) => a + b)) / 2, 5);
  });
});

describe('pace', () => {
  it('says nothing before six calls', () => {
    const seen = new Observations().observe(...repeat(5, {}, 1));
    expect(seen.valueOf('user', 'regularity')).toBe(0);
  });

  it.each([0.1, 0.3, 1, 7.7])('of equal pauses of %d s is as regular as can be', (seconds) => {
    const seen = new Observations().observe(...repeat(20, {}, seconds));
    // A coefficient of variation below 0.01 counts as that.
    expect(seen.valueOf('user', 'regularity')).toBeCloseTo(log(20 / 5) * log(100), 5);
  });

  it('of many calls at the same time is not regular', () => {
    const seen = new Observations().observe(...repeat(20, {}));
    expect(seen.valueOf('user', 'regularity')).toBe(0);
  });

  it('of pauses that vary more than their mean is 0, never below', () => {
    const seen = new Observations().observe(...[0, 0, 0, 0, 0, 0, 0, 0, 0, 200].map((at) => ({ at })));
    expect(seen.valueOf('user', 'regularity')).toBe(0);
  });

  it('is that of the window: the pause before it does not count', () => {
    const calls = repeat(20, { at: MINUTES_5 }, 2);
    const fresh = new Observations().observe(...calls).valueOf('user', 'regularity');
    expect(new Observations().observe({}, ...calls).valueOf('user', 'regularity')).toBe(fresh);
  });
});

describe('object ids', () => {
  it('without a number, or none at all, end no run', () => {
    const calls = [
      { object: 1, objectNumber: 10 },
      {},
      { object: 2, objectNumber: NaN },
      { object: 3, objectNumber: 11 },
    ];
    expect(new Observations().observe(...calls).valueOf('user', 'object_runs')).toBeCloseTo(log1p(1), 5);
  });

  it('run on into the next window', () => {
    const calls = [
      { object: 1, objectNumber: 10 },
      { object: 2, objectNumber: 9, at: MINUTES_5 },
    ];
    expect(new Observations().observe(...calls).valueOf('user', 'object_runs')).toBeCloseTo(log1p(1), 5);
  });
});

it('is nothing the user side sees when a call counts for no user', () => {
  const seen = new Observations().observe({}).observe({ countsForUser: false, status: 404 });
  expect(seen.states.userSlot).toBe(-1);
  expect(seen.states.user.table.size).toBe(1);
  expect(seen.states.user.calls(0)).toBe(1);
});

it('keeps at most 2 KiB a user, keys and order of use included', () => {
  const keysAndOrder = 4 + 4 + 1 + 4 + 4 + 16;
  expect(new Observations().states.user.stride * 4 + keysAndOrder).toBeLessThanOrEqual(2048);
});

it('knows the identity kind, network, window and calls of a user', () => {
  const seen = new Observations().observe({ user: 2, network: 7 }, { identityKind: 3, network: 7 }, { network: 8 }, {});
  const { user, userSlot } = seen.states;
  expect(user.identityKind(userSlot)).toBe(3);
  expect(user.network(userSlot)).toBe(hashOf('network', 8));
  expect(user.calls(userSlot)).toBe(3);
  expect(user.window(userSlot)).toBe(1_767_571_200 / 300);
  expect(seen.observe({ at: DAY }).states.user.calls(userSlot)).toBe(1);
});
