import { encodeJsonLine, encodeRequest } from '../../../processor/src/otlp/request-writer.ts';
import type { ResourceSpansInput } from '../../../processor/src/otlp/request-writer.ts';
import { jsonToProtobuf } from '../../../processor/src/otlp/json.ts';
import { decodeWithBufbuild, spansOf } from '../../support/otlp-judges.ts';

const input: ResourceSpansInput[] = [
  {
    resource: { attributes: { 'service.name': 'shop' } },
    scopeSpans: [
      {
        scope: { name: 'lib', version: '1' },
        spans: [
          {
            traceId: '5b8efff798038103d269b633813fc60c',
            spanId: 'eee19b7ec3c1b174',
            name: 'GET /orders',
            kind: 2,
            startTimeUnixNano: 1_544_712_660_000_000_001n,
            endTimeUnixNano: 1_544_712_660_000_000_002n,
            attributes: {
              text: 'a',
              whole: 200,
              large: 2n ** 60n,
              fraction: 0.5,
              wholeDouble: { double: 1 },
              nothing: { double: NaN },
              flag: true,
              list: ['a', 1],
              raw: new Uint8Array([0, 255]),
            },
            events: [{ timeUnixNano: 7n, name: 'e', attributes: { x: 'y' } }],
            status: { code: 2 },
          },
        ],
      },
    ],
  },
  { scopeSpans: [] },
];

describe('encodeRequest', () => {
  it('writes the request that was described', () => {
    const request = decodeWithBufbuild(encodeRequest(input));
    expect(request.resourceSpans).toHaveLength(2);
    const [resourceSpans] = request.resourceSpans;
    expect(resourceSpans!.resource!.attributes[0]).toMatchObject({
      key: 'service.name',
      value: { value: { value: 'shop' } },
    });
    expect(resourceSpans!.scopeSpans[0]!.scope).toMatchObject({ name: 'lib', version: '1' });
    const [span] = spansOf(request);
    expect(span).toMatchObject({
      name: 'GET /orders',
      kind: 2,
      startTimeUnixNano: 1_544_712_660_000_000_001n,
      endTimeUnixNano: 1_544_712_660_000_000_002n,
      events: [{ timeUnixNano: 7n, name: 'e', attributes: [{ key: 'x' }] }],
      status: { code: 2 },
    });
    expect(Buffer.from(span!.traceId).toString('hex')).toBe('5b8efff798038103d269b633813fc60c');
    const values = Object.fromEntries(span!.attributes.map(({ key, value }) => [key, value!.value]));
    expect(values).toMatchObject({
      text: { case: 'stringValue', value: 'a' },
      whole: { case: 'intValue', value: 200n },
      large: { case: 'intValue', value: 2n ** 60n },
      fraction: { case: 'doubleValue', value: 0.5 },
      wholeDouble: { case: 'doubleValue', value: 1 },
      nothing: { case: 'doubleValue', value: NaN },
      flag: { case: 'boolValue', value: true },
      list: { case: 'arrayValue', value: { values: [{ value: { value: 'a' } }, { value: { value: 1n } }] } },
      raw: { case: 'bytesValue', value: new Uint8Array([0, 255]) },
    });
  });

  it('refuses an id that is none', () => {
    const span = { traceId: 'xyz', spanId: '', startTimeUnixNano: 0n, endTimeUnixNano: 0n };
    expect(() => encodeRequest([{ scopeSpans: [{ spans: [span] }] }])).toThrow('Span.traceId');
  });
});

describe('encodeJsonLine', () => {
  it('writes one line that says the same as the protobuf', () => {
    const line = encodeJsonLine(input);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(jsonToProtobuf(Buffer.from(line))).toEqual(encodeRequest(input));
  });
});
