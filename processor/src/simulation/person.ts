import type { Actor, Ask } from './api-request.ts';
import type { Circumstances } from './circumstances.ts';
import { endpointNamed, type Endpoint } from './endpoints.ts';
import { nextPage, ordinaryObject, type Subject } from './journey.ts';
import { COMPANIONS } from './journeys.ts';
import type { Random } from './random.ts';
import type { User } from './users.ts';

const DAY_MS = 86_400_000;
/** Rates are taken as constant for so long. */
const STEP_MS = 15 * 60_000;
const LOGIN = endpointNamed('POST /api/v1/session');
const REFRESH = endpointNamed('POST /api/v1/session/refresh');
const LOGOUT = endpointNamed('DELETE /api/v1/session');
const REGISTER = endpointNamed('POST /api/v1/accounts');
const CONFIRM = endpointNamed('POST /api/v1/checkout/{checkout}/confirm');

/** Share of logins with a mistyped password; after a third one most people give up. */
const WRONG_PASSWORD_SHARE = 0.07;
/** Share of a shopper's visits without signing in. */
const ANONYMOUS_SHARE = 0.15;
/** A visit has at most so many pages. */
const LONGEST_SESSION = 150;

/** One visit: the connection, who is signed in, and where the person is. */
export interface Session {
  readonly id: string;
  readonly address: string;
  readonly agent: string;
  isSignedIn: boolean;
  page: Endpoint | undefined;
  pages: number;
  readonly subject: Subject;
}

/** What a person is about to do. */
type Stage = 'away' | 'registering' | 'signing-in' | 'resuming' | 'visiting';

/** An ordinary user: comes by the user's own rhythm, signs in, wanders by the role's walk, leaves. */
export class Person implements Actor {
  readonly user: User;
  readonly #random: Random;
  readonly #circumstances: Circumstances;
  readonly #worldStartMs: number;
  #stage: Stage = 'away';
  #isMember: boolean;
  #session: Session | undefined;
  #lastSeenMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #failedPage: Endpoint | undefined;

  /** `isMember`: false for somebody who registers on the first visit. */
  constructor(user: User, random: Random, circumstances: Circumstances, worldStartMs: number, isMember = true) {
    this.user = user;
    this.#random = random;
    this.#circumstances = circumstances;
    this.#worldStartMs = worldStartMs;
    this.#isMember = isMember;
  }

  /** The visit going on, if any: what a thief of its token would take over. */
  get session(): Session | undefined {
    return this.#session;
  }

  /**
   * Time of the first visit after `fromMs`; Infinity when there is none within a year. A Poisson process whose rate follows
   * rhythm and demand, by inversion: one draw a visit, so that what happens later never changes what happened before.
   */
  nextVisit(fromMs: number): number {
    const { rhythm, sessionsPerDay } = this.user;
    const busiestRate = sessionsPerDay / (DAY_MS * rhythm.mean);
    let left = this.#random.exponential(1);
    for (let timeMs = fromMs; timeMs < fromMs + 366 * DAY_MS; timeMs += STEP_MS) {
      const middleMs = timeMs + STEP_MS / 2;
      const rate = busiestRate * rhythm.at(middleMs) * this.#circumstances.demandAt(middleMs);
      if (rate * STEP_MS >= left) return timeMs + left / rate;
      left -= rate * STEP_MS;
    }
    return Number.POSITIVE_INFINITY;
  }

  act(nowMs: number, ask: Ask): number {
    switch (this.#stage) {
      case 'away':
        this.#arrive(nowMs);
        return this.act(nowMs, ask);
      case 'registering':
        return this.#register(nowMs, ask);
      case 'signing-in':
      case 'resuming':
        return this.#signIn(nowMs, ask);
      case 'visiting':
    }
    return this.#visit(nowMs, ask);
  }

  #arrive(nowMs: number): void {
    const random = this.#random;
    const { device, address } = this.user.connect(nowMs, random);
    this.#session = {
      id: random.hex(2),
      address: this.#circumstances.detourOf(this.user, nowMs) ?? address,
      agent: device.agentAt(nowMs, this.#circumstances.rewrite),
      isSignedIn: false,
      page: undefined,
      pages: 0,
      subject: { product: '', checkout: random.hex(4), customer: '' },
    };
    this.#failures = 0;
    this.#failedPage = undefined;
    const hasToken = nowMs - this.#lastSeenMs < DAY_MS / 2 && random.chance(0.6);
    if (!this.#isMember) this.#stage = 'registering';
    else if (!this.user.isStaff && random.chance(ANONYMOUS_SHARE)) this.#stage = 'visiting';
    else this.#stage = hasToken ? 'resuming' : 'signing-in';
  }

  #register(nowMs: number, ask: Ask): number {
    const status = this.#ask(nowMs, REGISTER, ask);
    if (status >= 400) return this.#afterFailure(nowMs, status, 4);
    this.#isMember = true;
    this.#stage = 'signing-in';
    return nowMs + this.#random.between(300, 2000);
  }

  #signIn(nowMs: number, ask: Ask): number {
    const endpoint = this.#stage === 'resuming' ? REFRESH : LOGIN;
    const isMistyped = endpoint === LOGIN && this.#random.chance(WRONG_PASSWORD_SHARE);
    const session = this.#session!;
    session.isSignedIn = true;
    const status = this.#ask(nowMs, endpoint, ask, isMistyped ? 401 : 0);
    session.isSignedIn = status < 400;
    if (status < 400) {
      this.#stage = 'visiting';
      this.#failures = 0;
      return nowMs + this.#random.between(200, 1500);
    }
    // A token that is refused is followed by the password.
    if (status < 500) this.#stage = 'signing-in';
    return this.#afterFailure(nowMs, status, status < 500 ? 3 : this.#circumstances.retriesAt(nowMs) + 1);
  }

  #visit(nowMs: number, ask: Ask): number {
    const session = this.#session!;
    const page = this.#failedPage ?? nextPage(this.user, session.page, session.isSignedIn, this.#random);
    this.#failedPage = undefined;
    if (page === undefined || session.pages >= LONGEST_SESSION) return this.#leave(nowMs, ask);
    session.page = page;
    session.pages++;
    const status = this.#ask(nowMs, page, ask);
    if (status >= 500) {
      this.#failedPage = page;
      return this.#afterFailure(nowMs, status, this.#circumstances.retriesAt(nowMs));
    }
    this.#failures = 0;
    if (status === 401 && session.isSignedIn) {
      this.#stage = 'resuming';
      return nowMs + this.#random.between(50, 400);
    }
    if (page === CONFIRM && status < 400) this.user.addOrder(nowMs, this.#worldStartMs);
    this.#loadCompanions(nowMs, page, ask);
    return nowMs + 400 + 1000 * Math.min(900, this.#random.logNormal(this.user.thinkSeconds, 0.9));
  }

  #loadCompanions(nowMs: number, page: Endpoint, ask: Ask): void {
    for (const [name, share] of COMPANIONS[page.name] ?? []) {
      const companion = endpointNamed(name);
      const isOpen = this.#session!.isSignedIn || companion.access === 'everyone';
      if (isOpen && this.#random.chance(share)) this.#ask(nowMs + this.#random.between(20, 350), companion, ask);
    }
  }

  /** Tries again a few times, ever later, then gives up for this visit. */
  #afterFailure(nowMs: number, status: number, attempts: number): number {
    this.#failures++;
    if (this.#failures > attempts) return this.#end(nowMs);
    if (status < 500) return nowMs + this.#random.between(3000, 12_000);
    return nowMs + this.#random.between(0.5, 1) * 1000 * 2 ** this.#failures;
  }

  #leave(nowMs: number, ask: Ask): number {
    if (this.#session!.isSignedIn && this.#random.chance(0.12)) this.#ask(nowMs, LOGOUT, ask);
    return this.#end(nowMs);
  }

  #end(nowMs: number): number {
    this.#lastSeenMs = nowMs;
    this.#stage = 'away';
    this.#session = undefined;
    return this.nextVisit(nowMs);
  }

  #ask(timeMs: number, endpoint: Endpoint, ask: Ask, status = 0): number {
    const session = this.#session!;
    const { user } = this;
    return ask({
      timeMs,
      endpoint,
      userId: session.isSignedIn ? user.id : '',
      sessionId: session.isSignedIn ? session.id : '',
      address: session.address,
      agent: session.agent,
      object: ordinaryObject(endpoint, user, session.subject, this.#random),
      isAllowed: session.isSignedIn ? user.mayCall(endpoint.access) : endpoint.access === 'everyone',
      status,
      responseFactor: 1,
      label: '',
      random: this.#random,
    });
  }
}
