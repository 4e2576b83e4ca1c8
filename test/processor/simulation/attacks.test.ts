import {
  ATTACKS,
  type Behavior,
  BEHAVIORS,
  INTENSITIES,
  type Intensity,
} from '../../../processor/src/simulation/attacks.ts';
import type { Episode } from '../../../processor/src/simulation/episode.ts';
import type { SimulatedSpan } from '../../../processor/src/simulation/span.ts';
import { createWorld, type WorldOptions } from '../../../processor/src/simulation/world.ts';

const START = Date.UTC(2026, 0, 14);
const OPTIONS: WorldOptions = { seed: 5, users: 150, days: 1.5, startMs: START, detail: 'edge', quietShare: 0.4 };

const userOf = ({ attributes }: SimulatedSpan) => attributes['user.id'] ?? attributes['enduser.id'];
const statusOf = ({ attributes }: SimulatedSpan) =>
  Number(attributes['http.response.status_code'] ?? attributes['http.status_code']);
const distinct = (spans: readonly SimulatedSpan[], key: string) =>
  new Set(spans.map(({ attributes }) => attributes[key])).size;

const logarithms = (of: SimulatedSpan[]) =>
  of.map(({ startMs, endMs }) => Math.log(endMs - startMs)).toSorted((a, b) => a - b);

const median = (values: number[]) => values[values.length >> 1]!;

const size = ({ attributes }: SimulatedSpan) => Number(attributes['http.response.body.size']);

const isExport = ({ attributes, label }: SimulatedSpan) =>
  label === '' && String(attributes['url.path']).endsWith('/export');

const mean = (sizes: number[]) => sizes.reduce((sum, logarithm) => sum + logarithm, 0) / sizes.length;

/** A world with every attack at every intensity: the labelled spans of each episode. */
const attacks = BEHAVIORS.flatMap((behavior) => INTENSITIES.map((intensity) => ({ behavior, intensity })));
const world = createWorld({ ...OPTIONS, attacks });
const spans = [...world];
const labelled = Map.groupBy(spans, ({ label }) => label);

function episodeOf(behavior: Behavior, intensity: Intensity): { episode: Episode; own: SimulatedSpan[] } {
  const episode = world.episodes.find((other) => other.behavior === behavior && other.intensity === intensity)!;
  return { episode, own: labelled.get(episode.label) ?? [] };
}

describe('attacks', () => {
  it('are labelled with their behavior and a number that is theirs alone', () => {
    expect(world.episodes.map(({ label }) => label)).toEqual(attacks.map(({ behavior }, i) => `${behavior}#${i + 1}`));
    expect([...labelled.keys()].filter((label) => label !== '').toSorted()).toEqual(
      world.episodes.map(({ label }) => label).toSorted(),
    );
  });

  it('begin after the quiet part and lie within the interval of their ground truth', () => {
    for (const { label, fromMs, untilMs } of world.episodes) {
      expect(fromMs).toBeGreaterThanOrEqual(START + 0.4 * 1.5 * 86_400_000);
      const outside = labelled.get(label)!.filter(({ startMs }) => startMs < fromMs || startMs >= untilMs);
      expect(outside).toEqual([]);
    }
  });

  it('carry the label on spans of the entity at fault only', () => {
    for (const { label, entityKind, entities } of world.episodes) {
      for (const span of labelled.get(label)!) {
        const { attributes, resource } = span;
        // A stuffer's request is its address's doing, whoever's password fits.
        const entity =
          entityKind === 'user'
            ? (userOf(span) ?? entities[0])
            : entityKind === 'address'
              ? attributes['client.address']
              : entities[0];
        expect(entities).toContain(entity);
        if (entityKind !== 'endpoint') continue;
        const isThere =
          entities[0]!.startsWith(`${resource.service} `) && entities[0]!.includes(span.name.split(' ')[0]!);
        expect(isThere).toBe(true);
      }
    }
  });

  const active = attacks.filter(({ behavior }) => ATTACKS[behavior].entity !== 'endpoint');
  it.each(active)('$behavior, $intensity: as many requests as its row says', ({ behavior, intensity }) => {
    const { minutes, perMinute } = ATTACKS[behavior][intensity];
    const { own } = episodeOf(behavior, intensity);
    const expected = minutes * perMinute;
    // Gaps are at most exponential, so counts vary at most like a Poisson process: five standard deviations, and the first.
    expect(Math.abs(own.length - expected)).toBeLessThan(5 * Math.sqrt(expected) + 1);
  });

  it.each(INTENSITIES)('enumeration and low_and_slow, %s: as many distinct orders, as many opened', (intensity) => {
    for (const behavior of ['enumeration', 'low_and_slow'] as const) {
      const { own } = episodeOf(behavior, intensity);
      const { distinct: targets, magnitude } = ATTACKS[behavior][intensity];
      expect(distinct(own, 'url.path')).toBe(Math.min(own.length, targets));
      const opened = own.filter((span) => statusOf(span) === 200).length / own.length;
      expect(Math.abs(opened - magnitude)).toBeLessThan(5 * Math.sqrt((magnitude * (1 - magnitude)) / own.length));
    }
  });

  it.each(INTENSITIES)('privilege_probing, %s: only refusals, at as many closed endpoints', (intensity) => {
    const { own } = episodeOf('privilege_probing', intensity);
    expect(own.every((span) => [403, 404].includes(statusOf(span)))).toBe(true);
    const endpoints = new Set(own.map(({ name }) => name)).size;
    expect(endpoints).toBe(Math.min(own.length, ATTACKS.privilege_probing[intensity].distinct));
  });

  it.each(INTENSITIES)('credential_stuffing, %s: refused sign-ins from as many addresses', (intensity) => {
    const { own } = episodeOf('credential_stuffing', intensity);
    expect(own.every(({ attributes }) => attributes['http.route'] === '/api/v1/session')).toBe(true);
    expect(own.filter((span) => statusOf(span) === 401).length / own.length).toBeGreaterThan(0.95);
    expect(distinct(own, 'client.address')).toBe(ATTACKS.credential_stuffing[intensity].addresses);
  });

  it.each(INTENSITIES)('data_exfiltration, %s: exports larger by its magnitude', (intensity) => {
    const usual = mean(
      spans
        .filter(isExport)
        .filter((span) => statusOf(span) === 200)
        .map((span) => Math.log(size(span))),
    );
    const own = mean(
      episodeOf('data_exfiltration', intensity)
        .own.filter((span) => statusOf(span) === 200)
        .map((span) => Math.log(size(span))),
    );
    // Reports differ in size by a standard deviation of 0.7 in the logarithm, and there are 16 or more of them.
    expect(Math.abs(own - usual - Math.log(ATTACKS.data_exfiltration[intensity].magnitude))).toBeLessThan(1);
  });

  it.each(INTENSITIES)('latency, %s: durations longer by its magnitude', (intensity) => {
    const { episode, own } = episodeOf('latency', intensity);
    const [service, method, route] = episode.entities[0]!.split(' ');
    const isSame = ({ resource, name, attributes }: SimulatedSpan) =>
      resource.service === service &&
      name.startsWith(method!) &&
      String(attributes['http.route'] ?? attributes['url.path']) === route;
    const usual = logarithms(spans.filter((span) => span.label === '' && isSame(span)));
    expect(usual.length).toBeGreaterThan(100);
    const factor = Math.exp(median(logarithms(own)) - median(usual));
    const { magnitude } = ATTACKS.latency[intensity];
    expect(factor).toBeGreaterThan(magnitude / 2);
    expect(factor).toBeLessThan(magnitude * 2);
  });

  it.each(INTENSITIES)('error_burst, %s: server errors only, on its share of the calls', (intensity) => {
    const { episode, own } = episodeOf('error_burst', intensity);
    expect(own.every((span) => statusOf(span) >= 500)).toBe(true);
    const [service, method, route] = episode.entities[0]!.split(' ');
    const calls = spans.filter(
      ({ resource, name, attributes, startMs }) =>
        resource.service === service &&
        name.startsWith(method!) &&
        (attributes['http.route'] ?? attributes['url.path']) === route &&
        startMs >= episode.fromMs &&
        startMs < episode.untilMs,
    );
    const { magnitude } = ATTACKS.error_burst[intensity];
    expect(Math.abs(own.length / calls.length - magnitude)).toBeLessThan(
      5 * Math.sqrt((magnitude * (1 - magnitude)) / calls.length),
    );
  });

  it('off_hours: acts when its user hardly ever does', () => {
    for (const intensity of INTENSITIES) {
      const { episode } = episodeOf('off_hours', intensity);
      const user = world.users.find(({ id }) => id === episode.entities[0])!;
      expect(user.role).not.toBe('reader');
      expect(user.rhythm.at((episode.fromMs + episode.untilMs) / 2)).toBeLessThan(0.05);
    }
  });

  it('token_theft and new_client: a client their user never had; only the thief comes from elsewhere', () => {
    for (const intensity of INTENSITIES) {
      for (const behavior of ['token_theft', 'new_client'] as const) {
        const { episode, own } = episodeOf(behavior, intensity);
        const theirs = spans.filter((span) => span.label === '' && userOf(span) === episode.entities[0]);
        const known = new Set(theirs.map(({ attributes }) => attributes['user_agent.original']));
        expect(own.some(({ attributes }) => known.has(attributes['user_agent.original']))).toBe(false);
      }
      const { episode, own } = episodeOf('token_theft', intensity);
      const theirs = spans.filter((span) => span.label === '' && userOf(span) === episode.entities[0]);
      const addresses = new Set(theirs.map(({ attributes }) => attributes['client.address']));
      expect(own.some(({ attributes }) => addresses.has(attributes['client.address']))).toBe(false);
    }
  });

  it('begin when they are told to, and take turns in intensity when none is named', () => {
    const fromMs = START + 86_400_000;
    const ordered = createWorld({
      ...OPTIONS,
      attacks: [{ behavior: 'scraping', fromMs }, { behavior: 'latency' }, { behavior: 'latency' }],
    });
    expect(ordered.episodes.map(({ intensity }) => intensity)).toEqual(['low', 'medium', 'high']);
    expect(ordered.episodes[0]!.fromMs).toBe(fromMs);
  });
});
