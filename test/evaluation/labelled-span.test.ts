import { jsonLines, LABEL_ATTRIBUTE, type LabelledSpan, SpanKind } from './labelled-span.ts';

const shop = { 'service.name': 'shop' };
const bank = { 'service.name': 'bank' };

function span(number: number, resource: LabelledSpan['resource'], label = ''): LabelledSpan {
  return {
    resource,
    traceId: '0123456789abcdef0123456789abcdef',
    spanId: number.toString(16).padStart(16, '0'),
    name: 'GET',
    kind: SpanKind.SERVER,
    startTimeUnixNano: 1_700_000_000_000_000_001n,
    endTimeUnixNano: 1_700_000_000_000_000_002n,
    label,
  };
}

describe('labelled spans as OTLP/JSON lines', () => {
  it('come 200 a line, grouped by their source, with the label in an attribute of the spans that have one', () => {
    const spans = Array.from({ length: 401 }, (_, i) =>
      span(i, i % 2 === 0 ? shop : bank, i === 400 ? 'scraping#1' : ''),
    );
    const lines = [...jsonLines(spans)];
    expect(lines).toHaveLength(3);
    expect(lines.every((line) => line.endsWith('\n'))).toBe(true);
    const [first, , last] = lines.map((line) => JSON.parse(line));
    expect(first.resourceSpans.map(({ scopeSpans }: any) => scopeSpans[0].spans.length)).toEqual([100, 100]);
    expect(first.resourceSpans[1].resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'bank' } },
    ]);
    expect(first.resourceSpans[0].scopeSpans[0].spans[0].attributes).toEqual([]);
    expect(last.resourceSpans[0].scopeSpans[0].spans).toEqual([
      {
        traceId: '0123456789abcdef0123456789abcdef',
        spanId: '0000000000000190',
        name: 'GET',
        kind: 2,
        startTimeUnixNano: '1700000000000000001',
        endTimeUnixNano: '1700000000000000002',
        attributes: [{ key: LABEL_ATTRIBUTE, value: { stringValue: 'scraping#1' } }],
        status: {},
      },
    ]);
  });

  it('name the label as they are told to', () => {
    const [line] = jsonLines([span(1, shop, 'rate_burst#2')], 'truth');
    expect(line).toContain('{"key":"truth","value":{"stringValue":"rate_burst#2"}}');
  });
});
