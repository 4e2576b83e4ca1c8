/**
 * What is usual for everybody: the order of calls, the hours of the week, how often anyone shows up with a new client or
 * network, and how common each endpoint is. Bounded whatever the input; event time only.
 */
import { hourOfWeek, nearHour, nearHourOfWeek } from './usual-hours.ts';

const TRANSITION_CELLS = 1 << 16;
const TRANSITION_ROWS = 1 << 12;
/** Halve all counts when this many calls are in, so that the population can change its ways within days. */
const TRANSITION_HORIZON = 4_000_000;
/** The same for the windows of users, whose counts would otherwise stop growing in 32-bit floats. */
const WINDOW_HORIZON = 4_000_000;
const HOURS = 24;
const WEEK_HOURS = 168;
/** Far more than clients are common anywhere: two that share a cell are both taken for common, which flags nobody. */
const CLIENT_CELLS = 1 << 12;
/** A client of which nothing was seen counts as one window in so many, at most. */
const RAREST_CLIENT = 3000;
const DAY_SECONDS = 86_400;
const WEEK_SECONDS = 7 * DAY_SECONDS;
/** Weight of the population's share against n earlier calls from the same endpoint. */
const TRANSITION_PRIOR = 4;
/** Novelties per window to assume before any have been seen, and how many windows that guess weighs. */
const NOVELTY_PRIOR = 0.02;
const NOVELTY_PRIOR_WINDOWS = 200;

export class Population {
  /** Calls that carried a user, halved at a horizon together with those of the endpoints. */
  calls = 0;
  readonly #transitions = new Float32Array(TRANSITION_CELLS);
  readonly #departures = new Float32Array(TRANSITION_ROWS);
  #transitionCount = 0;
  /** Windows of users by the hour of the week. */
  readonly #hours = new Float32Array(WEEK_HOURS);
  /** Windows of users by a hash of the client they began with. */
  readonly #clients = new Float32Array(CLIENT_CELLS);
  #windows = 0;
  #clientNovelties = 0;
  #networkNovelties = 0;
  #firstSeconds = 0;
  #lastSeconds = 0;

  /** -ln P(to | from) in nats, shrunk to the share of `to` among all calls; counts the step afterwards. */
  transition(from: number, to: number, shareOfTo: number): number {
    const cell = (Math.imul(from, 0x9e3779b1) ^ Math.imul(to, 0x85ebca6b)) >>> 16;
    const row = from & (TRANSITION_ROWS - 1);
    const seen = this.#transitions[cell]!;
    const left = this.#departures[row]!;
    const surprisal = -Math.log(Math.min(1, (seen + TRANSITION_PRIOR * shareOfTo) / (left + TRANSITION_PRIOR)));
    this.#transitions[cell] = seen + 1;
    this.#departures[row] = left + 1;
    if (++this.#transitionCount >= TRANSITION_HORIZON) this.#forgetHalf();
    return surprisal;
  }

  /** -ln of the share of user windows that begin with this client, nats: 0 for one that everybody uses. */
  clientRarity(client: number): number {
    const share = (this.#clients[client & (CLIENT_CELLS - 1)]! + 1) / (this.#windows + 1);
    return -Math.log(Math.min(1, Math.max(1 / RAREST_CLIENT, share)));
  }

  /** Notes that a user became active with `client` in a window that started then. */
  windowStarted(startSeconds: number, client: number): void {
    this.#clients[client & (CLIENT_CELLS - 1)]!++;
    if (this.#firstSeconds === 0) this.#firstSeconds = startSeconds;
    this.#lastSeconds = Math.max(this.#lastSeconds, startSeconds);
    this.#hours[hourOfWeek(startSeconds)]!++;
    if (++this.#windows < WINDOW_HORIZON) return;
    for (let hour = 0; hour < WEEK_HOURS; hour++) this.#hours[hour]! /= 2;
    for (let cell = 0; cell < CLIENT_CELLS; cell++) this.#clients[cell]! /= 2;
    this.#windows /= 2;
    this.#clientNovelties /= 2;
    this.#networkNovelties /= 2;
  }

  clientNovelty(): void {
    this.#clientNovelties++;
  }

  networkNovelty(): void {
    this.#networkNovelties++;
  }

  /** New clients per user window. */
  get clientNoveltyRate(): number {
    return this.#noveltyRate(this.#clientNovelties);
  }

  /** New networks per user window. */
  get networkNoveltyRate(): number {
    return this.#noveltyRate(this.#networkNovelties);
  }

  /** Whether every hour of the day has been watched, before which no hour can be called unusual. */
  get knowsTheDay(): boolean {
    return this.#lastSeconds - this.#firstSeconds >= DAY_SECONDS;
  }

  /** Whether every hour of the week has been watched. */
  get knowsTheWeek(): boolean {
    return this.#lastSeconds - this.#firstSeconds >= WEEK_SECONDS;
  }

  /** Share of all user windows that fall near this hour of the day, smoothed over 2 h; they sum to 1 over 24 hours. */
  hourShare(hour: number): number {
    return (nearHour(this.#hours, hour) + 1 / HOURS) / (this.#windows + 1);
  }

  /** Share of all user windows that fall near this hour of the week, smoothed over 2 h; they sum to 1 over 168 hours. */
  weekHourShare(hour: number): number {
    return (nearHourOfWeek(this.#hours, hour) + 1 / WEEK_HOURS) / (this.#windows + 1);
  }

  /** Counts and times, and the tables in the order in which a snapshot holds them. */
  snapshot(): { numbers: number[]; tables: readonly Float32Array[] } {
    return {
      numbers: [
        this.calls,
        this.#transitionCount,
        this.#windows,
        this.#clientNovelties,
        this.#networkNovelties,
        this.#firstSeconds,
        this.#lastSeconds,
      ],
      tables: [this.#transitions, this.#departures, this.#hours, this.#clients],
    };
  }

  restore(saved: ReturnType<Population['snapshot']>): void {
    const [calls, transitionCount, windows, clients, networks, first, last] = saved.numbers;
    this.calls = calls!;
    this.#transitionCount = transitionCount!;
    this.#windows = windows!;
    this.#clientNovelties = clients!;
    this.#networkNovelties = networks!;
    this.#firstSeconds = first!;
    this.#lastSeconds = last!;
    for (const [index, table] of this.snapshot().tables.entries()) table.set(saved.tables[index]!);
  }

  #noveltyRate(novelties: number): number {
    return (novelties + NOVELTY_PRIOR * NOVELTY_PRIOR_WINDOWS) / (this.#windows + NOVELTY_PRIOR_WINDOWS);
  }

  #forgetHalf(): void {
    for (const table of [this.#transitions, this.#departures]) for (let i = 0; i < table.length; i++) table[i]! /= 2;
    this.#transitionCount /= 2;
  }
}
