import type { Behavior } from '../../processor/src/simulation/attacks.ts';
import { Random } from '../../processor/src/simulation/random.ts';
import { SITE_ATTACK_MOVES } from './site-attack-moves.ts';
import { DISGUISES, rotatingAttacks, SITE_ATTACKS, type SiteAttackOrder } from './site-attacks.ts';
import type { WebRequest } from './web-request.ts';
import { type Answer, WebSite } from './web-site.ts';

const MINUTE_MS = 60_000;

/** Ground truth of one attack. */
export interface InjectedAttack extends SiteAttackOrder {
  /** Counts from 1 in the order of the attacks asked for. */
  readonly number: number;
  readonly behavior: Behavior;
  /** Value of the label on its requests: `scraping#7`. Its cover of ordinary requests has none. */
  readonly label: string;
  /** Where it comes from. */
  readonly addresses: readonly string[];
  /** The one of them that an ordinary, busy client has too; absent when all are new. */
  readonly busyHost?: string;
  /** Every request of it lies in [fromMs, untilMs), in Unix ms. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Requests with the label. */
  readonly requests: number;
}

export interface InjectionOptions {
  /** Same seed, background and options, same attacks. */
  readonly seed: number;
  /** Share of the background's time that stays free of attacks: the part to learn from. Default 0.6. */
  readonly quietShare?: number;
  /** Default: every kind in both variants, intensities in rotation. */
  readonly orders?: readonly SiteAttackOrder[];
  /** The background's clock shows multiples of this. */
  readonly resolutionMs: number;
}

export interface AttackedTraffic {
  /** Background and attacks in order of time; requests of the background come before others of the same moment. */
  readonly requests: readonly WebRequest[];
  readonly attacks: readonly InjectedAttack[];
  /** End of the part that is free of attacks, in Unix ms. */
  readonly quietUntilMs: number;
}

/** Lays attacks over the later part of a web server's traffic, which must be in order of time. */
export function injectAttacks(background: readonly WebRequest[], options: InjectionOptions): AttackedTraffic {
  const { seed, quietShare = 0.6, orders = rotatingAttacks(seed), resolutionMs } = options;
  const onClock = (timeMs: number) => Math.floor(timeMs / resolutionMs) * resolutionMs;
  const startMs = background[0]?.timeMs ?? 0;
  const endMs = background.at(-1)?.timeMs ?? 0;
  const quietUntilMs = onClock(startMs + quietShare * (endMs - startMs));
  const site = new WebSite(background);
  const taken = new Set(site.hosts);
  const added: WebRequest[] = [];
  const attacks = orders.map((order, i): InjectedAttack => {
    const { kind, intensity, variant } = order;
    const random = new Random('site attack', seed, kind, intensity, variant, i);
    const lengthMs = SITE_ATTACKS[kind][intensity].minutes * MINUTE_MS;
    const fromMs = onClock(random.between(quietUntilMs, Math.max(quietUntilMs, endMs - lengthMs)));
    const plan = planAttack(order, i + 1, fromMs, Math.min(fromMs + lengthMs, endMs), site, taken, random);
    const own = Array.from(attackRequests(plan, site, random), (sent) => ({ ...sent, timeMs: onClock(sent.timeMs) }));
    for (const request of own) added.push(request);
    return { ...plan, requests: own.filter(({ label }) => label !== '').length };
  });
  const requests = [...background, ...added].toSorted((a, b) => a.timeMs - b.timeMs);
  return { requests, attacks, quietUntilMs };
}

type PlannedAttack = Omit<InjectedAttack, 'requests'>;

function planAttack(
  order: SiteAttackOrder,
  number: number,
  fromMs: number,
  untilMs: number,
  site: WebSite,
  taken: Set<string>,
  random: Random,
): PlannedAttack {
  const { behavior, [order.intensity]: parameters } = SITE_ATTACKS[order.kind];
  const count = parameters.addresses * DISGUISES[order.variant].addresses;
  const addresses = Array.from({ length: count }, () => newAddress(random, taken));
  const plan = { ...order, number, behavior, label: `${behavior}#${number}`, addresses, fromMs, untilMs };
  // Half of the disguised ones have got hold of a machine that is known, or sit behind the same proxy as others.
  if (order.variant === 'plain' || random.chance(0.5)) return plan;
  const busyHost = site.busyHost(fromMs, untilMs, random);
  return { ...plan, addresses: [busyHost, ...addresses.slice(1)], busyHost };
}

/** What the attackers send, cover included, with times that are not on the clock yet. */
function* attackRequests(plan: PlannedAttack, site: WebSite, random: Random): Generator<WebRequest, void, void> {
  const { kind, intensity, variant, addresses, label, fromMs, untilMs } = plan;
  const { jitter, cover } = DISGUISES[variant];
  const moves = SITE_ATTACK_MOVES[kind](site, random);
  const visits = site.visits(random);
  const meanGapMs = MINUTE_MS / (SITE_ATTACKS[kind][intensity].perMinute * (1 + cover));
  let step = 0;
  for (let timeMs = fromMs; timeMs < untilMs; timeMs += gap(meanGapMs, jitter, random)) {
    const isCover = random.chance(cover / (1 + cover));
    const answer: Answer = isCover ? visits.next().value : moves(step++);
    yield { ...answer, timeMs, address: random.pick(addresses), label: isCover ? '' : label };
  }
}

/** Time to the next request: even a metronome is late by the network's little delays. */
function gap(meanMs: number, jitter: number, random: Random): number {
  return meanMs * ((1 - jitter) * random.between(0.97, 1.03) + jitter * random.exponential(1));
}

/**
 * An address nobody has yet: in a range that belongs to nobody (RFC 2544, RFC 6598), or by name as in logs of servers
 * that look names up, where two thirds of the clients have one.
 */
function newAddress(random: Random, taken: Set<string>): string {
  for (;;) {
    const bytes = random.word();
    const [a, b, c] = [bytes >>> 24, (bytes >>> 16) & 255, (bytes >>> 8) & 255];
    const address = random.chance(2 / 3)
      ? `ppp-${a}-${b}.net${c}.example`
      : random.chance(0.5)
        ? `198.${18 + (a & 1)}.${b}.${c}`
        : `100.${64 + (a & 63)}.${b}.${c}`;
    if (taken.has(address)) continue;
    taken.add(address);
    return address;
  }
}
