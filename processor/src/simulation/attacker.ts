import type { Actor, Ask } from './api-request.ts';
import type { AttackParameters } from './attacks.ts';
import type { Episode } from './episode.ts';
import { type ActiveBehavior, MOVES, type Move, type Moves, ordinaryMoves } from './moves.ts';
import type { Random } from './random.ts';
import type { User } from './users.ts';

const MINUTE_MS = 60_000;

/** How an attacker shows itself to the shop. */
export interface Disguise {
  /** Raw id on its requests; empty for somebody not signed in. */
  readonly userId: string;
  /** Asked at the first request: a stolen session is the one going on then. */
  readonly sessionId: () => string;
  readonly addresses: readonly string[];
  readonly agent: string;
}

/** Somebody who attacks: makes the moves of a behavior, at its pace, for the time of its episode. */
export class Attacker implements Actor {
  readonly #episode: Episode;
  readonly #parameters: AttackParameters;
  readonly #disguise: Disguise;
  readonly #moves: Moves;
  readonly #coverMoves: Moves;
  readonly #random: Random;
  /** Accounts whose passwords the attacker tries; one of them is signed in when a password fits. */
  readonly #victims: readonly User[];
  #sessionId: string | undefined;
  #step = 0;

  constructor(
    episode: Episode,
    parameters: AttackParameters,
    disguise: Disguise,
    user: User,
    victims: readonly User[],
    random: Random,
  ) {
    this.#episode = episode;
    this.#parameters = parameters;
    this.#disguise = disguise;
    this.#moves = MOVES[episode.behavior as ActiveBehavior]({ parameters, user, random });
    this.#coverMoves = ordinaryMoves({ user, random });
    this.#random = random;
    this.#victims = victims;
  }

  act(nowMs: number, ask: Ask): number {
    if (nowMs >= this.#episode.untilMs) return Number.POSITIVE_INFINITY;
    const { cover, perMinute, jitter } = this.#parameters;
    if (this.#random.chance(cover / (1 + cover))) this.#ask(nowMs, this.#coverMoves(0), '', ask);
    else this.#ask(nowMs, this.#moves(this.#step++), this.#episode.label, ask);
    const meanGapMs = MINUTE_MS / (perMinute * (1 + cover));
    // Even a metronome is late by the network's little delays.
    const metronome = this.#random.between(0.97, 1.03);
    return nowMs + meanGapMs * ((1 - jitter) * metronome + jitter * this.#random.exponential(1));
  }

  #ask(timeMs: number, move: Move, label: string, ask: Ask): void {
    const { addresses, agent, userId } = this.#disguise;
    const isStuffing = this.#episode.behavior === 'credential_stuffing';
    this.#sessionId ??= this.#disguise.sessionId();
    ask({
      timeMs,
      endpoint: move.endpoint,
      userId: isStuffing ? this.#random.pick(this.#victims).id : userId,
      sessionId: this.#sessionId,
      address: this.#random.pick(addresses),
      agent,
      object: move.object,
      isAllowed: true,
      status: move.status,
      responseFactor: move.responseFactor ?? 1,
      label,
      random: this.#random,
    });
  }
}
