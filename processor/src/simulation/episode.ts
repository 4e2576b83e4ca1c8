import type { Behavior, Intensity } from './attacks.ts';

/** Ground truth of one attack: what happened, to whom, when. */
export interface Episode {
  /** Counts from 1 in the order of the attacks asked for. */
  readonly number: number;
  readonly behavior: Behavior;
  readonly intensity: Intensity;
  /** What is at fault: a raw user id, a client address, or `service METHOD /route`. Several where it comes from several. */
  readonly entityKind: 'user' | 'address' | 'endpoint';
  readonly entities: readonly string[];
  /** First and last moment, in Unix ms: every span of the attack starts in [fromMs, untilMs). */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Value of the label on its spans. */
  readonly label: string;
}

/** Label of an episode: `enumeration#3`. */
export function episodeLabel(behavior: Behavior, number: number): string {
  return `${behavior}#${number}`;
}
