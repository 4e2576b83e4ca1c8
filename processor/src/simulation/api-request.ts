import type { Endpoint } from './endpoints.ts';
import type { Random } from './random.ts';

/** One call of the shop's API, as its client sends it. */
export interface ApiRequest {
  readonly timeMs: number;
  readonly endpoint: Endpoint;
  /** Raw id of the signed-in user; empty when nobody is signed in. */
  readonly userId: string;
  readonly sessionId: string;
  readonly address: string;
  readonly agent: string;
  /** The id in the path; empty when the route has none. */
  readonly object: string;
  /** Whether the caller's role may do this; otherwise the answer is 401 or 403. */
  readonly isAllowed: boolean;
  /** The answer's status where the client's doing decides it (a wrong password); 0: the shop decides. */
  readonly status: number;
  /** Multiplies the usual size of the answer (a larger page, a whole export). */
  readonly responseFactor: number;
  /** Ground truth: `behavior#episode`, empty on ordinary calls. */
  readonly label: string;
  /** The client's own chance: what one client draws never shifts another's. */
  readonly random: Random;
}

/** Takes a request and returns the HTTP status of its answer. */
export type Ask = (request: ApiRequest) => number;

/** Somebody or something that calls the API. */
export interface Actor {
  /** Does what is due at `nowMs`; returns when it acts next, Infinity for never again. */
  act(nowMs: number, ask: Ask): number;
}
