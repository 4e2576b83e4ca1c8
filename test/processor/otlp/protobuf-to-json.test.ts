import * as fc from 'fast-check';
import { jsonToProtobuf } from '../../../processor/src/otlp/json.ts';
import { protobufToObject } from '../../../processor/src/otlp/protobuf-to-json.ts';
import { WireError } from '../../../processor/src/otlp/request-view.ts';
import { arbitraryRequest } from '../../support/otlp-arbitraries.ts';
import { decodeWithProtobufjs } from '../../support/otlp-judges.ts';
import { attribute, doubleValue, field, fixed64Field, intValue, requestOf, stringValue } from './wire-bytes.ts';

function spanObject(span: Buffer): unknown {
  const request = protobufToObject(requestOf(span)) as { resourceSpans: [{ scopeSpans: [{ spans: [unknown] }] }] };
  return request.resourceSpans[0].scopeSpans[0].spans[0];
}

const set = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_name, member: unknown) => member || undefined));

describe('protobufToObject', () => {
  it('writes ids in hexadecimal and 64-bit integers as strings', () => {
    const span = Buffer.concat([
      field(1, Buffer.from('5b8efff798038103d269b633813fc60c', 'hex')),
      fixed64Field(7, 2n ** 64n - 1n),
      attribute('i', intValue(-(2n ** 63n))),
      attribute('d', doubleValue(NaN)),
    ]);
    expect(spanObject(span)).toEqual({
      traceId: '5b8efff798038103d269b633813fc60c',
      startTimeUnixNano: '18446744073709551615',
      attributes: [
        { key: 'i', value: { intValue: '-9223372036854775808' } },
        { key: 'd', value: { doubleValue: 'NaN' } },
      ],
    });
  });

  it('keeps the last member of a oneof', () => {
    expect(spanObject(attribute('k', intValue(1), stringValue('last')))).toEqual({
      attributes: [{ key: 'k', value: { stringValue: 'last' } }],
    });
  });

  it('says the same as the protobuf, for protobufjs, when it is read back', () => {
    const withoutUnknowns = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(withoutUnknowns);
      if (typeof value !== 'object' || value === null) return value;
      // JSON cannot say them.
      const entries = Object.entries(value).filter(([name]) => name !== '$unknowns');
      return Object.fromEntries(entries.map(([name, member]) => [name, withoutUnknowns(member)]));
    };
    fc.assert(
      fc.property(arbitraryRequest, (body) => {
        const back = jsonToProtobuf(Buffer.from(JSON.stringify(protobufToObject(body))));
        expect(set(withoutUnknowns(decodeWithProtobufjs(back)))).toEqual(
          set(withoutUnknowns(decodeWithProtobufjs(body))),
        );
      }),
      { seed: 7, numRuns: 100, endOnFailure: true },
    );
  });

  it('refuses malformed bytes and bottomless nesting', () => {
    expect(() => protobufToObject(Buffer.from([0x0a, 0x05]))).toThrow(WireError);
    let value = stringValue('x');
    for (let depth = 0; depth < 400; depth++) value = field(5, field(1, value));
    expect(() => protobufToObject(requestOf(attribute('k', value)))).toThrow('messages nested deeper than 300');
  });
});
