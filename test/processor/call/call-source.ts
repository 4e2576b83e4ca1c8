import { ApiCall } from '../../../processor/src/call/api-call.ts';
import { type CallOptions, CallReader } from '../../../processor/src/call/call-reader.ts';
import { EndpointTable } from '../../../processor/src/call/endpoint-table.ts';
import { DEFAULT_USER_ATTRIBUTES } from '../../../processor/src/call/identity-reader.ts';
import { Pseudonyms } from '../../../processor/src/call/pseudonym.ts';
import { KeyTable, RequestView } from '../../../processor/src/otlp/request-view.ts';
import { type AttributesInput, encodeRequest, type SpanInput } from '../../../processor/src/otlp/request-writer.ts';

const START = 1_760_000_000n * 1_000_000_000n;

/** A reader with its table, and calls read through it from encoded requests, as the pipeline does it. */
export class CallSource {
  readonly pseudonyms = new Pseudonyms(Buffer.alloc(32, 7));
  readonly endpoints = new EndpointTable({ maxServices: 20, maxEndpointsPerService: 100 });
  readonly reader: CallReader;
  readonly #view: RequestView;

  constructor(options: Partial<CallOptions> = {}) {
    this.reader = new CallReader(
      { userAttributes: DEFAULT_USER_ATTRIBUTES, edgeServices: [], ...options },
      this.pseudonyms,
      this.endpoints,
    );
    const limits = { maxDepth: 64, maxAttributesPerSpan: 256, maxSpans: 1000 };
    this.#view = new RequestView(new KeyTable(this.reader.keys, []), limits, new Set([2, 5]));
  }

  /** The call of a SERVER span with these attributes, read into `call`. */
  read(attributes: AttributesInput, span: Partial<SpanInput> = {}, service = 'shop', call = new ApiCall()): ApiCall {
    const body = encodeRequest([
      {
        resource: { attributes: service === '' ? {} : { 'service.name': service } },
        scopeSpans: [
          {
            spans: [
              {
                traceId: '0102030405060708090a0b0c0d0e0f10',
                spanId: 'a1a2a3a4a5a6a7a8',
                kind: 2,
                startTimeUnixNano: START,
                endTimeUnixNano: START + 250_000_000n,
                attributes,
                ...span,
              },
            ],
          },
        ],
      },
    ]);
    this.#view.begin(body);
    this.#view.scan(Infinity);
    this.#view.select(0);
    this.reader.read(this.#view, call);
    return call;
  }

  /** The endpoint's name for a span with these attributes. */
  endpointOf(attributes: AttributesInput, span: Partial<SpanInput> = {}): string {
    return this.endpoints.describe(this.read(attributes, span).endpoint).endpoint;
  }
}
