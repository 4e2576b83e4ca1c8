/** Which worlds the results are about. Their seeds are not used while anything is developed. */
import {
  ATTACKS,
  type Behavior,
  BEHAVIORS,
  INTENSITIES,
  type Intensity,
} from '../../processor/src/simulation/attacks.ts';
import { CONFOUNDER_NAMES, type ConfounderName } from '../../processor/src/simulation/confounders.ts';
import { Random } from '../../processor/src/simulation/random.ts';
import type { AttackOrder, WorldOptions } from '../../processor/src/simulation/world.ts';
import type { SectionOptions } from './evaluation-section.ts';

/** Half of the time is free of attacks and of what sets in later, and learned from. */
export const TRAIN_SHARE = 0.5;
/** Behaviors that are an endpoint's, so that no user's window is to blame: they are judged as incidents. */
export const ENDPOINT_BEHAVIORS: readonly Behavior[] = ['latency', 'error_burst'];
const USER_BEHAVIORS: readonly Behavior[] = BEHAVIORS.filter((name) => !ENDPOINT_BEHAVIORS.includes(name));

/** A Monday. */
const START_MS = Date.UTC(2026, 0, 12);
const CONFOUNDERS_PER_WORLD = 3;
/**
 * Minutes that attackers of one behavior and intensity spend in a world, all their addresses together. The same for all
 * behaviors: left as they are, an eight-hour attack has eighty times the windows of a six-minute one, and results would be
 * about little else. A third as much of low intensity, where hand-written rules have next to nothing to find: with that the
 * tuned rules come to the recall that a fair world asks for, and nothing but the rules was looked at to choose it.
 */
const ATTACK_MINUTES: Record<Intensity, number> = { low: 20, medium: 60, high: 60 };
/** Attacks of one kind in a world at most: each takes an account of its own. */
const MOST_ATTACKS_OF_A_KIND = 10;

const FIRST_SEED = { mix: 1001, incidents: 1501, confounders: 2001, ordinary: 3001 } as const;

export type SeedSeries = keyof typeof FIRST_SEED;

/** `count` seeds of a series. */
export function seedsOf(series: SeedSeries, count: number): number[] {
  return Array.from({ length: count }, (_, index) => FIRST_SEED[series] + index);
}

/** A world without attacks and confounders. */
export function plainWorld(seed: number, { quick }: SectionOptions): WorldOptions {
  return { seed, users: quick ? 80 : 300, days: quick ? 0.75 : 3, startMs: START_MS, quietShare: TRAIN_SHARE };
}

/** About the same time under attack by each user-side behavior, in every intensity, and three confounders. */
export function mixedWorld(seed: number, options: SectionOptions): WorldOptions {
  // A quick world is too small for so many.
  const attacks = options.quick ? everyIntensity(USER_BEHAVIORS) : drawAttacks(seed - FIRST_SEED.mix);
  return { ...plainWorld(seed, options), attacks, confounders: drawConfounders(seed - FIRST_SEED.mix) };
}

/** Every behavior in every intensity. */
export function attackedWorld(seed: number, options: SectionOptions): WorldOptions {
  return { ...plainWorld(seed, options), attacks: everyIntensity(BEHAVIORS) };
}

/** Three confounders of the `index`-th world: by chance, but all twelve within four worlds that follow each other. */
export function drawConfounders(index: number): ConfounderName[] {
  const worldsARound = CONFOUNDER_NAMES.length / CONFOUNDERS_PER_WORLD;
  const random = new Random('confounders', Math.floor(index / worldsARound));
  const left = [...CONFOUNDER_NAMES];
  const shuffled = Array.from(CONFOUNDER_NAMES, () => left.splice(random.integer(left.length), 1)[0]!);
  const from = (index % worldsARound) * CONFOUNDERS_PER_WORLD;
  return shuffled.slice(from, from + CONFOUNDERS_PER_WORLD);
}

/** Attacks of the `index`-th world; those too long to fit in every world are in some of them, by chance. */
export function drawAttacks(index: number): Required<Pick<AttackOrder, 'behavior' | 'intensity'>>[] {
  const random = new Random('attacks', index);
  return everyIntensity(USER_BEHAVIORS).flatMap((order) => {
    const { minutes, addresses } = ATTACKS[order.behavior][order.intensity];
    const wanted = Math.min(MOST_ATTACKS_OF_A_KIND, ATTACK_MINUTES[order.intensity] / (minutes * addresses));
    const count = Math.floor(wanted) + (random.chance(wanted % 1) ? 1 : 0);
    return Array.from({ length: count }, () => order);
  });
}

function everyIntensity(behaviors: readonly Behavior[]) {
  return behaviors.flatMap((behavior) => INTENSITIES.map((intensity) => ({ behavior, intensity })));
}
