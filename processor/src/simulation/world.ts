import type { Actor } from './api-request.ts';
import { type Behavior, BEHAVIORS, INTENSITIES, type Intensity } from './attacks.ts';
import { Circumstances } from './circumstances.ts';
import { CONFOUNDERS, type ConfounderName } from './confounders.ts';
import { ENDPOINTS } from './endpoints.ts';
import type { Episode } from './episode.ts';
import { BatchJob, HealthProbe, PartnerBot } from './machines.ts';
import { hostedAddress } from './networks.ts';
import { Person } from './person.ts';
import { planAttacks } from './plan.ts';
import { Random } from './random.ts';
import { ShopApi, type SpanDetail } from './shop-api.ts';
import type { SimulatedSpan } from './span.ts';
import { TimeQueue } from './time-queue.ts';
import { createUsers, type User } from './users.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** An attack asked for; what is left out is chosen by the world's chance. */
export interface AttackOrder {
  readonly behavior: Behavior;
  readonly intensity?: Intensity;
  /** Start, in Unix ms. */
  readonly fromMs?: number;
}

export interface WorldOptions {
  /** Same seed and options, same spans. */
  readonly seed: number;
  /** People with an account; machines come on top. */
  readonly users: number;
  readonly days: number;
  /** First moment, in Unix ms. */
  readonly startMs: number;
  /** None by default. */
  readonly attacks?: readonly AttackOrder[];
  /** Intensity of attacks that name none; low, medium and high in turn when absent. */
  readonly intensity?: Intensity;
  readonly confounders?: readonly ConfounderName[];
  /** Share of the time that stays free of attacks and of what sets in later (default 0.5): the part to learn from. */
  readonly quietShare?: number;
  /** Default `all`. */
  readonly detail?: SpanDetail;
}

/** A simulated API with its users and its attackers: an endless supply of fair, labelled traffic, the same for the same seed. */
export interface World extends Iterable<SimulatedSpan> {
  /** Ground truth: one entry an attack. */
  readonly episodes: readonly Episode[];
  readonly users: readonly User[];
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Builds a world. Iterating it yields its spans in order of their true start (a host whose clock is wrong writes other times).
 * Nothing but the people and what is in flight is kept in memory. Every iteration starts anew and yields the same.
 */
export function createWorld(options: WorldOptions): World {
  const { users, episodes } = populate(options);
  return {
    episodes,
    users,
    startMs: options.startMs,
    endMs: options.startMs + options.days * DAY_MS,
    *[Symbol.iterator]() {
      // People change while they act (orders, sessions): each run gets people of its own.
      yield* run(populate(options), options);
    },
  };
}

interface Population {
  readonly users: readonly User[];
  readonly episodes: readonly Episode[];
  readonly actors: TimeQueue<Actor>;
  readonly circumstances: Circumstances;
}

function populate(options: WorldOptions): Population {
  const { seed, startMs } = options;
  const endMs = startMs + options.days * DAY_MS;
  const quietUntilMs = startMs + (options.quietShare ?? 0.5) * (endMs - startMs);
  const circumstances = new Circumstances();
  const users = createUsers(options.users, ENDPOINTS.length, seed);
  const people = users.map((user) => new Person(user, new Random(seed, 'person', user.index), circumstances, startMs));
  const actors = new TimeQueue<Actor>();
  addMachines(actors, options);
  for (const name of options.confounders ?? []) {
    CONFOUNDERS[name].happen({
      seed,
      users,
      circumstances,
      startMs,
      quietUntilMs,
      endMs,
      random: new Random(seed, 'confounder', name),
      add: (actor, timeMs) => actors.push(timeMs, actor),
    });
  }
  // Demand is known only now: the first visits follow it.
  for (const person of people) actors.push(person.nextVisit(startMs), person);
  const orders = (options.attacks ?? []).map((order, i) => ({
    ...order,
    intensity: order.intensity ?? options.intensity ?? INTENSITIES[i % INTENSITIES.length]!,
  }));
  const episodes = planAttacks(orders, { seed, people, actors, circumstances, quietUntilMs, endMs });
  return { users, episodes, actors, circumstances };
}

/** The clients that are no people: two partners or more, one nightly job, the cluster's probes. */
function addMachines(actors: TimeQueue<Actor>, { seed, users, startMs }: WorldOptions): void {
  const partners = Math.max(2, Math.round(users / 300));
  for (let i = 0; i < partners; i++) {
    const random = new Random(seed, 'partner', i);
    const identity = {
      userId: `partner-${i + 1}`,
      address: hostedAddress(random),
      agent: `PartnerSync/${i + 1}.2 (Java)`,
    };
    const bot = new PartnerBot(identity, random.between(0.5, 1.5) * MINUTE_MS, random);
    actors.push(startMs + random.between(0, MINUTE_MS), bot);
  }
  const random = new Random(seed, 'batch');
  const job = { userId: 'batch-nightly', address: hostedAddress(random), agent: 'shop-batch/3.1' };
  const batch = new BatchJob(job, 130, random);
  actors.push(batch.nextRun(startMs), batch);
  actors.push(startMs + 1000, new HealthProbe(60_000, new Random(seed, 'probe')));
}

function* run({ actors, circumstances }: Population, options: WorldOptions): Generator<SimulatedSpan, void, void> {
  const endMs = options.startMs + options.days * DAY_MS;
  const spans = new TimeQueue<SimulatedSpan>();
  const shop = new ShopApi(circumstances, spans, options.detail ?? 'all');
  const ask = shop.ask.bind(shop);
  while (actors.earliest < endMs) {
    const nowMs = actors.earliest;
    const actor = actors.pop()!;
    // Whatever anybody asks from now on starts now or later: spans before are final.
    while (spans.earliest < nowMs) yield spans.pop()!;
    const nextMs = actor.act(nowMs, ask);
    if (nextMs < endMs) actors.push(nextMs, actor);
  }
  while (spans.earliest < endMs) yield spans.pop()!;
}

/** Every behavior once. */
export const EVERY_ATTACK: readonly AttackOrder[] = BEHAVIORS.map((behavior) => ({ behavior }));
