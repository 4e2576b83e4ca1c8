import { JsonError, jsonToProtobuf, objectToProtobuf } from '../../../processor/src/otlp/json.ts';
import { decodeWithBufbuild, spansOf } from '../../support/otlp-judges.ts';
import type { Span } from '../../support/generated/opentelemetry/proto/trace/v1/trace_pb.ts';

function convert(json: string): Buffer {
  return jsonToProtobuf(Buffer.from(json));
}

/** The span of a request whose only span is `span`, in JSON. */
function spanOf(span: string): Span {
  return spansOf(decodeWithBufbuild(convert(requestOf(span))))[0]!;
}

function requestOf(span: string): string {
  return `{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`;
}

function valueOf(anyValue: string): unknown {
  return spanOf(`{"attributes":[{"key":"k","value":${anyValue}}]}`).attributes[0]!.value?.value.value;
}

const nested = (depth: number): string =>
  requestOf(`{"attributes":[{"value":${'{"arrayValue":{"values":['.repeat(depth)}${']}}'.repeat(depth)}}]}`);

describe('jsonToProtobuf', () => {
  it('maps every field of a request to the field of the same name', () => {
    const attributes = [{ key: 'k', value: { stringValue: 'v' } }];
    const body = objectToProtobuf({
      resourceSpans: [
        {
          resource: {
            attributes,
            droppedAttributesCount: 1,
            entityRefs: [{ schemaUrl: 's', type: 't', idKeys: ['a', ''], descriptionKeys: ['b'] }],
          },
          scopeSpans: [
            {
              scope: { name: 'n', version: 'v', attributes, droppedAttributesCount: 2 },
              spans: [
                {
                  traceId: '5b8efff798038103d269b633813fc60c',
                  spanId: 'eee19b7ec3c1b174',
                  traceState: 'a=b',
                  parentSpanId: 'eee19b7ec3c1b173',
                  name: 'GET',
                  kind: 2,
                  startTimeUnixNano: '1544712660000000000',
                  endTimeUnixNano: '1544712661000000001',
                  attributes,
                  droppedAttributesCount: 3,
                  events: [{ timeUnixNano: '5', name: 'e', attributes, droppedAttributesCount: 4 }],
                  droppedEventsCount: 5,
                  links: [
                    {
                      traceId: '5b8efff798038103d269b633813fc60c',
                      spanId: 'eee19b7ec3c1b174',
                      traceState: 'c',
                      attributes,
                      droppedAttributesCount: 6,
                      flags: 7,
                    },
                  ],
                  droppedLinksCount: 8,
                  status: { code: 2, message: 'm' },
                  flags: 257,
                },
              ],
              schemaUrl: 'u',
            },
          ],
          schemaUrl: 'w',
        },
      ],
    });
    const traceId = new Uint8Array(Buffer.from('5b8efff798038103d269b633813fc60c', 'hex'));
    const spanId = new Uint8Array(Buffer.from('eee19b7ec3c1b174', 'hex'));
    const attribute = { key: 'k', value: { value: { case: 'stringValue', value: 'v' } } };
    expect(decodeWithBufbuild(body)).toMatchObject({
      resourceSpans: [
        {
          resource: {
            attributes: [attribute],
            droppedAttributesCount: 1,
            entityRefs: [{ schemaUrl: 's', type: 't', idKeys: ['a', ''], descriptionKeys: ['b'] }],
          },
          scopeSpans: [
            {
              scope: { name: 'n', version: 'v', attributes: [attribute], droppedAttributesCount: 2 },
              spans: [
                {
                  traceId,
                  spanId,
                  traceState: 'a=b',
                  parentSpanId: new Uint8Array(Buffer.from('eee19b7ec3c1b173', 'hex')),
                  name: 'GET',
                  kind: 2,
                  startTimeUnixNano: 1_544_712_660_000_000_000n,
                  endTimeUnixNano: 1_544_712_661_000_000_001n,
                  attributes: [attribute],
                  droppedAttributesCount: 3,
                  events: [{ timeUnixNano: 5n, name: 'e', attributes: [attribute], droppedAttributesCount: 4 }],
                  droppedEventsCount: 5,
                  links: [
                    { traceId, spanId, traceState: 'c', attributes: [attribute], droppedAttributesCount: 6, flags: 7 },
                  ],
                  droppedLinksCount: 8,
                  status: { code: 2, message: 'm' },
                  flags: 257,
                },
              ],
              schemaUrl: 'u',
            },
          ],
          schemaUrl: 'w',
        },
      ],
    });
  });

  it.each([
    ['{"stringValue":""}', ''],
    ['{"stringValue":"größe \\ud83d\\ude00"}', 'größe 😀'],
    ['{"boolValue":false}', false],
    ['{"boolValue":true}', true],
    ['{"intValue":"-5"}', -5n],
    ['{"intValue":5}', 5n],
    ['{"intValue":"9223372036854775807"}', 9_223_372_036_854_775_807n],
    ['{"intValue":-9223372036854775808}', -9_223_372_036_854_775_808n],
    ['{"intValue":9007199254740993}', 9_007_199_254_740_993n],
    ['{"doubleValue":0.5}', 0.5],
    ['{"doubleValue":0}', 0],
    ['{"doubleValue":"-1.5e3"}', -1500],
    ['{"doubleValue":"NaN"}', NaN],
    ['{"doubleValue":"-Infinity"}', -Infinity],
    // A whole number too long for the parser, but a double all the same.
    ['{"doubleValue":12345678901234567890}', Number('12345678901234567890')],
    ['{"bytesValue":"AP/+"}', new Uint8Array([0, 255, 254])],
    ['{"bytesValue":"AP_-"}', new Uint8Array([0, 255, 254])],
    ['{"bytesValue":"AA=="}', new Uint8Array([0])],
    ['{"bytesValue":"AA"}', new Uint8Array([0])],
    ['{}', undefined],
    ['null', undefined],
  ])('maps the value %s', (json, value) => {
    expect(valueOf(json)).toEqual(value);
  });

  it('maps arrays and lists of pairs, also empty and nested ones, and keeps the place of a null', () => {
    expect(valueOf('{"arrayValue":{"values":[{"intValue":1},{},null,{"arrayValue":{}}]}}')).toMatchObject({
      values: [
        { value: { case: 'intValue', value: 1n } },
        { value: { case: undefined } },
        { value: { case: undefined } },
        { value: { case: 'arrayValue', value: { values: [] } } },
      ],
    });
    expect(valueOf('{"kvlistValue":{"values":[{"key":"a","value":{"boolValue":true}}]}}')).toMatchObject({
      values: [{ key: 'a', value: { value: { case: 'boolValue', value: true } } }],
    });
  });

  it('keeps every digit of a 64-bit integer in a number, and of all numbers beside it their values', () => {
    const span = spanOf(
      '{"startTimeUnixNano":1544712660000000001,"endTimeUnixNano":18446744073709551615,"flags":4294967295,"kind":2}',
    );
    expect(span).toMatchObject({
      startTimeUnixNano: 1_544_712_660_000_000_001n,
      endTimeUnixNano: 18_446_744_073_709_551_615n,
      flags: 4_294_967_295,
      kind: 2,
    });
  });

  it.each(['{}', '{"resourceSpans":null}', '{"resourceSpans":[]}', '{"resource_spans":[{}],"future":{"deep":[1]}}'])(
    'gives an empty request for %s',
    (json) => {
      expect(convert(json)).toHaveLength(0);
    },
  );

  it('does no harm with names that objects have of themselves', () => {
    const span = spanOf(
      '{"__proto__":{"name":"forged","kind":2},"constructor":{"prototype":{"kind":2}},"toString":1,"hasOwnProperty":null}',
    );
    expect([span.name, span.kind]).toEqual(['', 0]);
    expect(({} as Record<string, unknown>)['kind']).toBeUndefined();
  });

  it.each([
    ['an array for the request', '[]', 'the request is an array; send an object'],
    [
      'a string for a list',
      '{"resourceSpans":"x"}',
      'ExportTraceServiceRequest.resourceSpans is of type string; send an array',
    ],
    ['a number in a list of messages', '{"resourceSpans":[5]}', 'is of type number; send an object'],
    [
      'the name of an enum',
      requestOf('{"kind":"SPAN_KIND_SERVER"}'),
      "Span.kind is of type string; send the enum's integer",
    ],
    ['an enum that is no int32', requestOf('{"kind":4294967298}'), 'Span.kind'],
    [
      'a base64 trace id',
      requestOf('{"traceId":"W47/95gDgQPSabYzgT/GDA=="}'),
      'Span.traceId is of type string; send 32 hexadecimal digits',
    ],
    [
      'a short span id',
      requestOf('{"spanId":"eee19b7e"}'),
      'Span.spanId is of type string; send 16 hexadecimal digits',
    ],
    ['a number for a string', requestOf('{"name":5}'), 'Span.name is of type number; send a string'],
    [
      'a long number for a string',
      requestOf('{"name":12345678901234567890}'),
      'Span.name is of type bigint; send a string',
    ],
    [
      'null in a list of strings',
      '{"resourceSpans":[{"resource":{"entityRefs":[{"idKeys":[null]}]}}]}',
      'EntityRef.idKeys is null; send a string',
    ],
    ['a negative time', requestOf('{"startTimeUnixNano":"-1"}'), 'Span.startTimeUnixNano'],
    ['a time of 2^64', requestOf('{"startTimeUnixNano":18446744073709551616}'), 'Span.startTimeUnixNano'],
    ['an integer with a fraction', requestOf('{"startTimeUnixNano":1.5}'), 'Span.startTimeUnixNano'],
    [
      'an integer of a million digits',
      requestOf(`{"startTimeUnixNano":${'9'.repeat(1_000_000)}}`),
      'Span.startTimeUnixNano',
    ],
    ['a count above 2^32', requestOf('{"droppedAttributesCount":4294967296}'), 'Span.droppedAttributesCount'],
    [
      'a string for a bool',
      requestOf('{"attributes":[{"value":{"boolValue":"true"}}]}'),
      'AnyValue.boolValue is of type string',
    ],
    ['no number for a double', requestOf('{"attributes":[{"value":{"doubleValue":"0x1"}}]}'), 'AnyValue.doubleValue'],
    ['what is no base64', requestOf('{"attributes":[{"value":{"bytesValue":"A"}}]}'), 'AnyValue.bytesValue'],
    [
      'two values in one',
      requestOf('{"attributes":[{"value":{"intValue":1,"stringValue":"a"}}]}'),
      'AnyValue has two values; send one',
    ],
  ])('refuses %s', (_what, json, message) => {
    expect(() => convert(json)).toThrow(JsonError);
    expect(() => convert(json)).toThrow(message);
  });

  it.each(['', ' ', '{', '{"a":1}}', '{"secret":tru}', 'resourceSpans', '{"secret":"\n"}'])(
    'refuses %j, which is no JSON, and does not quote it',
    (json) => {
      expect(() => convert(json)).toThrow(JsonError);
      expect(() => convert(json)).not.toThrow('secret');
    },
  );

  it('refuses bytes that are no UTF-8', () => {
    expect(() => jsonToProtobuf(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toThrow('it is not UTF-8');
  });

  it('refuses nesting beyond the limit before it parses, and counts no bracket in a string', () => {
    expect(() => convert('['.repeat(10_000_000))).toThrow('it nests deeper than 272 levels');
    expect(() => convert(`{"x":${'['.repeat(271)}${']'.repeat(271)}}`)).not.toThrow();
    expect(() => jsonToProtobuf(Buffer.from(nested(4)), { maxDepth: 4 })).not.toThrow();
    expect(() => jsonToProtobuf(Buffer.from(nested(40)), { maxDepth: 4 })).toThrow(JsonError);
    expect(() => convert(requestOf(`{"name":"\\"${'['.repeat(1000)}\\\\"}`))).not.toThrow();
  });

  it('refuses more values than a request can hold, before it parses', () => {
    expect(() => convert(`{"resourceSpans":[${'{},'.repeat(2_000_001)}{}]}`)).toThrow(
      'it holds more than 4000000 values',
    );
  });

  it('takes as many values as it is told to, to the very one', () => {
    // The request, the two lists and what is in them: three braces, two brackets and a comma count.
    const body = Buffer.from('{"resourceSpans":[{},{"scopeSpans":[]}]}');
    expect(jsonToProtobuf(body, { maxDepth: 64, maxValues: 6 })).toEqual(jsonToProtobuf(body));
    expect(() => jsonToProtobuf(body, { maxDepth: 64, maxValues: 5 })).toThrow(
      'it holds more than 5 values; send smaller requests.',
    );
    expect(() => jsonToProtobuf(body, { maxDepth: 64, maxValues: 5 })).toThrow(JsonError);
  });
});
