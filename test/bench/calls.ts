/** Requests of ordinary calls by callers that the benchmark chooses, for benchmarks of state rather than of speed. */
import { encodeRequest, type SpanInput } from '../../processor/src/otlp/request-writer.ts';
import { Random } from '../../processor/src/simulation/random.ts';

const SERVER = 2;
const ENDPOINTS = ['/orders', '/orders/{id}', '/users/{id}', '/carts/{id}/items', '/search', '/catalog', '/sessions'];
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

export class Calls {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /**
   * A request of one call by each of `users`, numbers below 100 million, evenly over the seconds given. A user has an
   * address of its own.
   */
  request(users: readonly number[], fromSeconds: number, untilSeconds: number): Buffer {
    const step = (untilSeconds - fromSeconds) / users.length;
    const spans = users.map((user, index) => this.#call(user, fromSeconds + index * step));
    return encodeRequest([{ resource: { attributes: { 'service.name': 'shop' } }, scopeSpans: [{ spans }] }]);
  }

  #call(user: number, seconds: number): SpanInput {
    const random = this.#random;
    const route = random.pick(ENDPOINTS);
    const startTimeUnixNano = BigInt(Math.round(seconds * 1e6)) * 1000n;
    return {
      traceId: random.hex(4),
      spanId: random.hex(2),
      name: `GET ${route}`,
      kind: SERVER,
      startTimeUnixNano,
      endTimeUnixNano: startTimeUnixNano + BigInt(Math.round(random.logNormal(20, 0.5) * 1e6)),
      attributes: {
        'http.request.method': 'GET',
        'http.route': route,
        'url.path': route.replace('{id}', String(random.integer(100_000))),
        'http.response.status_code': random.chance(0.97) ? 200 : random.pick([401, 404, 500]),
        'http.response.body.size': 200 + random.integer(5000),
        'user.id': `user-${user}`,
        'client.address': [10, (user >>> 16) & 255, (user >>> 8) & 255, user & 255].join('.'),
        'user_agent.original': AGENT,
      },
    };
  }
}
