import type { SimulatedSpan } from '../../../processor/src/simulation/span.ts';
import { toUnixNano } from '../../../processor/src/simulation/span.ts';
import { batchesOf, toResourceSpans } from '../../../processor/src/simulation/trace-batch.ts';

const orders = { service: 'orders', attributes: { 'service.name': 'orders' } };
const search = { service: 'search', attributes: { 'service.name': 'search' } };

function span(spanId: string, resource: SimulatedSpan['resource'], label = ''): SimulatedSpan {
  return {
    resource,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId,
    parentSpanId: '',
    name: 'GET',
    kind: 2,
    startMs: 1000,
    endMs: 1000.25,
    attributes: { 'http.request.method': 'GET' },
    statusCode: 0,
    label,
  };
}

describe('a batch of spans', () => {
  it('is cut to size, the last one shorter', () => {
    const spans = ['a', 'b', 'c', 'd', 'e'].map((id) => span(id, orders));
    expect([...batchesOf(spans, 2)].map((batch) => batch.map(({ spanId }) => spanId).join(''))).toEqual([
      'ab',
      'cd',
      'e',
    ]);
    expect([...batchesOf([], 2)]).toEqual([]);
  });

  it('is grouped by service, in order within each', () => {
    const groups = toResourceSpans([span('a', orders), span('b', search), span('c', orders)]);
    expect(groups.map(({ resource }) => resource?.attributes?.['service.name'])).toEqual(['orders', 'search']);
    expect(groups[0]!.scopeSpans[0]!.spans.map(({ spanId }) => spanId)).toEqual(['a', 'c']);
  });

  it('shows the ground truth under the key asked for, and only then', () => {
    const attack = span('a', orders, 'scraping#2');
    const attributesOf = (options?: Parameters<typeof toResourceSpans>[1]) =>
      toResourceSpans([attack], options)[0]!.scopeSpans[0]!.spans[0]!.attributes;
    expect(attributesOf()).toEqual({ 'http.request.method': 'GET' });
    expect(attributesOf({ labelAttribute: 'truth' })).toEqual({ 'http.request.method': 'GET', truth: 'scraping#2' });
    const ordinary = toResourceSpans([span('b', orders)], { labelAttribute: 'truth' });
    expect(ordinary[0]!.scopeSpans[0]!.spans[0]!.attributes).toEqual({ 'http.request.method': 'GET' });
  });

  it('moves all times by the same amount', () => {
    const [input] = toResourceSpans([span('a', orders)], { shiftMs: 500 })[0]!.scopeSpans[0]!.spans;
    expect(input).toMatchObject({ startTimeUnixNano: 1_500_000_000n, endTimeUnixNano: 1_500_250_000n });
  });

  it('keeps microseconds of times in this century', () => {
    expect(toUnixNano(1_768_384_184_951.066)).toBe(1_768_384_184_951_066_000n);
  });
});
