import type { Actor } from './api-request.ts';
import { ATTACKS, type AttackParameters, type Behavior, type Intensity } from './attacks.ts';
import { Attacker, type Disguise } from './attacker.ts';
import type { Circumstances } from './circumstances.ts';
import { Device, TOOL_AGENTS } from './clients.ts';
import { endpointNamed, type EndpointName } from './endpoints.ts';
import { type Episode, episodeLabel } from './episode.ts';
import { hostedAddress } from './networks.ts';
import type { Person } from './person.ts';
import { Random } from './random.ts';
import { drawBusyTime } from './rhythm.ts';
import type { TimeQueue } from './time-queue.ts';
import type { Role } from './users.ts';

const MINUTE_MS = 60_000;

/** An attack with its intensity settled. */
interface PlannedAttack {
  readonly behavior: Behavior;
  readonly intensity: Intensity;
  readonly fromMs?: number;
}

/** The world the attacks are planned into. */
interface Stage {
  readonly seed: number;
  readonly people: readonly Person[];
  readonly actors: TimeQueue<Actor>;
  readonly circumstances: Circumstances;
  readonly quietUntilMs: number;
  readonly endMs: number;
}

/** Whose accounts an attack uses: everybody's where a behavior is not listed. */
const ROLES_OF: { readonly [behavior in Behavior]?: readonly Role[] } = {
  enumeration: ['reader'],
  scraping: ['reader'],
  privilege_probing: ['reader'],
  data_exfiltration: ['manager', 'admin'],
  off_hours: ['editor', 'manager', 'support', 'admin'],
  unusual_sequence: ['reader'],
  low_and_slow: ['reader', 'support'],
};

/** Endpoints busy enough that an outage of a few minutes shows. */
const BUSY: readonly EndpointName[] = [
  'GET /api/v1/products/{product}',
  'GET /search',
  'GET /api/v1/home',
  'GET /api/v1/cart',
  'GET /api/v1/products/{product}/stock',
  'GET /partner/orders',
];

/** Places all attacks: who, when, from where. Adds the attackers to the actors; returns the ground truth. */
export function planAttacks(attacks: readonly PlannedAttack[], stage: Stage): Episode[] {
  const taken = new Set<unknown>();
  return attacks.map((attack, i) => {
    const random = new Random(stage.seed, 'attack', attack.behavior, attack.intensity, i);
    return ATTACKS[attack.behavior].entity === 'endpoint'
      ? spoilEndpoint(attack, i + 1, stage, taken, random)
      : sendAttacker(attack, i + 1, stage, taken, random);
  });
}

function sendAttacker(
  attack: PlannedAttack,
  number: number,
  stage: Stage,
  taken: Set<unknown>,
  random: Random,
): Episode {
  const { behavior, intensity } = attack;
  const parameters: AttackParameters = ATTACKS[behavior][intensity];
  const { person, fromMs } = castPerson(attack, parameters, stage, taken, random);
  const disguise = disguiseFor(behavior, parameters, person, fromMs, random);
  // Whoever is not signed in is known by the address alone.
  const isUser = disguise.userId !== '';
  const episode: Episode = {
    number,
    behavior,
    intensity,
    entityKind: isUser ? 'user' : 'address',
    entities: isUser ? [disguise.userId] : disguise.addresses,
    fromMs,
    untilMs: fromMs + parameters.minutes * MINUTE_MS,
    label: episodeLabel(behavior, number),
  };
  const victims = stage.people.map(({ user }) => user);
  stage.actors.push(fromMs, new Attacker(episode, parameters, disguise, person.user, victims, random));
  return episode;
}

/** A person whose account is used, and the start. Busy accounts are likelier; each is used at most once if there are enough. */
function castPerson(
  { behavior, fromMs }: PlannedAttack,
  parameters: AttackParameters,
  stage: Stage,
  taken: Set<unknown>,
  random: Random,
): { person: Person; fromMs: number } {
  const roles = ROLES_OF[behavior];
  const suited = stage.people.filter(({ user }) => roles === undefined || roles.includes(user.role));
  const free = suited.filter((person) => !taken.has(person));
  const candidates = free.length > 0 ? free : suited.length > 0 ? suited : stage.people;
  const weights = candidates.map(({ user }) => user.sessionsPerDay);
  let best = { person: candidates[0]!, fromMs: 0, fit: Number.NEGATIVE_INFINITY };
  for (let attempt = 0; attempt < 200 && best.fit < 0; attempt++) {
    const person = candidates[random.weighted(weights)]!;
    const startMs = fromMs ?? drawStart(parameters, stage, random);
    const fit = timeFit(behavior, person.user.rhythm.at(startMs + (parameters.minutes * MINUTE_MS) / 2));
    if (fit > best.fit) best = { person, fromMs: startMs, fit };
  }
  taken.add(best.person);
  return best;
}

/** 0 where a time suits the behavior, negative by how far it does not. */
function timeFit(behavior: Behavior, activity: number): number {
  if (behavior === 'off_hours') return Math.min(0, 0.02 - activity);
  // Thieves and stuffers do not keep their victims' hours. The others act by day, or every attack would be an off-hours one.
  if (behavior === 'token_theft' || behavior === 'credential_stuffing') return 0;
  return Math.min(0, activity - 0.2);
}

function drawStart({ minutes }: AttackParameters, { quietUntilMs, endMs }: Stage, random: Random): number {
  return random.between(quietUntilMs, Math.max(quietUntilMs, endMs - minutes * MINUTE_MS));
}

function disguiseFor(
  behavior: Behavior,
  { addresses }: AttackParameters,
  person: Person,
  fromMs: number,
  random: Random,
): Disguise {
  const { user } = person;
  const own = user.connect(fromMs, random);
  const hosted = Array.from({ length: addresses }, () => hostedAddress(random));
  const ownAgent = own.device.agentAt(fromMs, undefined);
  const sessionId = random.hex(2);
  if (behavior === 'credential_stuffing') {
    return { userId: '', sessionId: () => '', addresses: hosted, agent: random.pick(TOOL_AGENTS) };
  }
  if (behavior === 'scraping') {
    // Half of the scrapers do not sign in; half pretend to be a browser.
    const isSignedIn = random.chance(0.5);
    const browser = Device.draw(random, false).agentAt(fromMs, undefined);
    const agent = random.chance(0.5) ? random.pick(TOOL_AGENTS) : browser;
    return {
      userId: isSignedIn ? user.id : '',
      sessionId: () => (isSignedIn ? sessionId : ''),
      addresses: hosted,
      agent,
    };
  }
  if (behavior === 'token_theft') {
    // The stolen session is the victim's own while it lasts.
    const stolen = () => person.session?.id ?? sessionId;
    return { userId: user.id, sessionId: stolen, addresses: hosted, agent: random.pick(TOOL_AGENTS) };
  }
  const agent = behavior === 'new_client' ? random.pick(TOOL_AGENTS) : ownAgent;
  return { userId: user.id, sessionId: () => sessionId, addresses: [own.address], agent };
}

function spoilEndpoint(
  attack: PlannedAttack,
  number: number,
  stage: Stage,
  taken: Set<unknown>,
  random: Random,
): Episode {
  const { behavior, intensity } = attack;
  const parameters: AttackParameters = ATTACKS[behavior][intensity];
  const free = BUSY.filter((name) => !taken.has(name));
  const name = random.pick(free.length > 0 ? free : BUSY);
  taken.add(name);
  const { service, method, route } = endpointNamed(name);
  const fromMs = attack.fromMs ?? drawBusyTime(() => drawStart(parameters, stage, random));
  const untilMs = fromMs + parameters.minutes * MINUTE_MS;
  const label = episodeLabel(behavior, number);
  const span = { fromMs, untilMs, endpoints: new Set([name]), label, random };
  stage.circumstances.addCondition(
    behavior === 'latency'
      ? { ...span, latencyFactor: parameters.magnitude }
      : { ...span, share: parameters.magnitude, failures: [500, 502, 503] },
  );
  const entities = [`${service} ${method} ${route}`];
  return { number, behavior, intensity, entityKind: 'endpoint', entities, fromMs, untilMs, label };
}
