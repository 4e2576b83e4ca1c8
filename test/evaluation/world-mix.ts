/** Which worlds the results are about. Their seeds are not used while anything is developed. */
import { type Behavior, BEHAVIORS, INTENSITIES } from '../../processor/src/simulation/attacks.ts';
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

/** Every user-side behavior in every intensity, and three confounders. */
export function mixedWorld(seed: number, options: SectionOptions): WorldOptions {
  const attacks = everyIntensity(USER_BEHAVIORS);
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

function everyIntensity(behaviors: readonly Behavior[]): AttackOrder[] {
  return behaviors.flatMap((behavior) => INTENSITIES.map((intensity) => ({ behavior, intensity })));
}
