import { Random } from '../../processor/src/simulation/random.ts';
import { type LabelledSpan, SpanKind } from './labelled-span.ts';

/** One line of a web server's access log, as far as logs agree. */
export interface WebRequest {
  /** When it was logged, in Unix ms. */
  readonly timeMs: number;
  readonly method: string;
  /** Path, with the query if there is one. */
  readonly target: string;
  readonly status: number;
  /** Size of the response's body. */
  readonly responseBytes: number;
  /** The client's address or its host name. */
  readonly address: string;
  /** Ground truth: `behavior#number`; empty for ordinary requests. */
  readonly label: string;
}

/**
 * How long every request takes. Access logs tell no durations: all get the same, so that nothing can be learned from it,
 * neither about the site nor about who was added to the log.
 */
const DURATION_NANO = 20_000_000n;

const NANO_PER_MS = 1_000_000n;
const STATUS_ERROR = 2;

/**
 * The requests as the SERVER spans of an edge web server that knows no users, no routes and no user agents. `seed` gives the
 * trace ids.
 */
export function* serverSpans(
  requests: Iterable<WebRequest>,
  service: string,
  seed: number | string,
): Generator<LabelledSpan, void, void> {
  const resource = { 'service.name': service };
  const ids = new Random('trace ids', service, seed);
  for (const request of requests) {
    const startTimeUnixNano = BigInt(request.timeMs) * NANO_PER_MS;
    const [path = '', ...query] = request.target.split('?');
    yield {
      resource,
      traceId: ids.hex(4),
      spanId: ids.hex(2),
      // Without a route the conventions want the method alone: a path would make every span's name another.
      name: request.method,
      kind: SpanKind.SERVER,
      startTimeUnixNano,
      endTimeUnixNano: startTimeUnixNano + DURATION_NANO,
      attributes: {
        'http.request.method': request.method,
        'url.path': path,
        ...(query.length > 0 && { 'url.query': query.join('?') }),
        'http.response.status_code': request.status,
        'http.response.body.size': request.responseBytes,
        'client.address': request.address,
      },
      ...(request.status >= 500 && { status: { code: STATUS_ERROR } }),
      label: request.label,
    };
  }
}
