import { type ConfounderName, CONFOUNDER_NAMES } from '../../../processor/src/simulation/confounders.ts';
import { CAMPUS_ADDRESS } from '../../../processor/src/simulation/networks.ts';
import type { SimulatedSpan } from '../../../processor/src/simulation/span.ts';
import { createWorld, type WorldOptions } from '../../../processor/src/simulation/world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START = Date.UTC(2026, 0, 14);
const OPTIONS: WorldOptions = { seed: 21, users: 200, days: 1.2, startMs: START, detail: 'edge', quietShare: 0.5 };
const QUIET_UNTIL = START + 0.6 * DAY_MS;
/** In force from the start, since they are something to get used to. */
const STANDING: readonly ConfounderName[] = ['health_checks', 'daily_batch', 'shared_nat'];

/** The spans of a world with one confounder, made once; without a name, of the usual one. */
const worlds = new Map<ConfounderName | undefined, SimulatedSpan[]>();
function spansWith(name?: ConfounderName): SimulatedSpan[] {
  const spans = worlds.get(name) ?? [...createWorld({ ...OPTIONS, confounders: name === undefined ? [] : [name] })];
  worlds.set(name, spans);
  return spans;
}

const isEarly = ({ startMs }: SimulatedSpan) => startMs < QUIET_UNTIL - HOUR_MS;
const userOf = ({ attributes }: SimulatedSpan) => attributes['user.id'] ?? attributes['enduser.id'];
const addressOf = ({ attributes }: SimulatedSpan) => attributes['client.address'] ?? attributes['http.client_ip'];
const agentOf = ({ attributes }: SimulatedSpan) =>
  String(attributes['user_agent.original'] ?? attributes['http.user_agent']);
const statusOf = ({ attributes }: SimulatedSpan) => Number(attributes['http.response.status_code']);
const durationOf = ({ startMs, endMs }: SimulatedSpan) => endMs - startMs;
const sizeOf = ({ attributes }: SimulatedSpan) => Number(attributes['http.response.body.size']);
const isPerson = (span: SimulatedSpan) => String(userOf(span)).startsWith('usr_');
const isSignIn = ({ name }: SimulatedSpan) => name.startsWith('POST /api/v1/session');
const isProduct = (span: SimulatedSpan) => span.name === 'GET /api/v1/products/{product_id}' && statusOf(span) === 200;
const isLast = ({ startMs }: SimulatedSpan) => startMs > START + OPTIONS.days * DAY_MS - 3 * HOUR_MS;
const isVisit = (span: SimulatedSpan) => span.name === 'GET /api/v1/home';
const isRegistered = (span: SimulatedSpan) => span.name === 'POST /api/v1/accounts' && statusOf(span) === 201;
const isFailure = (span: SimulatedSpan) => [503, 504].includes(statusOf(span)) && !isSignIn(span);
const hasNewName = (span: SimulatedSpan) => agentOf(span).includes('ktor-client');

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function count(spans: readonly SimulatedSpan[], isIn: (span: SimulatedSpan) => boolean): number {
  return spans.filter(isIn).length;
}

const visits = (spans: readonly SimulatedSpan[]) =>
  [...Map.groupBy(spans.filter(isVisit), ({ startMs }) => Math.floor(startMs / HOUR_MS)).values()].map(
    ({ length }) => length,
  );

describe('confounders', () => {
  const usual = spansWith();
  const past = usual.filter(isEarly).map(({ spanId }) => spanId);

  it.each(CONFOUNDER_NAMES.filter((name) => !STANDING.includes(name)))('%s leaves the quiet part as it was', (name) => {
    const ids = spansWith(name)
      .filter(isEarly)
      .map(({ spanId }) => spanId);
    expect(ids.join() === past.join()).toBe(true);
  });

  it('deploy_level_shift: the catalog is slower and its answers larger until the end', () => {
    const shifted = spansWith('deploy_level_shift').filter(isLast).filter(isProduct);
    const before = usual.filter(isLast).filter(isProduct);
    expect(median(shifted.map(durationOf)) / median(before.map(durationOf))).toBeCloseTo(1.6, 1);
    expect(median(shifted.map(sizeOf)) / median(before.map(sizeOf))).toBeCloseTo(1.25, 1);
  });

  it('launch_spike: many more visits, within two hours', () => {
    expect(Math.max(...visits(spansWith('launch_spike')))).toBeGreaterThan(2 * Math.max(...visits(usual)));
  });

  it('daily_batch: a job runs at half past five', () => {
    const runs = spansWith('daily_batch').filter((span) => userOf(span) === 'batch-finance');
    expect(runs.length).toBeGreaterThanOrEqual(180);
    expect(runs.length).toBeLessThanOrEqual(240);
    expect(runs[0]!.startMs).toBeGreaterThanOrEqual(START + 17.5 * HOUR_MS);
    expect(runs[0]!.startMs).toBeLessThan(START + 17.5 * HOUR_MS + 10_000);
  });

  it('partner_bot: a partner nobody knew polls three times a minute', () => {
    const bot = spansWith('partner_bot').filter((span) => userOf(span) === 'partner-new');
    const minutes = (bot.at(-1)!.startMs - bot[0]!.startMs) / 60_000;
    expect(count(bot, ({ name }) => name === 'GET /partner/orders') / minutes).toBeCloseTo(3, 0);
  });

  it('shared_nat: about a quarter of the shoppers share one address', () => {
    const campus = spansWith('shared_nat').filter((span) => addressOf(span) === CAMPUS_ADDRESS);
    const users = new Set(campus.map(userOf).filter((user) => user !== undefined)).size;
    expect(users).toBeGreaterThan(0.12 * OPTIONS.users);
    expect(users).toBeLessThan(0.32 * OPTIONS.users);
  });

  it('vpn_travel: some users come from hosted addresses, with devices of the usual kinds', () => {
    const travelling = spansWith('vpn_travel').filter(
      (span) => isPerson(span) && String(addressOf(span)).startsWith('198.19.'),
    );
    expect(new Set(travelling.map(userOf)).size).toBeGreaterThan(2);
    const agents = new Set(usual.map(agentOf));
    expect(travelling.every((span) => agents.has(agentOf(span)))).toBe(true);
  });

  it('new_user_wave: a third as many users register', () => {
    expect(count(spansWith('new_user_wave'), isRegistered)).toBeGreaterThan(0.8 * (OPTIONS.users / 3));
    expect(count(usual, isRegistered)).toBe(0);
  });

  it('identity_outage: many more sign-ins fail, all of the additional ones within a quarter of an hour', () => {
    const ids = new Set(usual.map(({ spanId }) => spanId));
    const failed = spansWith('identity_outage').filter(
      (span) => isSignIn(span) && statusOf(span) >= 401 && !ids.has(span.spanId),
    );
    const total = count(spansWith('identity_outage'), (span) => isSignIn(span) && statusOf(span) === 503);
    expect(total).toBeGreaterThan(count(usual, (span) => isSignIn(span) && statusOf(span) === 503) + 1);
    expect(failed.length).toBeGreaterThan(5);
  });

  it('health_checks: twenty places probe every service every five seconds', () => {
    const probes = spansWith('health_checks').filter((span) => agentOf(span).startsWith('UptimeMonitor'));
    expect(probes.length / (3 * OPTIONS.days * (DAY_MS / 5000))).toBeCloseTo(1, 1);
    expect(new Set(probes.map(addressOf)).size).toBe(20);
  });

  it('retry_storm: most of the shop fails, and is called again and again', () => {
    expect(count(spansWith('retry_storm'), isFailure)).toBeGreaterThan(count(usual, isFailure) + 10);
  });

  it('browser_update: the apps get a new name, with one user after the other', () => {
    const renamed = spansWith('browser_update').filter(hasNewName);
    expect(new Set(renamed.map(userOf)).size).toBeGreaterThan(3);
    expect(usual.some(hasNewName)).toBe(false);
  });

  it('clock_skew: some hosts write times minutes off, never more than both errors together', () => {
    let highestMs = 0;
    let late = 0;
    for (const { startMs } of spansWith('clock_skew')) {
      if (startMs < highestMs - 60_000) late++;
      highestMs = Math.max(highestMs, startMs);
      expect(highestMs - startMs).toBeLessThanOrEqual(5 * 60_000);
    }
    expect(late).toBeGreaterThan(20);
  });
});
