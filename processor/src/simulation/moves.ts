import type { AttackParameters, Behavior } from './attacks.ts';
import { ENDPOINTS, endpointNamed, type Endpoint } from './endpoints.ts';
import { nextPage, ordinaryObject, PRODUCTS, type Subject } from './journey.ts';
import type { Random } from './random.ts';
import type { User } from './users.ts';

/** One request of an attack, as far as the behavior decides it. */
export interface Move {
  readonly endpoint: Endpoint;
  readonly object: string;
  /** 0: the shop decides. */
  readonly status: number;
  readonly responseFactor?: number;
}

/** What an attacker has to work with. */
export interface Scene {
  readonly parameters: AttackParameters;
  readonly user: User;
  readonly random: Random;
}

/** The next request of an attack; `step` counts its requests from 0. */
export type Moves = (step: number) => Move;

/** Behaviors that make requests of their own; the other two spoil everybody's. */
export type ActiveBehavior = Exclude<Behavior, 'latency' | 'error_burst'>;

const LOGIN = endpointNamed('POST /api/v1/session');
const ORDER = endpointNamed('GET /api/v1/orders/{order}');
const PRODUCT = endpointNamed('GET /api/v1/products/{product}');
const CATEGORY = endpointNamed('GET /api/v1/categories/{category}');
const EXPORT = endpointNamed('GET /api/v1/backoffice/reports/{report}/export');

/** What is worth stealing from an account. */
const VALUABLES = (
  [
    'GET /api/v1/me',
    'GET /api/v1/me/payment-methods',
    'GET /api/v1/me/addresses',
    'GET /api/v1/orders',
    'GET /api/v1/orders/{order}',
    'GET /api/v1/orders/{order}/invoice',
    'PATCH /api/v1/me',
  ] as const
).map(endpointNamed);

/** A checkout turned upside down: confirmed first, canceled, paid again. */
const UPSIDE_DOWN = (
  [
    'POST /api/v1/checkout/{checkout}/confirm',
    'POST /api/v1/orders/{order}/cancel',
    'POST /api/v1/checkout/{checkout}/payment',
    'POST /api/v1/checkout/{checkout}/coupon',
    'PATCH /api/v1/me',
    'DELETE /api/v1/cart/items/{item}',
  ] as const
).map(endpointNamed);

const HAMMERED = (['GET /search', 'GET /api/v1/cart', 'GET /api/v1/orders', 'GET /search/suggest'] as const).map(
  endpointNamed,
);

/** The requests of each behavior. */
export const MOVES: Readonly<Record<ActiveBehavior, (scene: Scene) => Moves>> = {
  credential_stuffing: ({ parameters, random }) => {
    return () => ({ endpoint: LOGIN, object: '', status: random.chance(parameters.magnitude) ? 200 : 401 });
  },
  enumeration: ({ parameters, random }) => {
    const numbers = orderNumbers(parameters, random, parameters.jitter < 0.6);
    return (step) => ({ endpoint: ORDER, object: numbers(step), status: refusedUnless(parameters.magnitude, random) });
  },
  scraping: ({ parameters, random }) => {
    const first = random.integer(PRODUCTS);
    return (step) =>
      step % 12 === 11
        ? { endpoint: CATEGORY, object: String(1 + (Math.floor(step / 12) % 24)), status: 0 }
        : { endpoint: PRODUCT, object: String(1 + ((first + (step % parameters.distinct)) % PRODUCTS)), status: 0 };
  },
  token_theft: ({ parameters, user, random }) => {
    const valuables = VALUABLES.slice(0, parameters.distinct);
    return (step) => {
      const endpoint = step < valuables.length ? valuables[step]! : random.pick(valuables);
      return { endpoint, object: endpoint.object === 'order' ? String(random.pick(user.orders)) : '', status: 0 };
    };
  },
  privilege_probing: ({ parameters, user, random }) => {
    const closed = ENDPOINTS.filter(({ access, service }) => service === 'edge-gateway' && !user.mayCall(access));
    const doors = shuffled(closed, random).slice(0, parameters.distinct);
    return (step) => {
      const endpoint = doors[step % doors.length]!;
      const object = endpoint.object === undefined ? '' : String(1 + random.integer(500));
      return { endpoint, object, status: random.chance(parameters.magnitude) ? 404 : 403 };
    };
  },
  data_exfiltration: ({ parameters }) => {
    const responseFactor = parameters.magnitude;
    return (step) => ({
      endpoint: EXPORT,
      object: String(1 + (step % parameters.distinct)),
      status: 0,
      responseFactor,
    });
  },
  off_hours: ordinaryMoves,
  unusual_sequence: ({ parameters, user, random }) => {
    const steps = UPSIDE_DOWN.slice(0, parameters.distinct);
    return (step) => {
      const endpoint = steps[step % steps.length]!;
      const object = endpoint.object === 'order' ? String(random.pick(user.orders)) : random.hex(4);
      return { endpoint, object: endpoint.object === undefined ? '' : object, status: endpoint.success };
    };
  },
  new_client: ordinaryMoves,
  rate_burst: ({ parameters, random }) => {
    const endpoint = random.pick(HAMMERED);
    return () => ({ endpoint, object: '', status: random.chance(parameters.magnitude) ? 429 : 0 });
  },
  low_and_slow: ({ parameters, random }) => {
    const numbers = orderNumbers(parameters, random, false);
    return (step) => ({ endpoint: ORDER, object: numbers(step), status: refusedUnless(parameters.magnitude, random) });
  },
};

/** The walk of an ordinary visit; a new one begins when it ends. */
export function ordinaryMoves({ user, random }: Pick<Scene, 'user' | 'random'>): Moves {
  let page: Endpoint | undefined;
  const subject: Subject = { product: '', checkout: random.hex(4), customer: '' };
  return () => {
    page = nextPage(user, page, true, random) ?? nextPage(user, undefined, true, random)!;
    return { endpoint: page, object: ordinaryObject(page, user, subject, random), status: 0 };
  };
}

/** Numbers of `distinct` orders of other people: counting up, or in no order. */
function orderNumbers({ distinct }: AttackParameters, random: Random, isCounting: boolean): (step: number) => string {
  const first = 3_400_000 + random.integer(500_000);
  const offsets = Array.from({ length: distinct }, (_, i) => (isCounting ? i : 7 * i + random.integer(7)));
  const order = isCounting ? offsets : shuffled(offsets, random);
  return (step) => String(first + order[step % order.length]!);
}

/** 200 with this probability; else forbidden or, less often, not found. */
function refusedUnless(open: number, random: Random): number {
  if (random.chance(open)) return 200;
  return random.chance(0.65) ? 403 : 404;
}

/** A copy in random order (Fisher and Yates). */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const other = random.integer(i + 1);
    [result[i], result[other]] = [result[other]!, result[i]!];
  }
  return result;
}
