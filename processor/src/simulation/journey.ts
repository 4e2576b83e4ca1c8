import { endpointNamed, ENDPOINTS, type Endpoint, type EndpointName } from './endpoints.ts';
import { WALKS } from './journeys.ts';
import type { Random } from './random.ts';
import { type Role, ROLE_NAMES, type User } from './users.ts';

/** The next pages of one page: endpoints with their weights, `undefined` for the end of the session. */
interface Fork {
  readonly pages: readonly (Endpoint | undefined)[];
  readonly weights: readonly number[];
}

const POSITION = new Map(ENDPOINTS.map((endpoint, position) => [endpoint.name, position]));

/** The walks with names looked up, by role and page. */
const FORKS: ReadonlyMap<Role, ReadonlyMap<string, Fork>> = new Map(
  ROLE_NAMES.map((role) => [role, new Map(Object.entries(WALKS[role]).map(([page, next]) => [page, toFork(next)]))]),
);

function toFork(next: Readonly<Record<string, number>>): Fork {
  return {
    pages: Object.keys(next).map((name) => (name === 'end' ? undefined : endpointNamed(name as EndpointName))),
    weights: Object.values(next),
  };
}

/**
 * The page a user opens after `page` (undefined: at the start of a session), by the role's walk and the user's own taste;
 * undefined when the user leaves. Somebody not signed in goes only where everyone may.
 */
export function nextPage(
  user: User,
  page: Endpoint | undefined,
  isSignedIn: boolean,
  random: Random,
): Endpoint | undefined {
  const forks = FORKS.get(user.role)!;
  // A page that is not part of the role's walk leads back to its start.
  const fork = forks.get(page?.name ?? 'start') ?? forks.get('start')!;
  const weights = fork.pages.map((next, i) => {
    const weight = fork.weights[i]!;
    if (next === undefined) return weight;
    if (!isSignedIn && next.access !== 'everyone') return 0;
    return weight * user.taste[POSITION.get(next.name)!]!;
  });
  return fork.pages[random.weighted(weights)];
}

/** Number of products in the catalog, of categories, of tickets ever opened. */
export const PRODUCTS = 6000;
const CATEGORIES = 24;
const TICKETS = 20_000;
const REPORTS = 40;

/** What a session is about: ids that later pages of the same visit go back to. */
export interface Subject {
  product: string;
  checkout: string;
  customer: string;
}

/** The id an ordinary visitor puts into the path of `endpoint`; empty when it has none. Updates `subject`. */
export function ordinaryObject(endpoint: Endpoint, user: User, subject: Subject, random: Random): string {
  switch (endpoint.object) {
    case 'product':
      // What is read is new; what is done to a product (stock, reviews, an edit) is done to the one last read.
      if (endpoint.name === 'GET /api/v1/products/{product}' || subject.product === '') {
        subject.product = popular(PRODUCTS, random);
      }
      return subject.product;
    case 'category':
      return String(1 + random.integer(CATEGORIES));
    case 'item':
      return String(100_000 + random.integer(900_000));
    case 'checkout':
      return subject.checkout;
    case 'order':
      if (user.isStaff) return String(4_000_000 - random.integer(200_000));
      return String(user.orders[user.orders.length - 1 - Math.floor(user.orders.length * random.uniform() ** 2)]);
    case 'customer':
      if (endpoint.name === 'GET /api/v1/backoffice/customers/{customer}' || subject.customer === '') {
        subject.customer = String(10_000 + random.integer(30_000));
      }
      return subject.customer;
    case 'account':
      return String(10_000 + random.integer(30_000));
    case 'ticket':
      return String(70_000 + TICKETS - 1 - Math.floor(TICKETS * 0.02 * random.exponential(1)));
    case 'report':
      // Everyone has a handful of favourite reports.
      return String(1 + ((user.index * 7 + Math.floor(6 * random.uniform() ** 2)) % REPORTS));
    case 'setting':
      return String(1 + random.integer(12));
    case undefined:
  }
  return '';
}

/** Number of one of `count` things, few of them much asked for. */
function popular(count: number, random: Random): string {
  const rank = Math.floor(count * random.uniform() ** 3);
  // Ranks are spread over the numbers, so that what is popular is not what has small numbers.
  return String(1 + ((rank * 2633) % count));
}
