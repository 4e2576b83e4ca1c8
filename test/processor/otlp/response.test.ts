import {
  decodeResponse,
  decodeStatus,
  encodeResponse,
  encodeStatus,
  responseFromJson,
  responseToJson,
  statusFromJson,
  statusToJson,
} from '../../../processor/src/otlp/response.ts';
import { WireError } from '../../../processor/src/otlp/request-view.ts';
import { ResponseType } from '../../support/otlp-judges.ts';
import { field, varintField } from './wire-bytes.ts';

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

describe('google.rpc.Status', () => {
  it('is as the proto files of google.rpc number its fields', () => {
    expect(encodeStatus({ code: 3, message: 'bad' })).toEqual(Buffer.concat([varintField(1, 3), field(2, 'bad')]));
    // 1.5 s: Status.details (3) = Any { type_url (1), value (2) = RetryInfo { retry_delay (1) = Duration { 1 s, 5e8 ns } } }.
    const duration = Buffer.concat([varintField(1, 1), varintField(2, 500_000_000)]);
    expect(encodeStatus({ code: 14, message: 'busy', retryDelayMs: 1500 })).toEqual(
      Buffer.concat([
        varintField(1, 14),
        field(2, 'busy'),
        field(3, field(1, RETRY_INFO), field(2, field(1, duration))),
      ]),
    );
  });

  it.each([
    { code: 0, message: '' },
    { code: 14, message: 'größe', retryDelayMs: 0 },
    { code: 8, message: 'x'.repeat(300), retryDelayMs: 250 },
    { code: 8, message: 'x', retryDelayMs: 300_000 },
  ])('comes back from protobuf and from JSON: case %#', (status) => {
    expect(decodeStatus(encodeStatus(status))).toEqual(status);
    expect(statusFromJson(statusToJson(status))).toEqual(status);
  });

  it('is written in the JSON mapping of protobuf', () => {
    expect(statusToJson({ code: 3, message: 'bad' })).toBe('{"code":3,"message":"bad"}');
    const status = { code: 14, message: 'busy', retryDelayMs: 1050 };
    expect(JSON.parse(statusToJson(status))).toEqual({
      code: 14,
      message: 'busy',
      details: [{ '@type': RETRY_INFO, retryDelay: '1.050s' }],
    });
    expect(statusToJson({ ...status, retryDelayMs: 2000 })).toContain('"retryDelay":"2s"');
  });

  it('is read with details it does not know, and without a negative delay', () => {
    const other = field(3, field(1, 'type.googleapis.com/google.rpc.DebugInfo'), field(2, 'whatever'));
    expect(decodeStatus(Buffer.concat([other, varintField(1, 5), field(9, 'x')]))).toEqual({ code: 5, message: '' });
    const negative = field(3, field(1, RETRY_INFO), field(2, field(1, varintField(1, -5))));
    expect(decodeStatus(negative)).toEqual({ code: 0, message: '', retryDelayMs: 0 });
    expect(statusFromJson('{"code":8,"details":[{"@type":"x"},null,{"@type":"y","retryDelay":5}]}')).toEqual({
      code: 8,
      message: '',
    });
  });

  it.each(['', 'no json', '[]', 'null', '{"error":"x"}', '{"code":"3"}'])('is not read from %j', (text) => {
    expect(statusFromJson(text)).toBeUndefined();
  });

  it('is refused when its bytes are malformed', () => {
    expect(() => decodeStatus(Buffer.from([0x12, 0x05]))).toThrow(WireError);
  });
});

describe('ExportTraceServiceResponse', () => {
  it('is empty on full success', () => {
    expect(encodeResponse()).toHaveLength(0);
    expect(decodeResponse(Buffer.alloc(0))).toBeUndefined();
    expect(responseToJson(Buffer.alloc(0))).toBe('{}');
    expect(responseFromJson('{}')).toBeUndefined();
    expect(responseFromJson('nonsense')).toBeUndefined();
  });

  it.each([
    { rejectedSpans: 5, errorMessage: 'no trace id' },
    { rejectedSpans: 0, errorMessage: 'a warning' },
    { rejectedSpans: 0, errorMessage: '' },
  ])('carries the partial success %j', (partialSuccess) => {
    const bytes = encodeResponse(partialSuccess);
    const judged = ResponseType.toObject(ResponseType.decode(bytes), { defaults: true, longs: Number });
    expect(judged['partialSuccess']).toEqual(partialSuccess);
    expect(decodeResponse(bytes)).toEqual(partialSuccess);
    const json = responseToJson(bytes);
    expect(JSON.parse(json)).toEqual({
      partialSuccess: { ...partialSuccess, rejectedSpans: `${partialSuccess.rejectedSpans}` },
    });
    expect(responseFromJson(json)).toEqual(partialSuccess);
  });
});
