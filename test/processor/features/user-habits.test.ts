/** The habits of a user in user-state.ts: hours, clients, networks and endpoints, and what is new among them. */
import { hourSurprisal } from '../../../processor/src/features/usual-hours.ts';
import { type CallFields, DAY, HOUR, MINUTES_5, MONDAY, Observations, repeat } from './observations.ts';

const { exp, log } = Math;

/** Weights of a Gaussian with a standard deviation of two hours, cut at four. */
const kernel = (hours: number): number => exp(-(hours ** 2) / 8);

const hourOfCall = ({ at }: CallFields): number => Math.floor(at! / HOUR) % 24;

/** A user of one window who then calls with a second client and network. */
const moved = () => new Observations().observe({ client: 1, network: 1 }, { client: 2, network: 2, at: MINUTES_5 });

/** Number near an hour of a circular day, smoothed. */
function smoothed(hours: readonly number[], hour: number): number {
  let near = 0;
  let weights = 0;
  for (let distance = -4; distance <= 4; distance++) {
    weights += kernel(distance);
    near += kernel(distance) * hours.filter((other) => (other - hour - distance + 48) % 24 === 0).length;
  }
  return near / weights;
}

describe('surprise at an hour', () => {
  /** Two days of everybody, and six mornings of user 1; less than a week. */
  const everybody = Array.from({ length: 48 }, (_, n) => ({ user: 2 + (n % 3), at: n * HOUR }));
  const mornings = Array.from({ length: 24 }, (_, n) => ({
    at: Math.floor(n / 4) * DAY + 8 * HOUR + (n % 4) * HOUR,
  }));

  function surpriseAt(hour: number): { value: number; expected: number } {
    const last = { at: 6 * DAY + hour * HOUR };
    const own = mornings.map(hourOfCall);
    const all = [...everybody, ...mornings, last].map(hourOfCall);
    const usual = (smoothed(all, hour) + 1 / 24) / (all.length + 1);
    const expected = log(usual / ((smoothed(own, hour) + 10 * usual) / (own.length + 10)));
    const seen = new Observations().observe(...everybody, ...mornings, last);
    return { value: seen.valueOf('user', 'hour_surprisal'), expected };
  }

  it.each([23, 0, 3, 5, 14, 17])('is the share of everybody over the own one, at %d h', (hour) => {
    const { value, expected } = surpriseAt(hour);
    expect(expected).toBeGreaterThan(0);
    expect(value).toBeCloseTo(expected, 5);
  });

  it.each([8, 9, 10, 11])('is none at a usual hour, at %d h', (hour) => {
    expect(surpriseAt(hour).value).toBe(0);
  });

  it('is none before a day has been watched', () => {
    const calls = [...repeat(20, {}, HOUR / 2), { at: DAY - 1 }];
    expect(new Observations().observe(...calls).valueOf('user', 'hour_surprisal')).toBe(0);
  });

  it('is none in the first window of a user', () => {
    const seen = new Observations().observe(...everybody, { at: 3 * DAY });
    expect(seen.valueOf('user', 'hour_surprisal')).toBe(0);
  });

  it('lasts for the window and no longer', () => {
    const seen = new Observations().observe(...everybody, ...mornings, { at: 6 * DAY + 2 * HOUR });
    const surprise = seen.valueOf('user', 'hour_surprisal');
    expect(seen.observe({ at: 6 * DAY + 2 * HOUR + 299 }).valueOf('user', 'hour_surprisal')).toBe(surprise);
    expect(seen.observe({ at: 6 * DAY + 8 * HOUR }).valueOf('user', 'hour_surprisal')).toBe(0);
  });

  it('is not changed by windows that are closed while the user is away', () => {
    const seen = new Observations().observe(...everybody, ...mornings);
    for (let hour = 14; hour < 24; hour++) {
      seen.states.closeBefore('user', Math.floor((MONDAY + 5 * DAY + hour * HOUR) / 300), 0, 100);
    }
    seen.observe({ at: 6 * DAY + 3 * HOUR });
    expect(seen.valueOf('user', 'hour_surprisal')).toBeCloseTo(surpriseAt(3).expected, 5);
  });

  it('is as high at the end of a night as at its beginning: what is done tonight excuses nothing before tomorrow', () => {
    const seen = new Observations().observe(...everybody, ...mornings);
    const night = Array.from({ length: 30 }, (_, n) => ({ at: 6 * DAY + 2 * HOUR + n * MINUTES_5 }));
    const surprise = night.map((call) => seen.observe(call).valueOf('user', 'hour_surprisal'));
    expect(Math.min(...surprise)).toBeGreaterThan(0.8 * surprise[0]!);
    const next = seen.observe({ at: 7 * DAY + 2 * HOUR }).valueOf('user', 'hour_surprisal');
    expect(next).toBeLessThan(0.8 * surprise[0]!);
  });

  it('adds up over calls, and fades over two hours', () => {
    const seen = new Observations().observe(...everybody, ...mornings);
    const sum = () => Math.expm1(seen.valueOf('user', 'odd_hour_calls'));
    seen.observe(...repeat(10, { at: 6 * DAY + 2 * HOUR }));
    const first = 10 * seen.valueOf('user', 'hour_surprisal');
    expect(sum()).toBeCloseTo(first, 3);
    seen.observe({ at: 6 * DAY + 3 * HOUR });
    expect(sum()).toBeCloseTo(first * exp(-1 / 2) + seen.valueOf('user', 'hour_surprisal'), 3);
    // At a usual hour nothing is odd.
    seen.observe({ at: 6 * DAY + 8 * HOUR });
    expect(sum()).toBe(0);
  });

  it('is known of the present day to those who ask when a user is active', () => {
    const { states } = new Observations().observe(
      { at: 9 * HOUR },
      { at: 9 * HOUR + MINUTES_5 },
      { at: DAY + 8 * HOUR },
    );
    const hours = states.user.hoursOfWeek(states.userSlot);
    expect([hours[9], hours[24 + 8], hours.reduce((sum, windows) => sum + windows)]).toEqual([2, 1, 3]);
  });

  it('survives 255 windows in one hour of the week, after which the past weighs half', () => {
    const seen = new Observations().observe(...everybody);
    for (let week = 0; week < 22; week++)
      seen.observe(...repeat(12, { at: (week + 1) * 7 * DAY + 9 * HOUR }, MINUTES_5));
    // 264 windows at 9 h on Mondays: 252 became 126, to which 12 were added.
    const at = 23 * 7 * DAY + 21 * HOUR;
    seen.observe({ at });
    const counts = new Uint8Array(168);
    counts[9] = 126 + 12;
    expect(seen.valueOf('user', 'hour_surprisal')).toBeCloseTo(
      hourSurprisal(counts, MONDAY + at, seen.states.population),
      5,
    );
  });
});

describe('a new client or network', () => {
  it('is none in the first window, whatever comes', () => {
    const seen = new Observations().observe(...[1, 2, 3, 4, 5].map((client) => ({ client, network: client })));
    expect(seen.valueOf('user', 'client_novelty')).toBe(0);
    expect(seen.valueOf('user', 'network_novelty')).toBe(0);
    expect(seen.valueOf('user', 'joint_novelty')).toBe(0);
  });

  it('is new for one hour', () => {
    const seen = moved();
    const surprise = seen.valueOf('user', 'client_novelty');
    const networkSurprise = seen.valueOf('user', 'network_novelty');
    seen.observe({ client: 2, network: 2, at: MINUTES_5 + HOUR - 1 });
    expect(seen.valueOf('user', 'client_novelty')).toBe(surprise);
    expect(seen.valueOf('user', 'network_novelty')).toBe(networkSurprise);
    expect(seen.valueOf('user', 'joint_novelty')).toBeCloseTo(surprise + networkSurprise, 5);
    seen.observe({ client: 2, network: 2, at: MINUTES_5 + HOUR });
    expect(seen.valueOf('user', 'client_novelty')).toBe(0);
    expect(seen.valueOf('user', 'network_novelty')).toBe(0);
    expect(seen.valueOf('user', 'joint_novelty')).toBe(0);
  });

  it('is joint only where one call brought both', () => {
    const seen = new Observations().observe(
      { client: 1, network: 1 },
      { client: 2, network: 1, at: MINUTES_5 },
      { client: 2, network: 2, at: MINUTES_5 + 1 },
    );
    expect(seen.valueOf('user', 'client_novelty')).toBeGreaterThan(0);
    expect(seen.valueOf('user', 'network_novelty')).toBeGreaterThan(0);
    expect(seen.valueOf('user', 'joint_novelty')).toBe(0);
  });

  it('surprises less in a user who often has new ones', () => {
    // The population had one novelty in 3 + 200 windows with 4 assumed; the user one in two windows; one in three windows
    // of all began with the client.
    const seen = moved().observe({ client: 3, at: 2 * MINUTES_5 });
    expect(seen.valueOf('user', 'client_novelty')).toBeCloseTo(
      -log((1 + 5 * (5 / 203)) / (2 + 5)) - log((1 + 1) / (3 + 1)) / 2,
      5,
    );
  });

  it('is known again within the memory of four clients and six networks', () => {
    const calls = [1, 2, 3, 4, 1].map((client, n) => ({ client, at: n * 2 * HOUR }));
    expect(new Observations().observe(...calls).valueOf('user', 'client_novelty')).toBe(0);
    const networks = [1, 2, 3, 4, 5, 6, 1].map((network, n) => ({ network, at: n * 2 * HOUR }));
    expect(new Observations().observe(...networks).valueOf('user', 'network_novelty')).toBe(0);
    const forgotten = [1, 2, 3, 4, 5, 1].map((client, n) => ({ client, at: n * 2 * HOUR }));
    expect(new Observations().observe(...forgotten).valueOf('user', 'client_novelty')).toBeGreaterThan(0);
  });

  it('is not what a call without user agent and address brings', () => {
    const seen = new Observations().observe({ client: 1, network: 1 }, { at: MINUTES_5 });
    expect(seen.valueOf('user', 'client_novelty')).toBe(0);
    expect(seen.valueOf('user', 'network_novelty')).toBe(0);
  });

  it('counts as a switch in every window but not at its start', () => {
    const seen = new Observations().observe({ client: 1 }, { client: 2, at: MINUTES_5 });
    expect(seen.valueOf('user', 'client_switches')).toBe(0);
  });
});

describe('endpoints that are new', () => {
  it('are none in the first window of a user', () => {
    const seen = new Observations().observe(...[1, 2, 3].map((endpoint) => ({ endpoint })));
    expect(seen.valueOf('user', 'new_endpoints')).toBe(0);
    expect(seen.valueOf('user', 'endpoint_novelty')).toBe(0);
  });

  it('surprise as much as the rarest call of the window', () => {
    const before = repeat(10, {});
    const rare = { endpoint: 2, at: MINUTES_5 };
    const alone = new Observations().observe(...before, rare).valueOf('user', 'endpoint_novelty');
    const among = new Observations().observe(...before, rare, ...repeat(5, { at: MINUTES_5 }));
    expect(among.valueOf('user', 'endpoint_novelty')).toBe(alone);
  });

  it('surprise less the more of all calls go there', () => {
    const others = repeat(890, { user: 2, endpoint: 2 });
    const seen = new Observations().observe(...others, ...repeat(10, {}), { endpoint: 2, at: MINUTES_5 });
    expect(seen.valueOf('user', 'endpoint_novelty')).toBeCloseTo(-log((8 * (892 / 1000)) / 18), 5);
  });

  it('are measured among the calls that carry a user', () => {
    const inner = repeat(500, { endpoint: 2, countsForUser: false, countsForAddress: false });
    const seen = new Observations().observe(...inner, ...repeat(10, {}), { endpoint: 2, at: MINUTES_5 });
    expect(seen.valueOf('user', 'endpoint_novelty')).toBeCloseTo(-log((8 * (2 / 110)) / 18), 5);
  });

  it('are no surprise, and never less than none, when they are the usual ones', () => {
    const seen = new Observations().observe(...repeat(1000, {}), { at: MINUTES_5 });
    expect(seen.valueOf('user', 'endpoint_novelty')).toBeCloseTo(0, 1);
    expect(seen.valueOf('user', 'endpoint_novelty')).toBeGreaterThanOrEqual(0);
  });

  it('weigh against 4096 calls at most: own counts are halved then', () => {
    const seen = new Observations().observe(...repeat(4096, {}), { endpoint: 2, at: MINUTES_5 });
    expect(seen.valueOf('user', 'endpoint_novelty')).toBeCloseTo(-log((8 * (2 / 4196)) / (2048 + 8)), 5);
    seen.observe({ at: 2 * MINUTES_5 });
    // The usual one: 2048 of 2049 own calls and 4098 of 4197 of all.
    expect(seen.valueOf('user', 'endpoint_novelty')).toBeCloseTo(-log((2048 + 8 * (4098 / 4197)) / (2049 + 8)), 5);
  });

  it('keep their shares where the counts of all calls are halved', () => {
    const seen = new Observations().observe(...repeat(300, { user: 2, endpoint: 2 }), ...repeat(100, {}));
    seen.states.population.calls = 3_999_999;
    seen.observe({});
    expect(seen.states.population.calls).toBe(2_000_000);
    expect(seen.states.endpoint.total(seen.states.endpoint.find(2))).toBe(150);
    expect(seen.states.endpoint.total(seen.states.endpoint.find(1))).toBe(50.5);
  });
});

describe('the order of calls', () => {
  it('says nothing before four steps', () => {
    const seen = new Observations().observe(...[1, 2, 1, 2].map((endpoint) => ({ endpoint })));
    expect(seen.valueOf('user', 'transition_surprisal')).toBe(0);
  });

  it('surprises less where everybody goes that way', () => {
    const way = [1, 2, 3, 4, 5].map((endpoint) => ({ endpoint }));
    const alone = new Observations().observe(...way).valueOf('user', 'transition_surprisal');
    const others = Array.from({ length: 100 }, (_, n) => way.map((call) => ({ ...call, user: 2 + n }))).flat();
    const usual = new Observations({ users: 200 }).observe(...others, ...way).valueOf('user', 'transition_surprisal');
    expect(alone).toBeGreaterThan(2);
    // 99 or 100 of 100 went on the same way.
    expect(usual).toBeLessThan(0.2);
  });
});
