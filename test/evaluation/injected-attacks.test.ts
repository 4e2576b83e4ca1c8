import { INTENSITIES } from '../../processor/src/simulation/attacks.ts';
import { itWithReferenceData, referencePath } from '../support/reference-data.ts';
import { type AttackedTraffic, type InjectedAttack, injectAttacks } from './injected-attacks.ts';
import { jsonLines } from './labelled-span.ts';
import { NASA_FILE, NASA_RESOLUTION_MS, readNasaRequests } from './nasa-traffic.ts';
import {
  rotatingAttacks,
  SITE_ATTACK_KINDS,
  SITE_ATTACKS,
  type SiteAttackKind,
  type SiteAttackOrder,
  VARIANTS,
} from './site-attacks.ts';
import { serverSpans, type WebRequest } from './web-request.ts';

const START_MS = Date.UTC(2026, 0, 14);
const HOUR_MS = 3_600_000;

/** Eight hours of a site with numbered pictures: fifty hosts in turn, one request every two seconds. */
const background = Array.from({ length: 14_400 }, (_, i): WebRequest => ({
  timeMs: START_MS + 2000 * i,
  method: 'GET',
  target: [`/pages/${i % 60}.html`, `/pictures/mission-${400 + 2 * (i % 50)}.gif`, '/'][i % 3]!,
  status: 200,
  responseBytes: 1000 + (i % 60),
  address: `host-${i % 50}.example`,
  label: '',
}));
const hosts = new Set(background.map(({ address }) => address));
const sizes = new Map(background.map(({ target, responseBytes }) => [target, responseBytes]));

const everything = SITE_ATTACK_KINDS.flatMap((kind) =>
  INTENSITIES.flatMap((intensity) => VARIANTS.map((variant): SiteAttackOrder => ({ kind, intensity, variant }))),
);
const options = { seed: 3, orders: everything, resolutionMs: 1000 };
const traffic = injectAttacks(background, options);

const requestsOf = ({ requests }: AttackedTraffic, { label }: InjectedAttack) =>
  requests.filter((request) => request.label === label);
const ownOf = (kind: SiteAttackKind) =>
  traffic.attacks.filter((attack) => attack.kind === kind).flatMap((attack) => requestsOf(traffic, attack));

function attackNasa() {
  const nasa = [...readNasaRequests(referencePath(...NASA_FILE))];
  const attacked = injectAttacks(nasa, { seed: 1, resolutionMs: NASA_RESOLUTION_MS });
  return { nasa, attacked, text: [...jsonLines(serverSpans(attacked.requests, 'site', 1))].join('') };
}

describe('attacks laid over the traffic of a site', () => {
  it('leave the background as it is and its quiet part alone', () => {
    const known = new Set<WebRequest>(background);
    expect(traffic.requests.filter((request) => known.has(request))).toEqual(background);
    expect(traffic.quietUntilMs).toBe(Math.floor((START_MS + 0.6 * 2000 * 14_399) / 1000) * 1000);
    const added = traffic.requests.filter((request) => !known.has(request));
    expect(added.every(({ timeMs }) => timeMs >= traffic.quietUntilMs && timeMs % 1000 === 0)).toBe(true);
    const times = traffic.requests.map(({ timeMs }) => timeMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it.each(traffic.attacks)('$kind, $intensity, $variant: as the ground truth says', (attack) => {
    const { kind, intensity, fromMs, untilMs, addresses, requests: count, label } = attack;
    const own = requestsOf(traffic, attack);
    expect(label).toBe(`${SITE_ATTACKS[kind].behavior}#${attack.number}`);
    expect(own).toHaveLength(count);
    expect(own.filter(({ timeMs }) => timeMs < fromMs || timeMs >= untilMs)).toEqual([]);
    expect(own.filter(({ address }) => !addresses.includes(address))).toEqual([]);
    // Gaps are at most exponential, so counts vary at most like a Poisson process: five standard deviations, and the first.
    const expected = (SITE_ATTACKS[kind][intensity].perMinute * (untilMs - fromMs)) / 60_000;
    expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected) + 1);
  });

  it('come from addresses nobody else has, but for a busy host in some disguised ones', () => {
    const seen = new Set<string>();
    for (const { variant, addresses, busyHost } of traffic.attacks) {
      const fresh = addresses.filter((address) => address !== busyHost);
      expect(fresh.filter((address) => hosts.has(address) || seen.has(address))).toEqual([]);
      for (const address of fresh) seen.add(address);
      if (busyHost === undefined) continue;
      expect(variant).toBe('disguised');
      expect(hosts.has(busyHost)).toBe(true);
    }
    const busy = traffic.attacks.filter(({ busyHost }) => busyHost !== undefined).length;
    // Half of the 24 disguised ones, within three standard deviations.
    expect(Math.abs(busy - 12)).toBeLessThan(7.4);
  });

  it('have a cover of real requests where they are disguised, and an even pace where they are plain', () => {
    for (const attack of traffic.attacks) {
      const fresh = new Set(attack.addresses.filter((address) => address !== attack.busyHost));
      const sent = traffic.requests.filter(({ address }) => fresh.has(address));
      const cover = sent.filter(({ label }) => label === '');
      if (attack.variant === 'disguised') {
        expect(cover.every(({ target, responseBytes }) => sizes.has(target) && responseBytes > 0)).toBe(true);
        expect(attack.addresses.length).toBeGreaterThan(1);
      } else {
        expect(cover).toEqual([]);
        const { perMinute } = SITE_ATTACKS[attack.kind][attack.intensity];
        if (perMinute > 6) continue;
        const times = sent.map(({ timeMs }) => timeMs);
        const gaps = times.slice(1).map((timeMs, i) => timeMs - times[i]!);
        // A tenth of each gap is exponential: eleven times the mean of that is all but impossible.
        expect(Math.max(...gaps)).toBeLessThan((2 * 60_000) / perMinute + 1000);
      }
    }
  });

  it('ask for what is theirs, and get what the site has', () => {
    for (const { method, target, status } of [...ownOf('login_brute_force'), ...ownOf('credential_stuffing')]) {
      expect([method, target]).toEqual(['POST', '/login']);
      expect([401, 302]).toContain(status);
    }
    expect(ownOf('vulnerability_scan').every(({ status }) => status === 404)).toBe(true);
    expect(ownOf('privilege_probing').every(({ status }) => [401, 403, 404].includes(status))).toBe(true);
    for (const { target, responseBytes } of ownOf('scraping')) expect(responseBytes).toBe(sizes.get(target));
    for (const attack of traffic.attacks) {
      const targets = requestsOf(traffic, attack).map(({ target }) => target);
      if (attack.kind === 'rate_burst') expect(new Set(targets).size).toBe(1);
      if (attack.kind === 'vulnerability_scan') expect(new Set(targets).size).toBe(Math.min(targets.length, 400));
      if (attack.kind !== 'low_and_slow') continue;
      const numbers = targets.map((target) => Number(/^\/pictures\/mission-(\d{3})\.gif$/.exec(target)![1]));
      expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i));
    }
    for (const { target, status } of ownOf('low_and_slow')) expect(status).toBe(sizes.has(target) ? 200 : 404);
  });

  it('are the same for the same seed, and others for another', () => {
    expect(injectAttacks(background, options)).toEqual(traffic);
    const other = injectAttacks(background, { ...options, seed: 4 });
    expect(other.attacks.map(({ fromMs }) => fromMs)).not.toEqual(traffic.attacks.map(({ fromMs }) => fromMs));
  });

  it('wait for the quiet share they are told', () => {
    const { attacks, quietUntilMs } = injectAttacks(background, { ...options, quietShare: 0.25 });
    expect(quietUntilMs).toBeLessThan(START_MS + 2 * HOUR_MS);
    expect(attacks.every(({ fromMs }) => fromMs >= quietUntilMs)).toBe(true);
  });

  it('all come within three seeds that follow each other', () => {
    const names = [7, 8, 9].flatMap(rotatingAttacks).map((order) => Object.values(order).join());
    expect(names.toSorted()).toEqual(everything.map((order) => Object.values(order).join()).toSorted());
  });

  itWithReferenceData("lie over NASA's log: same seed, same bytes", NASA_FILE[0], async () => {
    const { nasa, attacked, text } = attackNasa();
    expect(attackNasa().text === text).toBe(true);
    const known = new Set(nasa.map(({ address }) => address));
    for (const { addresses, busyHost } of attacked.attacks) {
      expect(addresses.filter((address) => known.has(address))).toEqual(busyHost === undefined ? [] : [busyHost]);
    }
    // Pictures of the press are numbered: the longest series of the log.
    const enumerated = requestsOf(
      attacked,
      attacked.attacks.find(({ kind }) => kind === 'low_and_slow')!,
    );
    expect(enumerated.every(({ target }) => /\/KSC-95EC-\d{4}\.jpg$/.test(target))).toBe(true);
    expect(text.match(/"evaluation\.label"/g)).toHaveLength(
      attacked.attacks.reduce((sum, { requests }) => sum + requests, 0),
    );
  });
});
