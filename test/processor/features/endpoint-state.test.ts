import type { EndpointFeature } from '../../../processor/src/features/features.ts';
import { type CallFields, excess, linearCount, MINUTES_5, MONDAY, Observations, repeat } from './observations.ts';

const { exp, log, log1p } = Math;

/** A sum over n calls of 1, which lose 1/2000 with every later call. */
const decayedSum = (n: number): number =>
  Array.from({ length: n }, (_, k) => (1 - 1 / 2000) ** k).reduce((a, b) => a + b, 0);

/** Thirty calls of 100 ms and 1000 bytes in the window before. */
const history = repeat(30, { durationSeconds: 0.1, responseBytes: 1000 });

/** A duration, and a size, that is larger than the usual one by so much in the logarithm. */
const slower = (by: number): number => 0.1 * exp(by);
const larger = (by: number): number => 1001 * exp(by) - 1;

/** What each column holds, by a sequence of calls of which the value can be worked out by hand. */
const examples: Record<EndpointFeature, { calls: CallFields[]; value: number }> = {
  calls: { calls: [1, 1, 1, 2, 3].map((user) => ({ user })), value: log1p(2) },
  share: {
    calls: [
      ...repeat(4, { endpoint: 2 }),
      ...repeat(9, { endpoint: 3, service: 2 }),
      ...[1, 1, 2].map((user) => ({ user })),
    ],
    value: log((1 + 1) / (7 + 50)),
  },
  server_errors: { calls: [500, 503, 404, 200].map((status) => ({ status })), value: log1p(2) },
  // The own rate counts both errors, in as many calls and ten more.
  server_error_excess: {
    calls: repeat(2, { status: 500 }),
    value: excess(2, 2 * (decayedSum(2) / (decayedSum(2) + 10))),
  },
  client_errors: { calls: [1, 1, 1, 2, 3, 3].map((user) => ({ user, status: 404 })), value: log1p(3) },
  client_error_excess: {
    calls: [...[1, 2, 3].map((user) => ({ user, status: 404 })), ...repeat(6, {})],
    value: excess(2, 9 * ((decayedSum(3) * (1 - 1 / 2000) ** 6) / (decayedSum(9) + 10))),
  },
  // The spread is at least 0.15.
  latency_shift: { calls: [...history, { at: MINUTES_5, durationSeconds: slower(0.3) }], value: 0.3 / 0.15 },
  // Three calls beyond 2.33 standard deviations, where 0.2 are assumed at least.
  slow_excess: {
    calls: [...history, ...repeat(3, { at: MINUTES_5, durationSeconds: slower(0.6) })],
    value: excess(3, 0.2),
  },
  // The usual duration has moved by 1/31 of the way, and weighs five calls.
  mean_duration: {
    calls: [...history, { at: MINUTES_5, durationSeconds: slower(0.3) }],
    value: log1p((100 * exp(0.3) + 5 * 100 * exp(0.3 / 31)) / 6),
  },
  response_shift: { calls: [...history, { at: MINUTES_5, responseBytes: larger(0.3) }], value: 0.3 / 0.15 },
  users: { calls: [1, 2, 3, 1].map((user) => ({ user })), value: log1p(linearCount(3, 256)) },
  failed_users: {
    calls: [{ user: 1, status: 404 }, { user: 2, status: 500 }, { user: 2, status: 404 }, { user: 3 }],
    value: log1p(linearCount(2, 256)),
  },
};

test.each(Object.entries(examples))('the column %s holds what its formula says', (name, { calls, value }) => {
  const seen = new Observations().observe(...calls);
  expect(seen.valueOf('endpoint', name as EndpointFeature)).toBeCloseTo(value, 5);
});

test.each(Object.keys(examples) as EndpointFeature[])('%s counts for its own endpoint only', (name) => {
  const elsewhere = examples[name].calls.map((call) => ({ ...call, endpoint: 40, service: 3 }));
  const seen = new Observations().observe(...elsewhere, {});
  expect(seen.row('endpoint')).toEqual(new Observations().observe({}).row('endpoint'));
});

describe('what one caller does', () => {
  it('is not the endpoint’s rate, however much it is', () => {
    const seen = new Observations().observe(...repeat(500, {}), { user: 2 });
    expect(seen.valueOf('endpoint', 'calls')).toBeCloseTo(log1p(1), 5);
    expect(seen.valueOf('endpoint', 'share')).toBeCloseTo(log(2 / 551), 5);
  });

  it('is not the endpoint’s refusals', () => {
    const seen = new Observations().observe(...repeat(50, { status: 403 }), { user: 2, status: 403 });
    expect(seen.valueOf('endpoint', 'client_errors')).toBeCloseTo(log1p(1), 5);
    expect(seen.valueOf('endpoint', 'client_error_excess')).toBe(0);
  });

  it('is the endpoint’s server errors: those are no caller’s fault', () => {
    const seen = new Observations().observe(...repeat(50, { status: 500 }));
    expect(seen.valueOf('endpoint', 'server_errors')).toBeCloseTo(log1p(50), 5);
  });

  it('is overestimated by a quarter of the calls at most where callers are many', () => {
    const seen = new Observations({ users: 1000 }).observe(...Array.from({ length: 400 }, (_, user) => ({ user })));
    const calls = Math.expm1(seen.valueOf('endpoint', 'calls'));
    expect(calls).toBeLessThanOrEqual(400);
    expect(calls).toBeGreaterThanOrEqual(400 - 100 - 1);
  });
});

describe('the share of the service', () => {
  it('is that of the window that just ended while it is being closed', () => {
    const seen = new Observations().observe(
      ...[1, 2].map((user) => ({ user })),
      ...repeat(10, { endpoint: 2 }),
      ...repeat(30, { endpoint: 2, at: MINUTES_5 }),
    );
    const [closing] = seen.closedBy(() => seen.observe({ at: MINUTES_5 }));
    expect(closing!.kind).toBe('endpoint');
    expect(closing!.row[1]).toBeCloseTo(log(2 / (12 + 50)), 5);
  });

  it('is never more than all calls of the endpoint, though the service counts fewer', () => {
    const seen = new Observations().observe(...[1, 2, 3].map((user) => ({ user })));
    seen.observe(...repeat(2, { endpoint: 2, at: 5 * MINUTES_5 }), ...repeat(2, { endpoint: 2, at: 6 * MINUTES_5 }));
    const { endpoint } = seen.states;
    expect(seen.rowAt('endpoint', endpoint.find(1))[1]).toBeCloseTo(log(3 / (3 + 50)), 5);
  });

  it('is a number for a service beyond the table', () => {
    const seen = new Observations({ services: 2 }).observe({ service: 7 }, { service: 7, user: 2 });
    expect(seen.valueOf('endpoint', 'share')).toBeCloseTo(log(2 / 52), 5);
  });
});

describe('errors', () => {
  it('expect two in a thousand at least, whatever the history', () => {
    const calls = [...repeat(5000, {}), { at: MINUTES_5 }, { at: MINUTES_5, status: 500 }];
    const seen = new Observations().observe(...calls);
    expect(seen.valueOf('endpoint', 'server_error_excess')).toBeCloseTo(excess(1, 2 * 0.002), 5);
  });

  it('are no excess where they are usual', () => {
    const seen = new Observations().observe(...repeat(4000, { status: 500 }), { at: MINUTES_5, status: 500 });
    expect(seen.valueOf('endpoint', 'server_error_excess')).toBeLessThan(1e-4);
  });

  it('of the last twenty calls or so make the recent rate', () => {
    const seen = new Observations().observe(...repeat(5, { status: 500 }));
    const { endpoint, endpointSlot } = seen.states;
    expect(endpoint.recentServerErrorRate(endpointSlot)).toBeCloseTo(1 - 0.95 ** 5, 6);
    seen.observe(...repeat(60, {}));
    expect(endpoint.recentServerErrorRate(endpointSlot)).toBeCloseTo((1 - 0.95 ** 5) * 0.95 ** 60, 6);
  });

  it('of clients are a share of calls and ten more', () => {
    const seen = new Observations().observe(...repeat(3, { status: 404 }), ...repeat(3, {}));
    const { endpoint, endpointSlot } = seen.states;
    const refused = decayedSum(3) * (1 - 1 / 2000) ** 3;
    expect(endpoint.clientErrorRate(endpointSlot)).toBeCloseTo(refused / (decayedSum(6) + 10), 6);
  });
});

describe('durations', () => {
  it('are not judged before twenty calls', () => {
    const calls = [...repeat(19, { durationSeconds: 0.1 }), { durationSeconds: 10 }];
    const seen = new Observations().observe(...calls);
    expect(seen.valueOf('endpoint', 'latency_shift')).toBe(0);
    expect(seen.valueOf('endpoint', 'slow_excess')).toBe(0);
    const young = new Observations().observe(...repeat(19, { durationSeconds: 0.1, responseBytes: 5 })).states;
    expect(young.endpoint.durationDeviation(young.endpointSlot, 1)).toBeNaN();
    expect(young.endpoint.sizeDeviation(young.endpointSlot, 1)).toBeNaN();
  });

  it('that are unknown or absurd do not count', () => {
    const seen = new Observations().observe(...history, { at: MINUTES_5, durationSeconds: NaN });
    expect(seen.valueOf('endpoint', 'latency_shift')).toBe(0);
    expect(seen.valueOf('endpoint', 'mean_duration')).toBeCloseTo(log1p(100), 5);
    const { endpoint, endpointSlot } = seen.states;
    expect(endpoint.durationDeviation(endpointSlot, NaN)).toBeNaN();
    expect(endpoint.durationDeviation(endpointSlot, -1)).toBeNaN();
    expect(endpoint.sizeDeviation(endpointSlot, NaN)).toBeNaN();
  });

  it('deviate by at most six, down to 10 µs', () => {
    const { endpoint, endpointSlot } = new Observations().observe(...history).states;
    expect(endpoint.durationDeviation(endpointSlot, 1e9)).toBe(6);
    expect(endpoint.durationDeviation(endpointSlot, 0)).toBe(-6);
    expect(endpoint.durationDeviation(endpointSlot, slower(0.15))).toBeCloseTo(1, 5);
    // A size counts a quarter, in the logarithm, as one deviation at least.
    expect(endpoint.sizeDeviation(endpointSlot, larger(-0.3))).toBeCloseTo(-0.3 / 0.25, 5);
  });

  it('below the usual are no shift', () => {
    const seen = new Observations().observe(...history, { at: MINUTES_5, durationSeconds: 0.01, responseBytes: 1 });
    expect(seen.valueOf('endpoint', 'latency_shift')).toBe(0);
    expect(seen.valueOf('endpoint', 'response_shift')).toBe(0);
  });

  it('follow mean and variance as a plain average does, before the clip and the decay begin', () => {
    const seconds = [
      0.1, 0.4, 0.2, 0.05, 0.8, 0.1, 0.3, 0.2, 0.1, 0.1, 0.6, 0.1, 0.2, 0.9, 0.1, 0.3, 0.3, 0.1, 0.2, 0.2,
    ];
    const seen = new Observations().observe(...seconds.map((durationSeconds) => ({ durationSeconds })));
    const logarithms = seconds.map((value) => log(value * 1000));
    const mean = logarithms.reduce((a, b) => a + b) / 20;
    const variance = logarithms.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 20;
    const { endpoint, endpointSlot } = seen.states;
    expect(endpoint.durationDeviation(endpointSlot, 0.5)).toBeCloseTo((log(500) - mean) / Math.sqrt(variance), 4);
  });

  it('learn at most three standard deviations from one call', () => {
    const seen = new Observations().observe(...history, { durationSeconds: 1000 });
    const { endpoint, endpointSlot } = seen.states;
    // The mean moved by 0.45 / 31 instead of ln(10 000) / 31, which at a spread of 0.15 is a tenth of one.
    expect(endpoint.durationDeviation(endpointSlot, 0.1)).toBeCloseTo(-(0.45 / 31) / 0.15, 4);
  });
});

test('endpoints have a maturity, a window, calls and an id', () => {
  const seen = new Observations().observe({}, { at: MINUTES_5 }, { at: MINUTES_5 });
  const { endpoint, endpointSlot } = seen.states;
  expect(endpoint.windows(endpointSlot)).toBe(1);
  expect(endpoint.calls(endpointSlot)).toBe(2);
  expect(endpoint.window(endpointSlot)).toBe(MONDAY / 300 + 1);
  expect(endpoint.total(endpointSlot)).toBe(3);
  expect(endpoint.find(1)).toBe(endpointSlot);
  expect(endpoint.find(2)).toBe(-1);
});

test('calls without a user are no users', () => {
  const seen = new Observations().observe({ identityKind: 0, status: 500 });
  expect(seen.valueOf('endpoint', 'users')).toBe(0);
  expect(seen.valueOf('endpoint', 'failed_users')).toBe(0);
});

/** Calls of as many users, every other one of which fails. */
const failing = (endpoint: number, calls: number) =>
  Array.from({ length: calls }, (_, n) => ({ endpoint, user: n, status: n % 2 === 0 ? 503 : 200 }));

describe('what an endpoint has beyond the others', () => {
  it('is all of its server errors where the others are well', () => {
    const seen = new Observations().observe(...repeat(200, { endpoint: 2 }), ...failing(1, 20));
    expect(seen.valueOf('endpoint', 'server_errors')).toBeCloseTo(log1p(10), 5);
  });

  it('is less where more than three of them fail as well', () => {
    const others = [2, 3, 4, 5, 6].flatMap((endpoint) => [
      ...repeat(45, { endpoint }),
      ...repeat(5, { endpoint, status: 503 }),
    ]);
    const seen = new Observations().observe(...others, ...failing(1, 20));
    // Of 100 calls of two others 10 failed, beside 10 that are assumed to have gone well; twice that is excused.
    expect(seen.valueOf('endpoint', 'server_errors')).toBeCloseTo(log1p(10 - 20 * ((2 * 10) / 110)), 5);
  });

  it('is all of them where only those that call it fail as well', () => {
    const seen = new Observations().observe(
      ...failing(2, 200),
      ...failing(3, 200),
      ...failing(4, 200),
      ...failing(1, 20),
    );
    expect(seen.valueOf('endpoint', 'server_errors')).toBeCloseTo(log1p(10), 5);
  });
});

/** Where so many of these addresses were refused. */
function weightAfter(addresses: number, refused: number): number {
  const { endpoint, endpointSlot } = new Observations({ users: 1000 }).observe(
    ...Array.from({ length: addresses }, (_, address) => ({ address, status: address < refused ? 401 : 200 })),
  ).states;
  return endpoint.refusalWeight(endpointSlot);
}

describe("how much of a refusal is its caller's own", () => {
  it('is all of it while few addresses are refused, or few are there at all', () => {
    expect([weightAfter(40, 10), weightAfter(10, 10)]).toEqual([1, 1]);
  });

  it('is nothing where everybody is refused', () => {
    expect(weightAfter(40, 40)).toBe(0);
  });

  it('is some of it in between', () => {
    const weight = weightAfter(40, 30);
    // 0.75 lies half-way between 0.6 and 0.9; the counts are estimates.
    expect(weight).toBeGreaterThan(0.3);
    expect(weight).toBeLessThan(0.7);
  });
});
