import type { ApiRequest } from './api-request.ts';
import type { Circumstances } from './circumstances.ts';
import { edgeAttributes, innerAttributes, innerName, RESOURCES } from './conventions.ts';
import type { Endpoint, InnerService } from './endpoints.ts';
import type { Random } from './random.ts';
import { Rhythm } from './rhythm.ts';
import { type AttributeValue, type SimulatedSpan, SpanKind, STATUS_ERROR } from './span.ts';
import type { TimeQueue } from './time-queue.ts';

/**
 * Which spans a world has: `edge`: one a request, with its user; `server`: those of the inner services too; `all`: client and
 * internal spans as well, so that about 40 % are SERVER.
 */
export type SpanDetail = 'edge' | 'server' | 'all';

/** What became of one request. */
interface Answer {
  status: number;
  durationMs: number;
  responseBytes: number;
  /** How far the clock of the edge is ahead. */
  clockAheadMs: number;
  /** Shares of the duration: before the inner service starts, and in it. */
  readonly innerBegin: number;
  readonly innerShare: number;
  /** Uniform: whether a cache or a database was asked. */
  readonly store: number;
  /** Ground truth of the condition that spoiled the answer. */
  conditionLabel: string;
}

/** A session token runs out under the user's hands. */
const EXPIRED_SHARE = 0.0015;
/** A link to something that is not the caller's, or no longer. */
const FORBIDDEN_SHARE = 0.0015;
const INVALID_STATUSES = [400, 422, 422, 409] as const;
const SERVER_ERRORS = [500, 500, 502, 503, 504] as const;

/** The shop as its clients and its operators see it: requests in, statuses back, spans out. */
export class ShopApi {
  readonly #circumstances: Circumstances;
  readonly #spans: TimeQueue<SimulatedSpan>;
  readonly #detail: SpanDetail;
  /** The whole shop is a little slower when it is busy. */
  readonly #load = new Rhythm('leisure', 1);

  /** Spans are put into `spans` at the true time of their start. */
  constructor(circumstances: Circumstances, spans: TimeQueue<SimulatedSpan>, detail: SpanDetail) {
    this.#circumstances = circumstances;
    this.#spans = spans;
    this.#detail = detail;
  }

  /** Answers a request with its HTTP status. */
  ask(request: ApiRequest): number {
    const answer = this.#answer(request);
    const { endpoint, random } = request;
    const edge: SimulatedSpan = {
      resource: RESOURCES[endpoint.service],
      traceId: random.hex(4),
      spanId: random.hex(2),
      parentSpanId: '',
      name: spanName(endpoint),
      kind: SpanKind.SERVER,
      startMs: request.timeMs + answer.clockAheadMs,
      endMs: request.timeMs + answer.clockAheadMs + answer.durationMs,
      attributes: edgeAttributes(request, answer.status, answer.responseBytes),
      statusCode: answer.status >= 500 ? STATUS_ERROR : 0,
      label: request.label === '' ? answer.conditionLabel : request.label,
    };
    this.#spans.push(request.timeMs, edge);
    if (this.#detail !== 'edge' && !endpoint.route.endsWith('/healthz')) this.#askInside(request, answer, edge);
    return answer.status;
  }

  #answer(request: ApiRequest): Answer {
    const { endpoint, random } = request;
    const answer: Answer = {
      status: request.status === 0 ? ordinaryStatus(request) : request.status,
      durationMs: random.logNormal(endpoint.latencyMs, endpoint.latencySpread),
      responseBytes: request.responseFactor * responseBytes(endpoint, request.object, random),
      clockAheadMs: 0,
      // Drawn even where no inner span is wanted: the detail of a world's spans must not shift its clients' chance.
      innerBegin: random.between(0.06, 0.15),
      innerShare: random.between(0.6, 0.8),
      store: random.uniform(),
      conditionLabel: '',
    };
    answer.durationMs *= 0.85 + 0.3 * this.#load.at(request.timeMs);
    this.#circumstances.touching(endpoint, request.timeMs, (condition) => {
      answer.durationMs *= condition.latencyFactor ?? 1;
      answer.responseBytes *= condition.responseFactor ?? 1;
      answer.clockAheadMs += condition.clockAheadMs ?? 0;
      if (condition.failures !== undefined) answer.status = condition.random.pick(condition.failures);
      if (condition.label !== undefined) answer.conditionLabel = condition.label;
    });
    if (answer.status >= 500) {
      // Some failures are quick, some are a timeout.
      answer.durationMs *= random.chance(0.3) ? 6 : 0.7;
      answer.responseBytes = random.between(90, 160);
    } else if (answer.status >= 400) {
      answer.durationMs *= 0.45;
      answer.responseBytes = random.between(150, 380);
    }
    answer.durationMs = Math.max(0.2, answer.durationMs);
    answer.responseBytes = Math.round(answer.responseBytes);
    return answer;
  }

  /** Spans below the edge's own. What is refused at the edge goes no further. */
  #askInside(request: ApiRequest, answer: Answer, edge: SimulatedSpan): void {
    const { endpoint } = request;
    const startMs = request.timeMs;
    const { durationMs } = answer;
    const isAll = this.#detail === 'all';
    if (isAll) {
      this.#child(edge, RESOURCES[endpoint.service], 'authorize', SpanKind.INTERNAL, startMs, 0.05 * durationMs, NONE);
    }
    const isRefused = answer.status === 401 || answer.status === 403 || answer.status === 429;
    if (endpoint.inner === undefined || isRefused) {
      if (isAll && answer.store < 0.8) {
        const begin = startMs + 0.1 * durationMs;
        this.#child(edge, RESOURCES[endpoint.service], 'GET', SpanKind.CLIENT, begin, 0.2 * durationMs, CACHE);
      }
      return;
    }
    const innerStartMs = startMs + durationMs * answer.innerBegin;
    const innerMs = durationMs * answer.innerShare;
    const caller = isAll ? this.#callInner(edge, endpoint.inner, innerStartMs, innerMs) : edge;
    const inner = this.#child(
      caller,
      RESOURCES[endpoint.inner],
      innerName(endpoint),
      SpanKind.SERVER,
      innerStartMs + 0.4,
      innerMs,
      innerAttributes(request, answer.status),
      answer,
    );
    if (isAll && answer.store < 0.95) {
      this.#child(
        inner,
        inner.resource,
        'SELECT shop',
        SpanKind.CLIENT,
        inner.startMs + 0.2 * innerMs,
        0.6 * innerMs,
        DATABASE,
      );
    }
  }

  #callInner(edge: SimulatedSpan, inner: InnerService, startMs: number, durationMs: number): SimulatedSpan {
    const attributes = { 'server.address': `${inner}.internal`, 'server.port': 8080 };
    return this.#child(edge, edge.resource, `call ${inner}`, SpanKind.CLIENT, startMs, durationMs + 0.8, attributes);
  }

  /** Adds a span of the same trace below `parent`; `answer` gives a SERVER span its outcome. */
  #child(
    parent: SimulatedSpan,
    resource: SimulatedSpan['resource'],
    name: string,
    kind: number,
    startMs: number,
    durationMs: number,
    attributes: Readonly<Record<string, AttributeValue>>,
    answer?: Answer,
  ): SimulatedSpan {
    const span: SimulatedSpan = {
      resource,
      traceId: parent.traceId,
      spanId: childId(parent.spanId, kind),
      parentSpanId: parent.spanId,
      name,
      kind,
      startMs,
      endMs: startMs + durationMs,
      attributes,
      statusCode: answer !== undefined && answer.status >= 500 ? STATUS_ERROR : 0,
      label: answer?.conditionLabel ?? '',
    };
    this.#spans.push(startMs, span);
    return span;
  }
}

const NONE = {};
const CACHE = { 'db.system.name': 'redis', 'db.operation.name': 'GET', 'server.address': 'cache.internal' };
const DATABASE = { 'db.system.name': 'postgresql', 'db.namespace': 'shop', 'server.address': 'database.internal' };

function ordinaryStatus({ endpoint, isAllowed, userId, random }: ApiRequest): number {
  if (!isAllowed) return userId === '' ? 401 : 403;
  let chance = random.uniform();
  if ((chance -= endpoint.serverError) < 0) return random.pick(SERVER_ERRORS);
  if ((chance -= endpoint.notFound) < 0) return 404;
  if ((chance -= endpoint.invalid) < 0) return random.pick(INVALID_STATUSES);
  if (userId !== '' && (chance -= EXPIRED_SHARE) < 0) return 401;
  const isPersonal = endpoint.access !== 'everyone' && endpoint.object !== undefined;
  if (isPersonal && chance < FORBIDDEN_SHARE) return 403;
  return endpoint.success;
}

/** Most of the variation of an answer's size lies in what was asked for: the same object has about the same size again. */
function responseBytes(endpoint: Endpoint, object: string, random: Random): number {
  if (object === '') return random.logNormal(endpoint.responseBytes, endpoint.responseSpread);
  let hash = 0x811c9dc5;
  for (let i = 0; i < object.length; i++) hash = Math.imul(hash ^ object.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  // The sum of three uniform bytes, centred and scaled, is near enough to a normal deviate.
  const deviate = ((hash & 255) + ((hash >>> 8) & 255) + ((hash >>> 16) & 255) - 382.5) / 128;
  return random.logNormal(endpoint.responseBytes * Math.exp(endpoint.responseSpread * deviate), 0.05);
}

/** As instrumentations name server spans: by method and route, by the method alone where no route is known. */
function spanName(endpoint: Endpoint): string {
  return endpoint.service === 'search' ? endpoint.method : `${endpoint.method} ${endpoint.route}`;
}

/** Ids of children follow from the parent's, which is random. */
function childId(parentId: string, kind: number): string {
  const low = (Number.parseInt(parentId.slice(8), 16) + Math.imul(kind, 0x9e3779b1)) >>> 0;
  return parentId.slice(0, 8) + low.toString(16).padStart(8, '0');
}
