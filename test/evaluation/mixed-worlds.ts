/** The worlds that several sections look at, evaluated once a run. */
import type { SectionOptions } from './evaluation-section.ts';
import { runTasks } from './task-threads.ts';
import { attackedWorld, mixedWorld, seedsOf } from './world-mix.ts';
import type { WorldOutcome } from './world-outcome.ts';

const MIXED_WORLDS = 24;
const ATTACKED_WORLDS = 10;

let mixed: Promise<WorldOutcome[]> | undefined;

/** Worlds with every user-side behavior in every intensity and three confounders each. */
export function mixedWorlds(options: SectionOptions): Promise<WorldOutcome[]> {
  const seeds = seedsOf('mix', options.quick ? 2 : MIXED_WORLDS);
  const inputs = seeds.map((seed) => mixedWorld(seed, options));
  return (mixed ??= runTasks('worlds with attacks of users', 'world', inputs));
}

/** Worlds with all thirteen behaviors in every intensity. */
export function attackedWorlds(options: SectionOptions): Promise<WorldOutcome[]> {
  const seeds = seedsOf('incidents', options.quick ? 1 : ATTACKED_WORLDS);
  const inputs = seeds.map((seed) => attackedWorld(seed, options));
  return runTasks('worlds with all attacks', 'world', inputs);
}
