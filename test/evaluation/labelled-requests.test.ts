import { protobufToObject } from '../../processor/src/otlp/protobuf-to-json.ts';
import { labelledRequests } from './labelled-requests.ts';
import { type LabelledSpan, SpanKind } from './labelled-span.ts';

const cart = { 'service.name': 'cart' };
const shop = { 'service.name': 'shop' };

/** Spans in turn of two services; every third is no SERVER span. */
const spans = Array.from({ length: 450 }, (_, number): LabelledSpan => ({
  resource: number % 2 === 0 ? cart : shop,
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: number.toString(16).padStart(16, '0'),
  name: `span ${number}`,
  kind: number % 3 === 0 ? SpanKind.CLIENT : SpanKind.SERVER,
  startTimeUnixNano: BigInt(number),
  endTimeUnixNano: BigInt(number + 1),
  label: number % 5 === 0 ? `scraping#${number}` : '',
}));

interface Request {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly { readonly name: string; readonly kind: number }[] }[];
  }[];
}

describe('labelled spans as requests', () => {
  const requests = [...labelledRequests(spans)];

  it('name the spans that are judged in the order in which the request holds them', () => {
    expect(requests).toHaveLength(3);
    for (const { body, judged } of requests) {
      const request = protobufToObject(body) as Request;
      const held = request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
      expect(judged.map(({ name }) => name)).toEqual(
        held.filter(({ kind }) => kind === SpanKind.SERVER).map(({ name }) => name),
      );
    }
    expect(requests.flatMap(({ judged }) => judged)).toHaveLength(300);
  });

  it('tell nothing of the labels', () => {
    for (const { body } of requests) expect(body.includes('scraping')).toBe(false);
  });
});
