/** Requests for the pipeline's tests, and what independent decoders read of what comes out. */
import {
  type AttributeInput,
  encodeRequest,
  type ResourceSpansInput,
  type SpanInput,
} from '../../../processor/src/otlp/request-writer.ts';
import { decodeWithBufbuild, decodeWithProtobufjs, plainSpansOf, spansOf } from '../../support/otlp-judges.ts';

/** The receive time of the tests, in seconds since 1970: Tuesday, 22 September 2026, 04:53:20 UTC. */
export const NOW = 1_790_052_800;

const SERVER = 2;

export const nanoseconds = (seconds: number): bigint => BigInt(Math.round(seconds * 1000)) * 1_000_000n;

/** Span `index` of a user: ids come from the index, so the same index is the same span. */
export function call(index: number, attributes: Readonly<Record<string, AttributeInput>> = {}): SpanInput {
  return {
    traceId: (index + 1).toString(16).padStart(32, 'a'),
    spanId: (index + 1).toString(16).padStart(16, 'b'),
    kind: SERVER,
    name: 'GET /orders/{id}',
    startTimeUnixNano: nanoseconds(NOW - 100 + index / 1000),
    endTimeUnixNano: nanoseconds(NOW - 100 + index / 1000 + 0.25),
    attributes: {
      'user.id': 'ada',
      'client.address': '203.0.113.7',
      'http.request.method': 'GET',
      'http.route': '/orders/{id}',
      'url.path': '/orders/17',
      'http.response.status_code': 200,
      ...attributes,
    },
  };
}

/** `count` calls with consecutive indices. */
export function calls(count: number, first = 0): SpanInput[] {
  return Array.from({ length: count }, (_, index) => call(first + index));
}

/** A request of one resource and one scope. */
export function request(spans: readonly SpanInput[]): Buffer {
  return encodeRequest([resourceSpans(spans)]);
}

export function resourceSpans(spans: readonly SpanInput[], service = 'shop'): ResourceSpansInput {
  return { resource: { attributes: { 'service.name': service } }, scopeSpans: [{ scope: { name: 'http' }, spans }] };
}

/** A span as both decoders read it: its id in hexadecimal, and its attributes in order. */
export interface ReadSpan {
  readonly spanId: string;
  readonly keys: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The spans of a request; fails where the two decoders disagree about them. */
export function spansIn(body: Buffer): ReadSpan[] {
  const spans = spansOf(decodeWithBufbuild(body)).map(({ spanId, attributes }) => ({
    spanId: Buffer.from(spanId).toString('hex'),
    keys: attributes.map(({ key }) => key),
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, value?.value.value])),
  }));
  const others = plainSpansOf(decodeWithProtobufjs(body)).map(({ attributes }) => attributes.map(({ key }) => key));
  expect(spans.map(({ keys }) => keys)).toEqual(others);
  return spans;
}

/** Of each span, the attributes that begin with our prefix. */
export function verdictsIn(body: Buffer): Record<string, unknown>[] {
  return spansIn(body).map(({ attributes }) =>
    Object.fromEntries(Object.entries(attributes).filter(([key]) => key.startsWith('anomaly.'))),
  );
}
