/** OTLP specification 1.11, "JSON Protobuf Encoding", and requests that others have written. */
import { readFile } from 'node:fs/promises';
import { jsonToProtobuf } from '../../processor/src/otlp/json.ts';
import { protobufToObject } from '../../processor/src/otlp/protobuf-to-json.ts';
import type { Span } from '../support/generated/opentelemetry/proto/trace/v1/trace_pb.ts';
import { decodeWithBufbuild, spansOf } from '../support/otlp-judges.ts';
import { itWithReferenceData, referencePath } from '../support/reference-data.ts';

const SAMPLES = 'otlp-wire-samples';

function spanOf(span: object): Span {
  const request = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
  return spansOf(decodeWithBufbuild(jsonToProtobuf(Buffer.from(JSON.stringify(request)))))[0]!;
}

async function sample(name: string): Promise<Buffer> {
  return readFile(referencePath(SAMPLES, name));
}

describe('OTLP/JSON', () => {
  it('trace_id and span_id are hexadecimal and not case sensitive', () => {
    const lower = spanOf({ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' });
    const upper = spanOf({ traceId: '5B8EFFF798038103D269B633813FC60C', spanId: 'EEE19B7EC3C1B174' });
    expect(Buffer.from(lower.traceId).toString('hex')).toBe('5b8efff798038103d269b633813fc60c');
    expect(upper).toEqual(lower);
  });

  it('other bytes are base64', () => {
    const { attributes } = spanOf({ attributes: [{ key: 'k', value: { bytesValue: '3q2+7w==' } }] });
    expect(attributes[0]!.value!.value.value).toEqual(new Uint8Array([0xde, 0xad, 0xbe, 0xef]));
  });

  it('enums are integers; their names are not valid', () => {
    expect(spanOf({ kind: 2 }).kind).toBe(2);
    expect(() => spanOf({ kind: 'SPAN_KIND_SERVER' })).toThrow("send the enum's integer");
    expect(() => spanOf({ status: { code: 'STATUS_CODE_ERROR' } })).toThrow("send the enum's integer");
  });

  it('unknown names are ignored', () => {
    expect(spanOf({ name: 'n', future: { nested: [1, { deep: null }] } }).name).toBe('n');
  });

  it('names are lowerCamelCase; the names of the proto files are not recognised', () => {
    const span = spanOf({ trace_id: '5b8efff798038103d269b633813fc60c', start_time_unix_nano: '5' });
    expect([span.traceId.length, span.startTimeUnixNano]).toEqual([0, 0n]);
  });

  it('64-bit integers are decimal strings, and numbers are accepted', () => {
    expect(spanOf({ startTimeUnixNano: '1544712660000000001' }).startTimeUnixNano).toBe(1_544_712_660_000_000_001n);
    expect(spanOf({ startTimeUnixNano: 5 }).startTimeUnixNano).toBe(5n);
  });

  itWithReferenceData("the specification's own example is read", SAMPLES, async () => {
    const request = decodeWithBufbuild(jsonToProtobuf(await sample('opentelemetry-proto_examples_trace.json')));
    const [span] = spansOf(request);
    expect(request.resourceSpans[0]!.resource!.attributes[0]).toMatchObject({
      key: 'service.name',
      value: { value: { value: 'my.service' } },
    });
    expect(span).toMatchObject({ name: "I'm a server span", kind: 2, startTimeUnixNano: 1_544_712_660_000_000_000n });
    expect(Buffer.from(span!.traceId).toString('hex').toUpperCase()).toBe('5B8EFFF798038103D269B633813FC60C');
  });

  itWithReferenceData("Jaeger's fixture is read, and written as it was", SAMPLES, async () => {
    const json = await sample('jaeger_otel_traces_01.json');
    expect(protobufToObject(jsonToProtobuf(json))).toEqual(JSON.parse(json.toString()));
  });
});
